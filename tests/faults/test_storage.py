"""A full disk, a folder that changes in mid-run, files of others in the way: one line each, nothing overwritten."""

import json
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from faults import suite
from faults.suite import Killed, kill_at_lap, learn, results

from dlbench.records import store
from dlbench.records.events import End, Stopped
from dlbench.trials import runner
from dlbench.trials.workers import checkpoint_file, locking, runfile


def at_lap(number, act):
    """A `stop` that does something once, after so many laps."""
    laps = []

    def stop(event):
        laps.extend([event] if event["event"] == "lap" else [])
        if event["event"] == "lap" and len(laps) == number:
            act()

    return stop


def only_end(told):
    [end] = [event for event in told if event["event"] == "end"]
    return end


@contextmanager
def file_limit():
    """Sets how large files may become, as a full disk would; lifted before the test ends, for pytest writes too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_cannot_grow_ends_its_trial_as_failed_in_one_line(tmp_path):
    first, second = suite.trials(tmp_path, seeds=[0, 1])
    path = first.path(tmp_path / "out")
    with file_limit() as limit:
        told = learn([first], tmp_path / "out", at_lap(3, lambda: limit(path.stat().st_size + 100)))
    assert only_end(told)["status"] == "failed"
    assert only_end(told)["message"] == f"{path}: cannot be written (File too large)"
    assert "traceback" not in only_end(told)
    assert store.status(path) == "unfinished"
    for chosen in (first, second):
        assert only_end(learn([chosen], tmp_path / "out"))["status"] == "finished"


def test_a_checkpoint_for_which_there_is_no_room_costs_only_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")
    [chosen] = suite.trials(tmp_path)
    with file_limit() as limit:
        limit(12_000)  # of the run file's 7,000 bytes or so, and the checkpoint's 40,000
        told = learn([chosen], tmp_path / "out")
    notes = [event["message"] for event in told if event["event"] == "note"]
    assert only_end(told)["status"] == "finished", only_end(told)
    assert notes[0].startswith(f"{checkpoint_file.path_for(chosen.path(tmp_path / 'out'))}: no checkpoint")
    assert not [note for note in notes if "\n" in note]
    assert [p.suffix for p in chosen.path(tmp_path / "out").parent.iterdir()] == [".jsonl"]


def replace_folder(path):
    shutil.move(path.parent, path.parent.with_name("elsewhere"))
    path.parent.write_text("precious")


def replace_file(path):
    path.rename(path.with_suffix(".kept"))
    path.write_text("precious")


def lock_away(path):
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        pytest.skip("files cannot be made immutable here")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (replace_folder, "Not a directory"),
        (replace_file, "was replaced by another file"),
        (lambda path: path.unlink(), "No such file"),
        (lambda path: shutil.rmtree(path.parent), "No such file"),
        (lock_away, "Operation not permitted"),
    ],
    ids=["folder replaced", "file replaced", "file removed", "folder removed", "made read-only"],
)
def test_what_happens_to_the_folder_in_mid_run_ends_the_trial_and_touches_nothing(tmp_path, act, words):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    before = {}

    def stop():
        act(path)
        before.update({p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()})

    try:
        told = learn([chosen], tmp_path / "out", at_lap(3, stop))
        after = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    finally:
        subprocess.run(["chattr", "-i", path], capture_output=True)
    assert only_end(told)["status"] == "failed"
    assert only_end(told)["message"].startswith(f"{path}: ")
    assert words in only_end(told)["message"]
    assert after == before


def test_a_run_of_a_newer_dlbench_is_left_alone(tmp_path):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    learn([chosen], tmp_path / "out")
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2', 1))
    before = path.read_bytes()
    for fresh in (False, True):
        end = only_end(learn([chosen], tmp_path / "out", fresh=fresh))
        assert end["status"] == "failed"
        assert end["message"].startswith(f"{path}: is a run of a newer dlbench (schema 2)")
        runfile.close_run(chosen, tmp_path / "out", End("killed", ""))
        assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"\x00" * 3000, b"shopping list\n", b'{"a": 1}\n', b"[" * 10_000])
def test_what_is_no_run_file_is_copied_aside(tmp_path, content):
    [chosen] = suite.trials(tmp_path)
    path = chosen.path(tmp_path / "out")
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.with_name(f"{path.name}.damaged1").touch()
    told = learn([chosen], tmp_path / "out")
    assert only_end(told)["status"] == "finished"
    [note] = [event["message"] for event in told if event["event"] == "note"]
    assert note == f"{path}: was not a run file; what it held is in {path.name}.damaged2"
    assert path.with_name(f"{path.name}.damaged2").read_bytes() == content
    results(path)


@pytest.mark.parametrize("cut", [0, 1, 10, 300])
def test_a_beginning_of_ours_that_was_cut_short_makes_room(tmp_path, cut):
    [chosen] = suite.trials(tmp_path)
    path = runfile.RunFile(chosen, tmp_path / "out").path
    path.write_bytes(path.read_bytes()[:cut])
    told = learn([chosen], tmp_path / "out")
    assert [event["event"] for event in told if event["event"] in ("note", "end")] == ["end"]
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    results(path)


def test_a_folder_in_the_place_of_a_run_file_fails_that_trial(tmp_path):
    first, second = suite.trials(tmp_path, seeds=[0, 1])
    path = first.path(tmp_path / "out")
    path.mkdir(parents=True)
    end = only_end(learn([first], tmp_path / "out"))
    assert (end["status"], end["message"]) == ("failed", f"{path}: cannot be written (Is a directory)")
    assert only_end(learn([second], tmp_path / "out"))["status"] == "finished"


def test_a_thousand_seeds_at_once_need_few_descriptors(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, before[1]))
    try:
        more = "together: model\n"
        settings = ["training.batch_size=200", "data.augment=none", "training.steps=2", "curve.points=0"]
        chosen = suite.trials(tmp_path, range(1000), "small", more, settings)
        told = learn(chosen, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    ends = [event for event in told if event["event"] == "end"]
    assert [event["status"] for event in ends] == ["finished"] * 1000
    assert len({event["weights_digest"] for event in ends}) == 1000
    assert store.status(chosen[999].path(tmp_path / "out")) == "finished"


def test_copies_are_locked_as_one_and_begin_anew(tmp_path):
    settings = ["training.batch_size=200", "data.augment=none"]
    chosen = suite.trials(tmp_path, range(6), "small", "together: model\n", settings)
    with pytest.raises(Killed):
        learn(chosen[:4], tmp_path / "out", kill_at_lap(9))
    with locking.locked(runfile.lock_path(chosen[0], tmp_path / "out")):
        assert [event["event"] for event in learn(chosen[2:], tmp_path / "out")] == ["busy"] * 4
    learn(chosen, tmp_path / "out")
    for trial in chosen:
        results(trial.path(tmp_path / "out"))


def test_a_suite_stops_when_nothing_can_be_written_any_more(tmp_path, monkeypatch):
    notes, checks = [], []
    check = store.check_writable

    def full_after_the_first(out):
        checks.append(out)
        if len(checks) > 1:
            (tmp_path / "file").touch()
            check(tmp_path / "file")
        check(out)

    monkeypatch.setattr(store, "check_writable", full_after_the_first)
    chosen = suite.trials(tmp_path, seeds=[0, 1, 2])
    chosen[0].path(tmp_path / "out").mkdir(parents=True)
    outcomes = runner.run(
        chosen, tmp_path / "out", watch=lambda _, e: notes.append(e.message) if isinstance(e, Stopped) else None
    )
    assert [(o.trial.seed, o.status) for o in outcomes] == [(0, "failed")]
    assert "cannot write results" in notes[0]


SCRIPT = """
mount -t tmpfs -o size=8k tmpfs {out} && {python} -m dlbench run {recipe} --seeds 0,1 --out {out}
code=$?
cat {out}/*/*.jsonl > {kept}
exit $code
"""


@pytest.mark.slow
def test_a_disk_that_is_full_in_mid_run_is_named_without_a_traceback(tmp_path):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no mounts of one's own here")
    recipe = suite.write(tmp_path, "small", "short: {training: {steps: 200}, curve: {points: 100}}\n")
    (tmp_path / "out").mkdir()
    script = SCRIPT.format(out=tmp_path / "out", python=sys.executable, recipe=recipe, kept=tmp_path / "kept")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True)
    if "mount:" in done.stderr:
        pytest.skip("no tmpfs here")
    assert done.returncode == 3
    assert "cannot be written (No space left on device)" in done.stderr
    assert "2 trials: 1 failed, 1 not run" in done.stderr
    assert "Traceback" not in done.stderr
    *whole, last = (tmp_path / "kept").read_bytes().splitlines()
    assert [json.loads(line)["event"] for line in whole][:2] == ["start", "ready"]
    assert len(last) > 0
