"""What a study without a module of its own shows: a table, bars and curves."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import studied
from matplotlib.colors import to_rgb
from matplotlib.text import Text

tables, figure = studied.tables("usual"), studied.figure("usual")


def words(drawn: Any) -> list[str]:
    return [text.get_text() for text in drawn.findobj(Text)]


def test_bars_are_ranked_and_each_recipe_has_its_curve_in_the_same_colour(run: Callable[..., dict[str, Any]]) -> None:
    errors = {"wide": 5.0, "narrow": 3.0}
    runs = [run(name, seed, test_error_percent=error + seed) for name, error in errors.items() for seed in (0, 2)]
    curves = [
        {"path": one["path"], "recipe": one["recipe"], "seed": one["seed"], "step": step, "final": False}
        | {"test_error_percent": 90.0 / step}
        for one in runs
        for step in (1, 2)
    ]
    drawn = figure(pd.DataFrame(runs), pd.DataFrame(curves))
    left, right = drawn.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["narrow", "wide"]
    assert [bar.get_width() for bar in left.patches] == [4, 6]
    assert [list(line.get_ydata()) for line in right.lines] == [[90, 45], [90, 45]]
    assert [to_rgb(line.get_color()) for line in right.lines] == [bar.get_facecolor()[:3] for bar in left.patches]
    assert "4.0 ± 1.4 (n=2)" in words(drawn)


def test_runs_without_curves_say_so(run: Callable[..., dict[str, Any]]) -> None:
    assert "no curve was kept" in words(figure(pd.DataFrame([run(test_error_percent=1.0)]), pd.DataFrame()))


def test_nothing_measured_is_said(run: Callable[..., dict[str, Any]]) -> None:
    drawn = figure(pd.DataFrame([run(status="failed")]), pd.DataFrame())
    assert "no run has finished" in words(drawn)
