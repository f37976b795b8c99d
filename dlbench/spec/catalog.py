"""Where named things are: recipes and studies (a copy is inside the wheel), and files that are functions.

A file such as `resnet-20.yaml` holds the recipe of its name and, below `variants:`, any number of others. A variant has
its full name and holds what a file of its own with `extends: resnet-20` would hold: one rule for both, so that a recipe
can move from a file into a family and back unchanged.

`resnet-110` is a name like any other, wherever it stands. Where the file has to be named, `./mine.yaml:wide` is the
variant `wide` of a user's own file, and `mine:wide` that of a file beside the one that names it.
"""

from __future__ import annotations

import functools
import os.path
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dlbench.errors import InputError
from dlbench.reading import MAX_BYTES, near, outline, plain, quoted, read_mapping

ENDINGS = (".yaml", ".yml")
VARIANTS = "variants"
MOST_VARIANTS = 100
MOST_LETTERS = 100  # of a variant's name, which names a folder of results
HEAD = re.compile(r"^(?:title|source|extends):.*\n", re.MULTILINE)
HEAD_OF_VARIANT = re.compile(r"^(?:  \S|    (?:title|source|extends):).*\n", re.MULTILINE)
SEPARATORS = frozenset("/\\:")


class Entry(NamedTuple):
    """A recipe or a study: its file, and its name, which is the file's own or that of a variant in it."""

    file: Path
    name: str

    @property
    def is_variant(self) -> bool:
        """Whether it is one of the file's variants, not the file's own recipe."""
        return self.name != self.file.stem

    def __str__(self) -> str:
        """As errors begin: `recipes/wave.yaml`, or `recipes/wave.yaml: variants: wave-16`."""
        return f"{self.file}: {VARIANTS}: {self.name}" if self.is_variant else str(self.file)


def folder() -> Path:
    """The folder of the recipes that come with dlbench."""
    package = Path(__file__).parents[1]
    bundled = package / "recipes"
    return bundled if bundled.is_dir() else package.parent / "recipes"


def recipes() -> dict[str, Path]:
    """The recipes that come with dlbench: name -> file, each file's variants after its own."""
    return {entry.name: entry.file for entry in heads()}


def heads() -> dict[Entry, dict[str, Any]]:
    """The recipes that come with dlbench and the head of each: unchecked, numbers as text, but quick."""
    entries: dict[Entry, dict[str, Any]] = {}
    for file in sorted(folder().glob("*.yaml"), key=_by_number):
        stamp = file.stat()
        whole = _outline(file, stamp.st_mtime_ns, stamp.st_size)
        entries[Entry(file, file.stem)] = whole
        for name, variant in _mapping(whole.get(VARIANTS)).items():
            entries[Entry(file, name)] = {"extends": file.stem, **_mapping(variant)}
    return entries


@functools.cache
def _outline(file: Path, *stamp: int) -> dict[str, Any]:
    return outline(file, _heads)


def _heads(text: str) -> str:
    """The lines of a recipe's file that name and describe it and its variants: a third of it."""
    own, _, others = text.partition(f"\n{VARIANTS}:\n")
    return "".join([*HEAD.findall(f"{own}\n"), f"{VARIANTS}:\n", *HEAD_OF_VARIANT.findall(f"{others}\n")])


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def studies() -> dict[str, Path]:
    """The studies that come with dlbench: name -> file."""
    return {path.stem: path for path in sorted((folder() / "studies").glob("*.yaml"))}


@functools.cache
def functions(package: str, name: str = "") -> tuple[str, ...]:
    """The files of a folder of dlbench, such as `models`, that define a function of that name, or of their own.

    Imports none of them; a program reads the folder once.
    """
    files = (Path(__file__).parents[1] / package).glob("[!_]*.py")
    return tuple(sorted(file.stem for file in files if f"\ndef {name or file.stem}(" in file.read_text("utf-8")))


def split(reference: str) -> tuple[str, str]:
    """`./mine.yaml:wide` -> the name or path of a file, and a variant in it; empty where none is named."""
    file, _, variant = reference.rpartition(":")
    if file and variant and SEPARATORS.isdisjoint(variant) and not variant.endswith(ENDINGS):
        return file, variant
    return reference, ""


def name(reference: str) -> str:
    """The name of the recipe or study that a name or path refers to, without looking it up."""
    file, variant = split(reference)
    return variant or Path(file).stem


def find(reference: str, beside: Path | None = None) -> Entry:
    """The recipe or study of a name or a path. Links are followed: a recipe's own modules lie beside the file itself.

    beside: the file that names it. A path starts from its folder; a name is looked for in that file, then as a file
    `<name>.yaml` beside it, then as a variant in a file there, then among what comes with dlbench.
    Raises InputError, with near misses, if there is none.
    """
    location, variant = split(reference)
    if not variant:
        return _lookup(reference, beside)
    file = _lookup(location, beside).file
    differences = variants(file)
    if variant not in differences:
        raise InputError(f"{file}: {VARIANTS}: none is called {quoted(variant)}{near(variant, differences)}")
    return Entry(file, variant)


