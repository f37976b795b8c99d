"""What a cluster adds to a trial: many tiny trials at home, two at a time, against the same on a Ray that runs here.

python tests/benchmarks/launching.py --trials 20 --rounds 5 > laps.jsonl      # raw laps as JSON lines
python tests/benchmarks/launching.py --of laps.jsonl                          # the table
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from row import Row, show
from turns import Lap, median_interval, opened, rates, ratio, take_turns, tell

from dlbench.trials import launchers, plan, runner
from dlbench.trials.launchers import Launcher

NAME = "lenet-digits"  # whose seeds have a process each
HOME, RAY = "at home", "on Ray"
JOBS = 2


def laps(trials: int, seconds: float, rounds: int) -> Iterator[Lap]:
    """Laps of so many trials each; one on Ray includes its desks. The start of Ray has a lap of its own."""
    seeds = itertools.count()
    with TemporaryDirectory() as out, launchers.opened("ray", {}, Path(out), 1) as cluster:
        began = time.perf_counter()
        cluster.site("cpu")
        yield {"party": "start of Ray", "round": -1, "seconds": time.perf_counter() - began, "trials": 0}
        parties = {name: lap(launcher, seeds, trials, Path(out)) for name, launcher in ((HOME, None), (RAY, cluster))}
        yield from take_turns(parties, seconds, rounds)


def lap(launcher: Launcher | None, seeds: Iterator[int], count: int, out: Path) -> Callable[[], Lap]:
    """A lap of so many smoke trials, each with a seed that was not there before."""

    def run() -> Lap:
        chosen = list(itertools.islice(seeds, count))
        trials = plan.trials([NAME], device="cpu", budget="smoke", seeds=chosen, threads=1, jobs=JOBS)
        began = time.perf_counter()
        outcomes = runner.run(trials, out, launcher=launcher)
        assert [outcome.status for outcome in outcomes] == ["finished"] * count
        return {"seconds": time.perf_counter() - began, "trials": count}

    return run


def rows(taken: Sequence[Lap]) -> Iterator[Row]:
    """Trials a second on Ray over those at home, and the seconds that Ray adds to each."""
    speed = ratio(taken, RAY, HOME, "trials")
    pairs = zip(rates(taken, RAY, "trials"), rates(taken, HOME, "trials"), strict=True)
    added = median_interval([JOBS * (1 / mine - 1 / home) for mine, home in pairs])
    yield Row(f"{NAME} smoke, two at a time, {RAY} against {HOME}", str(speed), ">= 0.8 x", speed.value >= 0.8)
    yield Row("seconds that Ray adds to a trial", f"{added.value:.2f} ({added.low:.2f} to {added.high:.2f})")
    [start] = [lap["seconds"] for lap in taken if lap["party"] == "start of Ray"]
    yield Row("seconds until Ray runs and its node has said what it is", f"{start:.1f}")


def main() -> None:
    """Print laps, or the table of laps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--of", type=Path)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.of is None:
        tell(laps(given.trials, given.seconds, given.rounds))
        return
    with opened(given.of, "r") as file:
        show(rows([json.loads(line) for line in file]), "What a cluster adds", as_markdown=given.markdown)


if __name__ == "__main__":
    main()
