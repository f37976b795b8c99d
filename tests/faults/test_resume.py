"""Training that is cut short goes on from its checkpoint, to the same weights bit for bit."""

import json
from pathlib import Path

import pytest
import torch
from faults import suite
from faults.suite import Killed, events, kill_at_lap, learn, results

from dlbench.errors import InputError
from dlbench.records import store
from dlbench.trials import plan, setup
from dlbench.trials.workers import checkpoint_file, runfile
from dlbench.trials.workers import trials as worker

OTHER = {"a damaged byte": "is damaged", "a cut": "is damaged", "nothing": "cannot be read", "another torch": "torch"}


@pytest.fixture(autouse=True)
def _a_checkpoint_at_every_lap(monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    [chosen] = suite.trials(folder)
    learn([chosen], folder / "out")
    return results(chosen.path(folder / "out"))


@pytest.mark.parametrize("laps", [1, 2, 5, 6, 9, 13])
def test_a_killed_trial_ends_with_the_weights_of_an_undisturbed_one(tmp_path, undisturbed, laps):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(laps))
    assert store.status(path) == "unfinished"
    with path.open("ab") as file:
        file.write(b'{"event": "lap", "st')  # a line cut short is no part of what is kept
    told = learn([chosen], tmp_path / "out")
    assert results(path) == undisturbed
    assert [event["step"] for event in told if event["event"] == "resumed"] == ([2 * laps - 4 or 1] if laps > 1 else [])
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_trial_killed_again_and_again_gets_there(tmp_path, undisturbed):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    for _ in range(6):
        with pytest.raises(Killed):
            learn([chosen], tmp_path / "out", kill_at_lap(3))
    learn([chosen], tmp_path / "out")
    assert results(path) == undisturbed
    assert len([event for event in events(path) if event["event"] == "resumed"]) == 6
    assert len([event for event in events(path) if event["event"] == "start"]) == 1
    warm = [lap for lap in events(path) if lap["event"] == "lap" and lap["warm_up"]]
    end = events(path)[-1]
    assert len(warm) == 7
    assert end["warm_up_examples"] == 7 * 30
    speed = (end["examples"] - 210) / (end["training_seconds"] - sum(lap["seconds"] for lap in warm))
    assert store.load(tmp_path / "out")["examples_per_second"].tolist() == pytest.approx([speed])


def test_a_trial_killed_before_its_final_score_learns_nothing_more(tmp_path, undisturbed):
    def stop(event):
        if event["event"] == "score" and event["final"]:
            raise Killed

    [chosen] = suite.trials(tmp_path)
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", stop)
    told = learn([chosen], tmp_path / "out")
    assert [event["event"] for event in told] == ["resumed", "score", "end"]
    assert results(chosen.path(tmp_path / "out")) == undisturbed


def test_an_interrupted_trial_keeps_its_checkpoint_even_if_interrupted_while_it_gets_ready(
    tmp_path, undisturbed, monkeypatch
):
    def interrupt(*_):
        raise KeyboardInterrupt

    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    learn([chosen], tmp_path / "out", lambda e: interrupt() if e.get("step", 0) >= 8 else None)
    assert store.status(path) == "interrupted"
    with monkeypatch.context() as patch:
        patch.setattr(setup, "build", interrupt)
        learn([chosen], tmp_path / "out")
    assert store.status(path) == "interrupted"
    assert checkpoint_file.steps(path) == 6
    learn([chosen], tmp_path / "out")
    assert results(path) == undisturbed


def test_fresh_ignores_what_is_there(tmp_path, undisturbed):
    [chosen] = suite.trials(tmp_path)
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    told = learn([chosen], tmp_path / "out", fresh=True)
    assert told[0]["event"] == "ready"
    assert results(chosen.path(tmp_path / "out")) == undisturbed
    assert learn([chosen], tmp_path / "out") == [{"event": "skipped", "status": "finished"}]
    assert learn([chosen], tmp_path / "out", fresh=True)[-1]["event"] == "end"


def spoil(how, path):
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(
        {
            "a damaged byte": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
            "a cut": whole[:middle],
            "nothing": b"",
            "another torch": whole,
        }[how]
    )


@pytest.mark.parametrize("how", OTHER)
def test_a_checkpoint_of_no_use_costs_a_fresh_start_and_one_line(tmp_path, undisturbed, how, monkeypatch):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    spoil(how, checkpoint_file.path_for(path))
    if how == "another torch":
        monkeypatch.setattr(worker, "_identity", lambda built: {"torch": "1.0"})
    told = learn([chosen], tmp_path / "out")
    [note] = [event["message"] for event in told if event["event"] == "note"]
    assert note.startswith(str(checkpoint_file.path_for(path)))
    assert OTHER[how] in note
    assert note.endswith("begins anew")
    assert results(path) == undisturbed


def test_a_checkpoint_whose_run_file_has_gone_is_not_continued(tmp_path, undisturbed):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    path.unlink()
    assert "begins anew" in learn([chosen], tmp_path / "out")[0]["message"]
    assert results(path) == undisturbed


