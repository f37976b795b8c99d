"""What a person sees while trials run: a live line on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from dlbench.plan import Trial

Event = dict[str, Any]
PLAIN_EVERY_SECONDS = 10.0
WIDE = 110  # columns from which there is room for a bar


def display(console: Console) -> Plain:
    """The live display if the console is a terminal, else the plain one."""
    return Live(console) if console.is_terminal else Plain(console)


class Plain:
    """One line when a trial starts, every ten seconds, and when it ends; no control codes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0.0
        self._pace = Pace()
        self._foretold: set[str] = set()

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        pass

    def __call__(self, trials: Sequence[Trial], event: Event) -> None:
        """Show an event if it is worth a line."""
        name = title(trials)
        if event["event"] == "note":
            self._say(f"{name}: {event['message']}")
        if event.get("index", 0) != 0:
            return
        if event["event"] in ("ready", "resumed"):
            self._pace = Pace(event.get("step", 0))
        if event["event"] == "resumed":
            self._say(f"{name}: continues after step {event['step']}")
        elif event["event"] == "stopped":
            self._say(f"stopped: {event['message']}")
        elif event["event"] == "waiting":
            count = f"{event['trials']} trial{'s' if event['trials'] != 1 else ''}"
            self._say(f"waiting for {count} that another dlbench is running into {event['out']}")
        elif event["event"] == "estimate" and self._is_news(trials[0], event):
            self._say(f"{name}: {expectation(trials[0], event)}")
        elif event["event"] == "lap" and time.monotonic() - self._shown > PLAIN_EVERY_SECONDS:
            self._shown = time.monotonic()
            self._say(f"{name}: {self._pace.line(event)}")
        elif event["event"] == "score" and event["final"]:
            self._pace.final = event["metrics"]
        elif event["event"] == "end":
            self._say(f"{name}: {ending(event, self._pace.final)}")
        self._pace.see(event)

    def _is_news(self, trial: Trial, event: Event) -> bool:
        """Whether an expected time is worth a line: once for each recipe, and for every trial that takes a while."""
        new = trial.recipe.digest not in self._foretold
        self._foretold.add(trial.recipe.digest)
        return new or (event["seconds"] or 0) >= 2

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


class Live(Plain):
    """A line that moves for the running trial; what is done scrolls up as plain lines."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        bar = [BarColumn(bar_width=20)] if console.width >= WIDE else []
        columns = [
            TextColumn("{task.fields[line]}", markup=False),
            *bar,
            TextColumn("{task.description}", markup=False),
        ]
        self._progress = Progress(*columns, console=console, transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._progress.stop()

    def __call__(self, trials: Sequence[Trial], event: Event) -> None:
        """Show an event."""
        if event["event"] == "started":
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(title(trials), total=None, line="getting ready")
        elif event["event"] in ("ready", "resumed") and event["index"] == 0 and self._task is not None:
            self._progress.update(self._task, description=title(trials))
        elif event["event"] == "lap" and event.get("index", 0) == 0 and self._task is not None:
            self._progress.update(self._task, total=event["of"], completed=event["step"], line=self._pace.line(event))
            self._shown = time.monotonic()  # the moving line says it; no plain line is needed
        elif event["event"] == "end" and self._task is not None:
            self._progress.update(self._task, total=None, completed=0, line="")
        super().__call__(trials, event)


class Pace:
    """Speed and time left of one trial, from its laps in this process, which may have begun after some steps."""

    def __init__(self, begun_after: int = 0) -> None:
        self.final: dict[str, float] = {}
        self._begun_after = begun_after
        self._seconds = 0.0
        self._examples = 0

    def see(self, event: Event) -> None:
        """Count a lap."""
        if event["event"] == "lap":
            self._seconds += event["seconds"]
            self._examples += event["examples"]

    def line(self, lap: Event) -> str:
        """Step, loss, speed and time left, after this lap."""
        seconds = self._seconds + lap["seconds"]
        left = seconds / (lap["step"] - self._begun_after) * (lap["of"] - lap["step"])
        speed = (self._examples + lap["examples"]) / max(seconds, 1e-9)
        step, loss = f"step {lap['step']}/{lap['of']}", f"loss {lap['loss']:.3f}"
        return f"{step}  {loss}  {speed:,.0f} examples/s  {duration(left)} left"


def title(trials: Sequence[Trial]) -> str:
    """`resnet-20 short seed 0 on cpu`, or `mlp-xor short 100 seeds on cpu`."""
    first = trials[0]
    seeds = f"seed {first.seed}" if len(trials) == 1 else f"{len(trials)} seeds"
    return f"{first.recipe.name} {first.recipe.budget} {seeds} on {first.execution.device}"


def expectation(trial: Trial, event: Event) -> str:
    """How long this trial should take, and how long as published."""
    expected = (
        f"about {duration(event['seconds'])}"
        if event["seconds"] is not None
        else "fitted in one go, time not known before"
    )
    full = event["full_seconds"]
    if trial.recipe.budget == "full" or full is None:
        return expected
    return f"{expected} (--budget full: about {duration(full)})"


def ending(event: Event, metrics: dict[str, float]) -> str:
    """Status, final error rates and speed; `full` figures are in the run file."""
    if event["status"] != "finished":
        return f"{event['status'].replace('_', ' ')} {event['message']}".rstrip()
    errors = [
        f"{name.removesuffix('_error_percent')} error {value:.2f} %"
        for name, value in metrics.items()
        if name in ("train_error_percent", "test_error_percent")
    ]
    seconds = event["training_seconds"]
    speed = [f"{event['examples'] / seconds:,.0f} examples/s"] if seconds > 0 else []
    return ", ".join([*errors, f"trained in {duration(seconds)}", *speed])


def duration(seconds: float) -> str:
    """`0.4 s`, `45 s`, `12 min`, `6.5 h`."""
    if seconds < 9.5:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
