"""Plain and residual nets by depth: errors, the gap depth opens, whether shortcuts turn its sign (He et al. 2015)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlbench import published
from dlbench.records.groups import Group, Quoted, Runs, current, differences, settings
from dlbench.report import columns
from dlbench.report.panels import lines, style
from dlbench.report.panels.style import DARK, LINES, nothing
from dlbench.report.table import Table
from dlbench.spec import recipe
from dlbench.stats.estimates import Estimate, paired_difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("plain", "residual")
SPLITS = ("train", "test")
TRAIN, TEST = "train_error_percent", "test_error_percent"
COMPARED = ("model.depth", "model.shortcut")
KEYS = ("budget", "device", "depth", "net", "variant")
GAP_KEYS = ("budget", "device", "depths", "error", "settings")
FIGURES = {
    "published_test_error_percent": "paper",
    "published_reading_of_fig6_percent": "reading",
    "published_remeasured_by_others_percent": "re-measurement",
}
NO_PLAIN_TABLE = (
    "He et al. 2015 tabulate no plain net on CIFAR-10, only curves (Fig. 6): the figures for plain "
    "nets are other people's."
)
GAPS = (
    "Gap: error of the deeper net less that of the shallower, in percentage points, paired seed by seed; above zero, "
    "depth hurts. Brackets: 95 % Student-t interval of the mean paired difference, from two seeds on.",
    "Gap closed (by shortcuts): the plain gap less the residual gap, paired in the same way.",
    "Sign flip: seen where the plain gap lies above zero and the residual gap below it, each with its whole interval.",
)
NO_GAP = ("A gap needs a shallow and a deeper net of one kind, at one budget and on one device.",)


@dataclass(frozen=True, eq=False)
class Net:
    """The runs of one net: a kind (see `kind_of`) and a depth in learned layers."""

    kind: str
    depth: int
    group: Group
    mark: str = ""  # what sets it apart from another net of its kind and depth: the variant, or the recipe's name

    @property
    def block(self) -> tuple[str | bool, ...]:
        """Budget, device and the like: only nets that share all of it are compared."""
        return self.group.block

    @property
    def settings(self) -> dict[str, Any]:
        """Everything the recipe says but the depth and the shortcuts, flattened: what compared nets should share."""
        return {key: value for key, value in settings(self.group.resolved).items() if key not in COMPARED}

    @property
    def is_the_papers(self) -> bool:
        """Whether the literature's figures are about this very net on this very data set."""
        return [self.group.setting(part, "name") for part in ("model", "data")] == ["resnet", "cifar10"]

    def published(self, figure: str) -> Quoted | None:
        """The CIFAR-10 test error in per cent that the literature gives (figure: paper, reading, re-measurement)."""
        return literature(self.kind, self.depth, figure) if self.is_the_papers else None


@dataclass(frozen=True, eq=False)
class Pair:
    """A deeper net and the shallow one that it is compared with."""

    deep: Net
    shallow: Net

    def gap(self, metric: str) -> Estimate | None:
        """Mean of deep less shallow with its interval; None without a shared seed."""
        return self.deep.group.difference(self.shallow.group, metric)

    def by_seed(self, metric: str) -> dict[int, float]:
        """Deep less shallow, for the seeds both have."""
        deep, shallow = self.deep.group.by_seed(metric), self.shallow.group.by_seed(metric)
        return {seed: deep[seed] - shallow[seed] for seed in deep if seed in shallow}


def tables(runs: Runs) -> list[Table]:
    """Errors by depth, and the gaps between the shallowest net and every deeper one."""
    nets = {net.group: net for net in by_depth(runs.groups)}
    cells: columns.Columns = [
        "budget", "other_device", ("depth", lambda group: nets[group].depth), ("net", lambda group: nets[group].kind),
        ("variant", lambda group: nets[group].mark), TRAIN, TEST,
        *(_literature(nets, column, figure) for column, figure in FIGURES.items()), "parameters",
    ]  # fmt: skip
    costs, notes = gaps(list(nets.values())), [*_otherwise(list(nets)), NO_PLAIN_TABLE]
    title = "What depth costs, and what shortcuts change"
    return [
        columns.table("Plain and residual nets by depth", runs, list(nets), cells, notes, KEYS),
        columns.of_rows(title, runs, list(nets), costs, GAPS if costs else NO_GAP, GAP_KEYS),
    ]


