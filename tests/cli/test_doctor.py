"""What `dlbench doctor` finds, in sound installations and in broken ones."""

import json
import os
import subprocess
import sys
from pathlib import Path

import own
import pytest

from dlbench import exits
from dlbench.cli import checkups
from dlbench.cli.checkups import Finding
from dlbench.data import files, sources
from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.trials import plan, runner

CALL = "import sys; from pathlib import Path; from dlbench.cli import doctor; sys.exit(doctor.doctor(Path({!r}), {}))"


def only(findings):
    (finding,) = findings
    return finding


def statuses(findings):
    return [finding.status for finding in findings]


@pytest.mark.slow
def test_a_sound_installation_is_fine_in_lines_and_in_json(tmp_path):
    done = subprocess.run([sys.executable, "-c", CALL.format("results", False)], capture_output=True, text=True)
    assert done.returncode == exits.FINE, done.stdout + done.stderr
    *lines, summary = done.stdout.splitlines()
    assert all(line.split()[0] in ("ok", "warning") for line in lines)
    assert summary.endswith("0 problem")
    assert "\x1b" not in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_torchvision_of_another_torch_is_a_problem_and_no_traceback(tmp_path):
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms\\ndoes not exist')")
    done = subprocess.run(
        [sys.executable, "-c", CALL.format("results", True)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])},
    )
    assert done.returncode == exits.USAGE
    assert "Traceback" not in done.stderr
    told = json.loads(done.stdout)
    problems = {finding["check"]: finding["found"] for finding in told["findings"] if finding["status"] == "problem"}
    assert "torchvision::nms" in problems["torch"]
    assert "torchvision::nms" in problems["packages"]
    assert told["counts"]["problem"] == len(problems)


def test_a_check_that_raises_is_a_problem_of_one_line_and_the_next_one_goes_on():
    def raising():
        yield Finding("first", "ok", "found before")
        raise ValueError("two\nlines \x1b[2J")

    def refusing():
        raise InputError("x: mend it")

    def leaving():
        raise SystemExit(3)

    checks = {"first": raising, "second": refusing, "third": leaving, "last": lambda: [Finding("last", "ok", "sound")]}
    found = list(checkups.examine(checks))
    assert statuses(found) == ["ok", "problem", "problem", "problem", "ok"]
    assert all(finding.found.isprintable() for finding in found)
    assert [finding.check for finding in found] == ["first", "first", "second", "third", "last"]


def test_every_package_the_project_asks_for_is_looked_at(monkeypatch):
    assert statuses(checkups.packages()) == ["ok"]
    monkeypatch.setattr(checkups, "_requirements", lambda: ["numpy>=999", "no-such-package", "rich", "x; extra == 'y'"])
    wrong, absent, sound = checkups.packages()
    assert (wrong.status, wrong.remedy) == ("problem", "pip install 'numpy>=999'")
    assert (absent.status, absent.remedy) == ("problem", "pip install 'no-such-package'")
    assert sound.found.startswith("rich ")
    assert "," not in sound.found


def test_the_torch_pair_and_the_arithmetic_of_this_machine_are_sound():
    assert only(checkups.torch_pair()).status == "ok"
    assert only(checkups.arithmetic()).status == "ok"
    assert {finding.status for finding in checkups.devices()} == {"ok"}


def test_a_device_that_multiplies_wrong_or_not_at_all_is_a_problem(monkeypatch):
    assert checkups.product_error("cpu") < 1e-4
    monkeypatch.setattr(checkups, "product_error", lambda device: 7.0)
    assert all(finding.status == "problem" and "wrong by 7" in finding.found for finding in checkups.devices())

    def refused(device):
        raise RuntimeError("CUDA error: no kernel image\nmore lines")

    monkeypatch.setattr(checkups, "product_error", refused)
    assert all(finding.status == "problem" and "no kernel image" in finding.found for finding in checkups.devices())


def test_without_a_compiler_only_compile_suffers(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CXX", "none")
    finding = only(checkups.compiler())
    assert finding.status == "warning"
    assert "install g++" in finding.remedy


def test_a_compiler_that_fails_is_a_warning(monkeypatch, tmp_path):
    (tmp_path / "c++").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "c++").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", str(tmp_path / "c++"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    finding = only(checkups.compiler())
    assert finding.status == "warning"
    assert "--compile fails" in finding.found
    assert finding.found.isprintable()


