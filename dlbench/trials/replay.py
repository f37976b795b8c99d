"""A run against a repetition of its first steps: what its file recorded, and what the same trial gives here and now.

A lap's loss is the mean over the lap's steps, so a repetition ends its laps at the steps at which the recorded ones
ended, however long they take. On the same kind of machine with the same libraries every number must be the same, bit
for bit. Elsewhere rounding differs, and training makes small differences grow: losses must agree within `tolerance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.records import store
from dlbench.records.events import End, Event, Lap, Ready, Score, Start
from dlbench.spec import recipe
from dlbench.spec.execution import Execution
from dlbench.trials.plan import Trial

State = Literal["same", "close", "different", "impossible", "failed"]
LIBRARIES = ("torch", "numpy", "scikit-learn")  # what decides how numbers are rounded
Keys = Mapping[type[Event], Sequence[str]]
COMPARED: Keys = {
    Ready: store.READY, Lap: ("step", "examples", "loss", "counts"), Score: ("step", "metrics"),
    End: ("status", "steps", "examples", "weights_digest"),
}  # fmt: skip
"""What must be the same, where the file has it."""
ELSEWHERE: Keys = {Ready: store.READY, Lap: ("step", "examples", "loss"), Score: ("step",), End: ("status",)}
"""What must be the same on another machine: whole counts and hashes would jump with the last bit of a weight."""

# Measured: sixteen reference runs from an Intel machine, another torch or another number of threads, repeated on an AMD
# machine. After one step the losses were at most 2e-6 apart, after five 6e-4, after nine 5e-3, and from the fifteenth
# on, where nets of 20 layers are as far apart as two seeds, up to 8e-2.
FIRST_STEP, GROWTH, WIDEST = 2e-5, 3.0, 0.2


@dataclass(frozen=True)
class Recorded:
    """The part of a run that is to be repeated.

    events: those of the first laps, in order, and the end if the laps cover the run. steps: after which the part ends.
    of: the last step recorded. changes: what has changed since, such as `torch 2.15.0 -> 2.14.1`.
    """

    path: Path
    trial: Trial
    events: Sequence[Event]
    steps: int
    of: int
    changes: Sequence[str]

    @property
    def lap_ends(self) -> list[int]:
        """The steps that laps end with."""
        return [event.step for event in self.events if isinstance(event, Lap)]


@dataclass(frozen=True)
class Outcome:
    """How a repetition compares.

    state: `same` bit for bit, `close` within tolerance on another machine or with other libraries, `different`,
    `impossible` to repeat here, or `failed` in the attempt. deviation: the largest relative one between two losses.
    """

    path: Path
    state: State
    message: str
    steps: int = 0
    of: int = 0
    changes: Sequence[str] = ()
    deviation: float | None = None


def read(path: Path, steps: int, device: str | None = None, threads: int | None = None) -> Recorded:
    """The run's first laps, which have at least `steps` steps, or all its laps if they have fewer.

    device, threads: instead of the run's own. Raises InputError, which says why, if it cannot be repeated here.
    """
    events = [event for event in store.events_of(path) if isinstance(event, (Start, *COMPARED))]
    start = events.pop(0) if events else None
    if not isinstance(start, Start):
        raise InputError("is not a run file")
    laps = [event.step for event in events if isinstance(event, Lap)]
    try:
        trial = _trial(start, device, threads)
        changes = list(_changes(start, events, trial))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(f"not a whole run file, or of another dlbench ({type(error).__name__}: {error})") from None
    if not laps:
        raise InputError("holds no lap")
    last = next((step for step in laps if step >= steps), laps[-1])
    return Recorded(path, trial, list(_until(events, last, laps[-1])), last, laps[-1], changes)


def _trial(start: Start, device: str | None, threads: int | None) -> Trial:
    """The trial that a run's first line describes; a user's own parts are looked for in the current folder."""
    if start.schema != store.SCHEMA:
        raise InputError(f"has schema {start.schema}, which this dlbench does not read")
    recorded_recipe = recipe.from_dict(start.recipe, start.budget, Path.cwd() / f"{start.recipe['name']}.yaml")
    execution = Execution(**start.execution)
    execution = replace(execution, device=_device(device or execution.device), threads=threads or execution.threads)
    return Trial(recorded_recipe, start.seed, execution, machine.describe(execution.device)["fingerprint"])


def _device(name: str) -> str:
    try:
        return machine.resolve_device(name)
    except InputError:
        names = ", ".join(device["device"] for device in machine.devices())
        raise InputError(f"device {name} is not here; --device takes another ({names})") from None


def _changes(start: Start, events: Sequence[Event], trial: Trial) -> Iterator[str]:
    """What has changed in machine, libraries and execution."""
    present = machine.describe(trial.execution.device)
    if start.machine["fingerprint"] != present["fingerprint"]:
        yield f"{start.machine['name']} -> {present['name']}"
    if start.machine.get("blas") != present["blas"]:
        yield f"{start.machine.get('blas') or 'BLAS not recorded'} -> {present['blas']}"
    for name in LIBRARIES:
        if start.versions.get(name) != machine.versions()[name]:
            yield f"{name} {start.versions.get(name)} -> {machine.versions()[name]}"
    for key, value in trial.execution.as_dict().items():
        if key != "jobs" and start.execution.get(key, value) != value:
            yield f"{key} {start.execution[key]} -> {value}"
    if trial.recipe.together == "model" and not any(getattr(event, "copies", None) for event in events):
        yield "copies side by side -> in blocks"  # as before dlbench said how many there were


def _until(events: Sequence[Event], last: int, of: int) -> Iterator[Event]:
    """The events up to the lap that ends with this step, and to the end if it is the last one of a run that ended."""
    for event in events:
        if isinstance(event, End) and event.status not in store.DONE:
            return
        if not isinstance(event, Ready) and getattr(event, "step", math.inf) > last and last < of:
            return
        yield event


def compare(recorded: Recorded, repeated: Sequence[Event]) -> Outcome:
    """The recorded events against those of the repetition."""
    pairs = list(zip_longest(recorded.events, repeated))
    laps = [(before, now) for before, now in pairs if isinstance(before, Lap) and isinstance(now, Lap)]
    deviation = max((_relative(before.loss, now.loss) for before, now in laps), default=0.0)
    state: State = "same"
    message = "same bit for bit"
    if difference := _difference(pairs, COMPARED, exactly=True):
        if recorded.changes:
            difference = _difference(pairs, ELSEWHERE, exactly=False)
        state, message = ("different", f"DIFFERS {difference}") if difference else ("close", _within(deviation))
    return Outcome(recorded.path, state, message, recorded.steps, recorded.of, recorded.changes, deviation)


def tolerance(step: int) -> float:
    """How far off a lap's loss may be elsewhere, relative to it; the more steps before it, the more chaos."""
    return float(min(FIRST_STEP * step**GROWTH, WIDEST))


