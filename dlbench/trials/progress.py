"""What a person sees while trials run: a live line for each on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from dlbench.reading import duration
from dlbench.records import events
from dlbench.records.events import End, Estimate, Event, Lap, Numbers, Ready, Resumed
from dlbench.trials.plan import Trial

Key = tuple[Path, int]  # of a trial: its recipe and seed
PLAIN_EVERY_SECONDS = 10.0
WIDE = 110  # columns from which there is room for a bar
ROOMY = 100  # and from which for the way of the loss, which tells more
BLOCKS = "▁▂▃▄▅▆▇█"
SPARKS = 8  # of them in a line
ANEW_EVERY_SECONDS = 0.2


def is_notebook() -> bool:
    """Whether what is printed goes below a notebook's cell."""
    return Console().is_jupyter


def to_people() -> Console:
    """Where a person reads: standard error, or in a notebook, which paints that red, the cell's output."""
    if is_notebook():
        return Console(file=sys.stdout, width=WIDE, force_terminal=False, force_jupyter=False)
    return Console(stderr=True)


def display(console: Console) -> Plain:
    """The live display in a notebook or if the console is a terminal, else the plain one."""
    if is_notebook():
        return Notebook(console)
    return Live(console) if console.is_terminal else Plain(console)


class Plain:
    """One line when a trial starts, every ten seconds, and when it ends; no control codes. Several may run at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_at = 0.0
        self._paces: dict[Key, Pace] = {}
        self._foretold: set[str] = set()

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        pass

    def __call__(self, trials: Sequence[Trial], event: Event) -> None:
        """Show an event if it is worth a line."""
        name = title(trials)
        if isinstance(event, events.Note):
            self._say(f"{name}: {event.message}")
        if event.index != 0:
            return
        pace = self._pace(trials[0], event)
        match event:
            case Resumed(step):
                self._say(f"{name}: continues after step {step}")
            case events.Stopped(message):
                self._say(f"stopped: {message}")
            case events.Unlocked(out):
                self._say(f"{out}: file locks do not work there: let no other dlbench write to it meanwhile")
            case events.Waiting(count, out):
                trials_there = f"{count} trial{'s' if count != 1 else ''}"
                self._say(f"waiting for {trials_there} that another dlbench is running into {out}")
            case Estimate() if self._is_news(trials[0], event):
                self._say(f"{name}: {expectation(trials[0], event)}")
            case Lap() if time.monotonic() - pace.printed_at > PLAIN_EVERY_SECONDS:
                self._printed_at = pace.printed_at = time.monotonic()
                self._say(f"{name}: {pace.line(event)}")
            case events.Score(final=True):
                pace.final = event.metrics
            case End():
                self._say(f"{name}: {ending(event, pace.final)}")
                del self._paces[key(trials[0])]
        if isinstance(event, Lap):
            pace.add(event)

    def _pace(self, trial: Trial, event: Event) -> Pace:
        """The trial's pace, a new one when its training begins."""
        if isinstance(event, Ready | Resumed):
            self._paces[key(trial)] = Pace(getattr(event, "step", 0), self._printed_at)
        return self._paces.setdefault(key(trial), Pace(printed_at=self._printed_at))

    def _is_news(self, trial: Trial, event: Estimate) -> bool:
        """Whether an expected time is worth a line: once for each recipe, and for every trial that takes a while."""
        new = trial.recipe.digest not in self._foretold
        self._foretold.add(trial.recipe.digest)
        return new or (event.seconds or 0) >= 2

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


class Live(Plain):
    """A line that moves for each running trial; what is done scrolls up as plain lines."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._letters = SPARKS if console.width >= ROOMY and can_write(BLOCKS, console.encoding) else 0
        bar = [BarColumn(bar_width=20)] if console.width >= WIDE + self._letters else []
        columns = [
            TextColumn("{task.fields[line]}", markup=False),
            *bar,
            TextColumn("{task.description}", markup=False),
        ]
        self._progress = Progress(*columns, console=console, transient=True)
        self._rows: dict[Key, Row] = {}

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._progress.stop()

    def __call__(self, trials: Sequence[Trial], event: Event) -> None:
        """Show an event."""
        if isinstance(event, events.Started):
            self._begin(trials)
        elif row := self._rows.get(key(trials[event.index])):
            if isinstance(event, Ready | Resumed) and event.index == 0:
                self._progress.update(row.task, description=title(trials))
            elif isinstance(event, Lap) and event.index == 0:
                pace = self._pace(trials[0], event)
                self._progress.update(
                    row.task, total=event.of, completed=event.step, line=pace.line(event, self._letters)
                )
                self._printed_at = pace.printed_at = time.monotonic()  # the moving line needs no plain one
            elif isinstance(event, events.OVER):
                self._leave(row, key(trials[event.index]))
        super().__call__(trials, event)

    def _begin(self, trials: Sequence[Trial]) -> None:
        """A row for a worker, which may take over trials that another left undone."""
        keys = set(map(key, trials))
        for old in {self._rows[other].task for other in keys & self._rows.keys()}:
            self._remove(old)
        row = Row(self._progress.add_task(title(trials), total=None, line="getting ready"), keys)
        self._rows |= dict.fromkeys(keys, row)

    def _leave(self, row: Row, ended: Key) -> None:
        """The worker's next trial, if any, has the row to itself."""
        row.left.discard(ended)
        if row.left:
            self._progress.update(row.task, total=None, completed=0, line="")
        else:
            self._remove(row.task)

    def _remove(self, task: TaskID) -> None:
        self._progress.remove_task(task)
        self._rows = {other: row for other, row in self._rows.items() if row.task != task}


