"""Imports go one way, down the table of rooms in docs/architecture.md, and never in a circle.

An import for types alone counts as well: whoever reads or moves a file must know all that it names.
"""

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / "dlbench").rglob("*.py")}
LEAVES = {"pictures/", "scores/", "training/", "models/", "data/", "published/"}


def layers() -> list[list[str]]:
    """The rooms of each row of the table."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = page.partition("## Rooms")[2].partition("\n## ")[0].splitlines()
    return [re.findall(r"`([^`]+)`", row.split("|")[1]) for row in rows if row.startswith("| `")]


def room(module: str) -> str:
    """The folder of a module, or its file if that lies in none: `data/`, `errors.py`."""
    _, first, *rest = module.split(".")
    return f"{first}/" if rest else f"{first}.py"


def imports(module: str) -> Iterator[str]:
    """The modules of dlbench that a module names in its imports, wherever they stand in it."""
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (target(alias.name) for alias in node.names if alias.name.split(".")[0] == "dlbench")
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: write `from dlbench.x import y`"
            if node.module and node.module.split(".")[0] == "dlbench":
                yield from (target(node.module, alias.name) for alias in node.names)


def target(*names: str) -> str:
    """The module that an import reads: the name it takes, if that is one, or else what it takes it from."""
    whole, place = ".".join(names), names[0]
    return next(name for name in (whole, f"{whole}.__init__", place, f"{place}.__init__") if name in FILES)


ARROWS = {module: sorted(set(imports(module))) for module in sorted(FILES)}


def pairs() -> Iterator[tuple[str, str]]:
    """Each module with each that it imports."""
    return ((module, other) for module, others in ARROWS.items() for other in others)


def test_every_room_is_in_the_table_once():
    rooms = [name for row in layers() for name in row]
    assert sorted(rooms) == sorted({room(module) for module in FILES})


def test_imports_go_down():
    rank = {name: number for number, row in enumerate(layers()) for name in row}
    up = {(module, other) for module, other in pairs() if rank[room(other)] < rank[room(module)]}
    assert up == set()


def test_parts_are_leaves():
    below = LEAVES | set(layers()[-1])
    assert [pair for pair in pairs() if room(pair[0]) in LEAVES and room(pair[1]) not in below] == []


def test_no_import_leads_in_a_circle():
    try:
        graphlib.TopologicalSorter(ARROWS).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
