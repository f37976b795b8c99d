"""Which runs count, and which are never averaged together."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dlbench.records.groups import Group, counted, current, groups, of_most_seeds, of_one_block
from dlbench.stats.estimates import Measure

Make = Callable[..., dict[str, Any]]


def test_of_the_same_trial_the_newest_finished_run_counts(run: Make) -> None:
    runs = pd.DataFrame(
        [
            run(seed=0, started="2026-01-01T00:00:00Z", test_error_percent=50.0),
            run(seed=0, started="2026-01-03T00:00:00Z", test_error_percent=40.0),
            run(seed=0, started="2026-01-02T00:00:00Z", test_error_percent=45.0),
            run(seed=0, started="2026-01-04T00:00:00Z", status="diverged"),
        ]
    )
    assert counted(runs)["test_error_percent"].tolist() == [40.0]


def test_a_finished_run_outranks_a_newer_diverged_one_where_both_count(run: Make) -> None:
    runs = pd.DataFrame(
        [
            run(seed=0, started="2026-01-01T00:00:00Z", test_error_percent=50.0),
            run(seed=0, started="2026-01-02T00:00:00Z", status="diverged"),
            run(seed=1, status="diverged"),
            run(seed=2, status="failed"),
        ]
    )
    kept = counted(runs, ("finished", "diverged")).sort_values("seed")
    assert kept["status"].tolist() == ["finished", "diverged"]


def test_seeds_of_one_recipe_make_one_measure(run: Make) -> None:
    (group,) = groups(pd.DataFrame([run(seed=seed, test_error_percent=50.0 + seed) for seed in (2, 0, 1)]))
    assert group.measure("test_error_percent") == Measure(51.0, 1.0, 3)
    assert group.by_seed("test_error_percent") == {0: 50.0, 1: 51.0, 2: 52.0}
    assert group.measure("no_such_metric") is None


def test_budgets_and_devices_are_never_averaged(run: Make) -> None:
    runs = pd.DataFrame(
        [run(budget=budget, device=device) for budget in ("full", "short") for device in ("cpu", "cuda:0")]
    )
    assert [(group.budget, group.device) for group in groups(runs)] == [
        ("short", "cpu"), ("short", "cuda:0"), ("full", "cpu"), ("full", "cuda:0"),
    ]  # fmt: skip


def test_variants_of_a_recipe_are_told_apart_by_what_differs(run: Make) -> None:
    base = run()["recipe_json"]
    slow = base | {"training": {"name": "sgd", "lr": 0.05, "milestones": [200]}}
    runs = pd.DataFrame([run(), run(recipe_digest="other", recipe_json=slow)])
    labels = {group.variant for group in groups(runs)}
    assert labels == {"training.lr=0.1", "training.lr=0.05, training.milestones=[200]"}


def test_unlike_digests_without_a_difference_one_can_name_still_stay_apart(run: Make) -> None:
    runs = pd.DataFrame([run(), run(recipe_digest="other")])
    assert [group.variant for group in groups(runs)] == ["digest digest-resnet-20", "digest other"]


def test_missing_metrics_do_not_count_as_values(run: Make) -> None:
    (group,) = groups(pd.DataFrame([run(seed=0, test_loss=1.5), run(seed=1)]))
    assert group.measure("test_loss").n == 1


def test_nothing_gives_no_groups() -> None:
    assert groups(pd.DataFrame()) == []


def other_code(run: Make, code: str, day: int, **columns: Any) -> dict[str, Any]:
    stamp = f"2026-01-0{day}T00:00:00Z"
    return run(code=code, torch=columns.pop("torch", "2.15.0"), started=stamp, date=stamp, **columns)


def test_runs_of_unlike_code_torch_data_or_settings_have_groups_of_their_own(run: Make) -> None:
    base = {"dataset_digest": "0123456789"}
    changes = [
        {}, {"code": "c2"}, {"torch": "2.14.1"}, {"precision": "bf16"}, {"cuda_graphs": True},
        {"dataset_digest": "ffff456789"},
    ]  # fmt: skip
    runs = pd.DataFrame([other_code(run, **{"code": "c1", "day": 1, "cuda_graphs": False} | base | c) for c in changes])
    variants = {group.variant for group in groups(runs)}
    assert len(variants) == len(changes)
    shared = "cuda_graphs=False, code c1, torch 2.15"
    assert f"precision=bf16, {shared}" in variants
    assert f"precision=fp32, {shared}, data ffff4567" in variants
    assert "precision=fp32, cuda_graphs=False, code c1, torch 2.14" in variants


def test_old_runs_are_told_from_those_that_know_their_code(run: Make) -> None:
    runs = pd.DataFrame([run(torch="2.13.0"), run(seed=1, torch="2.15.0"), other_code(run, "c1", 1)])
    assert [(group.variant, group.seeds) for group in groups(runs)] == [
        ("identity 0.1", [0, 1]), ("code c1, torch 2.15", [0]),
    ]  # fmt: skip


def test_a_variant_has_its_settings_and_its_code_in_its_name(run: Make) -> None:
    slow = run()["recipe_json"] | {"training": {"name": "sgd", "lr": 0.05}}
    runs = pd.DataFrame(
        [
            other_code(run, "c1", 1), other_code(run, "c2", 2),
            other_code(run, "c2", 2, recipe_digest="other", recipe_json=slow),
        ]
    )  # fmt: skip
    found = {group.variant: group.mark for group in groups(runs)}
    assert found == {
        "training.lr=0.1, code c1": "code c1", "training.lr=0.1, code c2": "code c2",
        "training.lr=0.05, code c2": "code c2",
    }  # fmt: skip


def test_the_date_and_not_what_a_wrong_clock_said_tells_the_newest(run: Make) -> None:
    late = run(started="2999-01-01T00:00:00Z", date="2026-01-01T00:00:00Z", test_error_percent=50.0)
    new = run(started="2026-01-02T00:00:00Z", date="2026-01-02T00:00:00Z", test_error_percent=40.0)
    assert counted(pd.DataFrame([late, new]))["test_error_percent"].tolist() == [40.0]


def test_current_is_the_newest_code_of_each_recipe_and_kind(run: Make) -> None:
    runs = pd.DataFrame(
        [
            *(other_code(run, "c1", 1, seed=seed) for seed in range(5)), other_code(run, "c2", 2),
            other_code(run, "c1", 1, device="cuda:0"), run(),
        ]
    )  # fmt: skip
    kept = current(groups(runs))
    assert {(group.device, group.identity.code) for group in kept} == {("cpu", "c2"), ("cuda:0", "c1"), ("cpu", "")}
    assert {group.identity.code for group in of_most_seeds(groups(runs)) if group.device == "cpu"} == {"c2", ""}


def test_a_picture_shows_one_kind_of_runs_that_of_most_recipes(run: Make) -> None:
    runs = pd.DataFrame(
        [
            run("a"), run("b"), other_code(run, "c1", 5, recipe="a"), other_code(run, "c0", 4, recipe="a"),
            run("a", device="cuda:0"), run("a", 1, status="failed"),
        ]
    )  # fmt: skip
    shown = of_one_block(runs)
    assert sorted(zip(shown["recipe"], shown["device"], shown["status"], strict=True)) == [
        ("a", "cpu", "failed"), ("a", "cpu", "finished"), ("a", "cuda:0", "finished"), ("b", "cpu", "finished"),
    ]  # fmt: skip
    assert shown["code"].isna().all()


class TestPrecision:
    """Who chose the precisions decides whether unlike ones may be compared."""

    def group(self, run: Make, asked: str, precision: str) -> Group:
        recipe_json = run()["recipe_json"] | ({"precision": asked} if asked != "fp32" else {})
        (found,) = groups(pd.DataFrame([run(asked, precision=precision, recipe_json=recipe_json)]))
        return found

    @pytest.mark.parametrize(
        ("one", "other", "is_comparable"),
        [
            (("fp32", "fp32"), ("bf16", "bf16"), True),  # as both recipes ask
            (("fp32", "fp32"), ("auto", "bf16"), True),
            (("auto", "bf16"), ("auto", "bf16"), True),
            (("auto", "bf16"), ("auto", "fp32"), False),  # of unlike processors
            (("fp32", "fp32"), ("fp32", "bf16"), False),  # --precision bf16
            (("fp32", "bf16"), ("fp16", "bf16"), True),
            (("fp32", "bf16"), ("fp16", "fp16"), False),
        ],
    )
    def test_unlike_ones_are_compared_only_as_recipes_ask(
        self, run: Make, one: tuple[str, str], other: tuple[str, str], is_comparable: bool
    ) -> None:
        first, second = self.group(run, *one), self.group(run, *other)
        assert first.is_comparable(second) is is_comparable
        assert second.is_comparable(first) is is_comparable


@pytest.mark.parametrize(
    ("training", "columns", "never"),
    [
        ({"name": "generalised_delta_rule", "sweeps": 500}, {"sweeps": 500.0, "converged": 0.0}, 1),
        ({"name": "generalised_delta_rule", "sweeps": 500}, {"sweeps": 500.0, "converged": 1.0}, 0),
        ({"name": "truncated_gradient", "sequences": 500, "stop_after_right": 20}, {"steps": 500}, 1),
        ({"name": "truncated_gradient", "sequences": 500, "stop_after_right": 20}, {"steps": 480}, 0),
        ({"name": "truncated_gradient", "sequences": 500}, {"steps": 500}, 0),  # it was never to stop by itself
        ({"name": "perceptron_rule", "sweeps": 100}, {"mistakes": 340.0, "steps": 100}, 1),
        ({"name": "perceptron_rule", "sweeps": 100}, {"mistakes": 17.0, "steps": 6}, 0),
        ({"name": "sgd", "steps": 100}, {"steps": 100, "test_error_percent": 90.0}, 0),
    ],
)
def test_a_count_is_only_a_bound_where_training_was_cut_off(run: Make, training, columns, never) -> None:
    (group,) = groups(pd.DataFrame([run(recipe_json={"training": training}, **columns)]))
    metric = next(iter(columns))
    assert group.measure(metric).never == never
    assert group.never("test_error_percent") == frozenset()
