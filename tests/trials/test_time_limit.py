"""`--for`: what is under way when time is over is put aside, and the same command goes on."""

import json
import time

import own
import pytest

from dlbench import reading
from dlbench.errors import InputError
from dlbench.records import store
from dlbench.trials import plan, runner
from dlbench.trials.workers import checkpoint_file

LONG = ["training.epochs=null", "training.steps=100000", "data.train_examples=64"]
WHOLE = ["training.steps=1000000", "training.batch_size=40"]  # the batch that copies share


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("90", 90), ("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("0.5h", 1800)]
)
def test_a_time_is_read_as_people_write_it(text, seconds):
    assert reading.seconds(text, "--for") == seconds


@pytest.mark.parametrize("text", ["2x", "0", "0s", "", "-1", "h", "1e9h", "nan", "2h 3x"])
def test_what_is_no_time_is_refused_in_a_line(text):
    with pytest.raises(InputError, match=r"--for .*: give a time above zero"):
        reading.seconds(text, "--for")


def test_a_trial_under_way_is_put_aside_and_goes_on(tmp_path):
    [trial] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, settings=LONG)
    began = time.monotonic()
    [outcome] = runner.run([trial], tmp_path, seconds=15)
    assert time.monotonic() - began < 15 + runner.PATIENCE_SECONDS
    assert outcome.status == "interrupted"
    events = [json.loads(line) for line in trial.path(tmp_path).read_text().splitlines()]
    reached = [event["step"] for event in events if event["event"] == "lap"][-1]
    assert outcome.continues_at == checkpoint_file.steps(trial.path(tmp_path)) == reached > 0


def test_nothing_new_begins_when_time_is_over(tmp_path):
    trials = plan.trials(["lenet-digits"], device="cpu", seeds=[0, 1], threads=1, budget="smoke")
    assert runner.run(trials, tmp_path, seconds=0) == []
    assert [outcome.status for outcome in runner.run(trials[:1], tmp_path, seconds=600)] == ["finished"]


def test_a_rule_that_cannot_go_on_ends_too(tmp_path):
    chosen = plan.trials(
        [own.write(tmp_path, "plain", "together: model\n")], device="cpu", seeds=[0, 1], threads=1, settings=WHOLE
    )
    outcomes = runner.run(chosen, tmp_path / "out", seconds=12)
    assert {outcome.status for outcome in outcomes} == {"interrupted"}
    assert store.status(outcomes[0].path) == "interrupted"