def figure(runs: Runs) -> Figure:
    """Errors by step, means over seeds with a band of one sd, as in Figs. 1 and 6 of the paper; and by depth."""
    nets = by_depth(runs.groups)
    drawn = style.figure("Plain and residual nets by depth", [net.group for net in nets], 13, 5.2)
    *panels, last = drawn.subplots(1, len(KINDS) + 1)
    panels[1].sharex(panels[0])
    panels[1].sharey(panels[0])
    colours = dict(zip(sorted({net.depth for net in nets}), LINES, strict=False))
    curves = []
    for axes, kind in zip(panels, KINDS, strict=True):
        curves += _curves(axes, kind, [net for net in nets if net.kind == kind], colours, runs)
    panels[0].set_ylabel("error (%)")
    lines.without_steep_start(panels[0], curves)
    _by_depth(last, [net for net in nets if not net.mark])
    style.caption(drawn, _caption(nets, runs))
    return drawn


def by_depth(groups: Sequence[Group]) -> list[Net]:
    """The nets among the groups, block by block, by depth, plain before residual."""
    nets = []
    for group in groups:
        depth, shortcut = group.setting("model", "depth"), group.setting("model", "shortcut")
        if depth is not None and shortcut is not None:
            nets.append(Net(kind_of(str(shortcut)), int(depth), group))
    order = list(dict.fromkeys((net.group.budget, net.group.device) for net in nets))
    return sorted(
        _marked(nets), key=lambda net: (order.index((net.group.budget, net.group.device)), net.depth, net.kind)
    )


def _marked(nets: Sequence[Net]) -> list[Net]:
    """The nets, marked by their recipe's name as well where several recipes make the same net."""
    names: dict[tuple[Any, ...], set[str]] = {}
    for net in nets:
        names.setdefault((net.block, net.kind, net.depth), set()).add(net.group.recipe)
    several = [len(names[net.block, net.kind, net.depth]) > 1 for net in nets]
    return [
        replace(net, mark=" ".join(filter(None, [net.group.recipe if many else "", net.group.variant])))
        for net, many in zip(nets, several, strict=True)
    ]


def kind_of(shortcut: str) -> str:
    """`none` -> plain, `A` -> residual (the paper's CIFAR nets), `B` -> residual B."""
    return {"none": "plain", "A": "residual"}.get(shortcut, f"residual {shortcut}")


def literature(kind: str, depth: int, figure: str) -> Quoted | None:
    """A published CIFAR-10 test error in per cent; None where nobody gives one."""
    table = published.table("resnet_cifar10")
    rows = table[(table["net"] == kind) & (table["depth"] == depth) & (table["kind"] == figure)]
    for row in rows.to_dict("records")[:1]:
        written = row["shown"] if isinstance(row["shown"], str) else ""
        return Quoted(float(row["test_error_percent"]), row["source"], written)
    return None


def _literature(nets: Mapping[Group, Net], column: str, figure: str) -> columns.Column:
    return column, lambda group: nets[group].published(figure)


def _otherwise(groups: Sequence[Group]) -> list[str]:
    """A line for each budget on how it differs from the published training, by its first net."""
    notes: dict[str, str] = {}
    for group in groups:
        if group.budget not in ("full", *notes):
            original = settings(recipe.load(group.recipe, "full").as_dict())
            ours = settings(group.resolved)
            changed = [f"{key} {ours.get(key)} instead of {original.get(key)}" for key in differences(original, ours)]
            notes[group.budget] = f"Otherwise than published at {group.budget}: {'; '.join(changed)}."
    return list(notes.values())


