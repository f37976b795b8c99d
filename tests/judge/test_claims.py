"""Verdicts on claims of a study: which runs they rest on, what corrects them, and how they are told."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stating import ERROR, side, stated

from dlbench.judge import claims
from dlbench.judge.claims import Verdict
from dlbench.judge.outcome import judge
from dlbench.records.groups import Runs
from dlbench.report.cells import column_texts
from dlbench.report.claims import claims as claim_table
from dlbench.report.claims import words
from dlbench.spec import recipe
from dlbench.spec.study import Study


class TestHolm:
    """Over the claims of one study."""

    def test_what_does_not_survive_is_inconclusive_and_says_so(self):
        alone = verdict(runs(), source="He et al. 2015")
        weak = [replace(alone, p=p) for p in (0.04, 0.001, 1.0, math.nan)]
        first, second, third, fourth = claims.corrected(weak)
        assert words(first) == "inconclusive: reproduced alone, not after Holm's correction over the study's 3 tests"
        assert (second.word, third.word, fourth.word) == ("reproduced",) * 3
        assert second.corrected_p == pytest.approx(0.003)
        assert math.isnan(fourth.corrected_p)

    def test_a_check_is_no_test(self):
        found = [verdict(runs()), verdict(runs(), kind="check"), verdict(runs(), each=True)]
        assert [one.is_test for one in found] == [True, False, False]
        assert not verdict(runs(), budget="full").is_test

    def test_studies_of_nothing_are_kept_to_5_percent(self):
        random, wrong, alone = np.random.default_rng(7), 0, 0
        for _ in range(400):
            found = [
                Verdict("mine", stated(), outcome.word, p=outcome.p)
                for outcome in (judge(stated(), side(random.normal(size=5)), side([0] * 5)) for _ in range(8))
            ]
            alone += any(one.word != "inconclusive" for one in found)
            wrong += any(one.word != "inconclusive" for one in claims.corrected(found))
        assert alone / 400 > 0.25
        assert wrong / 400 < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 400)

    def test_the_table_says_how_many_verdicts_may_be_false(self):
        (table,) = claim_table([verdict(coded("c"))] * 8)
        (note,) = [note for note in table.notes if "Holm" in note]
        assert note.startswith("8 of them rest on a test at 5 %, of which up to 0.4 would answer by chance")


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-02", "2026-01-02, the day of its runs"),
        ("2026-01-03", "2026-01-03, after its runs"),
    ],
)
def test_a_claim_that_is_younger_than_its_runs_is_marked(day, shown):
    both = pd.concat([coded("c", day=2, names=["perceptron"]), coded("c", day=4, names=["perceptron-or"])])
    (table,) = claim_table([verdict(both, stated=day)])
    assert table.frame["stated"].tolist() == [shown]
    assert any(note.startswith("Stated: ") for note in table.notes)
    assert "stated" not in claim_table([verdict(both, stated=day, kind="check")])[0].frame


class TestControl:
    """A recipe that has to come out otherwise."""

    def floor(self, control, **columns):
        """A net that never solves it, and another which does in these runs."""
        both = pd.concat([runs(seeds=len(control), **columns), runs(seeds=len(control), names=["perceptron-or"])])
        both = both.drop_duplicates("path").assign(**MACHINE)
        solved = [0.0] * len(control) + list(control)
        return both.assign(solved=solved)

    def test_on_the_floor_nothing_is_told(self):
        never = {"metric": "solved", "relation": "less", "than": 0.5, "each": True, "source": "a paper"}
        assert verdict(self.floor([0, 0, 0]), **never).answer == "reproduced"
        found = verdict(self.floor([0, 0, 0]), **never, control="perceptron-or")
        assert words(found) == "inconclusive: the control does not move either"
        assert [group.recipe for group in found.runs] == ["perceptron", "perceptron-or"]
        assert verdict(self.floor([0, 1, 0]), **never, control="perceptron-or").answer == "reproduced"
        always = never | {"relation": "greater"}
        assert verdict(self.floor([0, 0, 0]), **always).answer == "refuted"
        assert verdict(self.floor([0, 0, 0]), **always, control="perceptron-or").word == "inconclusive"

    def test_of_a_mean_the_difference_s_interval_has_to_leave_zero_out(self):
        about = {"relation": "within", "than": 30.1, "by": 5, "control": "perceptron-or"}
        assert verdict(runs(), **about).word == "reproduced"
        same = runs(shift=0.0)
        same[ERROR] += [10.3, 9.9, 10.0, 10.0, 10.2, 10.1]
        assert verdict(same, **about).why == "the control does not move either"

    def test_without_its_control_there_is_no_verdict(self):
        found = verdict(runs(names=["perceptron"]), than=20, control="perceptron-or")
        assert words(found) == "inconclusive: no finished run of its control perceptron-or"

    def test_values_cut_off_at_the_same_place_do_not_move(self):
        frame = runs(seeds=6, shift=0).assign(sweeps=500.0, converged=0.0)
        slow = {"metric": "sweeps", "than": 100, "control": "perceptron-or", "each": True}
        assert verdict(frame, **slow).why == "the control does not move either"
        frame.loc[frame["path"].str.startswith("perceptron-or"), ["sweeps", "converged"]] = [90.0, 1.0]
        assert verdict(frame, **slow).word == "reproduced"


def runs(budget="short", shift=10.0, seeds=3, names=("perceptron", "perceptron-or"), **columns):
    rows = []
    for place, name in enumerate(names):
        for seed in range(seeds):
            rows.append(
                {
                    "recipe": name, "budget": budget, "seed": seed, "status": "finished", "device": "cpu",
                    "precision": "fp32", "recipe_digest": recipe.load(name, budget).digest, "started": "2026",
                    "recipe_json": recipe.load(name, budget).as_dict(), "path": f"{name}/{budget}-seed{seed}",
                    ERROR: 20 + seed * 0.1 + (shift + 0.01 * seed if place == 0 else 0),
                }
                | columns
            )  # fmt: skip
    return pd.DataFrame(rows)


def study(*stated_claims):
    return Study("mine", "t", "", ("perceptron", "perceptron-or"), {}, "", tuple(stated_claims))


def verdict(frame, curves=None, **more):
    (found,) = claims.verdicts(study(stated(**more)), Runs(frame, lambda: pd.DataFrame() if curves is None else curves))
    return found


class TestWords:
    @pytest.mark.parametrize(
        ("of", "than", "told"),
        [
            ([90], [1], "one seed has no interval"),
            ([3, 4, 2, 5], [2, 2, 2, 4], "about 2 more seeds"),
            ([10, -10, 10, -9.99], [0] * 4, "more than 1,000 more seeds"),
            ([2] * 6, [2] * 6, "no scatter"),
        ],
    )
    def test_what_is_inconclusive_says_what_would_tell(self, of, than, told):
        outcome = judge(stated(), side(of), side(than))
        found = Verdict("mine", stated(), outcome.word, of=of, than=than, gap=outcome.gap, needed=outcome.needed)
        assert words(found) == f"inconclusive: {told}"

    @pytest.mark.parametrize(
        ("more", "answers"),
        [
            ({"source": "Cover 1965"}, ("reproduced", "refuted")),
            ({"source": "the lecture"}, ("reproduced", "refuted")),
            ({}, ("yes", "no")),
            ({"source": "Cover 1965", "whose": "ours"}, ("yes", "no")),
            ({"kind": "check"}, ("holds", "fails")),
        ],
    )
    def test_nobody_is_refuted_by_what_nobody_said(self, more, answers):
        assert (verdict(runs(), **more).answer, verdict(runs(shift=-10), **more).answer) == answers
        assert verdict(runs(seeds=1), **more).answer == "inconclusive"

    def test_checks_are_counted_and_written_apart(self):
        found = [
            verdict(coded("c", shift=by), kind=kind) for by, kind in ((10, "claim"), (10, "check"), (-10, "check"))
        ]
        mixed, checks = claim_table(found)
        assert [table.title for table in (mixed, checks)] == ["Claims and verdicts", "Checks"]
        assert mixed.notes[0] == "Of 1 claims: 1 yes; of 2 checks: 1 holds, 1 fails."
        assert checks.frame["verdict"].tolist() == ["holds", "fails"]
        assert [table.title for table in claim_table(found[1:])] == ["Checks"]


class TestVerdicts:
    def test_a_verdict_shows_its_evidence(self):
        found = verdict(runs())
        assert (found.word, found.budget, found.needed) == ("reproduced", "short", 0)
        assert found.of == pytest.approx([30.0, 30.11, 30.22])
        assert found.than == pytest.approx([20.0, 20.1, 20.2])
        assert [group.recipe for group in found.runs] == ["perceptron", "perceptron-or"]

    def test_below_its_budget_a_claim_is_untested_but_shows_what_there_is(self):
        found = verdict(runs(), budget="full")
        assert (found.word, found.why, found.budget) == ("untested", "takes the full budget", "short")
        assert found.of

    def test_the_largest_budget_counts(self):
        both = pd.concat([runs(), runs("full", shift=-10.0)])
        assert (verdict(both).word, verdict(both).budget) == ("refuted", "full")

    def test_no_runs_no_verdict(self):
        assert verdict(runs(names=["perceptron"])).why == "no finished run of perceptron-or"
        assert verdict(runs(status="failed")).word == "untested"
        assert verdict(pd.DataFrame()).word == "untested"
        assert "tell nothing_percent" in verdict(runs(), metric="nothing_percent").why

    def test_runs_of_other_settings_do_not_count(self):
        assert verdict(runs(recipe_digest="another")).word == "untested"

    def test_steps_until_come_from_the_curve(self):
        frame = runs()
        curve = pd.DataFrame(
            [
                {"path": path, "seed": seed, "step": step, "train_error_percent": 100 - step * speed}
                for path, seed in zip(frame["path"], frame["seed"], strict=True)
                for speed in [0.5 + 0.01 * seed if path.startswith("perceptron/") else 1.0]
                for step in range(10, 101, 10)
            ]
        )
        metric = {"steps_until": "train_error_percent", "at_most": 60.0}
        found = verdict(frame, curve, metric=metric, relation="ratio_at_least", by=1.5)
        assert (found.of, found.than) == ([80.0, 80.0, 80.0], [40.0, 40.0, 40.0])
        metric = {"steps_until": "train_error_percent", "at_most": 49.5}
        found = verdict(frame, curve, metric=metric, relation="within", by=10)
        assert (found.word, found.why) == ("inconclusive", "not every run got there")
        assert found.never == (1, 0)

    def test_a_count_is_cut_off_where_the_run_did_not_converge(self):
        frame = runs(seeds=6, shift=5).assign(sweeps=lambda own: own[ERROR] * 100, converged=1.0)
        frame.loc[frame["path"].str.startswith("perceptron/") & (frame["seed"] < 2), "converged"] = 0.0
        found = verdict(frame.assign(**MACHINE), metric="sweeps")
        assert (found.word, found.never) == ("reproduced", (2, 0))
        assert verdict(frame, metric="sweeps", relation="less").word == "refuted"
        assert verdict(frame, metric="sweeps", by=600).word == "inconclusive"
        (table,) = claim_table([found])
        assert str(table.frame["measured"][0]) == "≥ 2528 (2 of 6 never)"
        assert column_texts("difference", table.frame["difference"])[0].startswith("≥ 502")
        other = verdict(frame.assign(**MACHINE), metric="sweeps", of="perceptron-or", than="perceptron")
        assert column_texts("difference", claim_table([other])[0].frame["difference"])[0].startswith("≤ -502")


MACHINE = {"machine": "EPYC", "fingerprint": "f"}


def coded(code, day=1, torch="2.15.0", **more):
    """Runs that know their code, from that day."""
    stamp = f"2026-01-0{day}T00:00:00+00:00"
    return runs(code=code, torch=torch, started=stamp, date=stamp, **MACHINE, **more)


class TestGrounds:
    """Both sides of a verdict ran in the same way, and the newest code counts."""

    def test_precisions_are_never_mixed(self):
        both = pd.concat([runs(names=["perceptron"]), runs(names=["perceptron-or"], precision="bf16")])
        found = verdict(both)
        assert (found.word, found.why[:36]) == ("untested", "no finished runs of both that are al")

    def test_nor_are_torches_nor_code_with_none(self):
        ours = coded("c1", names=["perceptron"])
        assert verdict(pd.concat([ours, coded("c2", torch="2.14.0", names=["perceptron-or"])])).word == "untested"
        assert verdict(pd.concat([ours, runs(names=["perceptron-or"])])).word == "untested"
        assert verdict(pd.concat([ours, coded("c2", names=["perceptron-or"])])).word != "untested"

    def test_the_newest_code_counts_even_with_fewer_seeds(self):
        found = verdict(pd.concat([coded("old", seeds=9), coded("new", day=2, shift=-10.0)]))
        assert (found.word, len(found.of)) == ("refuted", 3)
        assert {group.identity.code for group in found.runs} == {"new"}
        assert {group.identity.code for group in found.others} == {"old"}

    def test_runs_that_know_their_code_count_before_old_ones(self):
        assert verdict(pd.concat([runs(seeds=9), coded("c1", shift=-10.0)])).word == "refuted"
        assert verdict(pd.concat([runs(seeds=9), coded("c1", names=["perceptron"])])).word == "reproduced"

    def test_the_table_says_what_a_verdict_rests_on_where_there_is_a_choice(self):
        (alone,) = claim_table([verdict(coded("c1"))])
        assert "rests_on" not in alone.frame
        (table,) = claim_table([verdict(pd.concat([coded("c1"), coded("c2", day=2), runs()]))])
        assert table.frame["rests_on"].tolist() == ["code c2, torch 2.15"]
        assert any(note.startswith("Rests on: ") for note in table.notes)


def test_the_table_has_a_column_of_the_test_set():
    found = verdict(runs(test_examples=10_000, **MACHINE))
    assert found.test_set_sd == pytest.approx(math.hypot(0.459, 0.401), abs=0.001)
    (table,) = claim_table([found])
    assert table.frame["test_set_sd_points"].tolist() == [found.test_set_sd]
    assert any(note.startswith("Test set sd: ") for note in table.notes)
    assert "test_set_sd_points" not in claim_table([verdict(runs(**MACHINE))])[0].frame
    once = verdict(runs(test_examples=10_000, seeds=1, shift=0.1, **MACHINE), each=True)
    assert claim_table([once])[0].frame["difference"][0].has_interval


def test_the_table_says_where_a_single_run_lies():
    frame = runs(seeds=40).assign(**MACHINE)
    found = verdict(frame, relation="ordinary", than=30.15, source="Rosenblatt 1958")
    assert (found.word, found.below) == ("reproduced", 2)
    (table,) = claim_table([found])
    assert "a is so: 2 of 40 runs (5%) are below it" in table.notes
    assert "difference" not in table.frame
    few = verdict(runs(seeds=30), relation="ordinary", than=1, source="Rosenblatt 1958")
    assert words(few) == "inconclusive: 9 more seeds before a rank can tell"
