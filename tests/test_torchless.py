"""Where torch and torchvision are not installed, all that only reads works, and the rest says what to install."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = str(ROOT / "results")
TORCH = {"torch", "torchvision", "torchgen", "functorch"}
INSTALL = "pip install torch torchvision"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with links to all that is installed here but torch and torchvision."""
    folder = tmp_path_factory.mktemp("packages")
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            if entry.name.partition("-")[0] not in TORCH:
                (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture
def dlbench(packages):
    """Runs a command with those packages and no others."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(packages)])}

    def call(*words):
        command = [sys.executable, "-S", "-P", "-m", "dlbench", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return call


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list"], "degradation\t"),
        (["list", "models"], "resnet\t"),
        (["list", "datasets"], "cifar10\t"),
        (["show", "degradation"], "refuted if"),
        (["report", "xor", "--results", RESULTS], "solved %"),
        (["claims", "gates", "--results", RESULTS], "hold"),
        (["compare", f"{RESULTS}/gates.jsonl.gz", f"{RESULTS}/gates.jsonl.gz"], "gate-and"),
        (["export", f"{RESULTS}/gates.jsonl.gz", "--format", "csv"], "gate-and,"),
        (["export", f"{RESULTS}/gates.jsonl.gz"], "gate-and"),
    ],
    ids=lambda value: " ".join(value).replace(RESULTS, "results") if isinstance(value, list) else None,
)
def test_what_only_reads_works(dlbench, words, said):
    done = dlbench(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout
    assert INSTALL not in done.stdout


@pytest.mark.slow
def test_the_lecture_is_reported_with_its_figures(dlbench, tmp_path):
    done = dlbench("report", "lecture", "--results", RESULTS, "-o", str(tmp_path / "lecture.md"))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*.png"))


def test_a_recipe_is_shown_and_one_line_says_what_is_left_out(dlbench):
    done = dlbench("show", "resnet-56")
    assert done.returncode == 0, done.stderr
    assert "853,018" in done.stdout  # published, not counted
    assert "training: sgd, lr 0.1, momentum 0.9" in done.stdout
    assert [line for line in done.stdout.splitlines() if "torch" in line] == [
        f"Layers are not counted, nor values checked, without torch: {INSTALL}"
    ]


@pytest.mark.parametrize("words", [["run", "xor"], ["lecture"], ["time", "lenet-digits"], ["list", "devices"]])
def test_what_needs_torch_says_so_in_a_line(dlbench, words):
    done = dlbench(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("dlbench: this needs torch, which is not installed")
    assert INSTALL in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor_calls_each_missing_package_a_problem_and_what_needs_it_left_out(dlbench):
    done = dlbench("doctor")
    assert done.returncode == 2
    problems = [line for line in done.stdout.splitlines() if line.startswith("problem")]
    assert [line.split(": ")[1] for line in problems] == ["torch", "torchvision"]
    assert "pip install 'torch>=" in problems[0]
    assert "warning  devices: left out, it needs torch" in done.stdout
