"""Packs in use: what a folder tells, packs of it tell as well, and nothing is lost on the way."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import own
import pandas as pd
import pytest
import torch

import dlbench
from dlbench.cli import checkups, compare, export, time
from dlbench.cli import pack as packing
from dlbench.errors import InputError
from dlbench.judge import measurements
from dlbench.records import packs, raw_files, store
from dlbench.records.events import Pictures
from dlbench.records.packs import Member
from dlbench.trials import plan, runner, standing
from dlbench.trials.workers import checkpoint_file, locking, runfile


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """Recipes with runs that finished or failed, and timing files."""
    folder = tmp_path_factory.mktemp("kept")
    plain, raising = own.write(folder, "plain"), own.write(folder, "raising")
    runner.run(plan.trials([plain], device="cpu", seeds=[0, 1, 2], threads=1), folder / "results")
    runner.run(plan.trials([raising], device="cpu", threads=1), folder / "results")
    time.time([plain], device="cpu", repeats=1, min_seconds=0.1, threads=1, out=folder / "results")
    return folder


@pytest.fixture
def results(kept, tmp_path) -> Path:
    return Path(shutil.copytree(kept / "results", tmp_path / "results"))


def pack(folder, output=None, **options):
    packing.pack(folder, output, **{"by_study": False, "force": False, "remove": False} | options)


def contents(folder):
    """Every file under a folder: its bytes, and when it was written."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def dlbench_says(*words, **options):
    done = subprocess.run(
        [sys.executable, "-m", "dlbench", *map(str, words)], capture_output=True, text=True, **options
    )
    return done.returncode, done.stdout, done.stderr


def test_a_folder_comes_back_with_its_bytes_and_times(results, tmp_path, capsys):
    before = contents(results)
    pack(results, tmp_path / "all.jsonl.gz")
    packing.unpack(tmp_path / "all.jsonl.gz", tmp_path / "back")
    assert contents(tmp_path / "back") == before == contents(results)
    assert f"{tmp_path / 'back'}: {len(before)} files" in capsys.readouterr().out
    pack(tmp_path / "back", tmp_path / "again.jsonl.gz")
    assert (tmp_path / "again.jsonl.gz").read_bytes() == (tmp_path / "all.jsonl.gz").read_bytes()


def as_folder(frame, pack):
    """The frame, as if its runs lay loose in the folder of the pack."""
    paths = frame["path"].str.replace(f"{pack}:", f"{pack.parent}/", regex=False)
    return frame.assign(path=paths)


@pytest.mark.parametrize("place", ["beside", "itself"])
def test_frames_of_a_pack_are_those_of_the_folder(results, place):
    target = results / "all.jsonl.gz"
    runs, curves, values = store.load(results), store.curves(results), measurements.load(results)
    pack(results, target, remove=True)
    assert [path.name for path in results.iterdir()] == [target.name]
    where = results if place == "beside" else target
    for before, load in ((runs, store.load), (curves, store.curves), (values, measurements.load)):
        after = load(where)
        pd.testing.assert_frame_equal(as_folder(after, target), before)
        assert after.attrs == before.attrs
        assert set(after["path"]) == {f"{target}:{Path(path).relative_to(results)}" for path in before["path"]}
    paths = [Path(path) for path in dlbench.load(where)["path"]][::-1]
    assert set(store.load(results, paths)["path"]) == {str(path) for path in paths}
    assert store.curves(results, paths)["path"].drop_duplicates().tolist() == [
        str(path) for path in paths if ":plain/" in str(path)
    ]