def gaps(nets: Sequence[Net]) -> list[dict[str, Any]]:
    """Two rows, training and test error, for every deeper net; plain and residual nets trained alike share theirs.

    Of nets that differ in code or data alone only the newest counts.
    """
    newest = set(current([net.group for net in nets]))
    compared = [net for net in nets if net.kind in KINDS and net.group in newest]
    rows = [
        _gap(pairs, split)
        for block in dict.fromkeys(net.block for net in nets)
        for pairs in _pairs([net for net in compared if net.block == block])
        for split in SPLITS
    ]
    one_device = len({row["device"] for row in rows}) == 1
    return [row | {"device": None} for row in rows] if one_device else rows


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
    """For every deeper net of a block its pair with the shallowest, by kind; nets trained alike share a mapping."""
    shallowest = min((net.depth for net in block), default=0)
    pairs_by_training: dict[tuple[int, str, int], dict[str, Pair]] = {}
    for net in block:
        shallow = [other for other in block if other.depth == shallowest and other.kind == net.kind]
        if net.depth > shallowest and shallow:
            # where none was trained just like the deep one, the closest: the published nets differ in their warm-up
            partner = min(shallow, key=_difference_from(net))
            key = net.depth, repr(sorted(net.settings.items()))
            turn = sum(slot[:2] == key and net.kind in pairs for slot, pairs in pairs_by_training.items())
            pairs_by_training.setdefault((*key, turn), {})[net.kind] = Pair(net, partner)
    yield from pairs_by_training.values()


def _difference_from(net: Net) -> Callable[[Net], int]:
    return lambda other: len(differences(net.settings, other.settings))


def _gap(pairs: Mapping[str, Pair], split: str) -> dict[str, Any]:
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
    } | (_published_gaps(first) if split == "test" else {})


def _settings(pairs: Collection[Pair]) -> str:
    """What sets these nets apart from others of their name, and in what a deep net differs from its shallow partner."""
    marks = dict.fromkeys(pair.deep.mark for pair in pairs if pair.deep.mark)
    differing = dict.fromkeys(key for pair in pairs for key in differences(pair.deep.settings, pair.shallow.settings))
    return "; ".join([*marks, *([f"deep and shallow differ in {', '.join(differing)}"] if differing else [])])


def _published_gaps(pair: Pair) -> dict[str, Quoted | None]:
    """The test gaps in the literature, for the nets that it covers."""
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


def _curves(axes: Axes, kind: str, nets: Sequence[Net], colours: Mapping[int, str], runs: Runs) -> list[lines.Line]:
    """Both errors of the nets of a kind by step: test solid, training dashed."""
    style.panel(axes, f"{kind} nets", "step")
    style.thousands(axes.xaxis)
    curves = []
    for net in nets:
        label = f"{net.kind}-{net.depth}{f' ({net.mark})' if net.mark else ''}"
        for metric, look, name in ((TRAIN, ("--", "", 1.2), "_"), (TEST, ("-", "", 2.0), label)):
            points = lines.over_seeds(net.group, runs.curves, metric, final=True)
            curves.append(lines.Line(name, points, colours[net.depth], *look))
    for line in curves:
        lines.draw(axes, line)
    if nets:
        axes.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)
    else:
        nothing(axes, f"no {kind} net has finished")
    return curves


def _by_depth(axes: Axes, nets: Sequence[Net]) -> None:
    """The final training error by depth, a line for each kind: the gap between them is the effect of shortcuts."""
    style.panel(axes, "training error (%) at the end", "layers")
    axes.set_xticks(sorted({net.depth for net in nets}))
    curves = []
    for kind, (dash, marker) in zip(KINDS, (("-", "s"), ("--", "o")), strict=True):
        points = lines.through({net.depth: net.group.measure(TRAIN) for net in nets if net.kind == kind})
        curves += [lines.Line(kind, points, DARK, dash, marker)] if len(points) else []
    lines.by_size(axes, curves, empty="no net has finished")
    axes.margins(y=0.12)


def _caption(nets: Sequence[Net], runs: Runs) -> str:
    if not nets:
        return ""
    words = ["solid: test error", "dashed: training error"]
    if any(len(net.group.seeds) > 1 for net in nets):
        words.append("bands and bars: one sd over seeds either way")
    if "examples_per_split" in runs.curves:
        paths = [path for net in nets for path in net.group.runs.get("path", [])]
        sizes = runs.curves.loc[runs.curves["path"].isin(paths), "examples_per_split"].dropna()
        if len(sizes):
            words.append(f"on the way from {int(sizes.min()):,} examples of each split, at the end from all")
    return "; ".join(words)
