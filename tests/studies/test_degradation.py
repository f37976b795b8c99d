"""Errors by depth, gaps paired over seeds, and the sign flip that shortcuts bring."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.records.groups import Quoted
from dlbench.stats.estimates import Estimate, Measure
from dlbench.studies.degradation import sign_flip

degradation = studied.tables("degradation")

Make = Callable[..., dict[str, Any]]
UP, DOWN, WIDE = Estimate(20, 15, 25, 3), Estimate(-2, -3, -1, 3), Estimate(-2, -6, 2, 3)


def lone(value: float) -> Estimate:
    """What one seed gives."""
    return Estimate(value, math.nan, math.nan, 1)


def test_errors_stand_beside_the_papers(four_nets: pd.DataFrame) -> None:
    errors, _ = degradation(four_nets)
    assert errors.frame[["depth", "net"]].to_numpy().tolist() == [
        [20, "plain"], [20, "residual"], [56, "plain"], [56, "residual"],
    ]  # fmt: skip
    deep = errors.frame.iloc[2]
    assert deep["train_error_percent"] == Measure(76.0, 1.0, 3)
    assert deep["test_error_percent"] == Measure(76.0, 0.0, 3)
    assert deep["parameters"] == 853018
    published = errors.frame["published_test_error_percent"].tolist()
    assert [cell and cell.value for cell in published] == [None, 8.75, None, 6.97]


def test_the_paper_is_not_credited_with_other_peoples_readings(four_nets: pd.DataFrame) -> None:
    errors, _ = degradation(four_nets)
    reading = errors.frame["published_reading_of_fig6_percent"].iloc[2]
    assert (reading.value, "others" in reading.source) == (13.5, True)
    assert errors.frame["published_remeasured_by_others_percent"].iloc[2].value == 12.76
    assert any("tabulate no plain net" in note for note in errors.notes)


def test_figures_for_other_data_are_not_quoted(net: Make) -> None:
    run = net("residual", 20, 0, 50.0, 51.0)
    run["recipe_json"] |= {"data": {"name": "cifar100"}}
    errors, *_ = degradation(pd.DataFrame([run]))
    assert "published_test_error_percent" not in errors.frame


def test_gaps_are_paired_over_seeds(four_nets: pd.DataFrame) -> None:
    """Differences 20, 21, 22: mean 21, s = 1, t(2) = 4.3027, so 21 +- 2.4841."""
    _, gaps = degradation(four_nets)
    train = gaps.frame.iloc[0]
    assert (train["depths"], train["error"]) == ("56 vs 20", "train")
    plain, residual, closed = (
        train[f"{name}_percentage_points"] for name in ("plain_gap", "residual_gap", "gap_closed")
    )
    assert (plain.value, plain.low, plain.high, plain.n) == pytest.approx((21, 18.5159, 23.4841, 3), abs=1e-4)
    assert (residual.value, residual.low, residual.high, residual.n) == pytest.approx(
        (-3, -5.4841, -0.5159, 3), abs=1e-4
    )
    assert (closed.value, closed.low, closed.n) == pytest.approx((24, 24 - 2 * 2.4841, 3), abs=1e-4)
    assert train["sign_flip"] == "seen"


def test_published_gaps_stand_beside_the_test_gaps(four_nets: pd.DataFrame) -> None:
    _, gaps = degradation(four_nets)
    test = gaps.frame.iloc[1]
    assert test["published_residual_gap_percentage_points"].value == -1.78
    assert test["published_plain_gap_percentage_points"].value == 3.26
    assert gaps.frame.iloc[0]["published_residual_gap_percentage_points"] is None


def test_seeds_that_only_one_net_has_do_not_enter_the_gap(net: Make) -> None:
    runs = [net("plain", 20, seed, 50.0, 50.0) for seed in (0, 1)] + [
        net("plain", 56, seed, 60.0, 60.0 + seed) for seed in (1, 2)
    ]
    _, gaps = degradation(pd.DataFrame(runs))
    gap = gaps.frame["plain_gap_percentage_points"].iloc[1]
    assert (gap.value, gap.n, gap.has_interval) == (11.0, 1, False)
    assert gaps.frame["sign_flip"].iloc[1].startswith("untested")


@pytest.mark.parametrize(
    ("plain", "residual", "verdict"),
    [
        (UP, DOWN, "seen"),
        (UP, UP, "not seen: the deeper residual net is worse too"),
        (DOWN, DOWN, "not seen: the deeper plain net is better too"),
        (UP, WIDE, "uncertain, zero lies within the residual interval: the means flip"),
        (WIDE, WIDE, "uncertain, zero lies within the plain and the residual interval: the means do not flip"),
        (lone(20), lone(-2), "uncertain, too few seeds: the means flip"),
        (lone(20), lone(2), "uncertain, too few seeds: the means do not flip"),
        (None, DOWN, "untested: needs both nets at both depths"),
    ],
)  # fmt: skip
def test_the_sign_flip_is_claimed_only_where_it_is_sure(plain: Estimate, residual: Estimate, verdict: str) -> None:
    assert sign_flip(plain, residual) == verdict


def test_every_deeper_net_is_held_against_the_shallowest(net: Make) -> None:
    depths = (20, 32, 44, 56, 110)
    runs = [net(kind, depth, 0, 50.0 + depth, 50.0 + depth) for kind in ("plain", "residual") for depth in depths]
    errors, gaps = degradation(pd.DataFrame(runs))
    assert gaps.frame["depths"].unique().tolist() == [f"{depth} vs 20" for depth in depths[1:]]
    lower_bound = errors.frame.query("depth == 110 and net == 'plain'")["published_reading_of_fig6_percent"].iloc[0]
    assert str(lower_bound) == ">60"
    resnet110 = errors.frame.query("depth == 110 and net == 'residual'")["published_test_error_percent"].iloc[0]
    assert (resnet110.value, str(resnet110)) == (6.43, "6.43 (6.61 ± 0.16)")


def test_a_warm_up_of_the_deep_net_alone_is_told(net: Make) -> None:
    runs = [net(kind, depth, 0, 50.0, 50.0) for kind in ("plain", "residual") for depth in (20, 110)]
    for run in runs:
        if run["recipe"].endswith("110"):
            run["recipe_json"]["training"]["warmup_lr"] = 0.01
    _, gaps = degradation(pd.DataFrame(runs))
    assert gaps.frame["settings"].tolist() == ["deep and shallow differ in training.warmup_lr"] * 2
    assert len(gaps.frame) == 2, "plain and residual share their rows"


def test_variants_are_paired_with_their_own_kind(net: Make) -> None:
    runs = []
    for lr, gap in ((0.1, 10.0), (0.05, 30.0)):
        for depth in (20, 56):
            run = net("plain", depth, 0, 50.0 + gap * (depth == 56), 50.0, recipe_digest=f"{depth}-{lr}")
            run["recipe_json"]["training"]["lr"] = lr
            runs.append(run)
    errors, gaps = degradation(pd.DataFrame(runs))
    assert set(errors.frame["variant"]) == {"training.lr=0.1", "training.lr=0.05"}
    train = gaps.frame[gaps.frame["error"] == "train"]
    found = {row["settings"]: row["plain_gap_percentage_points"].value for _, row in train.iterrows()}
    assert found == {"training.lr=0.1": 10.0, "training.lr=0.05": 30.0}


def test_two_recipes_of_the_same_net_both_show(net: Make) -> None:
    runs = pd.DataFrame(
        [
            net("plain", 20, 0, 50.0, 50.0),
            net("plain", 56, 0, 60.0, 60.0),
            net("plain", 56, 0, 70.0, 70.0) | {"recipe": "mine"},
        ]
    )
    errors, gaps = degradation(runs)
    assert errors.frame["variant"].tolist() == ["", "plain-56", "mine"]
    found = gaps.frame.query("error == 'train'")["plain_gap_percentage_points"]
    assert sorted(gap.value for gap in found) == [10.0, 20.0]


def test_budgets_make_blocks_of_their_own(four_nets: pd.DataFrame) -> None:
    full = four_nets.assign(budget="full", train_error_percent=four_nets["train_error_percent"] / 10)
    errors, gaps = degradation(pd.concat([full, four_nets]))
    assert errors.frame["budget"].tolist() == ["short"] * 4 + ["full"] * 4
    assert [gap.value for gap in gaps.frame["plain_gap_percentage_points"]] == pytest.approx([21.0, 20.0, 2.1, 20.0])


def test_a_diverged_net_is_named(four_nets: pd.DataFrame, net: Make) -> None:
    lost = net("plain", 110, 0, math.nan, math.nan, status="diverged", message="the loss is not finite")
    for table in degradation(pd.concat([four_nets, pd.DataFrame([lost])])):
        assert any("plain-110 short seed 0 on cpu (diverged: the loss is not finite)" in note for note in table.notes)


def test_one_depth_alone_makes_no_gap_and_says_so(net: Make) -> None:
    _, gaps = degradation(pd.DataFrame([net("plain", 20, 0, 50.0, 51.0)]))
    assert gaps.frame.empty
    assert any(note.startswith("A gap needs a shallow and a deeper net") for note in gaps.notes)


def test_option_b_is_another_net(net: Make) -> None:
    run = net("residual", 20, 0, 50.0, 50.0)
    run["recipe_json"]["model"]["shortcut"] = "B"
    errors, *_ = degradation(pd.DataFrame([run]))
    assert errors.frame["net"].iloc[0] == "residual B"
    assert "published_test_error_percent" not in errors.frame


def test_quoted_cells_know_their_table(four_nets: pd.DataFrame) -> None:
    errors, _ = degradation(four_nets)
    cell = errors.frame["published_test_error_percent"].iloc[1]
    assert cell == Quoted(8.75, "He et al. 2015, Table 6")
