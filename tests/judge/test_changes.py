"""Verdicts on sides made up so that the right one is known."""

from collections.abc import Sequence
from typing import Any

import measured
import pandas as pd
import pytest

from dlbench.judge import changes, limits
from dlbench.judge.changes import Choice, Row
from dlbench.judge.measurements import TIMED

FAST = [100.0, 101.0, 99.0, 100.5, 99.5]
SLOW = [90.0, 91.0, 89.0, 90.5, 89.5]
GOOD = [8.0, 8.2, 7.9, 8.1]
BAD = [9.0, 9.3, 8.8, 9.3]
RATE, ERROR = "examples_per_second", "test_error_percent"


def compared(base: pd.DataFrame, new: pd.DataFrame, *held: str, **choice: Any) -> list[Row]:
    rows, _ = changes.compare(base, new, "NEW", Choice(limits=[limits.parse(text) for text in held], **choice))
    return rows


def one(base: pd.DataFrame, new: pd.DataFrame, *held: str, **choice: Any) -> Row:
    (row,) = compared(base, new, *held, **choice)
    return row


class TestVerdict:
    @pytest.mark.parametrize(
        ("metric", "base", "new", "verdict"),
        [
            (RATE, FAST, SLOW, "slower"), (RATE, SLOW, FAST, "faster"), (RATE, FAST, FAST, "same"),
            ("training_seconds", FAST, SLOW, "faster"), ("peak_memory_bytes", FAST, SLOW, "better"),
            ("peak_memory_bytes", SLOW, FAST, "worse"),
            (ERROR, GOOD, BAD, "worse"), (ERROR, BAD, GOOD, "better"), (ERROR, GOOD, GOOD, "same"),
            ("test_accuracy", GOOD, BAD, "better"), ("iterations", GOOD, BAD, "different"),
            (RATE, FAST[:3], SLOW[:3], "inconclusive"), (ERROR, GOOD[:1], BAD[:1], "inconclusive"),
            (ERROR, GOOD[:1], GOOD[:1], "same"), (RATE, [0.0] * 4, FAST, "not comparable"),
        ],
    )  # fmt: skip
    def test_in_the_metric_s_own_direction(
        self, metric: str, base: Sequence[float], new: Sequence[float], verdict: str
    ) -> None:
        row = one(measured.side({metric: base}), measured.side({metric: new}), metrics=[metric])
        assert row.verdict == verdict

    def test_the_figures_of_an_error_are_over_shared_seeds(self) -> None:
        row = one(measured.side({ERROR: [*GOOD, 70.0]}), measured.side({ERROR: BAD}))
        assert (row.base, row.new) == (pytest.approx(8.05), pytest.approx(9.1))
        assert row.difference is not None
        assert row.difference.estimate.value == pytest.approx(1.05)
        assert row.told == "test_error_percent +1.05 points"

    def test_the_figures_of_a_speed_are_geometric_means_over_processes(self) -> None:
        row = one(measured.side({RATE: [1.0, 4.0] * 2}), measured.side({RATE: [4.0, 4.0] * 2}))
        assert (row.base, row.new) == (pytest.approx(2), pytest.approx(4))

    @pytest.mark.parametrize("status", ["failed", "diverged", "killed", "out_of_memory", "timeout"])
    def test_a_trial_of_the_new_side_that_failed_is_told_and_the_others_are_compared(self, status: str) -> None:
        broken = measured.records({"": [float("nan")]}, status=status, message="out of luck\nand more", path="b")
        broken[0]["replicate"] = 9
        trials, row = compared(measured.side({ERROR: GOOD}), measured.frame(measured.records({ERROR: BAD}), broken))
        assert (trials.name, trials.verdict, trials.why) == ("trials", "failed", f"seed 9 {status}: out of luck")
        assert row.verdict == "worse"

    def test_a_trial_of_the_base_that_failed_is_nobody_s_fault(self) -> None:
        broken = measured.side({"": [float("nan")]}, status="failed", message="out of luck")
        row = one(broken, measured.side({ERROR: GOOD}))
        assert (row.verdict, row.why) == ("new", "seed 0 failed: out of luck")

    def test_what_only_one_side_has(self) -> None:
        both = measured.frame(measured.records({ERROR: GOOD}), measured.records({ERROR: GOOD}, recipe="other"))
        assert [row.verdict for row in compared(both, measured.side({ERROR: GOOD}))] == ["same", "missing"]
        assert [row.verdict for row in compared(measured.side({ERROR: GOOD}), both)] == ["same", "new"]

    def test_trials_that_never_came_to_an_end_are_missing(self) -> None:
        row = one(measured.side({ERROR: GOOD}), measured.side({"": [float("nan")]}, status="unfinished"))
        assert (row.verdict, row.why) == ("missing", "seed 0 unfinished")

    def test_the_newest_of_several_runs_of_a_trial_counts_whatever_became_of_it(self) -> None:
        old = measured.records({ERROR: BAD}, path="old", started="2025")
        new = measured.records({ERROR: GOOD}, path="new", started="2026")
        newer = measured.records({"": [float("nan")] * 4}, path="newer", started="2027", status="failed")
        assert one(measured.side({ERROR: GOOD}), measured.frame(old, new)).verdict == "same"
        found = compared(measured.side({ERROR: GOOD}), measured.frame(old, new, newer))
        assert [(row.verdict, row.why) for row in found] == [(how, "seed 0-3 failed") for how in ("failed", "missing")]

    def test_seeds_that_shared_a_process_are_one_measurement_of_speed(self) -> None:
        base, new = (measured.side({RATE: each}, together="worker") for each in (FAST, SLOW))
        row = one(base, new)
        assert (row.verdict, row.why) == ("inconclusive", "1 process a side, at least 4 are needed")


