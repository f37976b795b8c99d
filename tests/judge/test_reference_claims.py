"""The lecture's claims on the committed runs: enough seeds by default, and no verdict without its evidence."""

import math
from pathlib import Path

import pytest
from scipy import stats

from dlbench.cli import claims
from dlbench.spec import recipe, study
from dlbench.stats.significance import ALPHA

RESULTS = Path(__file__).parents[2] / "results"
POWER = 0.8


@pytest.fixture(scope="module")
def verdicts():
    return claims.verdicts(["lecture"], RESULTS)


def seeds(verdict):
    """How many seeds the budget brings by itself."""
    found = study.load(verdict.study)
    own = recipe.load(verdict.claim.of.recipe, verdict.budget).seeds
    return max(own, dict(found.wanted(verdict.budget))[verdict.claim.of.recipe])


def power(verdict, level=ALPHA):
    """How often as many seeds would find this effect at that level, if it is the true one and they scatter as these."""
    gap = verdict.gap
    scatter = (gap.high - gap.low) / 2 / stats.t.ppf(0.975, gap.n - 1)  # of the mean
    edge = stats.t.ppf(1 - level / 2, gap.n - 1)
    return stats.nct.sf(edge, gap.n - 1, gap.value / scatter) if scatter > 0 else 1.0


def test_the_default_number_of_seeds_finds_what_it_found_four_times_in_five(verdicts):
    of_means = [v for v in verdicts if v.word == "reproduced" and v.is_test and v.gap]
    assert len(of_means) > 30
    weak = {v.claim.says: round(power(v), 2) for v in of_means if power(v) < POWER}
    assert not weak


def test_what_it_finds_less_often_after_holm_s_correction_says_that_it_is_weak(verdicts):
    of_means = [v for v in verdicts if v.word == "reproduced" and v.is_test and v.gap]
    weak = {v.claim.says for v in of_means if power(v, ALPHA * v.p / v.corrected_p) < POWER}
    assert weak
    assert {v.claim.says for v in of_means if v.claim.note.startswith("weak")} == weak


def test_every_claim_that_is_settled_rests_on_the_seeds_its_budget_brings(verdicts):
    """One that is inconclusive says itself that it waits for more."""
    tested = [v for v in verdicts if v.word != "untested"]
    settled = [v for v in tested if v.word != "inconclusive"]
    short = {v.claim.says: (len(v.of), seeds(v)) for v in settled if len(v.of) < seeds(v)}
    assert not short
    for verdict in tested:
        assert all(math.isfinite(value) for value in verdict.of), verdict.claim.says
        assert verdict.runs


def test_every_claim_says_since_when_it_stands(verdicts):
    assert [v.claim.says for v in verdicts if not v.claim.stated] == []


def test_every_claim_has_a_source(verdicts):
    assert [v.claim.says for v in verdicts if not v.claim.source] == []
