"""Measuring two environments: each case several times on each side, in fresh processes of each one's own dlbench.

What is asked of it is a promise to users, for an environment may hold another version: the command, its options, and
timing files, which say their schema. The jobs of its workers are not.

`dlbench time NAME --turns --out DIR` (with `--mode`, `--batch-size`, `--device`, `--threads`) makes one process that
sleeps between its turns. It prints a line of JSON with a key `event` for each of these, and nothing else:

- `built`: ready, and waiting;
- `turn`, the answer to each line on standard input that holds a number of steps: `steps`, `examples`, `seconds`, the
  device's work included, and `cpu_seconds` of all its threads;
- `size` and `timing` after a line that holds 0, as they stand in the timing file which it then leaves below DIR.

Where standard input ends before, it ends and leaves no file. `dlbench.judge.turns` asks for such laps. An environment
whose `dlbench time --help` does not name `--turns` is measured as `take` does here: each round times every case once on
each side, one whole `dlbench time` after another. That tells far less in the same time.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dlbench import streams
from dlbench.errors import InputError
from dlbench.judge.environments import Environment, Failed, names
from dlbench.reading import duration
from dlbench.spec import catalog

if TYPE_CHECKING:
    import pandas as pd

ATTEMPTS: Final = 3  # at laps that become steady; both sides get as many, so this favours neither


@dataclass(frozen=True)
class Case:
    """One recipe to time, in training or inference; batch_size: the recipe's own if None."""

    name: str
    mode: str
    batch_size: int | None

    @property
    def recipe(self) -> str:
        """The recipe's name, without its path."""
        return catalog.name(self.name)

    @property
    def measured(self) -> str:
        """What is timed, as a comparison says it."""
        return f"time {self.mode}" + (f", batch {self.batch_size}" if self.batch_size else "")

    @property
    def options(self) -> list[str]:
        """For `dlbench time`."""
        return ["--mode", self.mode, *(["--batch-size", str(self.batch_size)] if self.batch_size else [])]


@dataclass
class Timings:
    """All that was measured: by case and side a frame of each round, and why a case was given up.

    turns: by case and clock, for each pair of processes whose laps took turns, how much faster the second side was in
    each block of laps, as logarithms.
    """

    frames: dict[Case, dict[str, list[pd.DataFrame]]] = field(default_factory=dict)
    failed: dict[Case, str] = field(default_factory=dict)
    turns: dict[Case, dict[str, list[list[float]]]] = field(default_factory=dict)

    def pairs(self, case: Case) -> int:
        """How many pairs of processes took turns."""
        return max(map(len, self.turns[case].values()))

    def of(self, case: Case, side: str) -> pd.DataFrame:
        """All measurements of one side, as `dlbench.judge.measurements.load` gives them."""
        import pandas as pd

        frame = pd.concat(self.frames[case][side], ignore_index=True)
        frame.attrs["warnings"] = []
        return frame

    def values(self, case: Case, side: str, metric: str) -> dict[int, float]:
        """By round."""
        frame = self.of(case, side)
        rows = frame[frame["metric"] == metric]
        return dict(zip(rows["replicate"], rows["value"], strict=True))


def take(
    cases: Sequence[Case], sides: Mapping[str, Environment], rounds: int, options: Sequence[str], out: Path
) -> Timings:
    """Measure every case in every round on each side; the order of the sides is reversed every other round (ABBA).

    sides: by a label, which is also the folder below `out` that keeps the timing files, as `dlbench time` would.
    options: further ones for `dlbench time`. A case that fails in one environment is given up; the others go on.
    """
    timings, began = Timings({case: {side: [] for side in sides} for case in cases}), time.monotonic()
    names_by_side = {case: dict(zip(sides, names(case.name, list(sides.values())), strict=True)) for case in cases}
    for number in range(rounds):
        if len(timings.failed) == len(cases):
            break
        for case in cases:
            for side in list(sides)[:: -1 if number % 2 else 1]:
                if case not in timings.failed:
                    words = ["time", names_by_side[case][side], *case.options, *options]
                    _measure(case, side, sides[side], words, number, timings, out)
        left = (time.monotonic() - began) / (number + 1) * (rounds - number - 1)
        streams.say(f"round {number + 1} of {rounds} done" + (f", about {duration(left)} to go" if left else ""))
    return timings


def _measure(
    case: Case, side: str, environment: Environment, words: Sequence[str], number: int, timings: Timings, out: Path
) -> None:
    """One measurement, kept and printed."""
    try:
        frame = _measured(environment, words, number, out / side)
    except Failed as failure:
        timings.failed[case] = f"{side}, round {number + 1}: {failure}"
        streams.say(f"{side}: {case.recipe} {case.measured}: failed: {failure}")
        return
    timings.frames[case][side].append(frame)
    speed = frame.loc[frame["metric"] == "examples_per_second", "value"].iloc[0]
    steady = "" if _is_steady(frame) else ", not steady"
    streams.say(f"{side}: {case.recipe} {case.measured}: about {speed:,.0f} examples/s{steady}")


def _measured(environment: Environment, words: Sequence[str], number: int, out: Path) -> pd.DataFrame:
    """What a fresh process measured; a process whose laps never became steady gets another in its place."""
    for _ in range(ATTEMPTS):
        with tempfile.TemporaryDirectory() as scratch:
            environment.dlbench([*words, "--repeats", "1", "--out", scratch])
            path = keep(Path(scratch), number, out)
        if _is_steady(frame := load(path)):
            break
    return frame


def load(path: Path) -> pd.DataFrame:
    """What a process measured, as `dlbench.judge.measurements.load` gives it."""
    from dlbench.judge import measurements

    try:
        return measurements.load(path)
    except InputError as error:
        raise Failed(f"left a timing file of another kind: {error}") from None


def keep(scratch: Path, number: int, out: Path) -> Path:
    """Move the timing file that a process left; it becomes the one of this number."""
    files = sorted(scratch.rglob("*.jsonl"))
    if len(files) != 1:
        raise Failed(f"left {len(files)} timing files instead of one")
    first, _, rest = files[0].read_text("utf-8").partition("\n")
    path = out / files[0].relative_to(scratch).with_name(files[0].name.replace("process0", f"process{number}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(json.loads(first) | {"process": number, "sized": True}) + f"\n{rest}", encoding="utf-8")
    return path


def _is_steady(frame: pd.DataFrame) -> bool:
    from dlbench.judge.measurements import FINISHED

    return bool((frame["status"] == FINISHED).all())
