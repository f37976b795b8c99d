"""Curves of the recipes, and a cell for every point of the grid."""

from typing import Any

import pandas as pd
import pytest
import studied
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench.report.panels.style import BLUE, VERMILION

batchnorm = studied.figure("batchnorm")

STEPS = (25, 50, 75)


def a_run(recipe: str, seed: int, lr: float, init_sd: float, errors: tuple[float, ...]) -> tuple[Any, ...]:
    """A run and its curve."""
    on = recipe.startswith("batchnorm")
    path = f"{recipe}/{seed}-{lr}-{init_sd}"
    run = {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu", "tags": (),
        "machine": "Xeon, 2 cores", "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": f"{on} {lr} {init_sd}",
        "started": "2026", "published": {}, "message": "", "path": path, "steps": 75,
        "test_error_percent": errors[-1],
        "recipe_json": {
            "data": {"name": "binary_mnist"}, "training": {"name": "sgd", "lr": lr},
            "model": {"name": "batchnorm_net", "batch_norm": on, "init_sd": init_sd},
        },
    }  # fmt: skip
    looks = [
        {"path": path, "recipe": recipe, "seed": seed, "step": step, "final": False, "test_error_percent": error}
        for step, error in zip(STEPS, errors, strict=True)
    ]
    return run, looks


@pytest.fixture
def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    made = [a_run("sigmoid-mnist", seed, 3.0, 0.1, (30.0, 8.0 + seed, 4.0)) for seed in (0, 1)]
    made += [a_run("sigmoid-mnist", 0, 30.0, 0.1, (88.0, 88.0, 88.0))]
    made += [a_run("batchnorm-mnist", seed, 3.0, 0.1, (20.0, 5.0, 3.0)) for seed in (0, 1)]
    made += [a_run("batchnorm-mnist", 0, 30.0, 0.1, (5.0, 5.0, 4.0))]
    return pd.DataFrame([run for run, _ in made]), pd.DataFrame([look for _, looks in made for look in looks])


def written(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_the_curves_are_those_of_the_recipes_at_their_own_settings(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    left = batchnorm(*frames).axes[0]
    curves = [line for line in left.lines if len(line.get_xdata()) == 3]
    assert [to_hex(line.get_color()) for line in curves] == [VERMILION.lower(), BLUE.lower()]
    assert [line.get_ydata().tolist() for line in curves] == [[30, 8.5, 4], [20, 5, 3]]


def test_every_cell_says_its_steps_or_the_error_it_ended_with(frames: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, plain, normalised = batchnorm(*frames).axes
    assert (plain.get_title()[:5], written(plain)) == ("plain", ["75", "88 %"])
    assert written(normalised) == ["50", "25"]
    assert [text.get_fontweight() for text in normalised.texts] == ["normal", "bold"], "the fewest steps"
    assert [label.get_text() for label in normalised.get_xticklabels()] == ["3", "30"]


def test_nothing_measured_is_said() -> None:
    run, looks = a_run("sigmoid-mnist", 0, 3.0, 0.1, (30.0, 8.0, 4.0))
    figure: Figure = batchnorm(pd.DataFrame([run | {"status": "failed"}]), pd.DataFrame(looks))
    words = [text.get_text() for text in figure.findobj(Text)]
    assert words.count("no grid was searched") == 2
    assert any("nothing measured yet" in each for each in words)
