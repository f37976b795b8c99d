"""`dlbench report` over thousands of run files: seconds, processor seconds and peak memory of the process.

python tests/benchmarks/reporting.py --files 10000      # raw laps as JSON lines
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from processes import REPOSITORY, as_installed, run
from row import Row
from turns import Lap, rates, take_turns, tell

from dlbench.records import raw_files
from dlbench.stats.estimates import median

RESULTS = REPOSITORY / "results"
TEMPLATE = "plain-20/medium-seed0-*.jsonl"
NETS = {"plain-20": (20, "none"), "plain-56": (56, "none"), "resnet-20": (20, "A"), "resnet-56": (56, "A")}
REPORT = "dlbench report degradation"


def laps(files: int, seconds: float, rounds: int) -> Iterator[Lap]:
    """The report over copies of one real run, again and again, each time in a fresh process."""
    with TemporaryDirectory() as folder, as_installed() as environment:
        about = {"files": files, "bytes": fill(Path(folder), files)}
        command = ["-m", *REPORT.split(), "--results", folder]

        def lap() -> Lap:
            before = processor_seconds()
            return about | run(command, environment) | {"processor_seconds": processor_seconds() - before}

        yield from take_turns({REPORT: lap}, seconds, rounds)


def processor_seconds() -> float:
    """What all child processes that have ended took of the processor: other load adds little to it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fill(folder: Path, files: int) -> int:
    """Write run files that differ from a real one in recipe, seed and errors; returns their bytes together."""
    first, *middle, final, end = real_run()
    total = 0
    for number in range(files):
        seed, name = divmod(number, len(NETS))
        start = renamed(first, list(NETS)[name], seed)
        score = {**final, "metrics": {key: value + number % 13 / 10 for key, value in final["metrics"].items()}}
        text = "".join([json.dumps(start) + "\n", *middle, json.dumps(score) + "\n", json.dumps(end) + "\n"])
        path = folder / start["recipe"]["name"] / f"short-seed{seed}-cpu-{number:08x}.jsonl"
        path.parent.mkdir(exist_ok=True)
        total += path.write_text(text, encoding="utf-8")
    return total


def real_run() -> list[Any]:
    """A finished run from this repository's results: first event, lines as they are, final score and end."""
    file = next((file for file in raw_files.under(RESULTS, []) if PurePath(file.name).match(TEMPLATE)), None)
    if file is None:
        sys.exit(f"{RESULTS / TEMPLATE}: no such run file; `dlbench run plain-20 --budget medium --seeds 0` makes one")
    lines = file.read().decode().splitlines(keepends=True)
    return [json.loads(lines[0]), *lines[1:-2], json.loads(lines[-2]), json.loads(lines[-1])]


def renamed(start: dict[str, Any], name: str, seed: int) -> dict[str, Any]:
    """The first line of the same run, had it been another recipe's and another seed's."""
    depth, shortcut = NETS[name]
    model = {**start["recipe"]["model"], "depth": depth, "shortcut": shortcut}
    return {**start, "recipe": {**start["recipe"], "name": name, "model": model}, "seed": seed, "recipe_digest": name}


def rows(taken: Sequence[Lap]) -> Iterator[Row]:
    """Seconds, of the clock and of the processor, and megabytes."""
    seconds = 1 / median(rates(taken, REPORT, "processes"))
    busy = median([lap["processor_seconds"] for lap in taken if lap["round"] >= 0])
    memory = max(lap["peak_memory_bytes"] for lap in taken) / 1e6
    work = f"{REPORT}, {taken[0]['files']:,} run files ({taken[0]['bytes'] / 1e6:,.0f} MB)"
    yield Row(work, f"{seconds:.2f} s, {busy:.2f} s of processor time", "< 3 s", seconds < 3)
    yield Row(f"{REPORT}: peak memory", f"{memory:,.0f} MB", "< 500 MB", memory < 500)


def main() -> None:
    """Print the laps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    tell(laps(given.files, given.seconds, given.rounds))


if __name__ == "__main__":
    main()
