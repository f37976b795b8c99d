"""Which data files the parts of a trial open from Python; files that a library in another language opens are missed."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlbench.data import sources
from dlbench.parts import identity, modules

Stamp = tuple[int, int, int, str | None]
CODE = {".py", ".pyc", ".pyi", ".so", ".pyd", ".dll", ".dylib"}
INSTALLERS = (".dist-info", ".egg-info")  # what they leave beside packages, wherever those lie
SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev", "/etc", sys.prefix, sys.base_prefix)))
MOST = 20  # files of one folder that are listed one by one

_opened: list[dict[Path, Stamp]] = []  # empty while nobody listens: a hook cannot be taken away again
_has_hook: list[bool] = []


class Changed(Exception):
    """A file has changed; the message names it."""


class Reads:
    """The files that were opened for reading, each with its stamp just before."""

    def __init__(self) -> None:
        self.stamps: dict[Path, Stamp] = {}

    def digests(self, folder: Path) -> Mapping[str, str]:
        """The digest of each data file, or of a folder with many of them, by its path from the recipe's folder.

        Raises Changed for a file that changed while it was read.
        """
        paths = [path for path in self.stamps if _is_data(path)]
        crowded = {parent for parent, count in Counter(path.parent for path in paths).items() if count > MOST}
        keys = {path: _key(path.parent if path.parent in crowded else path, folder) for path in paths}
        digests = {key: identity.content(key, folder) for key in sorted({*keys.values()})}
        for path, key in keys.items():
            if _has_changed(path, self.stamps[path]):
                raise Changed(f"{key} changed while it was read")
        return {key: digest for key, digest in digests.items() if digest is not None}


@contextmanager
def listening() -> Iterator[Reads]:
    """Note the files that are opened for reading meanwhile."""
    if not _has_hook:
        sys.addaudithook(_hear)
        _has_hook.append(True)
    reads = Reads()
    _opened.append(reads.stamps)
    try:
        yield reads
    finally:
        _opened.pop()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _opened or event != "open":
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes) or (flags or 0) & os.O_WRONLY or not {*(mode or "")}.isdisjoint("wax"):
        return
    stamps = _opened.pop()  # what is opened here is not heard
    try:
        file = Path(os.path.abspath(os.fsdecode(path)))
        if file not in stamps and (stamp := _stamp(file)) is not None:
            stamps[file] = stamp
    finally:
        _opened.append(stamps)


def _stamp(path: Path) -> Stamp | None:
    """What shows that a file has changed; of a file just written also its content. None if it is no regular file."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            return None
        is_young = time.time() - facts.st_mtime < identity.COARSE_SECONDS
        digest = identity.content(str(path), path.parent) if is_young else None
    except (OSError, ValueError):
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size, digest


def _has_changed(path: Path, before: Stamp) -> bool:
    now = _stamp(path)
    same_content = before[3] is None or before[3] == identity.content(str(path), path.parent)
    return now is None or now[:3] != before[:3] or not same_content


def _is_data(path: Path) -> bool:
    """Whether it is neither code, nor of the system, nor of a data set that is verified whenever it is read."""
    if any(part.endswith(INSTALLERS) for part in path.parts):
        return False
    if path.suffix in CODE or modules.is_installed(path):
        return path.is_relative_to(modules.PACKAGE) and path.suffix not in CODE
    return not any(path.is_relative_to(root) for root in (*SYSTEM, *_verified()))


def _verified() -> Iterator[Path]:
    root = sources.data_folder().absolute()
    yield from (root / source.subfolder for source in sources.DATASETS.values() if source.subfolder)
    yield sources.DEBIAN_FASHION_MNIST


def _key(path: Path, folder: Path) -> str:
    for root in (folder.resolve(), folder.absolute()):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    if path.is_relative_to(modules.PACKAGE):
        return str(path.relative_to(modules.PACKAGE.parent))
    return str(path)
