"""Which runs count, and which are never averaged together."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from dlbench.tables.selection import counted, groups
from dlbench.tables.table import Measure

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
