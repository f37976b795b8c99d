"""Verdicts: by simulation how often they are wrong, how often they find what is there; and which runs they rest on."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dlbench.judge import claims
from dlbench.judge.claims import Verdict, judge
from dlbench.judge.evidence import Side
from dlbench.records.groups import Runs
from dlbench.report.cells import column_texts
from dlbench.report.claims import claims as claim_table
from dlbench.report.claims import words
from dlbench.spec import claim, recipe
from dlbench.spec.study import Study

ERROR = "test_error_percent"
TIMES = 2000


def stated(relation="greater", **more):
    raw = {"says": "a is so", "metric": ERROR, "of": "perceptron", "relation": relation, "than": "perceptron-or"}
    return claim.parse(raw | more, ["perceptron", "perceptron-or"], "")


def side(values, *at_least):
    return Side(dict(enumerate(map(float, values))), frozenset(at_least))


def rates(relation, effect, seeds, **more):
    """Shares of the verdicts on pairs of 20 and 20 + effect, with a scatter of 1 that they share and 1 between them."""
    random, chosen = np.random.default_rng(0), stated(relation, **more)
    words = []
    for _ in range(TIMES):
        shared = random.normal(20, 1, seeds)
        own = random.normal(0, 1 / math.sqrt(2), (2, seeds))
        words.append(judge(chosen, side(shared + effect + own[0]), side(shared + own[1])).word)
    return {word: words.count(word) / TIMES for word in set(words)}


@pytest.mark.parametrize("seeds", [2, 3, 5, 20])
@pytest.mark.parametrize(
    ("relation", "effect", "more"),
    [
        ("greater", 0, {}), ("less", 0, {}), ("greater", 3, {"by": 3}), ("less", -3, {"by": 3}),
        ("ratio_at_least", 0, {}), ("ratio_at_most", 0, {}), ("ratio_at_least", 20, {"by": 2}),
        ("within", 5, {"by": 5}),
    ],
)  # fmt: skip
def test_where_nothing_is_true_of_a_claim_it_is_seldom_called_either(relation, effect, more, seeds):
    """At the very edge of a claim the 95 % interval leaves 2.5 % on each side; 4 sd of the simulation are 1.4 %."""
    found = rates(relation, effect, seeds, **more)
    assert found.get("reproduced", 0) < 0.025 + 0.014
    assert found.get("refuted", 0) < 0.025 + 0.014
    assert found["inconclusive"] > 0.92


def test_an_effect_is_found_as_often_as_theory_has_it():
    """Student's paired test of 5 seeds finds an effect of 1.8 sd in 83 % of cases (noncentral t)."""
    from scipy import stats

    power = stats.nct.sf(stats.t.ppf(0.975, 4), 4, 1.8 * math.sqrt(5))
    assert rates("greater", 1.8, 5)["reproduced"] == pytest.approx(power, abs=0.04)
    assert rates("greater", -1.8, 5)["refuted"] == pytest.approx(power, abs=0.04)
    assert rates("within", 0, 5, by=4)["reproduced"] > 0.95


def test_the_number_of_seeds_still_needed_is_enough():
    """Of the samples that were inconclusive, four in five are not with as many more as was said."""
    random, chosen, enough = np.random.default_rng(1), stated(), []
    for _ in range(300):
        gaps = random.normal(1, 1, 4)
        found = judge(chosen, side(gaps), side([0] * 4))
        needed = found.needed
        if found.word == "inconclusive" and gaps.mean() > 0.5:
            wider = np.tile(gaps, 1 + math.ceil(needed / 4))[: 4 + needed]
            spread = random.normal(0, gaps.std(ddof=1), 4 + needed)
            wider = gaps.mean() + (spread - spread.mean()) / spread.std(ddof=1) * gaps.std(ddof=1)
            enough.append(judge(chosen, side(wider), side([0] * (4 + needed))).word == "reproduced")
    assert len(enough) > 50
    assert all(enough)  # the same mean and scatter over so many seeds leaves zero out


@pytest.mark.parametrize(("cap", "share"), [(60, 0.26), (30, 0.51)])
def test_no_verdict_rests_on_the_cap(cap, share):
    """Exponential times of mean 44.5, cut off; claims at the very edge, and so never to be settled but by chance.

    What is seen has a smaller mean: had it been taken at its word, `less than the true mean` would be reproduced.
    """
    random, true, words = np.random.default_rng(2), 44.5, {"greater": [], "less": []}
    for _ in range(TIMES):
        times = random.exponential(true, 30)
        cut = Side(dict(enumerate(np.minimum(times, cap))), frozenset(np.flatnonzero(times >= cap).tolist()))
        assert abs(len(cut.never) / 30 - share) < 0.5
        for relation, found in words.items():
            found.append(judge(stated(relation), cut, true).word)
    assert words["greater"].count("reproduced") < 0.039 * TIMES
    assert words["less"].count("refuted") < 0.039 * TIMES
    assert words["less"].count("reproduced") < 0.001 * TIMES  # only where no run at all was cut off
    assert words["greater"].count("refuted") < 0.001 * TIMES


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


