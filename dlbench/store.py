"""Run files <-> pandas frames. A run file is raw: one JSON line an event, flushed at once; frames are made from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.plan import Trial

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
LOOK = ("step", "final", "examples_per_split")
READY = ("dataset_digest", "parameters", "multiply_adds", "train_examples", "test_examples")
END = ("steps", "wall_seconds", "peak_memory_bytes")
TIMES = "time"  # the folder, under the results folder, of what `dlbench time` leaves: no runs of trials
NAN = float("nan")
Event = Mapping[str, Any]


class RunFile:
    """Writes one run's events as they happen."""

    def __init__(self, trial: Trial, out: Path) -> None:
        """Begin the file with all that is needed to repeat the trial; InputError if the folder cannot be written."""
        self.path = trial.path(out)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(
                f"{self.path.parent}: cannot write results there ({error.strerror}); choose another folder with --out"
            ) from None
        self.write(start_event(trial))

    def write(self, event: Event) -> None:
        """Append one event, flushed before anything else happens."""
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more events."""
        self._file.close()


def close_run(trial: Trial, out: Path, end: Event) -> None:
    """Write the end of a trial that could not do so itself; begins its file if it had not come that far."""
    path = trial.path(out)
    if not path.exists():
        RunFile(trial, out).close()
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps(end) + "\n")  # a line cut short stays a line of its own


def start_event(trial: Trial) -> Event:
    """The first line of a run: all that is needed to repeat the trial."""
    kept = trial.as_dict()
    return {
        "event": "start", "schema": SCHEMA, "recipe": kept["recipe"], "recipe_digest": trial.recipe.digest,
        "budget": trial.recipe.budget, "seed": trial.seed, "execution": kept["execution"],
        "machine": machine.describe(trial.execution.device), "versions": machine.versions(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def check_writable(out: Path) -> None:
    """Raise InputError if runs cannot be kept under this folder."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / f".writable-{id(out)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"{out}: cannot write results there ({error.strerror}); choose another folder with --out"
        ) from None


def status(path: Path) -> str:
    """How the run in this file ended: its status, `unfinished`, or `absent`."""
    if not path.exists():
        return "absent"
    last = list(_events(path, ("end",)))
    return str(last[-1].get("status", "unfinished")) if last else "unfinished"


def load(folder: Path, paths: Iterable[Path] | None = None) -> pd.DataFrame:
    """One row a run file under `folder` (or in `paths`), oldest first.

    Columns: recipe, title, tags, budget, seed, status, message, device, precision, compile,
    channels_last, threads, torch, machine, fingerprint, recipe_digest, started,
    dataset_digest, parameters, multiply_adds, train_examples, test_examples, steps, training_seconds, wall_seconds,
    examples_per_second, joules, peak_memory_bytes, published and recipe_json (dictionaries), path, and one column for
    each metric of the final score. A line or a file that cannot be read, or is of another schema, is left out;
    `frame.attrs["warnings"]` names it.
    """
    import pandas as pd

    warnings: list[str] = []
    rows: list[dict[str, Any]] = []
    for path in _run_files(folder, paths):
        with _left_out_if_unsound(path, warnings):
            rows.append(_row(path, warnings))
    frame = pd.DataFrame(rows, columns=None if rows else ["recipe", "budget", "seed", "status", "started"])
    frame = frame.sort_values("started", kind="stable", ignore_index=True)
    frame.attrs["warnings"] = warnings
    return frame


