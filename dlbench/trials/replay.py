"""A run against a repetition of its first steps: what its file recorded, and what the same trial comes to here and now.

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
"""What must be the same, where the file says it at all."""
ELSEWHERE: Keys = {Ready: store.READY, Lap: ("step", "examples", "loss"), Score: ("step",), End: ("status",)}
"""The same on another machine: what is counted in whole examples or hashed jumps with the last bit of a weight."""

# Measured: sixteen reference runs from an Intel machine, another torch or another number of threads, repeated on an AMD
# machine. After one step the losses were at most 2e-6 apart, after five 6e-4, after nine 5e-3, and from the fifteenth
# on, where nets of 20 layers are as far apart as two seeds, up to 8e-2.
FIRST_STEP, GROWTH, WIDEST = 2e-5, 3.0, 0.2


@dataclass(frozen=True)
class Recorded:
    """The part of a run that is to be repeated.

    events: those of the first laps, in order, and the end if the laps cover the run. steps: after which the part ends.
    of: the last step recorded. changes: what is not as it was, such as `torch 2.15.0 -> 2.14.1`.
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
    `impossible` to repeat here, or `failed` while it was tried. deviation: the largest between two losses, relative.
    """

    path: Path
    state: State
    message: str
    steps: int = 0
    of: int = 0
    changes: Sequence[str] = ()
    deviation: float | None = None


def read(path: Path, steps: int, device: str | None = None, threads: int | None = None) -> Recorded:
    """At least so many of the run's first steps, whole laps of them, or all it has.

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
    kept = recipe.from_dict(start.recipe, start.budget, Path.cwd() / f"{start.recipe['name']}.yaml")
    execution = Execution(**start.execution)
    execution = replace(execution, device=_device(device or execution.device), threads=threads or execution.threads)
    return Trial(kept, start.seed, execution, machine.describe(execution.device)["fingerprint"])


def _device(wanted: str) -> str:
    try:
        return machine.resolve_device(wanted)
    except InputError:
        here = ", ".join(device["device"] for device in machine.devices())
        raise InputError(f"device {wanted} is not here; --device takes another ({here})") from None


def _changes(start: Start, events: Sequence[Event], trial: Trial) -> Iterator[str]:
    """What of machine, libraries and execution is not as it was."""
    here = machine.describe(trial.execution.device)
    if start.machine["fingerprint"] != here["fingerprint"]:
        yield f"{start.machine['name']} -> {here['name']}"
    if start.machine.get("blas") != here["blas"]:
        yield f"{start.machine.get('blas') or 'BLAS not recorded'} -> {here['blas']}"
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


def compare(recorded: Recorded, here: Sequence[Event]) -> Outcome:
    """What was recorded, and what the same events are here."""
    pairs = list(zip_longest(recorded.events, here))
    laps = [(one, other) for one, other in pairs if isinstance(one, Lap) and isinstance(other, Lap)]
    deviation = max((_relative(one.loss, other.loss) for one, other in laps), default=0.0)
    state: State = "same"
    message = "same bit for bit"
    if difference := _difference(pairs, COMPARED, exactly=True):
        if recorded.changes:
            difference = _difference(pairs, ELSEWHERE, exactly=False)
        state, message = ("different", f"DIFFERS {difference}") if difference else ("close", _within(deviation))
    return Outcome(recorded.path, state, message, recorded.steps, recorded.of, recorded.changes, deviation)


def tolerance(step: int) -> float:
    """How far a lap's loss may be off elsewhere, relative to it, if the lap ends after so many steps: chaos grows."""
    return float(min(FIRST_STEP * step**GROWTH, WIDEST))


def _difference(pairs: Sequence[tuple[Event | None, Event | None]], keys: Keys, *, exactly: bool) -> str:
    """The first difference in words, or nothing."""
    for one, other in pairs:
        step = getattr(one, "step", getattr(one, "steps", None))
        place = "before the first step" if step is None else f"at step {step}"
        if one is None or other is None or type(one) is not type(other):
            return f"{place}: {one.kind if one else 'nothing'} recorded, {other.kind if other else 'nothing'} here"
        for name, a, b in _values(one, other, keys[type(one)]):
            deviation = _relative(a, b)
            if deviation > (tolerance(step) if step and name == "loss" and not exactly else 0.0):
                return f"{place}: {'' if name == 'loss' else f'{name} '}{_both(a, b)}"
    return ""


def _values(one: Event, other: Event, keys: Sequence[str]) -> Iterator[tuple[str, Any, Any]]:
    """What was recorded under these keys, each metric and count by itself, and what it is now."""
    for key in keys:
        recorded, here = getattr(one, key), getattr(other, key)
        if isinstance(recorded, Mapping):
            yield from ((name, value, here.get(name)) for name, value in recorded.items())
        elif recorded is not None:
            yield key, recorded, here


def _relative(one: Any, other: Any) -> float:
    """How far apart two values are, relative to the larger: 0 only if they are equal, infinite if not two numbers."""
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        return 0.0 if one == other else math.inf
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return abs(a - b) / max(abs(a), abs(b)) if math.isfinite(a) and math.isfinite(b) else math.inf


def _both(one: Any, other: Any) -> str:
    """Both values, with as many digits as it takes to tell them apart."""
    if isinstance(one, float) and isinstance(other, float):
        short = next((d for d in range(4, 17) if f"{one:.{d}g}" != f"{other:.{d}g}"), 17)
        return f"{one:.{short}g} recorded, {other:.{short}g} here"
    return f"{one} recorded, {other} here"


def _within(deviation: float) -> str:
    """`same within 1e-05`: the next power of ten."""
    return f"same within {10.0 ** math.ceil(math.log10(deviation)):.0e}" if deviation else "losses the same bit for bit"
