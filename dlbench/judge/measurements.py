"""Measurements of any origin in one form: run files, timing files and exported JSON -> one long frame."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dlbench.errors import InputError
from dlbench.records import dating, grouping, raw_files, store
from dlbench.records.raw_files import RawFile
from dlbench.spec.execution import SETTINGS, TYPES, USUAL
from dlbench.stats.estimates import median
from dlbench.version import __version__

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = 1
Record = dict[str, Any]
TEXTS: Final = (
    "recipe", "recipe_digest", "budget", "mode", "device", "precision", "torch", "dlbench", "machine", "fingerprint",
    "code", "identity", "dataset_digest", "status", "message", "started", "date", "path", "metric",
)  # fmt: skip
COLUMNS: Final = (
    "recipe", "recipe_digest", "recipe_json", "budget", "mode", "batch_size", *SETTINGS, "torch", "dlbench", "machine",
    "fingerprint", "code", "identity",
    "dataset_digest", "status", "message", "started", "date", "path", "replicate", "metric", "value",
)  # fmt: skip
TIMED = "time"  # stands for the budget of what `dlbench time` measured
FINISHED, NOT_STEADY = "finished", "not steady"
TIMING: Final = b'"process": '  # in the first line of a timing file
MOST_OF_A_LINE: Final = 100_000
CONSTANT: Final = ("seed", "steps", "parameters", "multiply_adds", "train_examples", "test_examples", "novikoff_bound")


def load(path: Path) -> pd.DataFrame:
    """One row a value, from a results folder, a pack, a run file, a timing file or an exported JSON.

    Columns: those of COLUMNS. budget: `time` for what `dlbench time` measured. mode: train or infer. replicate: the
    seed of a run, the number of a process that timed. status: how the run ended; `finished` or `not steady` for a
    timing. A run that left no value has one row, with an empty metric and no value. dataset_digest: of a timing
    `own` or `synthetic`. code, identity, date: see `store.load`. Copies of a file count once.
    `frame.attrs["warnings"]` names what could not be read. Raises InputError where nothing can be read at all.
    """
    warnings: list[str] = []
    if path.is_dir() or raw_files.is_pack(path):
        return of_files(raw_files.under(path, warnings), warnings)
    file = next(raw_files.at([path]), None)
    if file is None:
        raise InputError(f"{path}: no such file or folder")
    if path.suffix != raw_files.ENDING:
        return from_json(_text(path), str(path))
    frame = of_files([file], warnings)
    if frame.empty:
        why = next(iter(frame.attrs["warnings"]), f"{path}: holds no run")
        raise InputError(why.removesuffix("; left out"))
    return frame


def to_json(frame: pd.DataFrame, **more: Any) -> str:
    """The frame as exported JSON; what is missing or not finite becomes null. `from_json` reads it back.

    more: what else the file says.
    """
    records = [{key: _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
    whole = {"schema": SCHEMA, "dlbench": __version__, **more, "measurements": records}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str, where: str) -> pd.DataFrame:
    """The frame in an exported JSON; InputError, beginning with `where`, for anything else, or a newer schema."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not readable as JSON ({_first_line(error)})") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("measurements"), list):
        raise InputError(f"{where}: not measurements that dlbench exported; `dlbench export` writes them")
    if whole.get("schema") != SCHEMA:
        raise InputError(f"{where}: has schema {whole.get('schema')!r}, this dlbench reads {SCHEMA}")
    return from_records([_checked(record, number, where) for number, record in enumerate(whole["measurements"], 1)])


def of_files(files: Iterable[RawFile], warnings: list[str]) -> pd.DataFrame:
    """The measurements in run files and timing files, told apart by their first line and read one after the other.

    warnings: what is wrong with them is added here.
    """
    timings: list[_Timing] = []
    runs = store.frame(_without_timings(files, timings, warnings), warnings)
    records = [record for run in runs.to_dict("records") for record in _of_run(run)]
    processes: dict[str, list[Record]] = {}
    for timing in sorted(timings, key=lambda timing: timing.position):
        processes.setdefault(timing.digest, timing.records)
    warnings += dating.date([process[0] for process in processes.values()])
    records += [record | {"date": process[0]["date"]} for process in processes.values() for record in process]
    return from_records(records, warnings)


class _Timing(NamedTuple):
    """What a timing file holds. position: how deep in folders, and where. digest: in it a file and its copies agree."""

    position: tuple[int, str]
    digest: str
    records: list[Record]


