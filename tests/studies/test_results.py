"""The general table: the test error, the published figure beside it, size and speed."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import studied

from dlbench.records.groups import Quoted
from dlbench.stats.estimates import Measure

results = studied.tables("usual")

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
    assert row["median_training_seconds"] == 100.0
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


def test_what_other_tables_tell_is_left_out(run: Make) -> None:
    scores = {"test_error_percent": 9.0, "train_error_percent": 1.0, "test_loss": 0.3, "test_top5_error_percent": 0.4}
    runs = pd.DataFrame([run(**scores, novikoff_bound=18.0, iterations=23.0, published={"multiply_adds": 2000})])
    (table,) = results(runs)
    assert list(table.frame) == [
        "recipe", "budget", "seeds", "test_error_percent", "parameters", "median_training_seconds",
        "median_examples_per_second",
    ]  # fmt: skip


def test_a_metric_with_a_published_figure_is_always_shown(run: Make) -> None:
    figures = {"test_top5_error_percent": 15.3, "train_error_percent": 0.1}
    scores = {"test_error_percent": 38.0, "test_top5_error_percent": 17.0, "train_error_percent": 0.2}
    (table,) = results(pd.DataFrame([run(**scores, published=figures)]))
    assert table.frame["test_top5_error_percent"].iloc[0].mean == 17.0
    assert table.frame["train_error_percent"].iloc[0].mean == 0.2


def test_a_score_of_ones_own_is_shown(run: Make) -> None:
    (table,) = results(pd.DataFrame([run(test_perplexity=60.0, train_perplexity=40.0)]))
    assert "test_perplexity" in table.frame
    assert "train_perplexity" not in table.frame


def test_the_training_error_stands_in_where_there_is_no_test(run: Make) -> None:
    runs = [run("a", test_error_percent=9.0, train_error_percent=1.0), run("b", train_error_percent=2.0)]
    (table,) = results(pd.DataFrame(runs))
    assert table.frame["train_error_percent"].map(str).tolist() == ["None", "2 (n=1)"]


def test_truth_tables_are_shown_only_among_themselves(run: Make) -> None:
    gate = run("perceptron", train_error_percent=0.0, train_right=4.0, train_solved=1.0, mistakes=3.0)
    (alone,) = results(pd.DataFrame([gate]))
    assert {"train_error_percent", "train_right", "train_solved"} < set(alone.frame)
    (mixed,) = results(pd.DataFrame([gate, run("lenet-digits", test_error_percent=3.0)]))
    assert list(mixed.frame["recipe"]) == ["lenet-digits"]
    assert not {"train_right", "train_solved"} & set(mixed.frame)
    assert any("not shown here: perceptron." in note for note in mixed.notes)


def test_seeds_that_learn_as_one_model_have_no_speed(run: Make) -> None:
    batched = run("a", test_error_percent=9.0, recipe_json=run()["recipe_json"] | {"together": "model"})
    (table,) = results(pd.DataFrame([batched, run("b", test_error_percent=9.0)]))
    assert table.frame["median_examples_per_second"].tolist() == [None, 512.0]
    assert table.frame["median_training_seconds"].tolist() == [None, 100.0]
    assert any("No speed is given for a (short): all seeds learn at once" in note for note in table.notes)


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