class TestComparable:
    @pytest.mark.parametrize(
        ("differs", "why"),
        [
            ({"lr": 0.2}, "training.lr 0.1 against 0.2 (--across recipe)"),
            ({"budget": "full", "lr": 0.2}, "budget short against full (--across budget)"),
            ({"dataset_digest": "data2"}, "data data1 against data2 (--across recipe)"),
            ({"torch": "2.16.0"}, "torch 2.15.0 against 2.16.0 (--across version)"),
            ({"fingerprint": "ffff"}, "machine 1a2b3c4d against ffff (--across machine)"),
            ({"fingerprint": "f", "machine": "M1"}, "machine AMD EPYC, 2 cores against M1 (--across machine)"),
            ({"precision": "bf16"}, "precision fp32 against bf16 (--across settings)"),
            ({"compile": True}, "compile off against on (--across settings)"),
        ],
    )
    def test_unlike_speeds_are_not_compared_until_the_user_looks_past(self, differs: dict[str, Any], why: str) -> None:
        base, new = measured.side({RATE: FAST}), measured.side({RATE: SLOW}, **differs)
        row = one(base, new)
        assert (row.verdict, row.why) == ("not comparable", why)
        across = why.rpartition(" ")[2].rstrip(")")
        rows, notes = changes.compare(base, new, "NEW", Choice(across=[across]))
        assert [row.verdict for row in rows] == ["slower"]
        assert notes == [f"Compared across {why.rpartition(' (')[0]}: net."]

    def test_errors_are_compared_on_any_machine_and_the_notes_say_so(self) -> None:
        new = measured.side({ERROR: BAD}, fingerprint="f", torch="2.16.0", device="cuda:0", precision="bf16")
        rows, notes = changes.compare(measured.side({ERROR: GOOD}), new, "NEW", Choice())
        assert rows[0].verdict == "worse"
        assert "Errors, not speeds, compared across torch 2.15.0 against 2.16.0: net." in notes

    def test_all_that_is_in_the_way_is_named_at_once(self) -> None:
        row = one(measured.side({RATE: FAST}), measured.side({RATE: SLOW}, fingerprint="f", torch="2.16.0"))
        assert row.why == "machine 1a2b3c4d against f, torch 2.15.0 against 2.16.0 (--across machine,version)"

    @pytest.mark.parametrize("changes", [{"lr": 0.2}, {"budget": "full"}, {"dataset_digest": "data2"}])
    def test_errors_of_another_task_are_not(self, changes: dict[str, Any]) -> None:
        row = one(measured.side({ERROR: GOOD}), measured.side({ERROR: BAD}, **changes))
        assert row.verdict == "not comparable"

    def test_errors_without_a_shared_seed_are_not(self) -> None:
        new = measured.records({ERROR: BAD})
        for record in new:
            record["replicate"] += 10
        row = one(measured.side({ERROR: GOOD}), measured.frame(new))
        assert (row.verdict, row.why) == ("not comparable", "no seed is in both")

    def test_timings_that_never_became_steady_are_not(self) -> None:
        new = measured.records({RATE: SLOW, "first_step_seconds": SLOW}, budget=TIMED, dataset_digest="own")
        new[0]["status"] = "not steady"
        base = measured.side({RATE: FAST, "first_step_seconds": FAST}, budget=TIMED, dataset_digest="own")
        rate, first = compared(base, measured.frame(new), metrics=[RATE, "first_step_seconds"])
        assert (rate.verdict, rate.why) == ("not comparable", "not steady: processes 1 of 5 in NEW")
        assert first.verdict == "faster"

    def test_each_setting_finds_its_like_and_runs_never_meet_timings(self) -> None:
        def both(speeds: Sequence[float]) -> pd.DataFrame:
            return measured.frame(
                measured.records({RATE: speeds}, precision="bf16", path="a"),
                measured.records({RATE: speeds}, path="b"),
                measured.records({RATE: speeds}, budget=TIMED, dataset_digest="own", path="c"),
            )  # fmt: skip

        rows = compared(both(FAST), both(SLOW))
        assert [row.verdict for row in rows] == ["slower"] * 3
        assert [row.measured for row in rows] == [
            "short, precision bf16",
            "short, precision fp32",
            "time train, batch 16",
        ]
        run, timing = compared(measured.side({RATE: FAST}), measured.side({RATE: SLOW}, budget=TIMED))
        assert (run.verdict, timing.verdict) == ("missing", "new")


