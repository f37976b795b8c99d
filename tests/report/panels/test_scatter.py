"""Results against what they cost."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from dlbench.records.groups import Runs
from dlbench.report.panels import scatter

Make = Callable[..., dict[str, Any]]


def drawn(runs: list[dict[str, Any]], cost: str) -> Any:
    axes = Figure().subplots()
    groups = Runs(pd.DataFrame(runs)).groups
    scatter.against(axes, dict.fromkeys(groups, "red"), "test_error_percent", cost)
    return axes


def test_each_run_is_a_dot_and_the_mean_a_larger_one(run: Make) -> None:
    axes = drawn([run(seed=seed, test_error_percent=9.0 + seed, training_seconds=2.0 + seed) for seed in (0, 2)],
                 "training_seconds")  # fmt: skip
    dots, mean = axes.lines
    assert (list(dots.get_xdata()), list(dots.get_ydata())) == ([2, 4], [9, 11])
    assert (list(mean.get_xdata()), list(mean.get_ydata())) == ([3], [10])
    assert [text.get_text() for text in axes.texts] == ["resnet-20"]


def test_costs_of_unlike_machines_have_no_mean(run: Make) -> None:
    runs = [run(seed=seed, test_error_percent=9.0, fingerprint=str(seed)) for seed in (0, 1)]
    assert len(drawn(runs, "training_seconds").lines) == 1


def test_costs_far_apart_stand_on_a_scale_of_logarithms_and_none_are_said(run: Make) -> None:
    runs = [run(name, test_error_percent=9.0, parameters=size) for name, size in (("a", 10), ("b", 10_000))]
    assert drawn(runs, "parameters").get_xscale() == "log"
    assert [text.get_text() for text in drawn([run(test_error_percent=9.0)], "joules").texts] == ["no run has joules"]
