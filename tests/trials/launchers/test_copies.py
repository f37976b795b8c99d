"""What a node sends back makes the results folder as the node's, and a cut anywhere leaves what can be continued."""

import os

import pytest
from faults import suite
from faults.suite import Killed, kill_at_lap, learn

from dlbench.trials.launchers import copies
from dlbench.trials.launchers.copies import Copies
from dlbench.trials.workers import checkpoint_file


@pytest.fixture(autouse=True)
def _a_checkpoint_at_every_lap(monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def killed(trial, out, laps, look=lambda: None):
    """Learn until so many laps are done; look at what is there after each event."""
    stop = kill_at_lap(laps)

    def step(event):
        look()
        stop(event)

    with pytest.raises(Killed):
        learn([trial], out, step)


def test_all_that_a_node_writes_arrives_and_a_cut_at_any_change_can_be_continued(tmp_path):
    [trial] = suite.trials(tmp_path)
    home, node = tmp_path / "home", tmp_path / "node"
    killed(trial, home, 4)
    there = Copies(node, copies.of_trials([trial], home))
    assert contents(node) == contents(home)

    def bring():
        for change in there.changes():
            copies.apply([change], home)
            state = checkpoint_file.CheckpointFile(trial.path(home), {}).read()
            assert state is None or isinstance(state, tuple), state

    killed(trial, node, 4, bring)
    bring()
    assert contents(home) == contents(node)
    killed(trial, node, 2)  # its file is cut back to the checkpoint, and grows from there
    bring()
    assert contents(home) == contents(node)
    learn([trial], node)
    bring()
    assert contents(home) == contents(node)
    assert list(contents(home)) == [str(trial.path(home).relative_to(home))]
    assert there.changes() == []


def test_a_run_file_keeps_its_place_and_one_that_was_cut_meanwhile_is_not_filled_up(tmp_path):
    [trial] = suite.trials(tmp_path)
    home, node = tmp_path / "home", tmp_path / "node"
    there = Copies(node, {})
    killed(trial, node, 2)
    copies.apply(there.changes(), home)
    inode = os.stat(trial.path(home)).st_ino
    killed(trial, node, 2)
    copies.apply(there.changes(), home)
    assert os.stat(trial.path(home)).st_ino == inode
    learn([trial], node)
    os.truncate(trial.path(home), 10)
    with pytest.raises(OSError, match="was replaced by another file"):
        copies.apply(there.changes(), home)
