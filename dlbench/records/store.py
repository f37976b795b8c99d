"""Run files <-> pandas frames. A run file is raw: one JSON line an event, flushed at once; frames are made from it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.records import dating, event_line, grouping, raw_files
from dlbench.records.raw_files import RawFile
from dlbench.trials.plan import Trial

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SCHEMA = 1
READY = ("dataset_digest", "parameters", "multiply_adds", "train_examples", "test_examples")
END = ("steps", "wall_seconds", "peak_memory_bytes", "device_peak_bytes")
EVENTS = ("start", "ready", "lap", "score", "pictures", "resumed", "end")
DONE = ("finished", "diverged")  # a diverged trial would diverge again
NAMES = {
    "recipe", "title", "tags", "budget", "seed", "status", "message", "device", "precision", "compile",
    "channels_last", "threads", "jobs", "cuda_graphs", "torch", "dlbench", "machine", "fingerprint", "recipe_digest",
    "started", "dataset_digest", "parameters", "multiply_adds", "train_examples", "test_examples", "steps",
    "training_seconds", "wall_seconds", "examples_per_second", "joules", "peak_memory_bytes",
    "device_peak_bytes", "published",
    "recipe_json", "path", "step", "final", "examples_per_split", "mode", "batch_size", "replicate", "metric",
    "value", "code", "identity", "date", "weights_digest",
}  # fmt: skip
"""Columns of runs, of curves and of exports: no metric may be called so."""
NAN = float("nan")
BEGUN = (
    "recipe", "recipe_digest", "budget", "seed", "device", "precision", "compile", "threads", "jobs", "fingerprint",
    "code", "started",
)  # fmt: skip
ENDED = ("status", "steps", "training_seconds", "wall_seconds", "weights_digest")
"""Columns in which a run file and its copy agree; BEGUN alone for a copy made while the run was under way."""
Event = Mapping[str, Any]


def start_event(trial: Trial) -> Event:
    """The first line of a run: all that is needed to repeat the trial."""
    kept, code = trial.as_dict(), trial.loaded or trial.code
    return {
        "event": "start", "schema": SCHEMA, "recipe": kept["recipe"], "recipe_digest": trial.recipe.digest,
        "budget": trial.recipe.budget, "seed": trial.seed, "execution": kept["execution"],
        "machine": machine.describe(trial.execution.device), "versions": machine.versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"code": code.event()} if code else {}),
    }  # fmt: skip


def check_writable(out: Path) -> None:
    """Raise InputError if runs cannot be kept under this folder."""
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


def status(path: Path) -> str:
    """How the run in this file ended: its status, `unfinished` (also where it cannot be told), or `absent`."""
    if not path.exists():
        return "absent"
    return str(outline(raw_files.one(path)).get("end", {}).get("status", "unfinished"))


def outline(file: RawFile) -> Mapping[str, Event]:
    """The events `start`, `ready` and `end` of the run in this file, as far as it has them; none of another schema."""
    found: dict[str, Event] = {}
    with suppress(InputError):
        found = {event["event"]: event for event in _events(file, ("start", "ready", "end"))}
    return found if found.get("start", {}).get("schema", SCHEMA) == SCHEMA else {}


def run_files(folder: Path, warnings: list[str]) -> Iterator[RawFile]:
    """All run files under a folder or in a pack, which `warnings` may tell of; InputError if there is neither."""
    return (file for file in raw_files.under(folder, warnings) if not file.is_timing)


def events(path: Path) -> Iterator[Event]:
    """All events in a file, in order, laps too; lines that cannot be read are left out. Raises InputError."""
    return _events(next(raw_files.at([path]), raw_files.one(path)), EVENTS)


def load(folder: Path, paths: Iterable[Path] | None = None) -> pd.DataFrame:
    """One row a run under `folder`, or in a pack (or in `paths`), oldest first; of a run file and its copies one.

    Columns: recipe, title, tags, budget, seed, status, message, device, precision, compile, cuda_graphs,
    channels_last, threads, jobs, torch, dlbench, machine, fingerprint, recipe_digest, code, identity, started, date,
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

    rows = _rows(files, warnings, paths)
    runs = pd.DataFrame(rows, columns=None if rows else ["recipe", "budget", "seed", "status", "started", "date"])
    runs = runs.sort_values("date", kind="stable", ignore_index=True)
    runs.attrs["warnings"] = warnings
    return runs


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
    found: list[tuple[Any, list[dict[str, Any]]]] = []
    for file in _run_files(folder, chosen, []):
        with _left_out_if_unsound(file, []):
            found.append((place(file), _looks(file)))
    found.sort(key=itemgetter(0))
    return pd.DataFrame([look for _, looks in found for look in looks])