def _without_timings(files: Iterable[RawFile], timings: list[_Timing], warnings: list[str]) -> Iterator[RawFile]:
    """All but the timing files: their content goes into `timings`, and what is wrong with one into `warnings`."""
    for file in files:
        loaded = _loaded(file)
        content = loaded.held or b""
        if TIMING not in content[:MOST_OF_A_LINE].partition(b"\n")[0]:
            yield loaded
            continue
        try:
            position, digest = (file.name.count("/"), file.name), hashlib.sha256(content).hexdigest()
            timings.append(_Timing(position, digest, list(_of_timing(loaded))))
        except (InputError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            warnings.append(f"{file.path}: not a whole timing file ({_first_line(error)}); left out")


def _loaded(file: RawFile) -> RawFile:
    """The file with its content in memory; as it is, if it cannot be read: whoever reads it next will say so."""
    with suppress(InputError):
        return replace(file, held=file.read())
    return file


def _of_run(run: Mapping[str, Any]) -> Iterator[Record]:
    """A record for each value of a run: whatever is a number and no setting."""
    shared = {
        **{key: run[key] for key in (*TEXTS, *COLUMNS) if key in run},
        "mode": "train", "batch_size": run["recipe_json"]["training"].get("batch_size"), "dlbench": run.get("dlbench"),
        "replicate": run["seed"],
    }  # fmt: skip
    yield from _per_value(shared, {name: value for name, value in run.items() if name not in (*shared, *CONSTANT)})


def _of_timing(file: RawFile) -> Iterator[Record]:
    """A record for each value of a process that timed."""
    from dlbench.records import timing_files

    start, process = timing_files.read(file)
    if start.schema != store.SCHEMA:
        raise InputError(f"schema {start.schema}, this dlbench reads {store.SCHEMA}")
    code = start.code_digest
    shared = {key: process[key] for key in COLUMNS if key in process} | {
        "recipe_json": start.recipe, "budget": TIMED, "dlbench": start.versions["dlbench"],
        "dataset_digest": "synthetic" if process["data"] == "synthetic" else "own",
        "status": FINISHED if timing_files.warm_up_laps(process) is not None else NOT_STEADY, "message": "",
        "replicate": process["process"], "code": code,
        "identity": grouping.identity_of(code), "written": file.written,
    }  # fmt: skip
    seconds, joules = timing_files.lap_seconds(process), process.get("joules") or math.nan
    values = {
        "examples_per_second": process["examples"] / seconds,
        "ms_per_step": 1000 * seconds / process["steps"],
        "first_step_seconds": process["first_step_seconds"],
        "examples_per_joule": process["examples"] * len(process["seconds"]) / joules,
    }
    values |= {name: estimate.value for name, estimate in timing_files.latencies(process).items()}
    for name, estimate in timing_files.responses(process).items():  # at another rate they are another quantity
        values[f"{name.removesuffix('_ms')}_at_{process['arrivals_per_second']:g}_per_second_ms"] = estimate.value
    if process.get("cpu_seconds"):
        values["processor_ms_per_step"] = 1000 * median(process["cpu_seconds"]) / process["steps"]
    if process["process"] == 0 or start.sized:  # else the first found out for all
        values |= {key: process[key] for key in timing_files.SIZES}
    yield from _per_value(shared, values)


def _per_value(shared: Record, values: Mapping[str, Any]) -> Iterator[Record]:
    numbers = {name: float(value) for name, value in values.items() if _is_number(value)}
    for name, value in (numbers or {"": math.nan}).items():
        yield shared | {"metric": name, "value": value}


def _is_number(value: object) -> bool:
    import numpy as np

    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def from_records(records: Iterable[Record], warnings: Sequence[str] = ()) -> pd.DataFrame:
    """The frame of records, whose keys are among COLUMNS; without a `date` they are as old as they say."""
    import pandas as pd

    records = [{"date": record.get("started")} | record for record in records]
    frame = pd.DataFrame(
        [[_text_or(record.get(key), key) for key in COLUMNS] for record in records], columns=list(COLUMNS), dtype=object
    )
    frame = frame.astype({"value": float, "replicate": int})
    frame.attrs["warnings"] = list(warnings)
    return frame


def _text_or(value: Any, key: str) -> Any:
    """Missing texts are empty, other missing values None."""
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return ("" if key in TEXTS else None if key != "value" else math.nan) if absent else value


WANTED: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(TEXTS, str), **TYPES, "recipe_json": dict, "batch_size": (int, float), "replicate": int,
    "value": (int, float),
}  # fmt: skip
LARGEST: Final = 2**63 - 1  # of whole numbers
NEEDED: Final = ("recipe", "recipe_digest", "recipe_json", "budget", "status", "replicate", "metric")


def _checked(record: Any, number: int, where: str) -> Record:
    """The record, if every value has its type."""
    if not isinstance(record, dict):
        raise InputError(f"{where}: measurement {number} is not a mapping")
    for key, kind in WANTED.items():
        value = record.get(key)
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        fits = fits and not (isinstance(value, int) and abs(value) > LARGEST)
        if not (fits or (value is None and key not in NEEDED)):
            raise InputError(f"{where}: measurement {number}: {key}: {str(value)[:40]!r} is not what belongs there")
    date, _ = dating.believable(record.get("started") or "", None, time.time())
    older = {**USUAL, "identity": grouping.FIRST_IDENTITY, "date": date}
    return older | record  # what older files do not have


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    import numpy as np

    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: a binary file, not JSON") from None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0]
