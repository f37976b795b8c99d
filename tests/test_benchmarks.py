"""The benchmarks of dlbench's own speed run and make their rows; what the ratios are is not asked here."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

SPEED = Path(__file__).parent / "benchmarks" / "speed.py"
MADE = {"startup": 2, "report": 2, "xor-seeds": 1}  # rows of those that need no data
TRAINED = {
    "resnet-20": 2, "lenet-mnist": 2, "lenet-seeds": 1, "lenet-overhead": 1, "resnet-overhead": 1, "switches-lenet": 2
}  # fmt: skip
LONG = {"resnet-56", "switches-resnet"}  # and like others in all else


def speed(*words, **environment):
    return subprocess.run([sys.executable, SPEED, *words], capture_output=True, text=True, env=os.environ | environment)


def check(name, rows, folder, **environment):
    """One benchmark leaves its laps, and as many rows as it should."""
    done = speed("--quick", "--only", name, "--json", str(folder / "laps.jsonl"), **environment)
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith("│") for line in done.stdout.splitlines()) == rows
    about, *laps = map(json.loads, (folder / "laps.jsonl").read_text().splitlines())
    assert about["quick"]
    assert {lap["benchmark"] for lap in laps} == {name}
    assert all(lap["seconds"] > 0 for lap in laps)
    assert {lap["round"] for lap in laps} >= {-1, 0}  # the round that is thrown away, and one that counts


def test_start_up(tmp_path):
    check("startup", MADE["startup"], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MADE.keys() - {"startup"}))
def test_what_needs_no_data(name, tmp_path):
    check(name, MADE[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TRAINED))
def test_training(name, tmp_path, real_data):
    check(name, TRAINED[name], tmp_path, DLBENCH_DATA=str(real_data))


def test_no_benchmark_is_left_out_here():
    refused = speed("--only", "nothing")
    assert refused.returncode == 2
    assert set(re.findall(r"[\w-]+", refused.stderr.split("choose from")[1])) == MADE.keys() | TRAINED.keys() | LONG


@pytest.mark.slow
def test_a_benchmark_that_fails_says_so_and_the_others_still_run():
    done = speed("--quick", "--only", "lenet-mnist", "startup")  # there is no MNIST in a test's own data folder
    assert done.returncode == 1
    assert "dlbench data get mnist" in done.stderr
    assert "lenet-mnist │ failed, see above" in re.sub(" +", " ", done.stdout)
    assert 'dlbench list against python -c "import typer"' in done.stdout


def test_how_often_a_gate_tells_true_is_told_again_from_kept_gates(tmp_path):
    """Nothing is timed anew: the rates are those of the gates in the file, and so is the exit code."""
    file, noise = tmp_path / "gates.ndjson", random.Random(0)
    gates = [
        {"gate": number, "slower_percent": slower, "minutes": 1.0, "pairs": pairs, "processor_pairs": pairs}
        for number in range(3)
        for slower in (0.0, 5.0)
        for pairs in [[[noise.gauss(-slower / 100, 0.01) for _ in range(40)] for _ in range(10)]]
    ]
    file.write_text("".join(json.dumps(gate) + "\n" for gate in gates))
    before = file.read_bytes()
    told = subprocess.run(
        [sys.executable, SPEED.with_name("trust.py"), "--json", file, "--gates", "3", "--markdown"],
        capture_output=True, text=True,
    )  # fmt: skip
    rows = {line.split("|")[1].strip(): line.split("|")[2] for line in told.stdout.splitlines() if "(1 min" in line}
    for metric in ("examples_per_second", "processor_ms_per_step"):
        assert rows[f"{metric}: 5 % slower, called slower (1 min, 10 pairs)"].strip().startswith("3 of 3")
        assert rows[f"{metric}: the same twice, called different (1 min, 10 pairs)"].strip().startswith("0 of 3")
    assert told.returncode == int("| no |" in told.stdout), told.stderr
    assert file.read_bytes() == before
