"""Figures: what is drawn is the mean over the runs that count, of one budget and device, and the title says which."""

from __future__ import annotations

import io
import re
from typing import Any

import pandas as pd
import pytest
import studied
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench import studies
from dlbench.records.groups import Runs
from dlbench.report.panels import style
from dlbench.spec import study

degradation = studied.figure("degradation")
ilsvrc = studied.figure("ilsvrc")
xor = studied.figure("xor")

STEPS = (100, 200, 400)
NO_CURVES = pd.DataFrame()


def a_run(recipe: str, seed: int, **columns: Any) -> dict[str, Any]:
    run = {
        "recipe": recipe, "budget": "short", "seed": seed, "status": "finished", "device": "cpu",
        "machine": "Xeon, 2 cores, 8 GiB",
        "fingerprint": "1a2b", "precision": "fp32", "recipe_digest": recipe,
        "started": "2026", "published": {}, "tags": (), "message": "",
        "recipe_json": {"data": {"name": "cifar10"}, "model": {}, "training": {}},
        "path": f"{recipe}/short-seed{seed}.jsonl",
    }  # fmt: skip
    return run | columns


def a_net(kind: str, depth: int, seed: int, **columns: Any) -> dict[str, Any]:
    model = {"name": "resnet", "depth": depth, "shortcut": {"plain": "none", "residual": "A"}[kind]}
    return a_run(f"{kind}-{depth}", seed, recipe_json={"data": {"name": "cifar10"}, "model": model}, **columns)