class TestTestSet:
    """What a single run of a learner without chance can tell: no more than its test set."""

    @staticmethod
    def counted(error, examples=10_000, seeds=1):
        return Side(dict.fromkeys(range(seeds), error), test_examples=examples)

    @pytest.mark.parametrize("seeds", [1, 5])
    def test_a_ratio_near_what_is_asked_for_is_open(self, seeds):
        """7.02 % against 3.60 %: a ratio of 1.95, and by Katz from 1.72 to 2.21."""
        of, than = self.counted(7.02, seeds=seeds), self.counted(3.60, seeds=seeds)
        halved = judge(stated("ratio_at_least", by=2, each=True), of, than)
        assert halved.word == "inconclusive"
        effect = halved.effect
        assert (effect.value, effect.low, effect.high) == pytest.approx((1.95, 1.72, 2.21), abs=0.005)
        assert judge(stated("ratio_at_least", by=1.7, each=True), of, than).word == "reproduced"
        assert judge(stated("ratio_at_most", by=1.7, each=True), of, than).word == "refuted"
        assert judge(stated("ratio_at_least", by=2.3, each=True), of, than).word == "refuted"

    def test_a_difference_has_newcombe_s_interval(self):
        of, than = self.counted(5.0), self.counted(4.6)
        for relation, by, word in [
            ("greater", 0, "inconclusive"), ("less", 0, "inconclusive"), ("within", 1.1, "reproduced"),
            ("within", 0.5, "inconclusive"), ("greater", 2, "refuted"), ("within", 0.01, "inconclusive"),
        ]:  # fmt: skip
            assert judge(stated(relation, by=by, each=True), of, than).word == word, (relation, by)
        assert judge(stated("within", than=1.1, by=0.2, each=True), self.counted(1.25), 1.1).word == "inconclusive"
        assert judge(stated("within", than=1.1, by=0.2, each=True), self.counted(3.6), 1.1).word == "refuted"

    def test_a_check_and_what_was_counted_on_no_test_set_stay_hard(self):
        of, than = self.counted(7.02), self.counted(3.60)
        assert judge(stated("ratio_at_least", by=2, each=True, kind="check"), of, than).word == "refuted"
        assert judge(stated("ratio_at_least", by=2, each=True), side([7.02]), side([3.6])).word == "refuted"

    def test_a_mean_of_one_seed_has_no_verdict_however_large_its_test_set(self):
        assert judge(stated(), self.counted(50.0), self.counted(1.0)).word == "inconclusive"

    def test_equal_nets_are_seldom_told_apart(self):
        random, chosen = np.random.default_rng(5), stated("greater", each=True)
        errors = random.binomial(10_000, 0.05, (TIMES, 2)) / 100
        words = [judge(chosen, self.counted(a), self.counted(b)).word for a, b in errors]
        assert words.count("reproduced") < 0.039 * TIMES
        assert words.count("refuted") < 0.039 * TIMES

    def test_the_table_has_a_column_of_it(self):
        found = verdict(runs(test_examples=10_000, **MACHINE))
        assert found.test_set_sd == pytest.approx(math.hypot(0.459, 0.401), abs=0.001)
        (table,) = claim_table([found])
        assert table.frame["test_set_sd_points"].tolist() == [found.test_set_sd]
        assert any(note.startswith("Test set sd: ") for note in table.notes)
        assert "test_set_sd_points" not in claim_table([verdict(runs(**MACHINE))])[0].frame
        once = verdict(runs(test_examples=10_000, seeds=1, shift=0.1, **MACHINE), each=True)
        assert claim_table([once])[0].frame["difference"][0].has_interval


class TestShare:
    """Of the runs in which something holds."""

    def test_all_of_few_runs_leave_room(self):
        often = stated("greater", than=0.95)
        found = judge(often, side([1] * 50), 0.95)
        assert (found.word, found.needed) == ("inconclusive", 23)
        assert judge(often, side([1] * 73), 0.95).word == "reproduced"
        assert judge(often, side([1] * 40 + [0] * 10), 0.95).word == "refuted"

    def test_at_the_edge_it_is_seldom_called_either(self):
        """Wilson's interval is not exact: its ends are wrong in up to 4.4 % here (binomial, n = 50, p = 0.9)."""
        random, often = np.random.default_rng(8), stated("greater", than=0.9)
        words = [judge(often, side(random.random(50) < 0.9), 0.9).word for _ in range(TIMES)]
        assert words.count("reproduced") < 0.05 * TIMES
        assert words.count("refuted") < 0.05 * TIMES