def test_pictures_are_found_in_a_pack_or_there_are_none(kept, tmp_path):
    trial = plan.trials([str(kept / "plain.yaml")], device="cpu", seeds=[7], threads=1)[0]
    image = np.arange(12, dtype=np.float64).reshape(1, 3, 4) / 11
    file = runfile.RunFile(trial, tmp_path / "results")
    file.write(Pictures.of({"image": torch.from_numpy(image)}))
    loose = store.pictures(file.path)
    pack(tmp_path / "results", tmp_path / "all.jsonl.gz")
    packed = store.pictures(Path(f"{tmp_path / 'all.jsonl.gz'}:plain/{file.path.name}"))
    assert set(packed) == set(loose) == {"image"}
    assert np.array_equal(packed["image"], loose["image"])
    for path in ("all.jsonl.gz:plain/none.jsonl", "none.jsonl.gz:plain/x.jsonl", "none.jsonl"):
        assert store.pictures(tmp_path / path) == {}


def test_a_run_that_is_both_loose_and_packed_counts_once(results):
    alone = store.load(results)
    pack(results, results / "all.jsonl.gz")
    both = store.load(results)
    pd.testing.assert_frame_equal(both, alone)
    (warning,) = both.attrs["warnings"]
    assert warning.startswith(f"{results / 'all.jsonl.gz'}:")
    assert "a copy of another run file, which counts once" in warning
    assert len(measurements.load(results)) == len(measurements.load(results / "all.jsonl.gz"))


def test_a_damaged_line_in_a_pack_is_named_with_the_pack_and_the_path(results):
    (path, *_) = sorted((results / "plain").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'{"event": "lap"', b'{"event', 1))
    pack(results, results / "all.jsonl.gz", remove=True)
    (warning,) = store.load(results).attrs["warnings"]
    assert warning.startswith(f"{results / 'all.jsonl.gz'}:plain/{path.name}: line ")


