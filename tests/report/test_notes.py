"""The notes say what was measured, where, over which seeds, what is quoted, and what went wrong."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dlbench.records.groups import Quoted, groups, seed_range
from dlbench.report.notes import SHORT_RUN, finite_test_set, footnotes

Make = Callable[..., dict[str, Any]]


def notes(runs: pd.DataFrame, *rows: dict[str, Any]) -> str:
    return "\n".join(footnotes(runs, groups(runs), rows))


@pytest.mark.parametrize(
    ("seeds", "written"), [([0], "0"), ([0, 1, 2], "0-2"), ([7, 0, 1, 2], "0-2,7"), ([3, 3, 5], "3,5"), ([], "")]
)
def test_seed_range(seeds: list[int], written: str) -> None:
    assert seed_range(seeds) == written


def test_machine_budget_and_seeds_are_named(run: Make) -> None:
    told = notes(pd.DataFrame([run(seed=seed) for seed in range(3)]))
    assert "short budget, seeds 0-2, after the last step, on AMD EPYC, 2 cores, 23 GiB (cpu)." in told
    assert SHORT_RUN in told
    assert "Quoted" not in told
    assert "resnet-20/short-*" in told


def test_a_full_run_is_not_belittled(run: Make) -> None:
    told = notes(pd.DataFrame([run(budget="full")]))
    assert "full budget, seed 0," in told
    assert SHORT_RUN not in told


def test_all_machines_are_named_and_like_named_ones_told_apart(run: Make) -> None:
    runs = pd.DataFrame(
        [run(seed=0), run(seed=1, fingerprint="ffff0000"), run(seed=2, machine="Xeon", fingerprint="x")]
    )
    told = notes(runs)
    assert "3 machines: AMD EPYC, 2 cores, 23 GiB (cpu, 1a2b3c4d); " in told
    assert "AMD EPYC, 2 cores, 23 GiB (cpu, ffff0000); Xeon (cpu)" in told


def test_unlike_numbers_of_seeds_are_admitted(run: Make) -> None:
    assert "1 to 2 seeds (n in each cell)" in notes(pd.DataFrame([run("a", 0), run("b", 0), run("b", 1)]))
    assert "1 seeds each, not the same ones" not in notes(pd.DataFrame([run("a", 0), run("b", 0)]))


def test_quoted_figures_name_their_sources(run: Make) -> None:
    told = notes(
        pd.DataFrame([run()]), {"published_x": Quoted(1.0, "He et al. 2015"), "published_y": Quoted(2, "lecture")}
    )
    assert "the columns headed 'published', from He et al. 2015 · lecture." in told


def test_failures_are_never_silent(run: Make) -> None:
    runs = pd.DataFrame(
        [
            run(seed=0),
            *(run(seed=seed, status="diverged", message="the loss is not finite.\nmore") for seed in (1, 2, 3)),
            run(seed=4, status="failed", message=""),
            run(seed=0, status="interrupted", started="2025-12-31T00:00:00Z"),
        ]
    )
    told = notes(runs)
    assert "resnet-20 short seed 1-3 on cpu (diverged: the loss is not finite)" in told
    assert "resnet-20 short seed 4 on cpu (failed)" in told
    assert "resnet-20 short seed 0 on cpu (interrupted, finished in another run)" in told


def test_replaced_runs_are_counted(run: Make) -> None:
    runs = pd.DataFrame([run(started=f"2026-01-0{day}T00:00:00Z") for day in (1, 2, 3)])
    assert "a newer run of the same trial finished: 2." in notes(runs)


def test_a_folder_of_run_files_is_named_once(run: Make) -> None:
    told = notes(pd.DataFrame([run(recipe, seed) for recipe in ("b", "a") for seed in range(3)]))
    assert "Run files, under the results folder: b/short-*, a/short-*." in told


def test_nothing_finished_is_said(run: Make) -> None:
    told = notes(pd.DataFrame([run(status="failed")]))
    assert "Nothing measured here yet" in told
    assert "(failed)" in told


def test_the_limit_of_a_finite_test_set_is_told(run: Make) -> None:
    runs = pd.DataFrame(
        [run("a", test_error_percent=8.0, test_examples=10_000), run("b", test_error_percent=1.0, test_examples=10_000)]
    )
    assert finite_test_set(groups(runs)) == [
        "A test set of 10,000 examples alone gives these error rates a binomial sd of 0.10 to 0.27 points."
    ]
    assert finite_test_set(groups(pd.DataFrame([run(test_error_percent=8.0)]))) == []


def test_runs_that_do_not_know_their_code_are_said_to_be_such(run: Make) -> None:
    old = [run(seed=seed, identity="0.1") for seed in range(3)]
    assert notes(pd.DataFrame(old)).count("Identity of 0.1") == 1
    assert "Identity of 0.1" not in notes(pd.DataFrame([run(identity="0.2", code="c1", torch="2.15.0")]))


def test_data_of_each_seed_s_own_are_told(run: Make) -> None:
    drawn = [run(seed=seed, dataset_digest=f"data{seed}") for seed in range(3)]
    assert "Each seed has data of its own: resnet-20." in notes(pd.DataFrame(drawn))
    assert "data of its own" not in notes(pd.DataFrame([run(seed=seed, dataset_digest="one") for seed in range(3)]))


def test_older_code_that_a_table_leaves_out_is_counted(run: Make) -> None:
    runs = pd.DataFrame(
        [run(seed=seed, code=code, torch="2.15.0", started=code) for code in ("c1", "c2") for seed in range(2)]
    )
    newest = [group for group in groups(runs) if group.identity.code == "c2"]
    assert "Not shown, because newer code, data or settings of their kind are: 2." in footnotes(runs, newest, [])
    assert not any("Not shown" in note for note in footnotes(runs, groups(runs), []))
