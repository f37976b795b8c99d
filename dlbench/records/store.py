"""Run files <-> pandas frames. A run file is raw: one JSON line an event, flushed at once; frames are made from it."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError
from dlbench.records import dating, events, grouping, raw_files
from dlbench.records.events import End, Event, Lap, Numbers, Pictures, Ready, Resumed, Score, Start
from dlbench.records.raw_files import RawFile
from dlbench.spec.execution import SETTINGS, TYPES, USUAL

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SCHEMA = 1
READY = ("dataset_digest", "parameters", "multiply_adds", "train_examples", "test_examples")
END = ("steps", "wall_seconds", "peak_memory_bytes", "device_peak_bytes")
DONE = ("finished", "diverged")  # a diverged trial would diverge again
NAMES = {
    "recipe", "title", "tags", "budget", "seed", "status", "message", *SETTINGS, "torch", "dlbench", "machine",
    "fingerprint", "recipe_digest", "started", *READY, *END, "training_seconds", "examples_per_second", "joules",
    "published", "recipe_json", "path", "step", "final", "examples_per_split", "mode", "batch_size", "replicate",
    "metric", "value", "code", "identity", "date", "weights_digest",
}  # fmt: skip
"""Columns of runs, of curves and of exports: no metric may be called so."""
NAN = float("nan")
BEGUN = ("recipe", "recipe_digest", "budget", "seed", *SETTINGS, "fingerprint", "code", "started")
ENDED = ("status", "steps", "training_seconds", "wall_seconds", "weights_digest")
"""Columns in which a run file and its copy agree; BEGUN alone for a copy made while the run was under way."""
LAP = events.OPENING + b'lap"'
SCORE = events.OPENING + b'score"'
UNFINISHED = End(grouping.UNFINISHED, "")


@dataclass(frozen=True)
class Outline:
    """How a run began and ended, as far as its file says; nothing of a file of another schema."""

    start: Start | None = None
    ready: Ready | None = None
    end: End = UNFINISHED


def check_writable(out: Path) -> None:
    """Raise InputError if runs cannot be kept under this folder; leaves no folder that was not there."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".writable-{os.getpid()}"
        try:
            probe.write_bytes(b"x" * 4096)  # a full disk shows only when something is written
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{out}: cannot write results there ({error.strerror}); choose another folder with --out"
        ) from None
    finally:
        for folder in made:
            with suppress(OSError):  # it was not made, or somebody has begun to write there
                folder.rmdir()


def status(path: Path) -> str:
    """How the run in this file ended: its status, `unfinished` (also where it cannot be told), or `absent`."""
    return outline(raw_files.one(path)).end.status if path.exists() else "absent"


def outline(file: RawFile) -> Outline:
    """The outline of the run in this file."""
    kept: dict[str, Any] = {}
    with suppress(InputError):
        kept = {event.kind: event for event in _events(file, (Start, Ready, End))}
    start = kept.get("start")
    return Outline(**kept) if start is None or start.schema == SCHEMA else Outline()


def run_files(folder: Path, warnings: list[str]) -> Iterator[RawFile]:
    """All run files under a folder or in a pack, which `warnings` may tell of; InputError if there is neither."""
    return (file for file in raw_files.under(folder, warnings) if not file.is_timing)


def events_of(path: Path) -> Iterator[Event]:
    """All events of the run in this file; see `events_in`."""
    return events_in(next(raw_files.at([path]), raw_files.one(path)))


def events_in(file: RawFile) -> Iterator[Event]:
    """All events in a file, in order, laps too; lines that cannot be read are left out. Raises InputError."""
    return _events(file, (Start, Ready, Lap, Score, Pictures, Resumed, End))


def load(folder: Path, paths: Iterable[Path] | None = None) -> pd.DataFrame:
    """One row a run under `folder`, or in a pack (or in `paths`), oldest first; of a run file and its copies one.

    Columns: recipe, title, tags, budget, seed, status, message, the settings of an execution (device, threads,
    precision ...), torch, dlbench, machine, fingerprint, recipe_digest, code, identity, started, date,
    dataset_digest, parameters, multiply_adds, train_examples, test_examples, steps, training_seconds, wall_seconds,
    examples_per_second, joules, peak_memory_bytes, device_peak_bytes, weights_digest, published and recipe_json
    (dictionaries), path (of a packed run that of the pack, a colon, and that in it), and one column for each metric of
    the final score.

    code: digest of the code that ran, empty for runs of identity 0.1, which did not keep it. identity: what a run's
    identity is made of, `0.1` or `0.2`. date: when it began, as far as that can be believed (see `dating`).
    Only runs of one group may be averaged: `grouping` says which.

    A line or a file that cannot be read, or is of another schema, is left out; `frame.attrs["warnings"]` names it, as
    well as copies and wrong dates.
    """
    warnings: list[str] = []
    chosen = None if paths is None else list(paths)
    return frame(_run_files(folder, chosen, warnings), warnings, chosen)