def test_a_damaged_pack_costs_what_follows_and_is_named(results):
    pack(results / "plain", results / "plain.jsonl.gz", remove=True)
    whole = (results / "plain.jsonl.gz").read_bytes()
    (results / "plain.jsonl.gz").write_bytes(whole[: len(whole) * 9 // 10])
    runs = store.load(results)
    assert len(runs) < 4
    assert "raising" in set(runs["recipe"])
    (warning,) = runs.attrs["warnings"]
    assert warning.startswith(f"{results / 'plain.jsonl.gz'}: damaged or cut short")
    assert warning.endswith("; what follows is left out")
    for load in (store.load, measurements.load):
        with pytest.raises(InputError, match="damaged or cut short"):
            load(results / "plain.jsonl.gz")
    findings = list(checkups.examine({"results": lambda: doctor_of(results / "plain.jsonl.gz")}))
    assert [finding.status for finding in findings] == ["problem"]


def doctor_of(place):
    return checkups.results_folder(place)


def test_doctor_compare_and_export_take_a_pack(results, tmp_path, capsys):
    target = tmp_path / "all.jsonl.gz"
    export.export(results, "csv")
    before = capsys.readouterr().out
    pack(results, target)
    capsys.readouterr()
    export.export(target, "csv")
    assert capsys.readouterr().out == before.replace(f"{results}/", f"{target}:")
    assert [finding.status for finding in doctor_of(target)] == ["ok"]
    run = next(path for path in store.load(target)["path"] if "plain" in path)
    for base, new in ((results, target), (target, run)):
        assert compare.compare(str(base), [str(new)], output=tmp_path / "c.md", format="markdown") in (0, 3)
    assert "plain" in (tmp_path / "c.md").read_text()
    with pytest.raises(InputError, match="no such file, folder or baseline"):
        compare.load(f"{target}:plain/none.jsonl", results)


def test_what_finished_in_a_pack_is_not_run_again(kept, results, capsys):
    trials = plan.trials([str(kept / "plain.yaml")], device="cpu", seeds=[0, 1, 2, 3], threads=1)
    pack(results, results / "all.jsonl.gz", remove=True)
    warnings = []
    found = standing.of_all(trials, results, (), warnings)
    assert [each.is_as_planned for each in found] == [True] * 3 + [False]
    assert [str(each.path) for each in found[:3]] == [
        f"{results / 'all.jsonl.gz'}:{trial.path(Path()).as_posix()}" for trial in trials[:3]
    ]
    assert (found[3].status, warnings) == ("absent", [])
    outcomes = runner.run(trials, results)
    assert [(each.status, each.new) for each in outcomes] == [("finished", False)] * 3 + [("finished", True)]
    assert len(store.load(results, [each.path for each in outcomes])) == 4
    assert trials[3].path(results).exists()
    assert len(standing.of_all(trials, results, (), warnings)) == 4
    (results / "all.jsonl.gz").write_bytes(b"")
    assert not standing.of_all(trials, results, (), warnings)[0].is_done
    assert len(warnings) == 1


def test_a_pack_of_one_recipe_alone_answers_its_trials_and_no_others(kept, results):
    plain, raising = (
        plan.trials([str(kept / f"{name}.yaml")], device="cpu", seeds=[0], threads=1)[0]
        for name in ("plain", "raising")
    )
    pack(results / "plain", results / "mine.jsonl.gz", remove=True)
    shutil.rmtree(results / "raising")
    assert standing.of(plain, results).is_as_planned
    assert standing.of(raising, results).status == "absent"


def test_by_study_adds_to_the_pack_of_the_first_study_that_compares_the_recipe(results, capsys):
    one, other = sorted((results / "plain").glob("*.jsonl"))[:2]
    for recipe, path in (("gate-and", one), ("plain-56", other)):
        (results / recipe).mkdir()
        shutil.copy2(path, results / recipe / "a.jsonl")
    before = contents(results)
    pack(results, by_study=True, remove=True)
    homes = packing._homes()
    names = {f"{homes['gate-and']}.jsonl.gz", f"{homes['plain-56']}.jsonl.gz", "others.jsonl.gz"}
    assert {path.name for path in results.iterdir()} == names
    (results / "gate-and").mkdir()
    (results / "gate-and" / "b.jsonl").write_bytes(one.name.encode())
    more = {**before, "gate-and/b.jsonl": contents(results)["gate-and/b.jsonl"]}
    pack(results, by_study=True, remove=True)
    assert {path.name for path in results.iterdir()} == names
    found = {file.name: (file.read(), file.mtime_ns) for file in raw_files.under(results, [])}
    assert found == more
    with pytest.raises(InputError, match="holds no loose run files"):
        pack(results, by_study=True)


def test_packs_in_a_folder_are_packed_with_it_and_two_files_of_one_name_are_named(results, tmp_path):
    before = contents(results)
    pack(results / "plain", results / "plain.jsonl.gz", remove=True)
    with pytest.raises(InputError, match="exists already; --force"):
        pack(results, results / "plain.jsonl.gz")
    pack(results, results / "all.jsonl.gz", remove=True)
    packing.unpack(results / "all.jsonl.gz", tmp_path / "back")
    name = {name.rpartition("/")[2] if name.startswith("plain/") else name for name in before}
    assert set(contents(tmp_path / "back")) == name
    first = sorted(name)[0]
    (results / first).parent.mkdir(parents=True, exist_ok=True)
    (results / first).write_bytes(b"other")
    with pytest.raises(InputError, match=r"differs from .* of the same name"):
        pack(results, results / "all.jsonl.gz", force=True)
    assert [path.name for path in results.glob("*.gz")] == ["all.jsonl.gz"]


def test_what_is_under_way_or_to_be_continued_stays_loose(results, tmp_path, capsys):
    one, other, *_ = sorted((results / "plain").glob("*.jsonl"))
    checkpoint_file.path_for(one).write_bytes(b"")
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys, pathlib; from dlbench.trials.workers import locking\n"
         "with locking.locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()", str(other)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == b"held\n"
        assert locking.is_locked(other)
        pack(results, results / "all.jsonl.gz", remove=True)
    finally:
        holder.communicate()
    assert sorted(path for path in results.rglob("*.jsonl")) == [one, other]
    assert capsys.readouterr().err.count("stays loose") == 2
    assert len(store.load(results)) == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pack results", "say where to, with -o FILE.jsonl.gz or with --by-study"),
        ("pack results -o x.jsonl.gz --by-study", "say where to"),
        ("pack results -o x.gz", "-o x.gz: the name should end in .jsonl.gz"),
        ("pack none -o x.jsonl.gz", "none: no such folder"),
        ("pack empty -o x.jsonl.gz", "nothing to pack"),
        ("pack results -o none/x.jsonl.gz", "none/x.jsonl.gz: cannot be written (No such file or directory)"),
        ("unpack results -o x", "results: not a pack"),
        ("unpack bad.jsonl.gz -o x", "bad.jsonl.gz: "),
        ("unpack escape.jsonl.gz -o x", "'../x.jsonl' would lie outside its folder"),
        ("unpack bad.jsonl.gz -o results", "-o results: exists already"),
        ("report gates --results bad.jsonl.gz", "bad.jsonl.gz: "),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(results, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no pack")
    packs.write(tmp_path / "escape.jsonl.gz", [Member("a.jsonl", 0, b"\n"), Member("xx/x.jsonl", 0, b"\n")])
    with packs.gzip.open(tmp_path / "escape.jsonl.gz") as stream:
        content = stream.read().replace(b"xx/x.jsonl", b"../x.jsonl")
    (tmp_path / "escape.jsonl.gz").write_bytes(packs.gzip.compress(content))
    before = contents(tmp_path)
    code, out, err = dlbench_says(*words.split(), cwd=tmp_path)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert said in err
    assert contents(tmp_path) == before
    assert not (tmp_path / "x").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


@pytest.mark.parametrize("words", ["pack results -o all.jsonl.gz", "unpack whole.jsonl.gz -o x"])
def test_a_disk_that_fills_leaves_nothing(results, tmp_path, words):
    (results / "plain" / "large.jsonl").write_bytes(os.urandom(100_000))
    pack(results, tmp_path / "whole.jsonl.gz")
    before = contents(tmp_path)

    def fill():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    code, _, err = dlbench_says(*words.split(), cwd=tmp_path, preexec_fn=fill)
    assert (code, len(err.splitlines())) == (2, 1), err
    assert "cannot be written (File too large)" in err
    assert contents(tmp_path) == before
    assert not list(tmp_path.glob(".*.part"))


def test_a_link_out_of_the_folder_is_not_followed_when_a_pack_is_written_out(results, tmp_path):
    pack(results, tmp_path / "all.jsonl.gz")
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="cannot be written"):
        packing.unpack(tmp_path / "all.jsonl.gz", tmp_path / "link")
    assert not list((tmp_path / "outside").iterdir())
    (tmp_path / "new").mkdir()
    packing.unpack(tmp_path / "all.jsonl.gz", tmp_path / "new")
    assert contents(tmp_path / "new") == contents(results)


STREAMED = """
import resource, sys
from pathlib import Path
import pandas
from dlbench.records import packs, store
from dlbench.trials import standing
from dlbench.cli import pack as packing
store.load(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = len(store.load(Path(sys.argv[1])))
packing.unpack(Path(sys.argv[1]), Path("out"))
packing.pack(Path("out"), Path("again.jsonl.gz"), by_study=False, force=False, remove=False)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_a_pack_is_never_in_memory_as_a_whole(results, tmp_path):
    (path, *_) = sorted((results / "plain").glob("*.jsonl"))
    first, *rest = path.read_bytes().splitlines(keepends=True)
    lap = next(line for line in rest if line.startswith(b'{"event": "lap"'))
    laps = lap * (2**21 // len(lap))
    start = json.loads(first)
    files = (
        Member(
            f"plain/{seed:03}.jsonl", 0, b"".join([json.dumps(start | {"seed": seed}).encode() + b"\n", laps, *rest])
        )
        for seed in range(100)
    )
    packs.write(tmp_path / "large.jsonl.gz", files)
    done = subprocess.run(
        [sys.executable, "-c", STREAMED, "large.jsonl.gz", str(results)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, kilobytes = map(int, done.stdout.splitlines()[-1].split())
    assert rows == 100
    assert kilobytes < 50_000  # of 200 MB
