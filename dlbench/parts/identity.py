"""What decides the result of a trial besides its recipe, seed and execution: code, data files, versions.

The code is that of the recipe's parts and of `trials.setup`, which builds and drives them, with all that they import
from the user's own folders and from dlbench's folders of parts. Code that only plans, measures, reports or finds data
does not count, so that a change there makes no run stale; nor does `trial`, which only watches between the steps of the
rule: a test holds that the result is the same however often it does. A file counts by its syntax tree without
docstrings: comments and formatting decide nothing.

Data files are those beside the recipe that an argument names. Other files that were read are known once the data are
loaded, and the run names them. Published data sets are verified on reading and need no digest of their own.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import os.path
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dlbench.measure import machine
from dlbench.parts import modules
from dlbench.spec.recipe import PARTS, Recipe

PACKAGES = {
    "data": "dlbench.data", "model": "dlbench.models", "training": "dlbench.training", "score": "dlbench.scores",
    "pictures": "dlbench.pictures",
}  # fmt: skip
DRIVER = "dlbench.trials.setup"
SEEDING = "dlbench.randomness"  # imports numpy to seed it, used or not
COUNTED = (*PACKAGES.values(), DRIVER, SEEDING, "dlbench.published")
FINDS_DATA = ("dlbench.data.sources", "dlbench.data.fetching")  # whose bytes `dlbench.data.files` verifies
COARSE_SECONDS = 2.0  # two edits in so short a time may leave a file with the same time and size
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTED_AS = {"scikit-learn": "sklearn"}


@dataclass(frozen=True)
class Identity:
    """What decides the result of a trial.

    files: of code, and data: of data, each file with the digest of its content. pictures: code that shows a result
    and decides nothing in it. versions: of torch, and of the other packages that model, learning rule and score import.
    """

    files: Mapping[str, str]
    data: Mapping[str, str]
    versions: Mapping[str, str]
    pictures: Mapping[str, str]

    @functools.cached_property
    def digest(self) -> str:
        """Eight hex digits of the code that decides the result: where dlbench's own files lie does not count."""
        placed = (value if is_of_dlbench(key) else f"{key} {value}" for key, value in self.files.items())
        return digest(json.dumps(sorted(placed)).encode())

    def as_dict(self) -> dict[str, Any]:
        """As a worker gets it."""
        return {key: dict(getattr(self, key)) for key in ("files", "data", "versions", "pictures")}

    def event(self) -> dict[str, Any]:
        """As a run file keeps the code."""
        return {"digest": self.digest, "files": {**self.files, **self.pictures}}


def is_of_dlbench(key: str) -> bool:
    """Whether this is one of dlbench's own files."""
    return key.startswith(f"{modules.PACKAGE.name}/")


