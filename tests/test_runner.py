import json
import os
from pathlib import Path

import own
import psutil
import pytest

from dlbench import plan, runner, store
from dlbench.errors import InputError


def trials(tmp_path, *models, **options):
    return plan.trials([own.write(tmp_path, model) for model in models], device="cpu", **options)


def last_line(path):
    return json.loads(path.read_text().splitlines()[-1])


def test_what_is_finished_is_skipped_and_the_rest_is_run(tmp_path):
    out = tmp_path / "results"
    seen = []
    first = runner.run(trials(tmp_path, "plain", seeds=[0]), out)
    second = runner.run(
        trials(tmp_path, "plain", seeds=[0, 1]), out, watch=lambda t, e: seen.append((t[0].seed, e["event"]))
    )
    assert [(o.trial.seed, o.status, o.new) for o in first] == [(0, "finished", True)]
    assert [(o.trial.seed, o.status, o.new) for o in second] == [(0, "finished", False), (1, "finished", True)]
    assert {seed for seed, _ in seen} == {1}
    again = runner.run(trials(tmp_path, "plain", seeds=[0]), out, fresh=True)
    assert again[0].new


def test_a_trial_that_fails_or_dies_says_so_and_the_others_go_on(tmp_path):
    out = tmp_path / "results"
    outcomes = {o.trial.recipe.name: o for o in runner.run(trials(tmp_path, "raising", "killed", "plain"), out)}
    assert outcomes["plain"].status == "finished"
    assert (outcomes["raising"].status, outcomes["killed"].status) == ("failed", "killed")
    assert outcomes["raising"].message == "RuntimeError: out of luck"
    assert "killed by signal 9" in outcomes["killed"].message
    end = last_line(outcomes["raising"].path)
    assert "raise RuntimeError" in end["traceback"]
    assert last_line(outcomes["killed"].path)["status"] == "killed"
    frame = store.load(out)
    assert sorted(frame["status"]) == ["failed", "finished", "killed"]
    assert frame.attrs["warnings"] == []


def test_an_unfinished_run_is_run_again(tmp_path):
    out = tmp_path / "results"
    path = runner.run(trials(tmp_path, "plain"), out)[0].path
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:3]) + '\n{"event": "lap", "st')
    assert store.status(path) == "unfinished"
    assert runner.run(trials(tmp_path, "plain"), out)[0].new
    assert store.status(path) == "finished"


def test_ctrl_c_ends_the_worker_and_says_what_was_under_way(tmp_path):
    out = tmp_path / "results"

    def interrupt(_, event):
        if event["event"] == "lap":
            raise KeyboardInterrupt

    with pytest.raises(runner.Interrupted) as caught:
        runner.run(
            trials(tmp_path, "plain", "slow", "raising"),
            out,
            watch=lambda t, e: interrupt(t, e) if t[0].recipe.name == "slow" else None,
        )
    ended = [(o.trial.recipe.name, o.status) for o in caught.value.outcomes]
    assert ended == [("plain", "finished"), ("slow", "interrupted")]
    slow = next(Path(out / "slow").iterdir())
    assert store.status(slow) == "interrupted"
    assert not [p for p in psutil.Process(os.getpid()).children(recursive=True) if p.status() != "zombie"]


def test_a_worker_that_dies_under_one_of_its_trials_costs_only_that_one(tmp_path):
    out = tmp_path / "results"
    chosen = plan.trials([own.write(tmp_path, "killed_at_seed_1", "together: worker\n")], device="cpu", seeds=range(4))
    outcomes = runner.run(chosen, out)
    assert [(o.trial.seed, o.status) for o in outcomes] == [
        (0, "finished"), (1, "killed"), (2, "finished"), (3, "finished"),
    ]  # fmt: skip
    assert {p.stem[:11] for p in (out / "killed_at_seed_1").iterdir()} == {f"short-seed{s}" for s in range(4)}


def test_missing_data_refuse_before_anything_is_written(tmp_path):
    out = tmp_path / "results"
    chosen = plan.trials(["lenet-digits", "resnet-20"], device="cpu", budget="smoke")
    with pytest.raises(InputError, match="dlbench data get cifar10") as caught:
        runner.run(chosen, out)
    assert "no-data" in str(caught.value)
    assert not list(out.rglob("*.jsonl"))


def test_a_worker_refuses_what_only_it_can_see_and_leaves_no_file(tmp_path):
    out = tmp_path / "results"
    chosen = plan.trials(["lenet-digits"], device="cpu", settings=["data.train_examples=9999"])
    with pytest.raises(InputError, match="9999 asked for"):
        runner.run(chosen, out)
    assert not list(out.rglob("*.jsonl"))


def test_a_results_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write results"):
        runner.run(trials(tmp_path, "plain"), tmp_path / "file" / "results")


def test_seeds_that_learn_together_share_a_worker_and_each_has_a_file(tmp_path):
    out = tmp_path / "results"
    started = []
    chosen = plan.trials(["mlp-xor"], device="cpu", budget="smoke", seeds=range(6))
    outcomes = runner.run(chosen, out, watch=lambda t, e: started.append(len(t)) if e["event"] == "started" else None)
    assert started == [6]
    frame = store.load(out)
    assert sorted(frame["seed"]) == list(range(6))
    assert len({o.path for o in outcomes}) == 6
    assert frame["train_loss"].nunique() > 1 if "train_loss" in frame else frame["train_right"].between(0, 4).all()