def pictures(path: Path) -> dict[str, NDArray[np.float64]]:
    """What the run in this file kept to show of its trained model: arrays in [0, 1] by name, or nothing."""
    from dlbench.records import pixels

    for file in raw_files.at([path]):
        for event in _events(file, ("pictures",)):
            return pixels.read(event["pictures"])
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
    found = _events(file, ("start", "ready", "score", "end"), warnings, only_final=True)
    events: dict[str, Event] = {event["event"]: event for event in found}
    start, ready, end = (events.get(name, {}) for name in ("start", "ready", "end"))
    _check_schema(start, file)
    code = code_of(start)
    metrics = events["score"]["metrics"] if end.get("status") == "finished" and "score" in events else {}
    numbers = {
        **{key: ready.get(key) for key in READY if key != "dataset_digest"},
        **{key: end.get(key) for key in END},
        **_costs(start, end),
    }
    row = {
        **_identity(start),
        "title": _text(start["recipe"]["title"]),
        "tags": tuple(map(_text, start["recipe"]["tags"])),
        "status": _text(end.get("status", "unfinished")),
        "message": _text(end.get("message", "")),
        "device": _text(start["execution"]["device"]),
        "precision": _text(start["execution"].get("precision", "fp32")),
        "compile": start["execution"].get("compile", False) is True,
        "cuda_graphs": start["execution"].get("cuda_graphs", False) is True,
        "channels_last": start["execution"]["channels_last"] is True,
        "threads": _number(start["execution"]["threads"]),
        "jobs": _number(start["execution"].get("jobs", 1)),
        "torch": _text(start["versions"]["torch"]),
        "dlbench": _text(start["versions"].get("dlbench", "")),
        "machine": _text(start["machine"]["name"]),
        "code": code,
        "identity": grouping.identity_of(code),
        "started": _text(start["started"]),
        "dataset_digest": ready.get("dataset_digest") and _text(ready["dataset_digest"]),
        **{key: None if value is None else _number(value) for key, value in numbers.items()},
        "weights_digest": _text(end.get("weights_digest", "")),
        "published": {_text(key): _number(value) for key, value in start["recipe"]["published"].items()},
        "recipe_json": start["recipe"],
        "path": file.path,
        "written": file.written,
    }
    return row | _metrics(metrics, row)


def code_of(start: Event) -> str:
    """The digest of the code that ran; empty where the run did not keep it."""
    return _text(start["code"]["digest"]) if start.get("code") else ""


def _looks(file: RawFile) -> list[dict[str, Any]]:
    start, *scores = _events(file, ("start", "score"))
    _check_schema(start, file)
    known = _identity(start) | {"path": file.path, "device": _text(start["execution"]["device"])}
    return [look | _metrics(score["metrics"], look) for score in scores for look in [known | _look(score)]]


def _look(score: Event) -> dict[str, Any]:
    size = score["examples_per_split"]
    return {
        "step": _number(score["step"]), "final": score["final"] is True,
        "examples_per_split": None if size is None else _number(size),
    }  # fmt: skip


def _metrics(metrics: Event, others: Event) -> dict[str, Any]:
    """The metrics of a score, each a column of its own."""
    if taken := metrics.keys() & others.keys():
        raise ValueError(f"metrics may not be called {', '.join(sorted(taken))}")
    return {_text(key): _number(value) for key, value in metrics.items()}


def _text(value: Any) -> str:
    """The value, if it is text that can be printed; TypeError or ValueError if not."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    value.encode()  # half a surrogate pair is no text
    return value


def _number(value: Any) -> float | int:
    """The value, if it is a number that a frame can hold; TypeError or OverflowError if not."""
    value = event_line.number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r:.40} is no number")
    if abs(value) >= 2**63 and isinstance(value, int):
        raise OverflowError("a number is too large")
    return value


def _check_schema(start: Event, file: RawFile) -> None:
    schema = start.get("schema")
    if schema is None:
        raise InputError(f"{file.path}: is {'not a run file' if file.read() else 'empty'}")
    if schema != SCHEMA or isinstance(schema, bool):
        what = "newer than" if isinstance(schema, int) and schema > SCHEMA else "not one"
        raise InputError(f"{file.path}: has schema {schema!r:.40}, {what} this dlbench reads")


def _costs(start: Event, end: Event) -> dict[str, float | None]:
    """Seconds and joules of training, and examples per second.

    Seeds that learnt together as one model shared the clock and the meter: what one of them took, nobody knows.
    """
    if start["recipe"].get("together") == "model":
        return dict.fromkeys(("training_seconds", "examples_per_second", "joules"), NAN)
    return {
        "training_seconds": end.get("training_seconds"),
        "examples_per_second": _speed(end),
        "joules": end.get("joules") if start["execution"].get("jobs", 1) == 1 else NAN,  # a meter sees all
    }


def _speed(end: Event) -> float:
    """Examples per second of training, the first step of each process left out where there are others."""
    seconds, examples = end.get("training_seconds") or NAN, end.get("examples", 0)
    steps = end.get("steps", 0)
    first = end.get("warm_up_seconds", end.get("first_step_seconds"))
    if first is not None and steps > 1:
        warm_up = end.get("warm_up_examples", examples / steps)
        if examples > warm_up:
            seconds, examples = seconds - first, examples - warm_up
    return float(examples / seconds) if seconds > 0 else NAN


def _identity(start: Event) -> dict[str, Any]:
    texts = {
        "recipe": start["recipe"]["name"], "budget": start["budget"],
        "recipe_digest": start["recipe_digest"], "fingerprint": start["machine"]["fingerprint"],
    }  # fmt: skip
    return {key: _text(value) for key, value in texts.items()} | {"seed": _number(start["seed"])}


def _events(
    file: RawFile, kinds: Sequence[str], warnings: list[str] | None = None, *, only_final: bool = False
) -> Iterator[Event]:
    """The events of these kinds, of scores only the final one if so wished; others are passed over unparsed."""
    marks = tuple(f'{{"event": "{kind}"'.encode() for kind in kinds)
    for number, line in enumerate(file.read().splitlines(), 1):
        if line.startswith(b'{"event": "') and not line.startswith(marks):
            continue
        if only_final and line.startswith(b'{"event": "score"') and b'"final": false' in line:
            continue
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, TypeError, KeyError, RecursionError):
            if warnings is not None and line.strip():
                warnings.append(f"{file.path}: line {number} cannot be read; left out")
            continue
        if kind in kinds and (kind != "score" or event.get("final") or not only_final):
            yield event
