"""The general table: every metric, the published figure beside it, size and speed."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from dlbench.tables.results import results
from dlbench.tables.table import Measure, Quoted

Make = Callable[..., dict[str, Any]]


def test_a_row_holds_means_published_figures_size_and_speed(run: Make) -> None:
    runs = pd.DataFrame(
        [
            run(
                seed=seed,
                test_error_percent=9.0 + seed,
                examples_per_second=speed,
                published={"test_error_percent": 8.75},
            )
            for seed, speed in enumerate((500.0, 510.0, 900.0))
        ]
    )
    (table,) = results(runs)
    row = table.frame.iloc[0]
    assert row["recipe"] == "resnet-20"
    assert row["seeds"] == "0-2"
    assert row["test_error_percent"] == Measure(10.0, 1.0, 3)
    assert row["published_test_error_percent"] == Quoted(8.75, "a paper")
    assert row["parameters"] == 1000
    assert row["median_examples_per_second"] == 510.0
    assert row["training_seconds"] == Measure(100.0, 0.0, 3)
    columns = list(table.frame.columns)
    assert columns.index("published_test_error_percent") == columns.index("test_error_percent") + 1


def test_bookkeeping_is_not_taken_for_a_metric(run: Make) -> None:
    (table,) = results(pd.DataFrame([run(wall_seconds=1.0, test_examples=5, test_error_percent=9.0)]))
    assert not {"wall_seconds", "test_examples", "train_examples", "steps", "seed", "peak_memory_bytes"} & set(
        table.frame
    )


def test_a_published_figure_without_a_measured_one_is_still_shown(run: Make) -> None:
    (table,) = results(pd.DataFrame([run(published={"top5_error_percent": 15.3})]))
    assert table.frame["published_top5_error_percent"].iloc[0].value == 15.3


def test_budgets_variants_and_devices_get_rows_of_their_own(run: Make) -> None:
    other = run()["recipe_json"] | {"training": {"name": "sgd", "lr": 0.05}}
    runs = pd.DataFrame(
        [
            run(test_error_percent=50.0),
            run(test_error_percent=60.0, budget="full"),
            run(test_error_percent=70.0, recipe_digest="other", recipe_json=other),
            run(test_error_percent=80.0, device="cuda:0"),
        ]
    )
    (table,) = results(runs)
    assert all(cell.n == 1 for cell in table.frame["test_error_percent"])
    found = table.frame[["budget", "device", "variant"]].to_numpy().tolist()
    assert found == [
        ["short", "cpu", "training.lr=0.1"], ["short", "cpu", "training.lr=0.05"],
        ["short", "cuda:0", ""], ["full", "cpu", ""],
    ]  # fmt: skip


def test_speeds_of_unlike_machines_are_not_merged(run: Make) -> None:
    (table,) = results(
        pd.DataFrame([run(seed=0, test_error_percent=9.0), run(seed=1, test_error_percent=9.2, fingerprint="x")])
    )
    assert table.frame["test_error_percent"].iloc[0].n == 2
    assert "median_examples_per_second" not in table.frame
    assert any("No speed is given for resnet-20 (short)" in note for note in table.notes)


def test_only_failures_give_an_empty_table_that_says_so(run: Make) -> None:
    (table,) = results(pd.DataFrame([run(status="failed", message="out of memory")]))
    assert table.frame.empty
    assert any("out of memory" in note for note in table.notes)
