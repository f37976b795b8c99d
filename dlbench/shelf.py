"""Where things with a name lie: recipes and studies (a copy is inside the wheel), and files that are functions."""

from __future__ import annotations

import functools
import os.path
from collections.abc import Iterable
from pathlib import Path

from dlbench.errors import InputError
from dlbench.reading import near, plain, read_mapping, shown

ENDINGS = (".yaml", ".yml")


def folder() -> Path:
    """The folder of the recipes that come with dlbench."""
    package = Path(__file__).parent
    bundled = package / "recipes"
    return bundled if bundled.is_dir() else package.parent / "recipes"


def recipes() -> dict[str, Path]:
    """The recipes that come with dlbench: name -> file."""
    return {path.stem: path for path in sorted(folder().glob("*.yaml"), key=_by_number)}


def studies() -> dict[str, Path]:
    """The studies that come with dlbench: name -> file."""
    return {path.stem: path for path in sorted((folder() / "studies").glob("*.yaml"))}


@functools.cache
def functions(package: str, parameters: str = "") -> tuple[str, ...]:
    """The files of a folder of dlbench, such as `report/figures`, that define a function of their own name.

    parameters: how those of the function begin. Imports none of them; a program reads the folder once.
    """
    files = (Path(__file__).parent / package).glob("*.py")
    return tuple(sorted(file.stem for file in files if f"\ndef {file.stem}({parameters}" in file.read_text("utf-8")))


def find(name: str, beside: Path | None = None) -> Path:
    """The file behind a name or a path, links followed: what belongs to a recipe lies beside the file itself.

    beside: the folder of the file that names it: from there a path goes, and a file `<name>.yaml` there goes first.
    Raises InputError, with near misses, if there is none.
    """
    if name.endswith(ENDINGS) or "/" in name:
        place = name if beside is None else os.path.join(beside, name)
        if not os.path.exists(place):  # unlike Path's, never an OSError, however long the name
            raise InputError(f"{plain(place)}: no such file")
        return _file(place)
    if beside is not None and os.path.exists(beside / f"{name}.yaml"):
        return _file(str(beside / f"{name}.yaml"))
    known = recipes() | studies()
    if name not in known:
        _file(name)
        here = [f"./{name}{ending}" for ending in ENDINGS if os.path.isfile(name + ending)]
        hint = f" (did you mean '{here[0]}'?)" if here else near(name, known)
        raise InputError(f"unknown recipe or study {shown(name)}{hint}; `dlbench list` shows all")
    return known[name]


def check_names(paths: Iterable[Path]) -> None:
    """Raise InputError if two of these recipes have one name: their results could not be told apart."""
    known: dict[str, Path] = {}
    for path in paths:
        other = known.setdefault(path.stem, path)
        if other != path and other.resolve() != path.resolve():
            raise InputError(
                f"{path}: has the name of {other}, and results are kept and shown by name; rename one of the files"
            )


def is_study(path: Path) -> bool:
    """Whether the file holds a study: one shipped by its folder, a user's own by its key `recipes` or `studies`."""
    return path.parent == folder() / "studies" or not {"recipes", "studies"}.isdisjoint(read_mapping(path))


def _file(name: str) -> Path:
    if os.path.isdir(name):
        raise InputError(f"{plain(name)}: a folder; name a recipe, a study or a YAML file (`dlbench list` shows all)")
    return Path(name).resolve() if os.path.islink(name) else Path(name)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Sort key by which resnet-20 stands before resnet-110."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in path.stem.split("-")]
