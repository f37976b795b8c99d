"""Runs repeated from what their files say, by real worker processes."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import one_run_a_rule
import own
import pytest

from dlbench import exits
from dlbench.cli import pack
from dlbench.cli import replay as replaying
from dlbench.errors import InputError
from dlbench.records import raw_files, store
from dlbench.records.events import Lap
from dlbench.trials import plan, replay, runner

STEPS = "training.steps=40"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of a net of one's own, and of copies taught together."""
    folder = tmp_path_factory.mktemp("finished")
    chosen = plan.trials([own.write(folder, "plain")], device="cpu", threads=1)
    chosen += plan.trials(["mlp-xor"], device="cpu", threads=1, seeds=range(3), settings=[STEPS])
    return [outcome.path for outcome in runner.run(chosen, folder / "results")]


@pytest.fixture
def run_file(finished, tmp_path):
    """A copy of the run of one's own net, in a folder that holds its module as well."""
    own.write(tmp_path, "plain")
    path = tmp_path / "run.jsonl"
    path.write_text(finished[0].read_text())
    return path


def replayed(*names, **options):
    return replaying.replay([str(name) for name in names], **options)


def doctored(path, name, *changes):
    """A copy in which values, each of the last event of a kind, are changed: (kind, key, function)."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for kind, key, change in changes:
        event = next(event for event in reversed(events) if event["event"] == kind)
        event[key] = change(event[key])
    copy = path.with_name(f"{name}.jsonl")
    copy.write_text("".join(json.dumps(event) + "\n" for event in events))
    return copy


def lines(capsys):
    """What was said of each file, by its name."""
    told = (line.partition(".jsonl: ") for line in capsys.readouterr().out.splitlines())
    return {Path(path).name: said for path, _, said in told}


def test_a_finished_run_is_the_same_to_its_last_weights_and_one_changed_number_is_found(run_file, capsys):
    files = [
        run_file,
        doctored(run_file, "weights", ("end", "weights_digest", lambda _: "0123456789abcdef")),
        doctored(run_file, "loss", ("lap", "loss", lambda loss: loss + 0.01)),
        doctored(run_file, "score", ("score", "metrics", lambda metrics: metrics | {"test_loss": 0.0})),
        doctored(run_file, "data", ("ready", "dataset_digest", lambda _: "0" * 16)),
    ]
    assert replayed(*files) == exits.REGRESSION
    said = lines(capsys)
    assert said["run"] == "same bit for bit, all 8 steps"
    assert said["weights"].startswith("DIFFERS at step 8: weights_digest 0123456789abcdef recorded, ")
    assert re.fullmatch(r"DIFFERS at step 8: \d\.\d+ recorded, \d\.\d+ here", said["loss"])
    assert said["score"].startswith("DIFFERS at step 8: test_loss 0 recorded, ")
    assert said["data"].startswith("DIFFERS before the first step: dataset_digest 0000000000000000 recorded, ")


def test_an_edited_model_is_found_at_its_first_step(run_file, capsys):
    module = run_file.parent / "nets.py"
    module.write_text(module.read_text().replace("10))\n\n\nclass", "10), nn.Tanh())\n\n\nclass"))
    assert replayed(run_file, steps=1) == exits.REGRESSION
    assert lines(capsys)["run"].startswith("DIFFERS at step 1: 2.")


def test_of_a_long_run_only_the_first_laps_are_repeated(finished, capsys):
    laps = [event.step for event in store.events_of(finished[1]) if isinstance(event, Lap)]
    assert len(laps) > 5
    assert replayed(*finished[1:], steps=laps[1] + 1) == exits.FINE
    told = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in told] == [f"same bit for bit, steps 1 to {laps[2]} of 40"] * 3


def test_elsewhere_small_differences_are_rounding_and_large_ones_are_not(run_file, capsys):
    torch = ("start", "versions", lambda versions: versions | {"torch": "2.0.0"})
    equal = doctored(run_file, "equal", torch)
    near = doctored(run_file, "near", torch, ("lap", "loss", lambda loss: loss * (1 + 2e-6)))
    far = doctored(run_file, "far", torch, ("lap", "loss", lambda loss: loss * 1.1))
    assert replayed(equal, near, far) == exits.REGRESSION
    said = lines(capsys)
    assert said["equal"].startswith("same bit for bit, all 8 steps (torch 2.0.0 -> ")
    assert said["near"].startswith("same within 1e-05, all 8 steps (torch 2.0.0 -> ")
    assert said["far"].startswith("DIFFERS at step 8: ")
    assert replayed(near) == exits.FINE
    assert replayed(near, exact=True) == exits.REGRESSION


def test_what_cannot_be_replayed_says_why_and_stops_no_other(run_file, tmp_path, capsys):
    start, ready, first, *_ = run_file.read_text().splitlines()
    elsewhere = doctored(run_file, "elsewhere", ("start", "execution", lambda found: found | {"device": "cuda:7"}))
    files = {
        "no_run": "{}\n",
        "no_lap": f"{start}\n{ready}\n",
        "newer": json.dumps(json.loads(start) | {"schema": 99}) + "\n",
        "no_threads": json.dumps({**json.loads(start), "execution": {"device": "cpu"}}) + f"\n{first}\n",
        "no_data": run_file.read_text().replace('"train_examples": 40', '"train_examples": 9999', 1),
        "killed": run_file.read_text().replace("nets.plain", "nets.killed"),
        "raising": run_file.read_text().replace("nets.plain", "nets.raising"),
    }
    for name, text in files.items():
        (tmp_path / f"{name}.jsonl").write_text(text)
    assert replayed(*(tmp_path / f"{name}.jsonl" for name in files), elsewhere, run_file) == exits.FAILED
    said = lines(capsys)
    assert said.pop("run") == "same bit for bit, all 8 steps"
    assert said.pop("killed").startswith("failed here: the worker was killed by signal 9")
    assert said.pop("raising") == "failed here: RuntimeError: out of luck"
    assert said["elsewhere"].startswith("cannot be replayed: device cuda:7 is not here; --device takes another (cpu")
    assert len(said) == 6
    assert all(line.startswith("cannot be replayed: ") for line in said.values())
    assert replayed(elsewhere, device="cpu") == exits.FINE
    assert "device cuda:7 -> cpu" in lines(capsys)["elsewhere"]
    with pytest.raises(InputError, match="no run file, no folder"):
        replayed("nowhere")


def test_json_and_the_name_of_a_recipe(finished):
    results = finished[0].parents[1]
    own.write(Path.cwd(), "plain")
    told = subprocess.run(
        [sys.executable, "-m", "dlbench", "replay", "plain", "--results", str(results), "--json"],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    [outcome] = json.loads(told.stdout)
    assert (told.returncode, outcome["state"], outcome["steps"], outcome["of"]) == (0, "same", 8, 8)
    assert outcome["path"] == str(finished[0])


def test_numbers_that_are_not_finite_are_equal_to_themselves(run_file):
    recorded = replay.read(run_file, 50)
    nan = float("nan")
    for one, other, state in ((nan, nan, "same"), (1.0, nan, "different")):
        there, here = (
            [replace(event, loss=loss) if isinstance(event, Lap) else event for event in recorded.events]
            for loss in (one, other)
        )
        assert replay.compare(replace(recorded, events=there), here).state == state


def test_the_tolerance_holds_the_first_step_to_rounding_and_grows():
    assert replay.tolerance(1) == 2e-5
    assert replay.tolerance(5) == pytest.approx(2.5e-3)
    assert replay.tolerance(10**6) == 0.2


def test_one_run_of_each_rule_is_found_in_the_reference_runs(monkeypatch, capsys):
    chosen = one_run_a_rule.chosen()
    left_out = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert {"perceptron_rule", "generalised_delta_rule", "linear_program"} <= {*chosen, *left_out}
    assert {"svm", "pca"} <= set(left_out), "there is no MNIST in this folder"
    assert len(list(raw_files.at(chosen.values()))) == len(chosen)


def test_runs_in_a_pack_are_replayed_by_their_path_their_recipe_or_all(finished, tmp_path, capsys):
    own.write(tmp_path, "plain")
    results = finished[0].parents[1]
    pack.pack(results, tmp_path / "some.jsonl.gz", by_study=False, force=False, remove=False)
    capsys.readouterr()
    one = f"{tmp_path / 'some.jsonl.gz'}:plain/{finished[0].name}"
    for names, count in (([one], 1), (["plain"], 1), ([tmp_path / "some.jsonl.gz"], 4)):
        assert replayed(*names, steps=3, results=tmp_path) == exits.FINE
        assert len(capsys.readouterr().out.splitlines()) == count