class TestVersions:
    """Of several codes or data sets a side stands for its newest, and none are put together."""

    def version(self, values: Sequence[float], day: int, **changes: Any) -> list[dict[str, Any]]:
        return measured.records({ERROR: values}, date=f"2026-01-0{day}", path=f"{day}", **changes)

    def test_a_side_is_its_newest_code_even_if_the_other_ran_the_old_one(self) -> None:
        base = self.version(GOOD, 1, code="old")
        new = [*self.version(GOOD, 1, code="old"), *self.version(BAD, 2, code="new")]
        rows, notes = changes.compare(measured.frame(base), measured.frame(new), "NEW", Choice())
        assert [row.verdict for row in rows] == ["worse"]
        assert "Compared across code old against new: net." in notes
        assert "NEW: left out, because newer code or data of the same recipe is there: 1." in notes

    def test_seeds_of_the_old_code_do_not_fill_up_those_of_the_new(self) -> None:
        new = [*self.version(BAD * 2, 1, code="old"), *self.version(GOOD, 2, code="new")]
        row = one(measured.side({ERROR: GOOD * 2}, code="c"), measured.frame(new))
        assert (row.verdict, row.new) == ("same", pytest.approx(sum(GOOD) / 4))

    def test_code_is_no_reason_not_to_compare_speeds(self) -> None:
        assert one(measured.side({RATE: FAST}, code="a"), measured.side({RATE: SLOW}, code="b")).verdict == "slower"

    def test_the_newest_data_count(self) -> None:
        new = [*self.version(BAD, 1, dataset_digest="data0"), *self.version(GOOD, 2)]
        assert one(measured.side({ERROR: GOOD}), measured.frame(new)).verdict == "same"

    def test_data_drawn_by_the_seed_are_compared_seed_by_seed(self) -> None:
        def drawn(values: Sequence[float], name: str = "data") -> list[dict[str, Any]]:
            records = measured.records({ERROR: values})
            return [record | {"dataset_digest": f"{name}{record['replicate']}"} for record in records]

        assert one(measured.frame(drawn(GOOD)), measured.frame(drawn(BAD[:3]))).verdict == "worse"
        other = one(measured.frame(drawn(GOOD)), measured.frame(drawn(BAD, "other")))
        assert other.why.startswith("data ")

    def test_runs_that_do_not_know_their_code_are_noted(self) -> None:
        old = measured.side({ERROR: GOOD}, identity="0.1")
        _, notes = changes.compare(old, measured.side({ERROR: GOOD}, identity="0.2", code="c"), "NEW", Choice())
        assert sum("Identity of 0.1" in note for note in notes) == 1


class TestChoice:
    def names(self, *held: str, **choice: Any) -> list[str]:
        names = (RATE, "peak_memory_bytes", ERROR, "train_error_percent", "test_loss")
        side = measured.side(dict.fromkeys(names, FAST))
        return [row.name for row in compared(side, side, *held, **choice)]

    def test_only_what_matters_unless_asked(self) -> None:
        assert self.names() == [RATE, "peak_memory_bytes", ERROR]
        assert self.names(metrics=["test_loss"]) == ["test_loss"]

    def test_the_training_error_stands_in_for_a_test_error(self) -> None:
        side = measured.side({"train_error_percent": GOOD})
        assert one(side, side).name == "train_error_percent"

    def test_a_limited_metric_is_shown(self) -> None:
        assert self.names("test_loss:1", metrics=[RATE]) == [RATE, "test_loss"]