def curves(folder: Path, paths: Iterable[Path] | None = None) -> pd.DataFrame:
    """One row for each look at the error on the way: recipe, budget, seed, device, step, final, metrics.

    Files that `load` warns of are left out.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for path in _run_files(folder, paths):
        with _left_out_if_unsound(path, []):
            rows += _looks(path)
    return pd.DataFrame(rows)


def _run_files(folder: Path, paths: Iterable[Path] | None) -> Sequence[Path]:
    if paths is not None:
        return [path for path in paths if path.exists()]
    if not folder.is_dir():
        raise InputError(f"{folder}: no such results folder; `dlbench run` makes one, --results names another")
    found = (path for path in folder.rglob("*.jsonl") if path.relative_to(folder).parts[0] != TIMES)
    return sorted(found, key=str)


@contextmanager
def _left_out_if_unsound(path: Path, warnings: list[str]) -> Iterator[None]:
    """Anybody may have written the file: whatever its events lack costs this file only, and a warning."""
    try:
        yield
    except InputError as error:
        warnings.append(f"{error}; left out")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        warnings.append(f"{path}: not a whole run file ({type(error).__name__}: {error}); left out")


def _row(path: Path, warnings: list[str]) -> dict[str, Any]:
    found = _events(path, ("start", "ready", "score", "end"), warnings, only_final=True)
    events: dict[str, Event] = {event["event"]: event for event in found}
    start, ready, end = (events.get(name, {}) for name in ("start", "ready", "end"))
    _check_schema(start, path)
    metrics = events["score"]["metrics"] if end.get("status") == "finished" and "score" in events else {}
    return {
        **_identity(start),
        "title": start["recipe"]["title"],
        "tags": tuple(start["recipe"]["tags"]),
        "status": end.get("status", "unfinished"),
        "message": end.get("message", ""),
        "device": start["execution"]["device"],
        "precision": start["execution"].get("precision", "fp32"),
        "compile": start["execution"].get("compile", False),
        "channels_last": start["execution"]["channels_last"],
        "threads": start["execution"]["threads"],
        "torch": start["versions"]["torch"],
        "machine": start["machine"]["name"],
        "started": str(start["started"]),
        **{key: ready.get(key) for key in READY},
        **{key: end.get(key) for key in END},
        **_costs(start, end),
        "published": start["recipe"]["published"],
        "recipe_json": start["recipe"],
        "path": str(path),
        **metrics,
    }


def _looks(path: Path) -> list[dict[str, Any]]:
    start, *scores = _events(path, ("start", "score"))
    _check_schema(start, path)
    known = _identity(start) | {"path": str(path), "device": start["execution"]["device"]}
    return [known | {key: score[key] for key in LOOK} | dict(score["metrics"]) for score in scores]


def _check_schema(start: Event, path: Path) -> None:
    schema = start.get("schema")
    if schema is None:
        raise InputError(f"{path}: is not a run file")
    if schema != SCHEMA:
        newer = isinstance(schema, int) and schema > SCHEMA
        raise InputError(f"{path}: has schema {schema!r}, {'newer than' if newer else 'not one'} this dlbench reads")


def _costs(start: Event, end: Event) -> dict[str, float | None]:
    """Seconds and joules of training, and examples per second.

    Seeds that learnt together as one model shared the clock and the meter: what one of them took, nobody knows.
    """
    if start["recipe"].get("together") == "model":
        return dict.fromkeys(("training_seconds", "examples_per_second", "joules"), NAN)
    return {
        "training_seconds": end.get("training_seconds"),
        "examples_per_second": _speed(end),
        "joules": end.get("joules"),
    }


def _speed(end: Event) -> float:
    """Examples per second of training, the first step left out where there are others."""
    seconds, examples = end.get("training_seconds") or NAN, end.get("examples", 0)
    steps, first = end.get("steps", 0), end.get("first_step_seconds")
    if first is not None and steps > 1:
        seconds, examples = seconds - first, examples * (steps - 1) / steps
    return float(examples / seconds) if seconds > 0 else NAN


def _identity(start: Event) -> dict[str, Any]:
    return {
        "recipe": start["recipe"]["name"], "budget": start["budget"], "seed": start["seed"],
        "recipe_digest": start["recipe_digest"], "fingerprint": start["machine"]["fingerprint"],
    }  # fmt: skip


def _events(
    path: Path, kinds: Sequence[str], warnings: list[str] | None = None, *, only_final: bool = False
) -> Iterator[Event]:
    """The events of these kinds, of scores only the final one if so wished; others are passed over unparsed."""
    marks = tuple(f'{{"event": "{kind}"'.encode() for kind in kinds)
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    for number, line in enumerate(lines, 1):
        if line.startswith(b'{"event": "lap"'):  # by far the most
            continue
        if line.startswith(b'{"event": "') and not line.startswith(marks):
            continue
        if only_final and line.startswith(b'{"event": "score"') and b'"final": false' in line:
            continue
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, TypeError, KeyError, RecursionError):
            if warnings is not None and line.strip():
                warnings.append(f"{path}: line {number} cannot be read; left out")
            continue
        if kind in kinds and (kind != "score" or event.get("final") or not only_final):
            yield event
