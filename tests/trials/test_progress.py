import io

import own
import pytest
from rich.console import Console

from dlbench.records.events import Busy, End, Lap, Ready, Score, Started
from dlbench.trials import plan, progress

ENDED = End("finished", "", training_seconds=2.0, examples=80)
READY = Ready("d", 8, 4, 2, 3)


@pytest.fixture
def two(tmp_path):
    return plan.trials([own.write(tmp_path, "plain")], device="cpu", seeds=[0, 1], jobs=2)


def lap(step, seconds):
    return Lap(step, 10, seconds, 0.5, {}, of=8)


def final(error):
    return Score(8, True, None, {"test_error_percent": error}, 0.1)


def tell(show, trials, *events):
    for event in events:
        show(trials, event)


def test_two_at_once_keep_their_own_pace_and_error(two, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_EVERY_SECONDS", -1.0)
    console = Console(file=io.StringIO(), width=300)
    one, other = two[:1], two[1:]
    with progress.display(console) as show:
        for trials in (one, other):
            tell(show, trials, Started(), READY)
        tell(show, one, lap(1, 1.0))
        tell(show, other, lap(1, 0.1))
        tell(show, one, lap(2, 1.0), final(9.0))
        tell(show, other, lap(2, 0.1), final(3.0), ENDED)
        tell(show, one, ENDED)
    assert console.file.getvalue().splitlines() == [
        "plain short seed 0 on cpu: step 1/8  loss 0.500  10 examples/s  7.0 s left",
        "plain short seed 1 on cpu: step 1/8  loss 0.500  100 examples/s  0.7 s left",
        "plain short seed 0 on cpu: step 2/8  loss 0.500  10 examples/s  6.0 s left",
        "plain short seed 1 on cpu: step 2/8  loss 0.500  100 examples/s  0.6 s left",
        "plain short seed 1 on cpu: test error 3.00 %, trained in 2.0 s, 40 examples/s",
        "plain short seed 0 on cpu: test error 9.00 %, trained in 2.0 s, 40 examples/s",
    ]


def test_the_next_trial_does_not_speak_again_at_once_and_neither_is_silenced_by_the_other(two, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=300)
    show = progress.Plain(console)
    for trials in (two[:1], two[1:]):
        tell(show, trials, READY, lap(1, 1.0))
    for now[0] in (110.5, 121.0):
        for trials in (two[:1], two[1:]):
            tell(show, trials, lap(2, 1.0))
    said = [line.split(" on cpu")[0][-1] for line in console.file.getvalue().splitlines()]
    assert said == ["0", "0", "1", "0", "1"]


def test_the_live_display_has_a_line_for_each_that_runs(two):
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    one, other = two[:1], two[1:]
    with progress.display(console) as show:
        for trials in (one, other):
            tell(show, trials, Started(), READY, lap(1, 1.0))
        assert rows(show) == ["plain short seed 0 on cpu 1", "plain short seed 1 on cpu 1"]
        tell(show, one, ENDED)
        assert rows(show) == ["plain short seed 1 on cpu 1"]
        tell(show, other, lap(2, 1.0), ENDED)
        assert rows(show) == []


def test_a_worker_of_several_trials_keeps_its_line_until_the_last(two):
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with progress.display(console) as show:
        tell(show, two, Started())
        tell(show, two[:1], READY, lap(8, 1.0), ENDED)
        assert len(rows(show)) == 1
        tell(show, two[1:], Started())  # the worker died, and another goes on
        tell(show, two[1:], READY)
        assert rows(show) == ["plain short seed 1 on cpu 0"]
        tell(show, two[1:], Busy())
        assert rows(show) == []


@pytest.mark.parametrize(
    ("width", "encoding", "way"),
    [(99, "utf-8", ""), (100, "utf-8", "█▄▂▁ "), (200, "utf-8", "█▄▂▁ "), (200, "ascii", "")],
)
def test_the_live_line_shows_the_way_of_the_loss_where_there_is_room_and_letters(two, width, encoding, way):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    with progress.display(console) as show:
        tell(show, two[:1], Started(), READY)
        for step, loss in enumerate((2.0, float("nan"), 1.0, 0.5, 0.25), 1):
            show(two[:1], Lap(step, 10, 1.0, loss, {}, of=8))
        show._progress.refresh()
        file.flush()
        line = file.buffer.getvalue().decode(encoding).split("\x1b[2K")[-1]
    assert f"step 5/8  loss {way}0.250  10 examples/s" in line
    assert len(line.rstrip("\r\n")) <= width


def test_the_way_of_a_long_loss_has_few_letters():
    assert progress.spark([float(loss) for loss in range(1000, 0, -1)], 8) == "█▇▆▅▄▃▂▁"
    assert progress.spark([1.0, 1.0], 8) == "▁▁"
    assert progress.spark([float("inf"), 1.0], 8) == progress.spark([], 8) == progress.spark([2.0, 1.0], 0) == ""


def rows(show):
    return [f"{task.description} {task.completed:g}" for task in show._progress.tasks]
