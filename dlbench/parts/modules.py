"""The user's own modules: found beside the recipe, else in the current folder, and compiled from the bytes hashed.

A process reads each file once, and never uses a bytecode cache, which would miss an edit of the same size in the same
second: so what `identity` hashes is what runs, whenever the file changes.
"""

from __future__ import annotations

import functools
import importlib
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

PACKAGE = Path(__file__).parents[1]
INSTALLED = tuple({Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
SITES = {"site-packages", "dist-packages"}


class NameTaken(Exception):
    """A module of the user's own has the name of one of Python's or of an installed package; one line says which."""


_sources: dict[Path, bytes] = {}
_loaded: dict[str, Path] = {}  # the user's own modules in sys.modules, and the file of each
_elsewhere: dict[tuple[Path, Path], tuple[dict[str, Path], dict[str, ModuleType]]] = {}  # of recipes in other folders
_folders: list[tuple[Path, Path]] = []  # whose modules are loaded: the folder of the recipe, and the current one


def source(path: Path) -> bytes:
    """The file's content when this process first read it; raises OSError."""
    if path not in _sources:
        _sources[path] = path.read_bytes()
    return _sources[path]


def refresh() -> None:
    """Forget files that have changed since they were read, and the user's modules if one of theirs has."""
    changed = {path for path, content in _sources.items() if _content(path) != content}
    for path in changed:
        del _sources[path]
    known_modules = [_loaded, *(files for files, _ in _elsewhere.values())]
    if not changed.isdisjoint(path for files in known_modules for path in files.values()):
        _set_aside()
        _elsewhere.clear()
        _folders.clear()
    importlib.invalidate_caches()


def load(module: str, folder: Path) -> ModuleType:
    """The module of that name, imported for a recipe in this folder.

    Raises NameTaken, and whatever the module itself raises.
    """
    with importable(folder):
        _check_name(module.partition(".")[0])
        return importlib.import_module(module)


def loaded() -> dict[str, Path]:
    """The user's own modules that are loaded, and the file of each."""
    return dict(_loaded)


def find(name: str) -> Path | None:
    """The file of a module of the user's own, which need not be loaded; None for every other. Inside `importable`."""
    path: Sequence[str] | None = None
    spec: ModuleSpec | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:count]), path)
        if spec is None or (count < len(parts) and spec.submodule_search_locations is None):
            return None
        path = spec.submodule_search_locations
    return Path(spec.origin) if spec and _is_own(spec) and spec.origin else None


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """A user's own modules lie beside the recipe or in the current folder."""
    _switch_to((folder.resolve(), Path.cwd()))
    paths, finders = list(sys.path), list(sys.meta_path)
    sys.path[:0] = [str(directory) for directory in _folders[0]]
    sys.meta_path.insert(0, _Finder())
    try:
        yield
    finally:
        sys.path[:], sys.meta_path[:] = paths, finders


def stay_importable(folder: Path) -> None:
    """In a process of one recipe: modules that its functions import only when called are found too."""
    sys.path += [str(folder.resolve()), str(Path.cwd())]
    sys.meta_path.insert(0, _Finder())


def _switch_to(folders: tuple[Path, Path]) -> None:
    """Replace the modules of the last recipe by those of this one: equal names in two folders are two modules."""
    if _folders == [folders]:
        return
    files = dict(_loaded)
    aside = _set_aside()
    if _folders:
        _elsewhere[_folders[0]] = files, aside
    files, modules = _elsewhere.pop(folders, ({}, {}))
    _loaded.update(files)
    sys.modules.update(modules)
    _folders[:] = [folders]


def _set_aside() -> dict[str, ModuleType]:
    """Take the user's own modules out of sys.modules."""
    roots = {name.partition(".")[0] for name in _loaded}
    _loaded.clear()
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in roots}


def _check_name(root: str) -> None:
    """Raise NameTaken if a module of the user's own has the name of another; forget a namesake from elsewhere."""
    is_python = root in sys.stdlib_module_names
    ends = (f"{root}.py", f"{root}/__init__.py", *([root] if is_python else []))
    own_files = [directory / end for directory in _folders[0] for end in ends if (directory / end).exists()]
    if not own_files or root in _loaded or root == PACKAGE.name:  # those of the parts that come with dlbench
        return
    if is_python:
        raise NameTaken(f"{own_files[0]}: '{root}' is the name of a module of Python's own; give the file another name")
    other = sys.modules.get(root)
    file = getattr(other, "__file__", None)
    if other is None or file is None or Path(file) in own_files:
        return
    if is_installed(Path(file)):
        raise NameTaken(
            f"{own_files[0]}: '{root}' is the name of a package in use ({file}); give the file another name"
        )
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{root}.")]:
        del sys.modules[name]


class _Loader(SourceFileLoader):
    """Compiles what `source` read."""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, never from a cache."""
        _loaded[fullname] = Path(self.path)
        code: CodeType = self.source_to_code(source(Path(self.path)), self.path)
        return code


class _Finder(MetaPathFinder):
    """Finds what Python finds, and has the user's own loaded by `_Loader`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not _is_own(spec) or fullname.partition(".")[0] in sys.stdlib_module_names:
            return None
        spec.loader = _Loader(fullname, str(spec.origin))
        spec.cached = None
        return spec


def _is_own(spec: ModuleSpec) -> bool:
    """Whether it is Python text that came with neither Python, an installed package nor dlbench."""
    if not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
        return False
    origin = Path(spec.origin)
    return not is_installed(origin) and not origin.is_relative_to(PACKAGE)


def is_installed(file: Path) -> bool:
    """Whether the file came with Python or an installed package, wherever an installer put it."""
    is_site = not SITES.isdisjoint(file.parts) or any(file.is_relative_to(directory) for directory in INSTALLED)
    return is_site or any(
        _holds_packages(directory) and file.is_relative_to(directory) for directory in map(Path, sys.path)
    )


@functools.cache
def _holds_packages(directory: Path) -> bool:
    """Whether an installer has put packages into this folder, as `pip install --target` does."""
    return any(directory.glob("*.dist-info")) if directory.is_absolute() else False


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