class Notebook(Live):
    """The same below a cell, drawn anew as events come: in a notebook rich would do so only with widgets."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._output: Any = None
        self._drawn_at = 0.0

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        from IPython.display import HTML

        if self._output:
            self._output.update(HTML(""))

    def __call__(self, trials: Sequence[Trial], event: Event) -> None:
        """Show an event."""
        super().__call__(trials, event)
        if time.monotonic() - self._drawn_at >= ANEW_EVERY_SECONDS:
            self._draw()
            self._drawn_at = time.monotonic()

    def _draw(self) -> None:
        from IPython.display import display

        if self._output:
            self._output.update(self._progress)
        else:
            self._output = display(self._progress, display_id=True)


@dataclass(frozen=True)
class Row:
    """The line of a worker. left: those of its trials that have not ended."""

    task: TaskID
    left: set[Key]


class Pace:
    """Speed and time left of one trial, from the laps of its present process.

    begun_after: steps that earlier processes did. printed_at: when this trial, or one before it, last had a line.
    """

    def __init__(self, begun_after: int = 0, printed_at: float = 0.0) -> None:
        self.printed_at = printed_at
        self.final: Numbers = {}
        self._begun_after = begun_after
        self._seconds = 0.0
        self._examples = 0
        self._losses: list[float] = []

    def add(self, lap: Lap) -> None:
        """Count a lap."""
        self._losses.append(lap.loss)
        self._seconds += lap.seconds
        self._examples += lap.examples

    def line(self, lap: Lap, letters: int = 0) -> str:
        """Step, loss, speed and time left, after this lap; letters: of the way that the loss took."""
        seconds = self._seconds + lap.seconds
        left = seconds / (lap.step - self._begun_after) * (lap.of - lap.step)
        speed = (self._examples + lap.examples) / max(seconds, 1e-9)
        way = spark([*self._losses, lap.loss], letters)
        step, loss = f"step {lap.step}/{lap.of}", f"loss {way}{' ' if way else ''}{lap.loss:.3f}"
        return f"{step}  {loss}  {speed:,.0f} examples/s  {duration(left)} left"


def can_write(letters: str, encoding: str) -> bool:
    """Whether text in this encoding can have these letters."""
    try:
        return bool(letters.encode(encoding))
    except (LookupError, UnicodeEncodeError):
        return False


def spark(losses: Sequence[float], letters: int) -> str:
    """The way of the losses, in at most so many blocks as high as their means; empty for less than two."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    count = min(letters, len(finite))
    if count < 2:
        return ""
    ends = [len(finite) * place // count for place in range(count + 1)]
    means = [fmean(finite[start:end]) for start, end in pairwise(ends)]
    low, high = min(means), max(means)
    return "".join(BLOCKS[round((mean - low) / ((high - low) or 1) * (len(BLOCKS) - 1))] for mean in means)


def key(trial: Trial) -> Key:
    """The trial's key among the others of the same call."""
    return trial.recipe.path, trial.seed


def title(trials: Sequence[Trial]) -> str:
    """`resnet-20 short seed 0 on cpu`, or `mlp-xor short 100 seeds on cpu`."""
    first = trials[0]
    seeds = f"seed {first.seed}" if len(trials) == 1 else f"{len(trials)} seeds"
    return f"{first.recipe.name} {first.recipe.budget} {seeds} on {first.execution.device}"


def expectation(trial: Trial, event: Estimate) -> str:
    """How long this trial should take, and how long as published."""
    expected = f"about {duration(event.seconds)}" if event.seconds is not None else "time not known before"
    full = event.full_seconds
    if trial.recipe.budget == "full" or full is None:
        return expected
    return f"{expected} (--budget full: about {duration(full)})"


def ending(event: End, metrics: Numbers) -> str:
    """Status, final error rates and speed; the run file has all figures."""
    if event.status != "finished":
        return f"{event.status.replace('_', ' ')} {event.message}".rstrip()
    errors = [
        f"{name.removesuffix('_error_percent')} error {value:.2f} %"
        for name, value in metrics.items()
        if name in ("train_error_percent", "test_error_percent")
    ]
    seconds = event.training_seconds or 0.0
    speed = [f"{(event.examples or 0) / seconds:,.0f} examples/s"] if seconds > 0 else []
    return ", ".join([*errors, f"trained in {duration(seconds)}", *speed])