class TestOrdinary:
    """Whether one published run could be one of ours."""

    ORDINARY = stated("ordinary", than=20)

    def test_a_run_of_the_same_kind_is_refuted_once_in_twenty_whatever_the_distribution(self):
        random = np.random.default_rng(3)
        for draw in (random.normal, random.standard_cauchy, random.exponential):
            words = [judge(self.ORDINARY, side(draw(size=39)), float(draw())).word for _ in range(TIMES)]
            assert words.count("refuted") / TIMES == pytest.approx(2 / 40, abs=0.02)
            assert words.count("reproduced") + words.count("refuted") == TIMES

    def test_one_that_is_far_off_is_refuted(self):
        random = np.random.default_rng(4)
        words = [judge(self.ORDINARY, side(random.normal(size=50)), 4.0).word for _ in range(200)]
        assert words.count("refuted") > 195

    def test_it_takes_39_runs(self):
        assert judge(self.ORDINARY, side(range(100, 138)), 20.0).needed == 1
        assert judge(self.ORDINARY, side(range(100, 139)), 20.0).word == "refuted"
        assert judge(self.ORDINARY, side(range(39)), 20.0).word == "reproduced"
        assert judge(self.ORDINARY, side(range(39)), 0.0).word == "reproduced"  # a tie with the smallest
        assert judge(self.ORDINARY, side(range(39)), 20.0).below == 20

    def test_runs_that_never_got_there_rank_above(self):
        never = range(2, 40)
        assert judge(self.ORDINARY, side([1, 2, *[500] * 38], *never), 100.0).word == "reproduced"
        assert judge(self.ORDINARY, side([1] + [500] * 39, *range(1, 40)), 0.5).word == "refuted"
        assert judge(self.ORDINARY, side([1] * 10 + [500] * 30, *range(10, 40)), 600.0).word == "inconclusive"
        assert judge(self.ORDINARY, side([700] * 79 + [500], 79), 600.0).word == "refuted"  # wherever that one ends

    def test_the_table_says_where_it_lies(self):
        frame = runs(seeds=40).assign(**MACHINE)
        found = verdict(frame, relation="ordinary", than=30.15, source="Rosenblatt 1958")
        assert (found.word, found.below) == ("reproduced", 2)
        (table,) = claim_table([found])
        assert "a is so: 2 of 40 runs (5%) are below it" in table.notes
        assert "difference" not in table.frame
        few = verdict(runs(seeds=30), relation="ordinary", than=1, source="Rosenblatt 1958")
        assert words(few) == "inconclusive: 9 more seeds before a rank can tell"


class TestJudge:
    def test_gaps_that_are_all_the_same_take_six_seeds(self):
        assert judge(stated(), side([3] * 5), side([2] * 5)).needed == 1
        assert judge(stated(), side([3] * 6), side([2] * 6)).word == "reproduced"
        alike = judge(stated(), side([2] * 6), side([2] * 6))
        assert (alike.word, alike.needed) == ("inconclusive", None)

    def test_one_seed_tells_nothing_of_a_mean(self):
        found = judge(stated(), side([90]), side([1]))
        assert (found.word, found.gap.has_interval, found.needed) == ("inconclusive", False, None)

    def test_each_asks_every_run(self):
        each = stated("within", than=25, by=0, each=True)
        assert judge(each, side([25, 25]), 25.0).word == "reproduced"
        assert judge(each, side([25]), 25.0).word == "reproduced"
        assert judge(each, side([25, 25.5]), 25.0).word == "refuted"
        assert judge(stated("less", each=True), side([1, 2]), side([2, 2])).word == "refuted"
        assert judge(stated("ratio_at_most", each=True), side([1, 2]), side([2, 2])).word == "reproduced"

    def test_each_does_not_refute_what_was_only_not_reached(self):
        each = stated("less", each=True)
        assert judge(each, side([400, 390], 0), side([401, 400])).word == "inconclusive"  # "of" is at least 400
        assert judge(each, side([400, 390]), side([401, 400], 1)).word == "reproduced"
        assert judge(each, side([400, 500], 0), side([401, 400])).word == "refuted"  # by the other run, which is known

    def test_only_shared_seeds_count(self):
        of, than = Side({0: 5.0, 1: 5.1, 7: -900.0}), Side({0: 1.0, 1: 1.2, 8: 900.0})
        assert judge(stated(), of, than).word == "reproduced"
        with pytest.raises(ValueError, match="shared"):
            judge(stated(), Side({0: 1.0}), Side({1: 1.0}))

    def test_what_was_never_reached_bounds_a_verdict_from_one_side(self):
        """Steps until ...: at least 400 where the run ended first."""
        slow, fast = side([400, 400, 390], 0, 1), side([100, 110, 105])
        faster = stated("ratio_at_least", by=2)
        assert judge(faster, slow, fast).word == "reproduced"  # they took even longer
        assert judge(stated("ratio_at_least", by=9), slow, fast).word == "inconclusive"  # perhaps they took that long
        assert judge(faster, fast, slow).word == "refuted"
        assert judge(stated("less"), slow, fast).word == "refuted"
        assert judge(stated("less"), fast, slow).word == "reproduced"
        assert judge(stated("within", by=1000), slow, fast).word == "inconclusive"
        assert judge(stated("within", by=10), slow, fast).word == "refuted"  # they are even further apart
        assert judge(stated("within", by=10), fast, slow).word == "refuted"
        assert judge(stated("greater"), side([400] * 9, *range(9)), side([400] * 9, *range(9))).word == "inconclusive"


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
