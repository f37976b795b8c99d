"""A claim: a sentence that runs can confirm or refute, written as a typed inequality. Knows no torch.

    claims:
      - says: A deeper plain net has the higher training error
        source: He et al. 2015, Figure 1
        metric: train_error_percent
        of: plain-56
        relation: greater
        than: plain-20
        budget: full

`dlbench.judge.claims` gives the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias, get_args

from dlbench.errors import InputError
from dlbench.reading import near, plain, quoted
from dlbench.spec.recipe import BUDGETS

Relation: TypeAlias = Literal["greater", "less", "ratio_at_least", "ratio_at_most", "within", "ordinary"]
RELATIONS: Final[tuple[str, ...]] = get_args(Relation)
USUAL: Final = {"greater": 0.0, "less": 0.0, "ratio_at_least": 1.0, "ratio_at_most": 1.0, "ordinary": 0.0}
OPPOSITE: Final[dict[str, str]] = {
    "greater": "{of} is at most {than}{plus}",
    "less": "{of} is at least {than}{minus}",
    "ratio_at_least": "{of} is less than {by:g} times {than}",
    "ratio_at_most": "{of} is more than {by:g} times {than}",
    "within": "{of} is more than {by:g} away from {than}",
    "ordinary": "{than} lies outside the middle 95 % of {of}",
}
"""What would speak against a claim."""
Kind: TypeAlias = Literal["claim", "check"]
Whose: TypeAlias = Literal["paper", "lecture", "ours"]
KEYS: Final = (
    "says", "stated", "kind", "whose", "source", "metric", "of", "relation", "than", "by", "each", "published",
    "budget", "control", "note",
)  # fmt: skip
NEEDED: Final = ("says", "metric", "of", "relation", "than")


@dataclass(frozen=True)
class StepsUntil:
    """The step of training at whose score a metric is at most `at_most` for the first time."""

    metric: str
    at_most: float

    def __str__(self) -> str:
        return f"steps until {self.metric} <= {self.at_most:g}"


@dataclass(frozen=True)
class Quantity:
    """What is measured of which recipe."""

    recipe: str
    metric: str | StepsUntil

    def __str__(self) -> str:
        return f"{self.metric} of {self.recipe}"


@dataclass(frozen=True)
class Claim:
    """`of` is `relation` `than`, by so much.

    of: a measured quantity. than: another one, or a number. by: the margin of `greater` and `less`, the ratio of
    `ratio_at_least` and `ratio_at_most`, the tolerance of `within`; `ordinary` has none.
    relation: `ordinary` says that `than`, the result of one published run, could be that of a run of `of`.
    each: whether it must hold in every run, instead of on the average. published: what the source reports.
    budget: the smallest one that can decide it.
    kind: a check is a theorem, a construction, a count or a self-test: it cannot fail unless the code breaks.
    control: a recipe that must differ from `of` in the same metric, or there is no verdict.
    whose: who says so; what nobody else said is a question of ours.
    stated: the day, such as `2026-11-24`, since when sentence, sides, relation, margin and budget are unchanged, or
    empty.
    """

    says: str
    source: str
    of: Quantity
    relation: Relation
    than: Quantity | float
    by: float
    each: bool = False
    published: str | float = ""
    budget: str = "short"
    note: str = ""
    kind: Kind = "claim"
    whose: Whose = "paper"
    stated: str = ""
    control: str = ""

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes it compares, and its control."""
        compared = [side.recipe for side in (self.of, self.than) if isinstance(side, Quantity)]
        return tuple(dict.fromkeys([*compared, *filter(None, [self.control])]))

    @property
    def refuted_if(self) -> str:
        """What its runs would have to show to refute it; of a check, to fail it."""
        plus, minus = (f" {word} {self.by:g}" if self.by else "" for word in ("plus", "minus"))
        sides = {"of": self.of, "than": self._opponent(), "by": self.by}
        opposite = OPPOSITE[self.relation].format(**sides, plus=plus, minus=minus)
        where = "" if self.relation == "ordinary" else "in some run" if self.each else "over its whole 95 % interval"
        return ", ".join(filter(None, [opposite, where, f"at the {self.budget} budget or a larger one"]))

    def _opponent(self) -> str:
        """The other side in words: a number, or `that of plain-20` where both have the same metric."""
        if not isinstance(self.than, Quantity):
            return f"{self.than:,.12g}"
        return f"that of {self.than.recipe}" if self.than.metric == self.of.metric else str(self.than)

    @property
    def is_ratio(self) -> bool:
        """Whether it is about the ratio of its sides, and not their difference."""
        return self.relation.startswith("ratio")


