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

    path: what frames and warnings call it, of a packed one `PACK:PATH IN IT`. name: its place under the folder that was
    searched, with `/`. mtime_ns: when it was written, in nanoseconds since 1970, if that is known. held: all it holds,
    if that has been read.
    """

    path: str
    name: str
    mtime_ns: int | None = None
    held: bytes | None = None

    def read(self) -> bytes:
        """All it holds; raises InputError."""
        if self.held is not None:
            return self.held
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None

    @property
    def written(self) -> float | None:
        """When it was, in seconds since 1970, if that is known."""
        return None if self.mtime_ns is None else self.mtime_ns / 1e9

    @property
    def is_timing(self) -> bool:
        """Whether it lies where `dlbench time` leaves its files."""
        return self.name.startswith(f"{TIMES}/")


def under(place: Path, warnings: list[str]) -> Iterator[RawFile]:
    """All under a results folder, loose and packed, or in a pack; InputError if it is neither, or damaged.

    warnings: gets what is wrong with a pack in the folder, of which only the files before the damage come.
    """
    if is_pack(place):
        yield from of_pack(place, "")
    elif place.is_dir():
        yield from loose(place)
        yield from packed(place, warnings)
    else:
        raise InputError(f"{place}: no such results folder; `dlbench run` makes one, --results names another")


def loose(folder: Path) -> Iterator[RawFile]:
    """Those that are files of their own under a folder, by name."""
    for name in _names(folder, ENDING):
        yield one(os.path.join(folder, name), name)


def packed(folder: Path, warnings: list[str]) -> Iterator[RawFile]:
    """Those in packs under a folder; see `under`."""
    for name in packs_under(folder):
        try:
            yield from of_pack(folder / name, name)
        except InputError as error:
            warnings.append(f"{error}; what follows is left out")


def packs_under(folder: Path) -> list[str]:
    """Where packs lie under a folder, in order."""
    return _names(folder, packs.ENDING)


def of_pack(pack: Path, place: str) -> Iterator[RawFile]:
    """All in a pack, by name: as if it were unpacked in the folder of `place`, where it lies. Raises InputError."""
    folder = PurePosixPath(place).parent
    for member in packs.members(pack):
        yield _of_member(pack, member, str(folder / member.path))


def at(paths: Iterable[Path]) -> Iterator[RawFile]:
    """Those at these paths, as frames have them, that are there: loose ones first, then each pack is read once."""
    wanted: dict[Path, set[str]] = {}
    for path in paths:
        pack, name = split(path)
        if path.exists():
            yield one(path)
        elif name:
            wanted.setdefault(pack, set()).add(name)
    for pack, names in wanted.items():
        yield from _some(pack, names)


def is_pack(path: Path) -> bool:
    """Whether this is the path of a pack: what it holds will show."""
    return path.name.endswith(packs.ENDING) and path.is_file()


def split(path: Path) -> tuple[Path, str]:
    """The pack, and the name in it, that the path of a packed file is made of; no name for any other path."""
    pack, mark, name = path.as_posix().partition(f"{packs.ENDING}:")
    return (Path(pack + packs.ENDING), name) if mark else (path, "")


def _some(pack: Path, names: set[str]) -> Iterator[RawFile]:
    """Those of the names that the pack holds, as far as it can be read."""
    left = set(names)
    if not left or not is_pack(pack):
        return
    with suppress(InputError):
        for member in packs.members(pack):
            if member.path in left:
                yield _of_member(pack, member, member.path)
                left.remove(member.path)
                if not left:
                    return


def _of_member(pack: Path, member: packs.Member, name: str) -> RawFile:
    return RawFile(f"{pack}:{member.path}", name, member.mtime_ns, member.content)


def one(path: Path | str, name: str = "") -> RawFile:
    """The file at a path, or what would be there."""
    try:
        mtime_ns = os.stat(path).st_mtime_ns
    except (OSError, ValueError):
        mtime_ns = None
    return RawFile(str(path), name or os.path.basename(path), mtime_ns)


def _names(folder: Path, ending: str) -> list[str]:
    """Where all that is called so lies under a folder, links to folders not followed, in order."""
    names = []
    for place, folders, files in os.walk(folder):
        inside = Path(place).relative_to(folder).as_posix()
        names += [f"{inside}/{name}".removeprefix("./") for name in (*folders, *files) if name.endswith(ending)]
    return sorted(names)