def digest(content: bytes) -> str:
    """The first eight hex digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:8]


def of(recipe: Recipe, *, is_loaded: bool = False) -> Identity:
    """The identity of a recipe's trials, from the files as they are now, or were when this process read them.

    is_loaded: in the process that trains, once all is built: whatever else of the user's own was loaded counts too.
    """
    names = {kind: module(kind, getattr(recipe, kind).name) for kind in recipe.parts}
    with modules.importable(recipe.path.parent):
        packages = _closure([names[kind] for kind in PARTS if kind != "data"], but={SEEDING})[1]
        files = _closure([DRIVER, *(names[kind] for kind in PARTS)])[0]
        pictures = _closure([names["pictures"]])[0] if "pictures" in names else {}
        pictures = {key: value for key, value in pictures.items() if key not in files}
        if is_loaded:
            files |= {key: value for key, value in _others(modules.loaded()) if key not in pictures}
    installed = machine.versions()
    relevant = {name for name in installed if name == "torch" or IMPORTED_AS.get(name, name) in packages}
    return Identity(files, _named_data(recipe), {name: installed[name] for name in sorted(relevant)}, pictures)


def module(kind: str, name: str) -> str:
    """The module in which a part of that kind and name is."""
    return name.rpartition(".")[0] or f"{PACKAGES[kind]}.{name}"


def content(key: str, folder: Path) -> str | None:
    """The digest of what the path holds now: a file beside the recipe, of dlbench, or anywhere, or a folder's files.

    None if there is nothing.
    """
    root = modules.PACKAGE.parent if is_of_dlbench(key) else folder
    path = root / key
    try:
        if path.is_dir():
            files = (file for file in sorted(path.iterdir()) if file.is_file())
            return digest("\n".join(f"{file.name} {content(str(file), folder)}" for file in files).encode())
        stamp = path.stat()
        age = time.time() - stamp.st_mtime
        digest_of = _digest_of if age > COARSE_SECONDS else _digest_of.__wrapped__
        return digest_of(path, stamp.st_ino, stamp.st_mtime_ns, stamp.st_size)
    except OSError:
        return None


@functools.cache
def _digest_of(path: Path, *stamp: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]


def code(key: str, folder: Path) -> str | None:
    """The digest of the code that a recipe in this folder imports by this key; None if there is none."""
    for root in (modules.PACKAGE.parent, folder, Path.cwd()):
        if (root / key).is_file():
            return _parsed(modules.source(root / key)).digest
    return None


class _Parsed(NamedTuple):
    digest: str
    imports: tuple[tuple[int, str, tuple[str, ...]], ...]  # dots, module, names


def _closure(names: Iterable[str], but: Collection[str] = ()) -> tuple[dict[str, str], set[str]]:
    """The files of these modules and all that they import, with their digests, and the other packages they import.

    but: modules that are passed over, with what only they import.
    """
    files: dict[str, str] = {}
    packages: set[str] = set()
    seen = set(but)
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _file(name)
        if path is None:
            packages |= {name.partition(".")[0]} - {modules.PACKAGE.name}
            continue
        parsed = _parsed(modules.source(path))
        files[_key(name, path)] = parsed.digest
        waiting += _imported(name, path, parsed)
    return files, packages


def _others(loaded: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    for name, path in loaded.items():
        yield _key(name, path), _parsed(modules.source(path)).digest


def _key(name: str, path: Path) -> str:
    """A module as a file below the folder it is imported from: no run file tells where on a disk it lay."""
    return name.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")


def _file(name: str) -> Path | None:
    """The file of a module that counts."""
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names:
        return None
    if root != modules.PACKAGE.name:
        return modules.find(name)
    return _of_dlbench(name)


@functools.cache
def _of_dlbench(name: str) -> Path | None:
    if name in FINDS_DATA or not any(f"{name}.".startswith(f"{counted}.") for counted in COUNTED):
        return None
    path = modules.PACKAGE.joinpath(*name.split(".")[1:])
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@functools.cache
def _imported(name: str, path: Path, parsed: _Parsed) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_mentioned(name, path, parsed)))


def _mentioned(name: str, path: Path, parsed: _Parsed) -> Iterator[str]:
    """The modules that an import may load: its packages, itself, and the imported names, where they are modules."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for dots, target, names in parsed.imports:
        above = package[: len(package) - dots + 1] if dots else []
        parts = [*above, *filter(None, target.split("."))]
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        yield from (".".join([*parts, taken]) for taken in names if taken != "*")


@functools.cache
def _parsed(source: bytes) -> _Parsed:
    """The digest of the code without docstrings, comments and formatting, and what it imports."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # it will be said when it is imported
        return _Parsed(digest(source), ())
    return _Parsed(digest("".join(_written(_without_docstrings(tree))).encode()), tuple(_imports(tree)))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and (name := _asked_for(node)):
            yield 0, name, ()


def _asked_for(call: ast.Call) -> str:
    """The name that a call of `import_module` or `__import__` spells out, or nothing."""
    function = getattr(call.func, "attr", getattr(call.func, "id", ""))
    name = getattr(call.args[0], "value", None) if call.args else None
    return name if function in ("import_module", "__import__") and isinstance(name, str) else ""


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None and body:
            del body[0]
    return tree


def _written(node: Any) -> Iterator[str]:
    """A syntax tree as text that is the same for every Python, unlike `ast.dump`.

    The folder that a module of dlbench lies in does not count, as its content counts by itself: it may be moved.
    """
    if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == modules.PACKAGE.name:
        yield from _written(node.names)
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for field in node._fields:
            value = getattr(node, field, None)
            if value is not None and value != []:
                yield f"{field}="
                yield from _written(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _written(item)
            yield ","
        yield "]"
    else:
        yield repr(node)


def _named_data(recipe: Recipe) -> dict[str, str]:
    """The files beside the recipe that arguments of the user's own parts name, and their digests."""
    own = [getattr(recipe, kind) for kind in PARTS if "." in getattr(recipe, kind).name]
    texts = {text for part in own for value in part.arguments.values() for text in _texts(value)}
    files = [text for text in sorted(texts) if os.path.isfile(recipe.path.parent / text)]
    digests = {text: content(text, recipe.path.parent) for text in files}
    return {text: value_digest for text, value_digest in digests.items() if value_digest is not None}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if value.strip("./") and "\0" not in value else []
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