class TestLimit:
    @pytest.mark.parametrize(
        ("metric", "base", "new", "limit", "outcome"),
        [
            (RATE, FAST, SLOW, "5%", "breached"), (RATE, FAST, SLOW, "15%", "kept"),
            (RATE, FAST, SLOW, "5", "breached"),
            (RATE, FAST, SLOW, "20", "kept"), (RATE, SLOW, FAST, "5%", "kept"),
            ("ms_per_step", SLOW, FAST, "5%", "breached"), ("ms_per_step", FAST, SLOW, "5%", "kept"),
            (ERROR, GOOD, BAD, "0.5", "breached"), (ERROR, GOOD, BAD, "2", "kept"),
            (ERROR, GOOD, BAD, "5%", "breached"),
            (ERROR, GOOD, BAD, "50%", "kept"), (ERROR, BAD, GOOD, "0", "kept"), (ERROR, GOOD, GOOD, "0", "kept"),
            ("test_accuracy", BAD, GOOD, "0.5", "breached"),
            (RATE, FAST[:3], SLOW[:3], "5%", "undecided"), (ERROR, GOOD[:1], BAD[:1], "0.5", "undecided"),
            (RATE, [100.0, 120, 80, 100], [80.0, 110, 75, 90], "5%", "undecided"),
        ],
    )  # fmt: skip
    def test_breached_only_if_exceeded_and_real(
        self, metric: str, base: Sequence[float], new: Sequence[float], limit: str, outcome: str
    ) -> None:
        row = one(measured.side({metric: base}), measured.side({metric: new}), f"{metric}:{limit}")
        assert row.outcome == outcome

    def test_just_reached_is_kept(self) -> None:
        base, new = measured.side({RATE: [100.0] * 4}), measured.side({RATE: [95.0] * 4})
        assert one(base, new, f"{RATE}:5%").outcome == "kept"

    def test_a_limit_below_the_practical_factor_is_meant(self) -> None:
        base = [100 + 0.01 * number for number in range(5)]
        row = one(measured.side({RATE: base}), measured.side({RATE: [0.995 * each for each in base]}), f"{RATE}:0.2%")
        assert (row.verdict, row.outcome) == ("slower", "breached")

    def test_kept_where_a_loss_beyond_it_is_ruled_out_though_the_verdict_is_open(self) -> None:
        """From 1 % worse to 6 % better."""
        base, new = [100.0, 101, 99, 100] * 2, [98.0, 104, 110, 99, 103, 100, 106, 101]
        row = one(measured.side({RATE: base}), measured.side({RATE: new}), f"{RATE}:5%")
        assert (row.verdict, row.outcome) == ("inconclusive", "kept")

    def test_what_cannot_be_compared_is_undecided(self) -> None:
        base = measured.side({RATE: FAST})
        assert one(base, measured.side({RATE: SLOW}, torch="2.16"), f"{RATE}:5%").outcome == "undecided"
        assert one(base, measured.side({ERROR: GOOD}), f"{RATE}:5%", metrics=[RATE]).outcome == "undecided"


class TestJoint:
    def test_a_speed_up_that_costs_accuracy_is_reported_as_such(self) -> None:
        rows = compared(measured.side({RATE: SLOW, ERROR: GOOD}), measured.side({RATE: FAST, ERROR: BAD}))
        assert changes.joint(rows) == [
            "net: faster, but worse: examples_per_second x1.111, test_error_percent +1.05 points."
        ]

    def test_and_so_is_accuracy_that_costs_speed(self) -> None:
        rows = compared(measured.side({RATE: FAST, ERROR: BAD}), measured.side({RATE: SLOW, ERROR: GOOD}))
        assert changes.joint(rows) == [
            "net: better, but slower: test_error_percent -1.05 points, examples_per_second x0.900."
        ]

    def test_even_from_different_files(self) -> None:
        """The speed from `dlbench time`, the error from runs."""
        sides = [
            measured.frame(
                measured.records({RATE: speed}, budget=TIMED, dataset_digest="own"), measured.records({ERROR: error})
            )
            for speed, error in ((SLOW, GOOD), (FAST, BAD))
        ]
        assert len(changes.joint(compared(*sides))) == 1

    def test_a_gain_alone_is_no_bargain(self) -> None:
        rows = compared(measured.side({RATE: SLOW, ERROR: BAD}), measured.side({RATE: FAST, ERROR: GOOD}))
        assert changes.joint(rows) == []