def _lookup(name: str, beside: Path | None) -> Entry:
    """The entry of a name or path that names no variant after a colon."""
    if name.endswith(ENDINGS) or "/" in name:
        path = name if beside is None else os.path.join(beside.parent, name)
        if not os.path.exists(path):  # unlike Path's, never an OSError, however long the name
            raise InputError(f"{plain(path)}: no such file")
        return _entry(path)
    if beside is not None and (entry := _named_beside(name, beside)):
        return entry
    for file in (folder() / f"{name}.yaml", folder() / "studies" / f"{name}.yaml"):
        if os.path.isfile(file):
            return Entry(file, name)
    shipped = recipes() | studies()
    if name not in shipped:
        _entry(name)
        raise InputError(f"unknown recipe or study {quoted(name)}{_hint(name, shipped)}; `dlbench list` shows all")
    return Entry(shipped[name], name)


def _named_beside(name: str, file: Path) -> Entry | None:
    """The recipe of that name in the same file, or in a file of the same folder."""
    if name == file.stem or name in variants(file):
        return Entry(file, name)
    if os.path.exists(file.parent / f"{name}.yaml"):
        return _entry(str(file.parent / f"{name}.yaml"))
    return variant_in(file.parent, name)


def variant_in(directory: Path, name: str) -> Entry | None:
    """The variant of that name in a file of a user's folder; InputError if two files have one."""
    families = [] if directory in (folder(), folder() / "studies") else list(_families(name, directory))
    if len(families) > 1:
        both = " and ".join(map(str, families))
        raise InputError(f"{quoted(name)} is a variant in {both}; write {families[0].stem}:{name}")
    return Entry(families[0], name) if families else None


def _families(name: str, directory: Path) -> Iterator[Path]:
    """The files of a user's folder that have a variant of that name."""
    for file in sorted(path for ending in ENDINGS for path in directory.glob(f"*{ending}")):
        if _may_name(file, name) and name in variants(file):
            yield file


def _may_name(file: Path, name: str) -> bool:
    """Whether a file has variants and holds that word: the folder's other files may be anything."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            text = opened.read(MAX_BYTES)
    except OSError:
        return False
    return name.encode("utf-8", "replace") in text and re.search(rb"^variants:", text, re.MULTILINE) is not None


def variants(file: Path) -> dict[str, dict[str, Any]]:
    """The variants in a file, unresolved: name -> difference; InputError for what cannot be one."""
    differences = read_mapping(file).get(VARIANTS, {})
    where = f"{file}: {VARIANTS}"
    if not isinstance(differences, dict):
        raise InputError(f"{where}: {quoted(differences)} is not a mapping of names to differences")
    if len(differences) > MOST_VARIANTS:
        raise InputError(f"{where}: {len(differences)} of them; no more than {MOST_VARIANTS} stand in one file")
    for name, difference in differences.items():
        _check_variant(name, difference, file, where)
    return differences


def _check_variant(name: str, difference: Any, file: Path, where: str) -> None:
    is_whole = name.isprintable() and SEPARATORS.isdisjoint(name) and not name.endswith(ENDINGS)
    if not is_whole or not 0 < len(name) <= MOST_LETTERS:
        raise InputError(f"{where}: {quoted(name)} is no name for a recipe: a folder of results is called so")
    if name == file.stem:
        raise InputError(f"{where}: {name} is the name of the file's own recipe; give the variant another")
    if not isinstance(difference, dict):
        problem = f"{quoted(difference)} is not a mapping; write its difference, at least a title"
        raise InputError(f"{where}: {name}: {problem}")


def _hint(name: str, names: Iterable[str]) -> str:
    """A suggestion for an unknown name: a file of the current folder, a variant in one, or a near miss."""
    candidates = [f"./{name}{ending}" for ending in ENDINGS if os.path.isfile(name + ending)]
    if not candidates and SEPARATORS.isdisjoint(name) and name.isprintable():
        candidates = [f"./{file.name}:{name}" for file in _families(name, Path())]
    return f" (did you mean '{candidates[0]}'?)" if candidates else near(name, names)


def check_names(entries: Iterable[Entry]) -> None:
    """Raise InputError if two of these recipes have one name: their results could not be told apart."""
    entries_by_name: dict[str, Entry] = {}
    for entry in entries:
        other = entries_by_name.setdefault(entry.name, entry)
        if other != entry and other.file.resolve() != entry.file.resolve():
            raise InputError(
                f"{entry}: has the name of {other}, and results are kept and shown by name; rename one of them"
            )


def is_study(entry: Entry) -> bool:
    """Whether a study is there: one shipped by its folder, a user's own by its key `recipes` or `studies`."""
    if entry.is_variant:
        return False
    path = entry.file
    return path.parent == folder() / "studies" or not {"recipes", "studies"}.isdisjoint(read_mapping(path))


def _entry(name: str) -> Entry:
    if os.path.isdir(name):
        raise InputError(f"{plain(name)}: a folder; name a recipe, a study or a YAML file (`dlbench list` shows all)")
    path = Path(name).resolve() if os.path.islink(name) else Path(name)
    return Entry(path, path.stem)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Sort key by which resnet-20 stands before resnet-110."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in path.stem.split("-")]