def test_a_checkpoint_that_fits_no_more_costs_a_fresh_start(tmp_path, undisturbed, monkeypatch):
    """A user may change what a model imports, which no digest knows of."""
    [chosen] = suite.trials(tmp_path)
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    file = checkpoint_file.CheckpointFile(chosen.path(tmp_path / "out"), {})
    state, offset = file.read()
    state["parts"]["model"].popitem()
    monkeypatch.setattr(checkpoint_file.CheckpointFile, "read", lambda self: (state, offset))
    told = learn([chosen], tmp_path / "out")
    assert "does not fit" in told[0]["message"]
    assert "\n" not in told[0]["message"]
    assert results(chosen.path(tmp_path / "out")) == undisturbed


def test_a_checkpoint_runs_nothing_that_it_contains(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    [chosen] = suite.trials(tmp_path)
    run_file = runfile.RunFile(chosen, tmp_path)
    file = checkpoint_file.CheckpointFile(run_file.path, {})
    file.write({"steps": 3, "trap": Trap()}, run_file.size())
    assert "cannot be read (UnpicklingError)" in file.read()
    assert not (tmp_path / "sprung").exists()


def test_a_checkpoint_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    [chosen] = suite.trials(tmp_path)
    run_file = runfile.RunFile(chosen, tmp_path)
    file = checkpoint_file.CheckpointFile(run_file.path, {})
    file.write({"steps": 3}, run_file.size())

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(OSError, match="No space"):
            file.write({"steps": 4}, run_file.size())
    assert file.read() == ({"steps": 3}, run_file.size())
    assert checkpoint_file.steps(run_file.path) == 3
    assert not list(tmp_path.rglob("*.part"))


def test_a_checkpoint_waits_for_its_time(tmp_path, monkeypatch):
    monkeypatch.delenv("DLBENCH_CHECKPOINT_SECONDS")
    [chosen] = suite.trials(tmp_path)
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    assert checkpoint_file.steps(chosen.path(tmp_path / "out")) is None
    assert learn([chosen], tmp_path / "out")[0]["event"] == "ready"


RULES = """
import torch
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.step import Step


class Sum:
    value = 0
    def state_dict(self): return {"value": self.value}
    def load_state_dict(self, state): self.value = state["value"]


def steps(first, total, sum, model):
    for number in range(first + 1, total + 1):
        sum.value += number
        with torch.no_grad():
            model[-1].bias += sum.value
        yield Step(number, total, 1, torch.zeros(()), {"sum": sum.value})


def takes_none(model, data, generator, *, steps: int):
    yield from globals()["steps"](0, steps, Sum(), model)


def follows(model, data, generator, *, steps: int, checkpoint: Checkpoint | None = None):
    sum = Sum()
    yield from globals()["steps"](checkpoint.follow(sum=sum) if checkpoint else 0, steps, sum, model)


def forgets(model, data, generator, *, steps: int, checkpoint: "Checkpoint | None" = None):
    yield from globals()["steps"](0, steps, Sum(), model)
"""


@pytest.mark.parametrize(("rule", "begins"), [("takes_none", "ready"), ("follows", "resumed"), ("forgets", "ready")])
def test_a_rule_of_ones_own_goes_on_if_it_follows_the_checkpoint(tmp_path, rule, begins):
    (tmp_path / "rules.py").write_text(RULES)
    path = Path(suite.write(tmp_path, "small"))
    training = next(line for line in path.read_text().splitlines() if line.startswith("training"))
    path.write_text(path.read_text().replace(training, f"training: {{name: rules.{rule}, steps: 12}}"))
    [chosen] = plan.trials([str(path)], device="cpu", seeds=[0], threads=1)
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(5))
    assert learn([chosen], tmp_path / "out")[0]["event"] == begins
    assert results(chosen.path(tmp_path / "out"))["scores"][-1][1]["sum"] == 78
    learn([chosen], tmp_path / "other")
    assert results(chosen.path(tmp_path / "other")) == results(chosen.path(tmp_path / "out"))


@pytest.mark.parametrize("rule", ["follows", "forgets"])
def test_a_checkpoint_is_not_the_recipes_to_give(tmp_path, rule):
    (tmp_path / "rules.py").write_text(RULES)
    path = Path(suite.write(tmp_path, "small"))
    training = next(line for line in path.read_text().splitlines() if line.startswith("training"))
    path.write_text(path.read_text().replace(training, f"training: {{name: rules.{rule}, steps: 12, checkpoint: 1}}"))
    with pytest.raises(InputError, match=rf"unknown key 'checkpoint'; rules.{rule} takes steps$"):
        plan.trials([str(path)], device="cpu")


def test_every_line_of_a_resumed_run_is_sound(tmp_path):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    with pytest.raises(Killed):
        learn([chosen], tmp_path / "out", kill_at_lap(4))
    learn([chosen], tmp_path / "out")
    for line in path.read_bytes().splitlines():
        json.loads(line)
    assert store.load(tmp_path / "out").attrs["warnings"] == []
    assert len(store.curves(tmp_path / "out")) == 12
