"""A metric by step over the seeds of a group."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from dlbench.records.groups import Group
from dlbench.report.panels import lines


@pytest.fixture
def group() -> Group:
    runs = pd.DataFrame({"path": ["a", "b"], "seed": [0, 1]})
    return Group("mine", "short", "cpu", "digest", runs)


@pytest.fixture
def curves() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "path": ["a", "a", "a", "a", "b", "b", "b", "other"],
            "seed": [0, 0, 0, 0, 1, 1, 1, 0],
            "step": [10, 20, 30, 40, 10, 20, 30, 10],
            "final": [False, False, False, True, False, False, False, False],
            "test_error_percent": [20.0, 4.0, 6.0, 5.5, 30.0, 8.0, float("nan"), 1.0],
        }
    )


def test_means_are_over_the_runs_of_the_group(group: Group, curves: pd.DataFrame) -> None:
    line = lines.over_seeds(group, curves, "test_error_percent")
    assert line["mean"].to_dict() == {10: 25.0, 20: 6.0, 30: 6.0}
    assert line["count"].tolist() == [2, 2, 1]
    assert line["std"].iloc[0] == pytest.approx(50**0.5)


def test_the_first_step_is_that_of_one_seed_and_need_not_last(group: Group, curves: pd.DataFrame) -> None:
    first = [lines.first_step(group, curves, "test_error_percent", 5.0, seed) for seed in (0, 1)]
    assert first == [20, None]
    assert lines.first_step(group, curves, "test_error_percent", 8.0, 1) == 20


def test_runs_without_a_curve(group: Group) -> None:
    assert lines.over_seeds(group, pd.DataFrame(), "test_error_percent").empty
    assert lines.first_step(group, pd.DataFrame(), "test_error_percent", 5.0, 0) is None


def test_the_band_is_one_sd_where_there_are_several_seeds(group: Group, curves: pd.DataFrame) -> None:
    axes = Figure().subplots()
    lines.draw(axes, lines.Line("mine", lines.over_seeds(group, curves, "test_error_percent")))
    (line,), (band,) = axes.lines, axes.collections
    assert line.get_ydata().tolist() == [25.0, 6.0, 6.0]
    edges = band.get_paths()[0].vertices
    assert (edges[:, 0].min(), edges[:, 0].max()) == (10, 20)
    assert edges[:, 1].max() == pytest.approx(25 + 50**0.5)


def test_by_seconds_a_point_stands_where_its_runs_were_on_the_average(group: Group, curves: pd.DataFrame) -> None:
    clock = pd.DataFrame(
        {
            "path": ["a", "a", "b", "b", "other"],
            "step": [10, 20, 10, 20, 10],
            "seconds": [1.0, 2.0, 3.0, 6.0, 99.0],
        }
    )
    line = lines.by_clock(lines.over_seeds(group, curves, "test_error_percent"), group, clock, "seconds")
    assert line["mean"].to_dict() == {2.0: 25.0, 4.0: 6.0}
    without = clock.assign(seconds=float("nan"))
    assert lines.by_clock(line, group, without, "seconds").empty