def parse(raw: Any, recipes: Sequence[str], where: str) -> Claim:
    """The claim that a mapping states about the recipes of its study; InputError names the key and the near miss."""
    if not isinstance(raw, dict):
        raise InputError(f"{where}: {quoted(raw)} is not a mapping")
    for key in raw:
        if key not in KEYS:
            raise InputError(f"{where}: unknown key {quoted(key)}{near(key, KEYS)}; a claim has {', '.join(KEYS)}")
    for key in NEEDED:
        if raw.get(key) in (None, ""):
            raise InputError(f"{where}: has no '{key}'")
    relation = _choice(raw, "relation", RELATIONS, where)
    metric = _metric(raw["metric"], f"{where}: metric")
    of = _quantity(raw["of"], metric, recipes, f"{where}: of")
    if not isinstance(of, Quantity):
        raise InputError(f"{where}: of: {quoted(raw['of'])} is not a recipe")
    source = _text(raw, "source", where)
    if relation == "ordinary" and (isinstance(raw["than"], dict | str) or raw.get("each") or raw.get("by")):
        raise InputError(f"{where}: 'ordinary' compares runs with the number that one run gave; no 'by', no 'each'")
    return Claim(
        says=_text(raw, "says", where),
        source=source,
        of=of,
        relation=relation,  # type: ignore[arg-type]
        than=_quantity(raw["than"], metric, recipes, f"{where}: than"),
        by=_by(raw, relation, where),
        each=_flag(raw, "each", where),
        published=_published(raw.get("published", ""), where),
        budget=_choice({"budget": "short"} | raw, "budget", BUDGETS, where),
        note=_text(raw, "note", where),
        control=_control(raw, metric, recipes, where),
        stated=_day(raw, where),
        kind=_choice({"kind": "claim"} | raw, "kind", get_args(Kind), where),  # type: ignore[arg-type]
        whose=_choice({"whose": _whose(source)} | raw, "whose", get_args(Whose), where),  # type: ignore[arg-type]
    )


def _whose(source: str) -> Whose:
    """Whose claim it is by its source, unless the claim says otherwise."""
    if not source:
        return "ours"
    return "lecture" if source.startswith("the lecture") else "paper"


def _metric(raw: Any, where: str) -> str | StepsUntil:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, dict) and set(raw) == {"steps_until", "at_most"} and isinstance(raw["steps_until"], str):
        return StepsUntil(raw["steps_until"], _number(raw["at_most"], f"{where}: at_most"))
    raise InputError(
        f"{where}: {quoted(raw)}: write a metric's name, or {{steps_until: train_error_percent, at_most: 25}}"
    )


def _quantity(raw: Any, metric: str | StepsUntil, recipes: Sequence[str], where: str) -> Quantity | float:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return _number(raw, where)
    if isinstance(raw, dict) and raw and set(raw) <= {"recipe", "metric"} and "recipe" in raw:
        metric = _metric(raw["metric"], f"{where}: metric") if "metric" in raw else metric
        raw = raw["recipe"]
    if not isinstance(raw, str):
        raise InputError(f"{where}: {quoted(raw)}: write a recipe, {{recipe: ..., metric: ...}}, or a number")
    if raw not in recipes:
        raise InputError(f"{where}: the study has no recipe {quoted(raw)}{near(raw, recipes)}")
    return Quantity(raw, metric)


def _control(raw: Mapping[str, Any], metric: str | StepsUntil, recipes: Sequence[str], where: str) -> str:
    """The recipe's name, or nothing."""
    if not raw.get("control"):
        return ""
    control = _quantity(raw["control"], metric, recipes, f"{where}: control")
    if not isinstance(control, Quantity) or not isinstance(raw["control"], str):
        raise InputError(f"{where}: control: {quoted(raw['control'])} is not a recipe")
    return control.recipe


def _by(raw: Mapping[str, Any], relation: str, where: str) -> float:
    if "by" not in raw and relation not in USUAL:
        raise InputError(f"{where}: '{relation}' needs 'by', the tolerance")
    by = _number(raw.get("by", USUAL.get(relation)), f"{where}: by")
    if by < 0 or (by == 0 and relation.startswith("ratio")):
        raise InputError(f"{where}: by: {by:g} is below what '{relation}' takes")
    return by


def _number(raw: Any, where: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise InputError(f"{where}: {quoted(raw)} is not a number")
    return float(raw)


def _text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise InputError(f"{where}: {key}: {quoted(value)} is not a text")
    return plain(value)


def _flag(raw: Mapping[str, Any], key: str, where: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise InputError(f"{where}: {key}: {quoted(value)} is not true or false")
    return value


def _day(raw: Mapping[str, Any], where: str) -> str:
    text = _text(raw, "stated", where)
    with suppress(ValueError):
        return date.fromisoformat(text).isoformat() if text else ""
    raise InputError(f'{where}: stated: {quoted(text)} is not a day such as "2026-11-24"')


def _choice(raw: Mapping[str, Any], key: str, choices: Sequence[str], where: str) -> str:
    if raw[key] not in choices:
        raise InputError(
            f"{where}: {key}: {quoted(raw[key])} is not one of {', '.join(choices)}{near(str(raw[key]), choices)}"
        )
    return str(raw[key])


def _published(raw: Any, where: str) -> str | float:
    return plain(raw) if isinstance(raw, str) else _number(raw, f"{where}: published")
