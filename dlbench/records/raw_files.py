"""Raw files, which are run files and timing files, loose or in packs: the one place where readers get them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from dlbench.errors import InputError
from dlbench.records import packs

ENDING: Final = ".jsonl"
TIMES: Final = "time"  # the folder, under the results folder, of what `dlbench time` leaves: no runs of trials


@dataclass(frozen=True)
class RawFile:
    """One file, as it was written.

    path: what frames and warnings call it; of a packed file `PACK:PATH IN IT`. name: its path under the folder that was
    searched, with `/`. mtime_ns: when it was written, in nanoseconds since 1970, if that is known. held: its content,
    if that has been read.
    """

    path: str
    name: str
    mtime_ns: int | None = None
    held: bytes | None = None

    def read(self) -> bytes:
        """Its content; raises InputError."""
        if self.held is not None:
            return self.held
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None

    @property
    def written(self) -> float | None:
        """When it was written, in seconds since 1970, if that is known."""
        return None if self.mtime_ns is None else self.mtime_ns / 1e9

    @property
    def is_timing(self) -> bool:
        """Whether it lies where `dlbench time` leaves its files."""
        return self.name.startswith(f"{TIMES}/")


def under(path: Path, warnings: list[str]) -> Iterator[RawFile]:
    """All files under a results folder, loose and packed, or in a pack; InputError if it is neither, or damaged.

    warnings: damage to a pack in the folder is added here; only the files before it are read.
    """
    if is_pack(path):
        yield from of_pack(path, "")
    elif path.is_dir():
        yield from loose(path)
        yield from packed(path, warnings)
    else:
        raise InputError(f"{path}: no such results folder; `dlbench run` makes one, --results names another")


def loose(folder: Path) -> Iterator[RawFile]:
    """The unpacked files under a folder, by name."""
    for name in _names(folder, ENDING):
        yield one(os.path.join(folder, name), name)


def packed(folder: Path, warnings: list[str]) -> Iterator[RawFile]:
    """The files in packs under a folder; see `under`."""
    for name in packs_under(folder):
        try:
            yield from of_pack(folder / name, name)
        except InputError as error:
            warnings.append(f"{error}; what follows is left out")


def packs_under(folder: Path) -> list[str]:
    """The packs under a folder, as paths below it, in order."""
    return _names(folder, packs.ENDING)


def of_pack(pack: Path, name: str) -> Iterator[RawFile]:
    """All files in the pack called `name`, with names as if it were unpacked where it lies. Raises InputError."""
    folder = PurePosixPath(name).parent
    for member in packs.members(pack):
        yield _of_member(pack, member, str(folder / member.path))


def at(paths: Iterable[Path]) -> Iterator[RawFile]:
    """The files at these paths, as frames have them, as far as they exist: loose ones, then packed ones by pack."""
    names_by_pack: dict[Path, set[str]] = {}
    for path in paths:
        pack, name = split(path)
        if path.exists():
            yield one(path)
        elif name:
            names_by_pack.setdefault(pack, set()).add(name)
    for pack, names in names_by_pack.items():
        yield from _named(pack, names)


def is_pack(path: Path) -> bool:
    """Whether this is the path of a pack; whether it can be read is another question."""
    return path.name.endswith(packs.ENDING) and path.is_file()


def split(path: Path) -> tuple[Path, str]:
    """The path of a packed file as its pack and its name in the pack; no name for any other path."""
    pack, mark, name = path.as_posix().partition(f"{packs.ENDING}:")
    return (Path(pack + packs.ENDING), name) if mark else (path, "")


def _named(pack: Path, names: set[str]) -> Iterator[RawFile]:
    """The files of these names in the pack, as far as it can be read."""
    missing = set(names)
    if not missing or not is_pack(pack):
        return
    with suppress(InputError):
        for member in packs.members(pack):
            if member.path in missing:
                yield _of_member(pack, member, member.path)
                missing.remove(member.path)
                if not missing:
                    return


def _of_member(pack: Path, member: packs.Member, name: str) -> RawFile:
    return RawFile(f"{pack}:{member.path}", name, member.mtime_ns, member.content)


def one(path: Path | str, name: str = "") -> RawFile:
    """The file at a path, whether it exists or not."""
    try:
        mtime_ns = os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        mtime_ns = None
    return RawFile(str(path), name or os.path.basename(path), mtime_ns)


def _names(folder: Path, ending: str) -> list[str]:
    """All files and folders of this ending under a folder, links to folders not followed, in order."""
    names = []
    for parent, folders, files in os.walk(folder):
        inside = Path(parent).relative_to(folder).as_posix()
        names += [f"{inside}/{name}".removeprefix("./") for name in (*folders, *files) if name.endswith(ending)]
    return sorted(names)