def _difference(pairs: Sequence[tuple[Event | None, Event | None]], keys: Keys, *, exactly: bool) -> str:
    """The first difference in words, or nothing."""
    for before, now in pairs:
        step = getattr(before, "step", getattr(before, "steps", None))
        moment = "before the first step" if step is None else f"at step {step}"
        if before is None or now is None or type(before) is not type(now):
            return f"{moment}: {before.kind if before else 'nothing'} recorded, {now.kind if now else 'nothing'} here"
        for name, a, b in _values(before, now, keys[type(before)]):
            deviation = _relative(a, b)
            if deviation > (tolerance(step) if step and name == "loss" and not exactly else 0.0):
                return f"{moment}: {'' if name == 'loss' else f'{name} '}{_both(a, b)}"
    return ""


def _values(before: Event, now: Event, keys: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    """Name, recorded value and value now of each of these keys; metrics and counts one by one."""
    for key in keys:
        old, new = getattr(before, key), getattr(now, key)
        if isinstance(old, Mapping):
            yield from ((name, value, new.get(name)) for name, value in old.items())
        elif old is not None:
            yield key, old, new


def _relative(first: Any, second: Any) -> float:
    """How far apart two values are, relative to the larger: 0 only if they are equal, infinite if not two numbers."""
    try:
        a, b = float(first), float(second)
    except (TypeError, ValueError):
        return 0.0 if first == second else math.inf
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return abs(a - b) / max(abs(a), abs(b)) if math.isfinite(a) and math.isfinite(b) else math.inf


def _both(first: Any, second: Any) -> str:
    """Both values, with as many digits as show that they differ."""
    if isinstance(first, float) and isinstance(second, float):
        short = next((d for d in range(4, 17) if f"{first:.{d}g}" != f"{second:.{d}g}"), 17)
        return f"{first:.{short}g} recorded, {second:.{short}g} here"
    return f"{first} recorded, {second} here"


def _within(deviation: float) -> str:
    """`same within 1e-05`: the next power of ten."""
    return f"same within {10.0 ** math.ceil(math.log10(deviation)):.0e}" if deviation else "losses the same bit for bit"
