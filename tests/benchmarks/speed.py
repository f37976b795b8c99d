"""How fast dlbench is beside what it is compared with: one command, one table.

    python tests/benchmarks/speed.py                    # a quarter of an hour; nothing else should run meanwhile
    python tests/benchmarks/speed.py --quick            # two minutes: does it all run? its ratios mean little
    python tests/benchmarks/speed.py --only resnet-20 lenet-mnist --json speed.jsonl

MNIST and CIFAR-10 have to be on disk (`dlbench data get mnist cifar10`). Every benchmark is a process of its own that
prints its raw laps; parties take turns lap by lap, so that what disturbs one disturbs all. A ratio is the median over
the rounds, in brackets its 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO

import overhead
import psutil
import reporting
import seeds
import startup
import switches
import training
from processes import REPOSITORY
from rich.console import Console
from row import Row, show
from turns import Lap, opened

from dlbench.measure import machine
from dlbench.trials.launchers import local

HERE = Path(__file__).parent

Found = dict[str, list[Lap] | None]  # laps by benchmark; None for one that failed
BUSY_PERCENT = 10


@dataclass(frozen=True)
class Benchmark:
    """A script that prints laps, with its options (`full` or `quick`), and what makes rows of them."""

    script: str
    rows: Callable[[Sequence[Lap]], Iterable[Row]]
    full: str
    quick: str


BENCHMARKS = {
    "resnet-20": Benchmark(
        "training.py", partial(training.rows, "resnet-20"),
        full="resnet-20 --seconds 45", quick="resnet-20 --seconds 1 --rounds 2 --no-compile",
    ),
    "resnet-56": Benchmark(
        "training.py", partial(training.rows, "resnet-56"),
        full="resnet-56 --seconds 60", quick="resnet-56 --seconds 1 --rounds 1 --no-compile",
    ),
    "lenet-mnist": Benchmark(
        "training.py", partial(training.rows, "lenet-mnist"),
        full="lenet-mnist --seconds 30", quick="lenet-mnist --seconds 1 --rounds 1",
    ),
    "lenet-seeds": Benchmark(
        "seeds.py", seeds.lenet_rows,
        full="lenet-mnist --seconds 25", quick="lenet-mnist --seconds 1 --rounds 2",
    ),
    "xor-seeds": Benchmark(
        "seeds.py", seeds.xor_rows,
        full="mlp-xor --seconds 25", quick="mlp-xor --seconds 1 --rounds 1 --steps 400",
    ),
    "lenet-overhead": Benchmark(
        "overhead.py", partial(overhead.rows, "lenet-mnist"),
        full="lenet-mnist --seconds 35", quick="lenet-mnist --seconds 1 --rounds 2",
    ),
    "resnet-overhead": Benchmark(
        "overhead.py", partial(overhead.rows, "resnet-20"),
        full="resnet-20 --seconds 45", quick="resnet-20 --seconds 1 --rounds 2",
    ),
    "switches-lenet": Benchmark(
        "switches.py", partial(switches.rows, "LeNet-5"),
        full="lenet-mnist --seconds 90", quick="lenet-mnist --seconds 1 --rounds 1 --most 2",
    ),
    "switches-resnet": Benchmark(
        "switches.py", partial(switches.rows, "ResNet-20"),
        full="resnet-20 --seconds 150", quick="resnet-20 --seconds 1 --rounds 1 --most 2",
    ),
    "startup": Benchmark(
        "startup.py", startup.rows, full="--seconds 15 --rounds 10", quick="--seconds 1 --rounds 3"
    ),
    "report": Benchmark(
        "reporting.py", reporting.rows, full="--seconds 10 --rounds 3", quick="--files 1000 --seconds 1 --rounds 1"
    ),
}  # fmt: skip


def main() -> int:
    """Run the benchmarks and print their table; exit code 1 if one of them failed."""
    given = arguments()
    if given.again:
        about, found = kept(given.again)
    else:
        about, found = measure(given)
    shown = chain.from_iterable(rows(name, laps) for name, laps in found.items())
    show(shown, title(about), as_markdown=given.markdown)
    return 1 if None in found.values() else 0


def measure(given: argparse.Namespace) -> tuple[Lap, Found]:
    """Run the benchmarks one after another."""
    console = Console(stderr=True)
    about = circumstances(given.quick)
    if about["other_load_percent"] > BUSY_PERCENT:
        console.print(
            f"The cores are {about['other_load_percent']:.0f} % busy with other work; end that for true ratios."
        )
    found: Found = {}
    with opened(given.json, "w") if given.json else nullcontext() as file:
        keep(file, about)
        for name in given.only:
            began = time.perf_counter()
            found[name] = measured(BENCHMARKS[name], given.quick)
            for lap in found[name] or []:
                keep(file, {"event": "lap", "benchmark": name, **lap})
            console.print(f"{name}: {time.perf_counter() - began:.0f} s")
    return about, found


def kept(path: Path) -> tuple[Lap, Found]:
    """What an earlier call kept."""
    with opened(path, "r") as file:
        about, *laps = map(json.loads, file)
    names = dict.fromkeys(lap["benchmark"] for lap in laps)
    return about, {name: [lap for lap in laps if lap["benchmark"] == name] for name in names}


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that everything runs")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep machine, versions and raw laps as JSON lines")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure nothing: the table of laps kept earlier")
    parser.add_argument("--markdown", action="store_true", help="write the table as Markdown")
    return parser.parse_args()


def circumstances(quick: bool) -> Lap:
    """Where and when this is measured."""
    return {
        "event": "start", "quick": quick, "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe("cpu"), "versions": machine.versions(),
        "other_load_percent": psutil.cpu_percent(interval=1.0),
    }  # fmt: skip


def measured(benchmark: Benchmark, quick: bool) -> list[Lap] | None:
    """A benchmark's laps, taken in a process with a worker's environment; None if it failed."""
    paths = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"OMP_NUM_THREADS": str(machine.cores()), "PYTHONPATH": os.pathsep.join(paths)}
    environment = local.PATIENT | os.environ | own
    run = subprocess.run(
        [sys.executable, str(HERE / benchmark.script), *(benchmark.quick if quick else benchmark.full).split()],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    return None if run.returncode else [json.loads(line) for line in run.stdout.splitlines()]


def keep(file: IO[str] | None, record: Lap) -> None:
    """Write one JSON line, if they are wanted."""
    if file is not None:
        file.write(json.dumps(record) + "\n")
        file.flush()


def rows(name: str, laps: Sequence[Lap] | None) -> list[Row]:
    """The rows of one benchmark; one that says so if it failed."""
    return [Row(name, "failed, see above")] if laps is None else list(BENCHMARKS[name].rows(laps))


def title(about: Lap) -> str:
    """The machine and the versions that the rows are about."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    quick = "quick, the ratios mean little" if about["quick"] else about["started"]
    return f"{about['machine']['name']}; {versions}; {quick}"


if __name__ == "__main__":
    sys.exit(main())
