"""What a metric's name says: whether more of it is better, how two sides of it are compared, and its unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from dlbench.errors import InputError
from dlbench.reading import near

Kind = Literal["speed", "error"]
BIGGER, SMALLER, NEITHER = 1, -1, 0  # which way is better


@dataclass(frozen=True)
class Metric:
    """One measured quantity.

    kind: `speed` is what a process took (time, rate, memory, energy): compared as a ratio, over processes, on one
    machine and one torch. `error` is what a trained model scored: compared as a difference, over paired seeds.
    better: +1 where more is better, -1 where less is, 0 where neither.
    unit: of a value; empty for a plain number.
    """

    name: str
    kind: Kind
    better: int
    unit: str

    @property
    def difference_unit(self) -> str:
        """Of a difference of two values: percentages differ by points."""
        return "points" if self.unit == "%" else self.unit


# a name's ending, or all of it, and what it says; the first that fits
COSTS: Final = {
    "examples_per_second": (BIGGER, "examples/s"),
    "_per_second": (BIGGER, "/s"),
    "_per_joule": (BIGGER, "/J"),
    "_tflops": (BIGGER, "TFLOP/s"),
    "mfu_percent": (BIGGER, "%"),
    "ms_per_step": (SMALLER, "ms"),
    "_ms": (SMALLER, "ms"),
    "_seconds": (SMALLER, "s"),
    "_bytes": (SMALLER, "bytes"),
    "joules": (SMALLER, "J"),
}
SCORES: Final = {
    "error_percent": (SMALLER, "%"),
    "accuracy_percent": (BIGGER, "%"),
    "accuracy": (BIGGER, ""),
    "loss": (SMALLER, ""),
    "mistakes": (SMALLER, ""),
    "right": (BIGGER, ""),
    "solved": (BIGGER, ""),
    "converged": (BIGGER, ""),
    "_percent": (NEITHER, "%"),
}
# of a timing -> the clock of its laps, as `dlbench.records.events.Turn` calls it
BY_LAPS: Final = {
    "examples_per_second": "seconds",
    "ms_per_step": "seconds",
    "processor_ms_per_step": "cpu_seconds",
}
# what is compared unless the user chooses: the rate, what it costs in memory, what was learnt
DEFAULT: Final = (
    "examples_per_second", "peak_memory_bytes", "train_error_percent", "test_error_percent",
)  # fmt: skip


def metric(name: str) -> Metric:
    """What is known of the metric with this name; a score of a user's own has no better side unless its ending says."""
    for kind, endings in (("speed", COSTS), ("error", SCORES)):
        for ending, (better, unit) in endings.items():
            if name.endswith(ending):
                return Metric(name, kind, better, unit)  # type: ignore[arg-type]  # mypy widens the literals
    return Metric(name, "error", NEITHER, "")


def check(name: str, measured: Iterable[str], where: str) -> None:
    """Raise InputError, beginning with `where`, for a metric that nobody measured."""
    names = sorted(set(measured))
    if name not in names:
        raise InputError(f"{where}: no metric '{name}' here{near(name, names)}; measured: {', '.join(names) or 'none'}")