@pytest.mark.parametrize(
    ("memory", "limit"),
    [("max", None), (str(2**30), 1.0), (str(2**62), None)],
)
def test_limits_of_the_container_are_read(tmp_path, monkeypatch, memory, limit):
    (tmp_path / "memory.max").write_text(memory)
    monkeypatch.setattr(checkups, "CGROUP", tmp_path)
    assert checkups._memory_limit_gib() == limit
    assert ("limited to 1.0" in only(checkups.memory()).found) is (limit == 1.0)


def test_less_than_a_core_still_means_one_thread(monkeypatch):
    monkeypatch.setattr(machine, "quota", lambda: 0.5)
    finding = next(iter(checkups.cores()))
    assert finding.found == f"1 of {os.cpu_count()} usable, a quota gives this container the time of 0.5"


def test_the_older_control_groups_have_a_limit_too(tmp_path, monkeypatch):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{2**30}\n")
    monkeypatch.setattr(checkups, "CGROUP", tmp_path)
    assert checkups._memory_limit_gib() == 1.0


def test_data_is_undamaged_or_not_there_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(tmp_path))
    absent = only(checkups.data("mnist"))
    assert (absent.status, absent.remedy) == ("warning", "dlbench data get mnist (11.6 MB)")
    folder = tmp_path / sources.DATASETS["mnist"].subfolder
    folder.mkdir(parents=True)
    for name in sources.IDX_FILES:
        (folder / name).write_bytes(name.encode())
    damaged = only(checkups.examine({"data mnist": lambda: checkups.data("mnist")}))
    assert damaged.status == "problem"
    assert "delete it and run `dlbench data get mnist`" in damaged.found
    monkeypatch.setitem(
        files.IDX_MD5, "mnist", {name: files.hashlib.md5(name.encode()).hexdigest() for name in sources.IDX_FILES}
    )
    assert only(checkups.data("mnist")).status == "ok"


@pytest.mark.parametrize("name", ["digits", "truth_table", "synthetic"])
def test_data_that_is_always_there(name):
    assert only(checkups.data(name)).status == "ok"


def test_what_a_killed_download_left_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(tmp_path))
    left = tmp_path / f"{sources.SCRATCH}abc"
    left.mkdir()
    assert statuses(checkups.data_folder()) == ["ok"]
    os.utime(left, (0, 0))
    _, found = checkups.data_folder()
    assert (found.status, found.remedy) == ("warning", f"rm -r {left}")


def test_recipes_that_ship_are_read():
    assert only(checkups.recipes()).status == "ok"


def test_a_results_folder_tells_what_is_in_it(tmp_path):
    folder = tmp_path / "results"
    assert statuses(checkups.results_folder(folder)) == ["ok"]
    assert not folder.exists()
    runner.run(plan.trials([own.write(tmp_path, "plain")], device="cpu", seeds=[0, 1], threads=1), folder)
    assert [finding.found for finding in checkups.results_folder(folder)][1:] == ["2 runs: 2 finished"]
    first, second = sorted(folder.rglob("*.jsonl"))
    first.write_bytes(b"\n".join(first.read_bytes().splitlines()[:2]) + b"\n")
    second.write_text("garbage\n")
    found = list(checkups.results_folder(folder))
    assert statuses(found) == ["ok", "warning", "ok", "warning"]
    assert str(second) in found[1].found
    assert "1 unfinished" in found[3].found


def test_a_results_folder_that_cannot_be_made_is_a_problem(tmp_path):
    (tmp_path / "file").touch()
    finding = only(checkups.results_folder(tmp_path / "file" / "results"))
    assert finding.status == "problem"
    assert "--out" in finding.remedy


@pytest.mark.parametrize(("free", "status"), [(10, "problem"), (2**29, "warning"), (2**34, "ok")])
def test_little_room_is_told_before_a_run_ends_by_it(tmp_path, monkeypatch, free, status):
    monkeypatch.setattr(checkups.shutil, "disk_usage", lambda place: type("Usage", (), {"free": free}))
    assert only(checkups.results_folder(Path("results"))).status == status