def curves_of(runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Test error 90, 80, 60 plus the seed, training error ten below."""
    keys = ("recipe", "budget", "seed", "path")
    return pd.DataFrame(
        [
            {key: run[key] for key in keys}
            | {"step": step, "final": step == 400}
            | {"test_error_percent": 100 - step / 10 + run["seed"], "train_error_percent": 90 - step / 10 + run["seed"]}
            for run in runs
            for step in STEPS
        ]
    )  # fmt: skip


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.fixture
def nets() -> list[dict[str, Any]]:
    return [a_net(kind, depth, seed) for kind in ("plain", "residual") for depth in (20, 56) for seed in (0, 1, 2)]


def test_degradation_draws_means_over_seeds_left_plain_right_residual(nets: list[dict[str, Any]]) -> None:
    figure = degradation(pd.DataFrame(nets), curves_of(nets))
    left, right, _ = figure.axes
    assert (left.get_title(), right.get_title()) == ("plain nets", "residual nets")
    for axes in (left, right):
        drawn = [(line.get_linestyle(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines]
        assert drawn == [("--", list(STEPS), [81, 71, 51]), ("-", list(STEPS), [91, 81, 61])] * 2
        assert len(axes.collections) == 4, "a band for each line"
    assert re.search(r"short budget, seeds 0-2, Xeon, 2 cores, 8 GiB \(cpu\)", words(figure))


def test_degradation_draws_the_gap_by_depth() -> None:
    errors = {("plain", 20): 50.0, ("plain", 56): 80.0, ("residual", 20): 40.0, ("residual", 56): 45.0}
    nets = [
        a_net(kind, depth, seed, train_error_percent=error + seed)
        for (kind, depth), error in errors.items()
        for seed in (0, 1)
    ]
    last = degradation(pd.DataFrame(nets), curves_of(nets)).axes[2]
    drawn = {bars.get_label(): bars.lines[0].get_xydata().tolist() for bars in last.containers}
    assert drawn == {"plain": [[20, 50.5], [56, 80.5]], "residual": [[20, 40.5], [56, 45.5]]}


def test_a_depth_has_the_same_colour_on_both_sides(nets: list[dict[str, Any]]) -> None:
    left, right, _ = degradation(pd.DataFrame(nets), curves_of(nets)).axes
    colours = [[to_hex(line.get_color()) for line in axes.lines] for axes in (left, right)]
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 2


def test_one_seed_has_no_band(nets: list[dict[str, Any]]) -> None:
    alone = nets[::3]
    figure = degradation(pd.DataFrame(alone), curves_of(alone))
    assert not any(axes.collections for axes in figure.axes[:2])
    assert "seed 0," in words(figure)
    assert "band" not in words(figure)


def test_budgets_share_no_picture(nets: list[dict[str, Any]]) -> None:
    full = [
        run | {"budget": "full", "recipe_digest": "full" + run["recipe"], "path": "full" + run["path"]} for run in nets
    ]
    figure = degradation(pd.DataFrame(nets + full), curves_of(nets + full))
    assert "full budget" in words(figure)
    assert all(len(axes.lines) == 4 for axes in figure.axes[:2])


def test_a_lone_full_run_does_not_hide_the_study(nets: list[dict[str, Any]]) -> None:
    lone = nets[0] | {"budget": "full"}
    assert "short budget" in words(degradation(pd.DataFrame([*nets, lone]), curves_of(nets)))


def test_a_run_that_does_not_count_is_not_drawn(nets: list[dict[str, Any]]) -> None:
    lost = a_net("plain", 110, 0, status="diverged")
    figure = degradation(pd.DataFrame([*nets, lost]), curves_of([*nets, lost]))
    assert "plain-110" not in words(figure)


def test_nothing_measured_is_said() -> None:
    figure = degradation(pd.DataFrame([a_net("plain", 20, 0, status="failed")]), curves_of([a_net("plain", 20, 0)]))
    assert "nothing measured yet" in words(figure)
    assert "no residual net has finished" in words(figure)


def test_ilsvrc_ranks_both_sides_and_colours_the_convolutional() -> None:
    runs = [
        a_run("hog-svm-cifar", 0, test_error_percent=46.0),
        a_run("alexnet-cifar", 0, test_error_percent=24.0, tags=("convolutional",)),
        a_run("alexnet-cifar", 1, test_error_percent=26.0, tags=("convolutional",)),
    ]
    figure = ilsvrc(pd.DataFrame(runs), NO_CURVES)
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == [15.3, 26.1, 26.9, 27.0, 29.6, 33.4]
    assert [bar.get_width() for bar in right.patches] == [25.0, 46.0]
    assert [label.get_text() for label in right.get_yticklabels()] == ["alexnet-cifar", "hog-svm-cifar"]
    assert [to_hex(bar.get_facecolor()) for bar in right.patches] == [style.BLUE.lower(), style.GREY]
    assert right.yaxis.get_inverted(), "best on top"
    assert "25.0 ± 1.4 (n=2)" in words(figure)
    assert "CIFAR-10, top-1" in right.get_title()


def test_xor_draws_solve_rates() -> None:
    runs = [a_run("mlp-xor", seed, train_solved=float(seed > 0)) for seed in range(4)]
    runs += [a_run("perceptron-xor", seed, train_solved=0.0) for seed in range(4)]
    figure = xor(pd.DataFrame(runs), NO_CURVES)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [75.0, 0.0]
    assert "75 % (n=4)" in words(figure)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_figures_save_without_a_display(nets: list[dict[str, Any]], kind: str) -> None:
    out = io.BytesIO()
    degradation(pd.DataFrame(nets), curves_of(nets)).savefig(out, format=kind)
    assert len(out.getvalue()) > 5000


def test_no_text_leaves_the_picture(nets: list[dict[str, Any]]) -> None:
    long = [run | {"machine": "AMD EPYC 7763 64-Core Processor, 2 cores, 23 GiB " * 3} for run in nets]
    figure = degradation(pd.DataFrame(long), curves_of(long))
    figure.canvas.draw()
    page = figure.bbox
    for text in figure.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1


def test_a_figure_says_which_recipe_has_only_runs_of_another_kind() -> None:
    """Two recipes of older code against one of newer: a picture shows one kind, the widest."""
    older = [a_run(f"{name}-cifar", 0, test_error_percent=error) for name, error in (("hog-svm", 41), ("alexnet", 24))]
    newer = a_run("fisher-svm-cifar", 0, test_error_percent=23, code="c0de0001", torch="2.14.1")
    small_print = [
        studies.figure(study.load("ilsvrc"), Runs(pd.DataFrame(runs))).texts[0].get_text()
        for runs in (older, [*older, newer])
    ]
    assert "not in the picture" not in small_print[0]
    assert " ".join(small_print[1].split()).endswith("another code, torch or setting: fisher-svm-cifar")
