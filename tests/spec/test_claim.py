"""How claims are read: what a study's file says, or the key that is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.spec import claim
from dlbench.spec.claim import Claim, Quantity, StepsUntil

GOOD = {"says": "a beats b", "metric": "test_error_percent", "of": "a", "relation": "less", "than": "b"}


def parse(**changed):
    given = {key: value for key, value in (GOOD | changed).items() if value is not ...}
    return claim.parse(given, ["a", "b"], "mine.yaml: claims: 1")


def test_a_claim_is_what_its_mapping_says():
    assert parse() == Claim(
        "a beats b", "", Quantity("a", "test_error_percent"), "less", Quantity("b", "test_error_percent"), 0.0,
        whose="ours",
    )  # fmt: skip
    found = parse(metric={"steps_until": "train_error_percent", "at_most": 25}, relation="ratio_at_least", by=6)
    assert found.of == Quantity("a", StepsUntil("train_error_percent", 25.0))
    assert (found.relation, found.by) == ("ratio_at_least", 6.0)
    assert parse(relation="ratio_at_most").by == 1.0
    assert parse(than={"recipe": "a", "metric": "novikoff_bound"}).than == Quantity("a", "novikoff_bound")
    assert parse(than=25, each=True, budget="full", published="about 4").than == 25.0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "test_error_percent of a is at least that of b, over its whole 95 % interval"),
        ({"by": 2}, "test_error_percent of a is at least that of b minus 2"),
        ({"relation": "greater", "by": 2}, "test_error_percent of a is at most that of b plus 2"),
        ({"relation": "ratio_at_least", "by": 6}, "test_error_percent of a is less than 6 times that of b"),
        ({"relation": "ratio_at_most", "by": 0.5}, "test_error_percent of a is more than 0.5 times that of b"),
        ({"relation": "within", "than": 60_000_000, "by": 1}, "is more than 1 away from 60,000,000"),
        ({"than": {"recipe": "a", "metric": "test_loss"}}, "is at least test_loss of a"),
        ({"each": True, "budget": "full"}, "that of b, in some run, at the full budget or a larger one"),
        (
            {"relation": "ordinary", "than": 5},
            "5 lies outside the middle 95 % of test_error_percent of a, at",
        ),
    ],
)
def test_a_claim_says_what_would_refute_it(changed, words):
    assert words in parse(**changed).refuted_if


@pytest.mark.parametrize(
    ("source", "whose"),
    [("", "ours"), ("the lecture's slides", "lecture"), ("Minsky & Papert 1969; the lecture", "paper")],
)
def test_the_source_says_who_claims_it_unless_the_claim_does(source, whose):
    assert parse(source=source).whose == whose
    assert parse(source=source, whose="ours").whose == "ours"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"says": ...}, "has no 'says'"),
        (
            {"relation": "lesser"},
            "is not one of greater, less, ratio_at_least, ratio_at_most, within, ordinary (did you",
        ),
        ({"relation": "within"}, "'within' needs 'by'"),
        ({"relation": "ratio_at_least", "by": 0}, "by: 0 is below what 'ratio_at_least' takes"),
        ({"by": -1}, "by: -1 is below"),
        ({"by": float("nan")}, "by: nan is not a number"),
        ({"of": 3}, "of: 3 is not a recipe"),
        ({"of": "c"}, "of: the study has no recipe 'c'"),
        ({"than": ["b"]}, "than: ['b']: write a recipe, {recipe: ..., metric: ...}, or a number"),
        ({"metric": {"steps": "x"}}, "metric: {'steps': 'x'}: write a metric's name"),
        ({"each": "yes"}, "each: 'yes' is not true or false"),
        ({"budget": "long"}, "budget: 'long' is not one of smoke, short, medium, full"),
        ({"relation": "ordinary"}, "'ordinary' compares runs with the number that one run gave"),
        ({"relation": "ordinary", "than": 5, "each": True}, "no 'each'"),
        ({"stated": "last week"}, "stated: 'last week' is not a day such as"),
        ({"stated": 2026}, "stated: 2026 is not a text"),
        ({"control": "c"}, "control: the study has no recipe 'c'"),
        ({"control": 5}, "control: 5 is not a recipe"),
        ({"kind": "theorem"}, "kind: 'theorem' is not one of claim, check"),
        ({"whose": "theirs"}, "whose: 'theirs' is not one of paper, lecture, ours"),
        ({"published": [1]}, "published: [1] is not a number"),
        ({"sais": "x"}, "unknown key 'sais' (did you mean 'says'?)"),
    ],
)
def test_what_is_wrong_is_named(changed, words):
    with pytest.raises(InputError) as caught:
        parse(**changed)
    assert str(caught.value).startswith("mine.yaml: claims: 1: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(claim.KEYS), values | st.sampled_from(["a", "b", *claim.RELATIONS])))
def test_anything_is_a_claim_or_one_line_of_what_is_wrong(raw):
    said = ""
    try:
        found = claim.parse(raw, ["a", "b"], "mine.yaml")
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert said or (found.of.recipe in ("a", "b") and found.by >= 0)