def frame(files: Iterable[RawFile], warnings: list[str], paths: Sequence[Path] | None = None) -> pd.DataFrame:
    """The same of files that are read one after the other; those that began in the same second as `paths` have them."""
    import pandas as pd

    with _uncollected():
        rows = _rows(files, warnings, paths)
    runs = pd.DataFrame(rows, columns=None if rows else ["recipe", "budget", "seed", "status", "started", "date"])
    runs = runs.sort_values("date", kind="stable", ignore_index=True)
    runs.attrs["warnings"] = warnings
    return runs


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows hold no cycles: looking for some among ten thousand of them takes a sixth of the time."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


def _rows(files: Iterable[RawFile], warnings: list[str], paths: Sequence[Path] | None) -> list[dict[str, Any]]:
    """A row a run, dated, and without copies."""
    rows: list[tuple[Any, dict[str, Any]]] = []
    place = _places(paths)
    for file in files:
        with _left_out_if_unsound(file, warnings):
            rows.append((place(file), _row(file, warnings)))
    rows.sort(key=itemgetter(0))
    single, copies = grouping.without_copies([row for _, row in rows], BEGUN, ENDED)
    warnings += [*copies, *dating.date(single)]
    return single


def curves(folder: Path, paths: Iterable[Path] | None = None) -> pd.DataFrame:
    """One row for each look at the error on the way: recipe, budget, seed, device, step, final, metrics.

    Files that `load` warns of are left out, but copies are not: give it the paths that `load` found.
    """
    import pandas as pd

    chosen = None if paths is None else list(paths)
    place = _places(chosen)
    looks: list[tuple[Any, list[dict[str, Any]]]] = []
    for file in _run_files(folder, chosen, []):
        with _left_out_if_unsound(file, []):
            looks.append((place(file), _looks(file)))
    looks.sort(key=itemgetter(0))
    return pd.DataFrame([look for _, some in looks for look in some])


def clock(paths: Iterable[Path]) -> pd.DataFrame:
    """One row a lap of these runs: path, step, and the examples and seconds of training up to there.

    Seconds are NaN of seeds that learnt together as one model, and so shared a clock.
    """
    import pandas as pd

    rows: list[tuple[str, int, int, float]] = []
    for file in raw_files.at(paths):
        with _left_out_if_unsound(file, []):
            rows += _laps(file)
    return pd.DataFrame(rows, columns=["path", "step", "examples", "seconds"])


def _laps(file: RawFile) -> Iterator[tuple[str, int, int, float]]:
    examples, seconds = 0, 0.0
    for event in _events(file, (Start, Lap)):
        if isinstance(event, Lap):
            examples, seconds = examples + event.examples, seconds + event.seconds
            yield file.path, event.step, examples, seconds
        elif event.recipe.get("together") == "model":
            seconds = NAN


def pictures(path: Path) -> dict[str, NDArray[np.float64]]:
    """What the run in this file kept to show of its trained model: arrays in [0, 1] by name, or nothing."""
    for file in raw_files.at([path]):
        for event in _events(file, (Pictures,)):
            return dict(event.arrays())
    return {}


def _run_files(folder: Path, paths: Sequence[Path] | None, warnings: list[str]) -> Iterator[RawFile]:
    return run_files(folder, warnings) if paths is None else raw_files.at(paths)


def _places(paths: Sequence[Path] | None) -> Callable[[RawFile], Any]:
    """The place of a file among others, loose or packed: by name, or as the paths have it."""
    if paths is None:
        return attrgetter("name")
    places = {str(path): place for place, path in enumerate(paths)}
    return lambda file: places[file.path]


@contextmanager
def _left_out_if_unsound(file: RawFile, warnings: list[str]) -> Iterator[None]:
    """Anybody may have written the file: whatever its events lack costs this file only, and a warning."""
    try:
        yield
    except InputError as error:
        warnings.append(f"{error}; left out")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        warnings.append(f"{file.path}: not a whole run file ({type(error).__name__}: {error}); left out")


def _row(file: RawFile, warnings: list[str]) -> dict[str, Any]:
    kept = {event.kind: event for event in _events(file, (Start, Ready, Score, End), warnings, only_final=True)}
    start, ready, score = _start(kept.get("start"), file), kept.get("ready"), kept.get("score")
    end: End = kept.get("end", UNFINISHED)
    row = {
        **_identity(start),
        "title": _text(start.recipe["title"]),
        "tags": tuple(map(_text, start.recipe["tags"])),
        "status": end.status,
        "message": end.message,
        **_execution(start.execution),
        "torch": _text(start.versions["torch"]),
        "dlbench": _text(start.versions.get("dlbench", "")),
        "machine": _text(start.machine["name"]),
        "code": _text(start.code_digest),
        "identity": grouping.identity_of(start.code_digest),
        "started": start.started,
        **{key: getattr(ready, key, None) for key in READY},
        **{key: getattr(end, key) for key in END},
        **_costs(start, end),
        "weights_digest": end.weights_digest or "",
        "published": {_text(key): _number(value) for key, value in start.recipe["published"].items()},
        "recipe_json": start.recipe,
        "path": file.path,
        "written": file.written,
    }
    return row | _metrics(score.metrics if score and end.status == "finished" else {}, row)


