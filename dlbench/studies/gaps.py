"""What depth costs: the error of a deeper net less that of the shallowest, for plain and for residual nets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.records.groups import Quoted, current, differences
from dlbench.stats.estimates import Estimate, paired_difference
from dlbench.studies.nets import KINDS, Net, literature

SPLITS = ("train", "test")
KEYS = ("budget", "device", "depths", "error", "settings")
NOTES = (
    "Gap: error of the deeper net less that of the shallower, in percentage points, paired seed by seed; above zero, "
    "depth hurts. Brackets: 95 % Student-t interval of the mean paired difference, from two seeds on.",
    "Gap closed (by shortcuts): the plain gap less the residual gap, paired in the same way.",
    "Sign flip: seen where the plain gap lies above zero and the residual gap below it, each with its whole interval.",
)
NONE = ("A gap needs a shallow and a deeper net of one kind, at one budget and on one device.",)


@dataclass(frozen=True, eq=False)
class Pair:
    """A deeper net and the shallow one it is held against."""

    deep: Net
    shallow: Net

    def by_seed(self, metric: str) -> dict[int, float]:
        """Deep less shallow, for the seeds both have."""
        deep, shallow = self.deep.group.by_seed(metric), self.shallow.group.by_seed(metric)
        return {seed: deep[seed] - shallow[seed] for seed in deep if seed in shallow}

    def gap(self, metric: str) -> Estimate | None:
        """Mean of deep less shallow with its interval; None without a shared seed."""
        found = paired_difference(self.deep.group.by_seed(metric), self.shallow.group.by_seed(metric))
        return found if found.n else None


def rows(found: Sequence[Net]) -> list[dict[str, Any]]:
    """Two rows, training and test error, for every deeper net; plain and residual nets trained alike share theirs.

    Of nets that differ in code or data alone only the newest counts.
    """
    now = set(current([net.group for net in found]))
    each = [
        _row(pairs, split)
        for block in dict.fromkeys(net.block for net in found)
        for pairs in _pairs([net for net in found if net.block == block and net.kind in KINDS and net.group in now])
        for split in SPLITS
    ]
    one_device = len({row["device"] for row in each}) == 1
    return [row | {"device": None} for row in each] if one_device else each


def sign_flip(plain: Estimate | None, residual: Estimate | None) -> str:
    """Whether depth hurts the plain net and helps the residual one, and how sure that is, in words."""
    if plain is None or residual is None:
        return "untested: needs both nets at both depths"
    if plain.sign > 0 and residual.sign < 0:
        return "seen"
    if residual.sign > 0:
        return "not seen: the deeper residual net is worse too"
    if plain.sign < 0:
        return "not seen: the deeper plain net is better too"
    flipped = "the means flip" if plain.value > 0 > residual.value else "the means do not flip"
    if not (plain.has_interval and residual.has_interval):
        return f"uncertain, too few seeds: {flipped}"
    wide = [kind for kind, gap in zip(KINDS, (plain, residual), strict=True) if gap.sign == 0]
    return f"uncertain, zero lies within the {' and the '.join(wide)} interval: {flipped}"


def _pairs(block: Sequence[Net]) -> Iterator[dict[str, Pair]]:
    """For every deeper net of a block the pair it makes with the shallowest, by kind; nets trained alike together."""
    least = min((net.depth for net in block), default=0)
    alike: dict[tuple[int, str, int], dict[str, Pair]] = {}
    for net in block:
        shallow = [each for each in block if each.depth == least and each.kind == net.kind]
        if net.depth > least and shallow:
            # where none was trained just like the deep one, the closest: the published nets differ in their warm-up
            partner = min(shallow, key=lambda each: len(differences(net.settings, each.settings)))
            key = net.depth, repr(sorted(net.settings.items()))
            turn = sum(slot[:2] == key and net.kind in pairs for slot, pairs in alike.items())
            alike.setdefault((*key, turn), {})[net.kind] = Pair(net, partner)
    yield from alike.values()


def _row(pairs: Mapping[str, Pair], split: str) -> dict[str, Any]:
    metric = f"{split}_error_percent"
    plain, residual = (pairs[kind].gap(metric) if kind in pairs else None for kind in KINDS)
    closed = paired_difference(*(pairs[kind].by_seed(metric) for kind in KINDS)) if len(pairs) == 2 else None
    first = next(iter(pairs.values()))
    return {
        "budget": first.deep.group.budget,
        "device": first.deep.group.device,
        "depths": f"{first.deep.depth} vs {first.shallow.depth}",
        "error": split,
        "settings": _settings(pairs.values()),
        "plain_gap_percentage_points": plain,
        "residual_gap_percentage_points": residual,
        "gap_closed_percentage_points": closed if closed and closed.n else None,
        "sign_flip": sign_flip(plain, residual),
    } | (_published(first) if split == "test" else {})


def _settings(pairs: Collection[Pair]) -> str:
    """What sets these nets apart from others of their name, and in what a deep net differs from its shallow partner."""
    told = [pair.deep.mark for pair in pairs]
    unlike = dict.fromkeys(key for pair in pairs for key in differences(pair.deep.settings, pair.shallow.settings))
    return "; ".join(
        [*dict.fromkeys(filter(None, told)), *([f"deep and shallow differ in {', '.join(unlike)}"] if unlike else [])]
    )


def _published(pair: Pair) -> dict[str, Quoted | None]:
    """The same test gaps in the literature, for the nets it speaks of."""
    if not (pair.deep.is_the_papers and pair.shallow.is_the_papers):
        return {}
    depths = pair.deep.depth, pair.shallow.depth
    return {
        "published_plain_gap_percentage_points": _published_gap("plain", *depths, "re-measurement"),
        "published_residual_gap_percentage_points": _published_gap("residual", *depths, "paper"),
    }


def _published_gap(kind: str, deep: int, shallow: int, figure: str) -> Quoted | None:
    ends = literature(kind, deep, figure), literature(kind, shallow, figure)
    if ends[0] is None or ends[1] is None:
        return None
    gap = round(float(ends[0].value) - float(ends[1].value), 2)
    return Quoted(gap, f"{ends[0].source} (difference taken here)", f"{gap:+.2f}")
