"""The verb `list`: what there is to run, build on, and compute with. Loads no pandas, torch only for devices."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import typer

from dlbench import reading
from dlbench.cli import QUICK
from dlbench.spec import catalog

Row = Sequence[str]
FIRST_HOUR = ("perceptron-xor", "mlp-xor", "wave-sgd-64", "things-distributed", "lenet-digits")
"""What to run first: one neuron fails, a hidden layer does not, it can draw any curve, what its units mean decides what
it knows of things never seen, and a convolutional net reads digits. Nothing is downloaded, and none takes minutes."""
PARTS = {"models": "models", "rules": "training", "scores": "scores", "pictures": "pictures"}
"""A kind of part as a user asks for it, and the folder of dlbench that holds its files."""


SHELVES: Final = {  # a command each and not an argument's values, which pydantic would have to check
    "recipes": "What can be run.",
    "studies": "What compares recipes.",
    "datasets": "What can be learnt from, and whether it is on disk.",
    "models": "Architectures a recipe may name.",
    "rules": "Learning rules: how a recipe trains.",
    "scores": "What is measured of a trained model.",
    "pictures": "What a run file may keep to show of one.",
    "devices": "What can compute here.",
}

app = typer.Typer(invoke_without_command=True, subcommand_metavar="[WHAT]", context_settings=QUICK)


class Group(NamedTuple):
    """Recipes listed together: those of a study, or others under a title alone; members: all that the study names."""

    study: str
    title: str
    members: Sequence[str]
    rows: Sequence[Row]


@app.callback()
def list_(context: typer.Context) -> None:
    """List what there is: recipes by study if WHAT is left out, and five for a first hour on top."""
    if context.invoked_subcommand is None:
        show("")


def shelf(context: typer.Context) -> None:
    """List the kind of thing that the command is named after."""
    show(context.info_name or "")


def show(what: str) -> None:
    """Print recipes, studies, datasets, models, rules, scores, pictures or devices; recipes by study for no name."""
    if what == "":
        _print_groups(list(_groups()))
    elif what == "recipes":
        _print("recipe", "what it is", "source", rows=_recipes().values())
    elif what == "studies":
        _print("study", "what it shows", "recipes", rows=_studies().values())
    elif what == "datasets":
        _print("data set", "what it holds", "MB", "on disk (unverified)", rows=_datasets())
    elif what == "devices":
        from dlbench.measure import machine

        _print("device", "what it is", rows=[(d["device"], d["name"]) for d in machine.devices()])
    else:
        _print(what.removesuffix("s"), "what it is", rows=_parts(PARTS[what]))


def _recipes() -> dict[str, Row]:
    """Name, title and source, unchecked: checking all recipes takes several times as long."""
    heads = {entry.name: head for entry, head in catalog.heads().items()}
    return {name: (name, head["title"], _source(head, heads)) for name, head in heads.items()}


def _source(head: Mapping[str, Any], heads: Mapping[str, Mapping[str, Any]]) -> str:
    """A recipe's own, or that of what it extends."""
    while "source" not in head and "extends" in head:
        head = heads[head["extends"]]
    return str(head.get("source", ""))


def _studies() -> dict[str, Row]:
    """Name, title and recipes or studies."""
    return {
        name: (name, head["title"], ", ".join(head.get("recipes") or head["studies"]))
        for name, head in _heads_of_studies().items()
    }


def _heads_of_studies() -> dict[str, dict[str, Any]]:
    """What each study says before its claims, which are most of it."""
    return {name: reading.outline(path, _before_claims) for name, path in catalog.studies().items()}


def _before_claims(text: str) -> str:
    return text.partition("\nclaims:")[0]


def _groups() -> Iterator[Group]:
    """Recipes for a first hour; then studies, those of a course in its order; then recipes in no study.

    A recipe is listed with the first study that compares it; `list studies` names all recipes of each.
    """
    unlisted, heads = _recipes(), _heads_of_studies()
    yield Group("", "For a first hour, without any download", (), [unlisted[name] for name in FIRST_HOUR])
    courses = {name: head["studies"] for name, head in heads.items() if "studies" in head}
    ordered = dict.fromkeys([member for course in courses.values() for member in course] + list(heads))
    for name in ordered:
        members = heads[name].get("recipes") or heads[name]["studies"]
        rows = [unlisted.pop(member) for member in members if member in unlisted]
        yield Group(name, heads[name]["title"], members, rows)
    yield Group("", "In no study", (), list(unlisted.values()))


def _parts(folder: str) -> Iterator[Row]:
    """The parts of a kind, each with the first line of its docstring, read without importing torch."""
    for name in catalog.functions(folder):
        yield name, _first_line(Path(__file__).parents[1] / folder / f"{name}.py")


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]


def _datasets() -> Iterator[Row]:
    """Found by the names of their files: reading them all takes seconds; `dlbench doctor` and each run verify them."""
    from dlbench.data import sources

    for name, source in sources.DATASETS.items():
        folder = sources.located(name, sources.data_folder())
        location = "needs no download" if source.is_made else str(folder or f"no: dlbench data get {name}")
        yield name, source.what, f"{source.megabytes:g}" if source.megabytes else "", location
    for name, what in _parts("data"):
        if name not in sources.DATASETS:
            origin = sources.MADE_FROM.get(name)
            yield name, what, "", f"made from {origin}" if origin else "needs no download"


def _print_groups(groups: Sequence[Group]) -> None:
    """Recipes below the study that compares them; when piped, each recipe and study once, one full line a name."""
    if sys.stdout.isatty():
        rows = [row for group in groups if group.rows or group.study for row in _as_block(group)]
        _print("", "", rows=rows[1:], is_bold=lambda row: not row[0].startswith(" "))
        print("dlbench list recipes, studies, datasets, models, rules, scores, pictures or devices says more of each")
        return
    lines: dict[str, Row] = {}
    for group in groups:
        heading = (group.study, group.title, ", ".join(group.members))
        for row in (heading, *group.rows) if group.study else group.rows:
            lines.setdefault(row[0], row)
    _print(rows=lines.values())


def _as_block(group: Group) -> Iterator[Row]:
    """An empty line, a heading, the group's recipes, and the names of those that an earlier study listed."""
    yield "", ""
    yield (group.study, group.title) if group.study else (group.title, "")
    yield from ((f"  {name}", title) for name, title, *_ in group.rows)
    if shared := [name for name in group.members if name not in (row[0] for row in group.rows)]:
        yield "  as above", ", ".join(shared)


def _print(*headings: str, rows: Iterable[Row], is_bold: Callable[[Row], bool] = lambda row: False) -> None:
    """A table that fits the terminal; when piped, one full line a row."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(headings))
    for index, heading in enumerate(headings):
        table.add_column(heading, no_wrap=index == 0, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row), style="bold" if is_bold(row) else "")
    console = Console()
    console.print(table)
    console.print()


for _name, _what in SHELVES.items():
    app.command(_name, help=_what, context_settings=QUICK)(shelf)