def _execution(kept: Mapping[str, Any]) -> dict[str, Any]:
    """How the run was computed, as columns; what a newer dlbench says besides is passed over."""
    known = {**USUAL, **kept}
    return {name: CHECKS[TYPES[name]](known[name]) for name in SETTINGS}


def _looks(file: RawFile) -> list[dict[str, Any]]:
    scored = list(_events(file, (Start, Score)))
    start = _start(next((event for event in scored if isinstance(event, Start)), None), file)
    known = _identity(start) | {"path": file.path, "device": _text(start.execution["device"])}
    looks = [(known | _look(event), event.metrics) for event in scored if isinstance(event, Score)]
    return [look | _metrics(metrics, look) for look, metrics in looks]


def _look(score: Score) -> dict[str, Any]:
    return {name: getattr(score, name) for name in ("step", "final", "examples_per_split")}


def _metrics(metrics: Numbers, others: Mapping[str, Any]) -> Numbers:
    """The metrics of a score, each a column of its own."""
    if taken := metrics.keys() & others.keys():
        raise ValueError(f"metrics may not be called {', '.join(sorted(taken))}")
    return metrics


def _text(value: Any) -> str:
    """The value, if it is text that can be printed; TypeError or ValueError if not."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    value.encode()  # half a surrogate pair is no text
    return value


def _number(value: Any) -> float | int:
    """The value, if it is a number that a frame can hold; TypeError or OverflowError if not."""
    value = events.number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r:.40} is no number")
    if abs(value) >= 2**63 and isinstance(value, int):
        raise OverflowError("a number is too large")
    return value


CHECKS: Mapping[type, Callable[[Any], Any]] = {str: _text, int: _number, bool: lambda value: value is True}


def _start(start: Start | None, file: RawFile) -> Start:
    """The first event, which must be there; InputError if it is not, or of another schema."""
    if start is None:
        raise InputError(f"{file.path}: is {'not a run file' if file.read() else 'empty'}")
    _check_schema(start.schema, file)
    return start


def _check_schema(schema: object, file: RawFile) -> None:
    if schema != SCHEMA or isinstance(schema, bool):
        what = "newer than" if isinstance(schema, int) and schema > SCHEMA else "not one"
        raise InputError(f"{file.path}: has schema {schema!r:.40}, {what} this dlbench reads")


def _costs(start: Start, end: End) -> dict[str, float | None]:
    """Seconds and joules of training, and examples per second.

    Seeds that learnt together as one model shared the clock and the meter: what one of them took, nobody knows.
    """
    if start.recipe.get("together") == "model":
        return dict.fromkeys(("training_seconds", "examples_per_second", "joules"), NAN)
    return {
        "training_seconds": end.training_seconds,
        "examples_per_second": _speed(end),
        "joules": end.joules if start.execution.get("jobs", 1) == 1 else NAN,  # a meter sees all
    }


def _speed(end: End) -> float:
    """Examples per second of training, the first step of each process left out where there are others."""
    seconds, examples, steps = end.training_seconds or NAN, float(end.examples or 0), end.steps or 0
    first = end.first_step_seconds if end.warm_up_seconds is None else end.warm_up_seconds
    if first is not None and steps > 1:
        warm_up = examples / steps if end.warm_up_examples is None else end.warm_up_examples
        if examples > warm_up:
            seconds, examples = seconds - first, examples - warm_up
    return examples / seconds if seconds > 0 else NAN


def _identity(start: Start) -> dict[str, Any]:
    return {
        "recipe": _text(start.recipe["name"]), "budget": start.budget, "recipe_digest": start.recipe_digest,
        "fingerprint": _text(start.machine["fingerprint"]), "seed": start.seed,
    }  # fmt: skip


def _events(
    file: RawFile, classes: Sequence[type[Event]], warnings: list[str] | None = None, *, only_final: bool = False
) -> Iterator[Any]:
    """The events of these classes, of scores only the final one if so wished; others are passed over unparsed."""
    wanted = {events.kind_of(event): event for event in classes}
    passed = LAP if Lap not in classes else b"\n"  # most lines are laps
    lines = [pair for pair in enumerate(file.read().splitlines(), 1) if not pair[1].startswith(passed)]
    for number, line in lines:
        if only_final and line.startswith(SCORE) and b'"final": false' in line:
            continue
        try:
            kind = events.kind(line)
            if kind in wanted:
                event = events.parse(line, wanted[kind])
                if not (only_final and isinstance(event, Score) and not event.final):
                    yield event
        except events.Unreadable:
            if warnings is not None and line.strip():
                warnings.append(f"{file.path}: line {number} cannot be read; left out")
        except events.Unsound as error:
            if kind == "start":
                _check_schema(events.schema(line), file)
            raise InputError(f"{file.path}: not a whole run file (line {number}: {error})") from None
