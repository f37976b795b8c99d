"""The verbs `pack` and `unpack`: run and timing files of a folder <-> one file that readers take as well."""

from __future__ import annotations

import heapq
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer

from dlbench.errors import InputError
from dlbench.records import packs, raw_files
from dlbench.records.packs import Member
from dlbench.records.raw_files import RawFile
from dlbench.spec import catalog, study
from dlbench.trials.workers import checkpoint_file, locking

OTHERS: Final = "others"  # the pack of recipes that no study compares


def pack(
    folder: Annotated[Path, typer.Argument(help="Folder of run and timing files.")] = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The pack to write; its name ends in .jsonl.gz.")
    ] = None,
    by_study: Annotated[
        bool, typer.Option("--by-study", help="Add loose files to FOLDER/STUDY.jsonl.gz, one pack for each study.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove what has been packed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the pack that -o names.")] = False,
) -> None:
    """Write many run files into one compressed file, which every verb reads as it reads a folder.

    The files stay as they are, byte for byte; runs under way or to be continued are not packed. `zcat` shows what is
    inside, `dlbench unpack` gives it back. Packs that lie in a results folder are read with it, and a trial that
    finished in one is not run again.
    """
    if (output is None) != by_study:
        raise InputError("pack: say where to, with -o FILE.jsonl.gz or with --by-study")
    loose = _finished(folder)
    if output is None:
        _pack_by_study(folder, loose, remove)
        return
    if not output.name.endswith(packs.ENDING):
        raise InputError(f"-o {output}: the name should end in {packs.ENDING}, by which readers know a pack")
    if output.exists() and not force:
        raise InputError(f"-o {output}: exists already; --force overwrites it")
    sources = raw_files.packs_under(folder)
    _write(output, [loose, *(raw_files.of_pack(folder / name, name) for name in sources)])
    if remove:
        _remove(folder, loose)
        for name in sources:
            if not output.samefile(folder / name):
                (folder / name).unlink()


def unpack(
    pack: Annotated[Path, typer.Argument(metavar="FILE", help="What `dlbench pack` wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The new folder to write to.")],
) -> None:
    """Write the files of a pack into a new folder: the same bytes, paths and times."""
    target = Path(os.path.abspath(output))
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(f"-o {output}: exists already; name a new folder")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.mkdir()
        count = sum(_write_member(part, member) for member in packs.members(pack))
        if target.exists():
            target.rmdir()
        part.rename(target)
    except (OSError, OverflowError) as error:
        raise InputError(f"-o {output}: cannot be written ({getattr(error, 'strerror', None) or error})") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"{output}: {_files(count)}")


def _finished(folder: Path) -> list[RawFile]:
    """The loose files under a folder, except those of trials that run or can be continued."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    finished = []
    for file in raw_files.loose(folder):
        if _is_under_way(Path(file.path)):
            print(f"dlbench: {file.path}: under way or to be continued; stays loose, is not packed", file=sys.stderr)
        else:
            finished.append(file)
    return finished


def _is_under_way(path: Path) -> bool:
    """Whether a process has locked it, or a checkpoint lies beside it."""
    own = [path] if path.stat().st_size else []  # looking for the lock of an empty file would remove it
    locks = [path.with_name(".lock"), *own]  # see dlbench.trials.workers.runfile
    return any(map(locking.is_locked, locks)) or checkpoint_file.path_for(path).exists()


def _pack_by_study(folder: Path, loose: Iterable[RawFile], remove: bool) -> None:
    """Add each loose file to the pack of the first study that compares its recipe."""
    homes = _homes()
    chosen: dict[str, list[RawFile]] = {}
    for file in loose:
        chosen.setdefault(homes.get(PurePosixPath(file.name).parent.name, OTHERS), []).append(file)
    if not chosen:
        raise InputError(f"{folder}: holds no loose run files")
    for name, files in sorted(chosen.items()):
        target = folder / f"{name}{packs.ENDING}"
        _write(target, [files, *([raw_files.of_pack(target, target.name)] if target.exists() else [])])
        if remove:
            _remove(folder, files)


def _homes() -> Mapping[str, str]:
    """Recipe -> the first study, by name, that compares it."""
    homes: dict[str, str] = {}
    for name in catalog.studies():
        for reference in study.load(name).recipes:
            homes.setdefault(Path(reference).stem, name)
    return homes


def _write(target: Path, sources: Iterable[Iterable[RawFile]]) -> None:
    """Write a pack of all files of the sources, each in order, and say how large it is."""
    count = packs.write(target, _without_doubles(heapq.merge(*sources, key=attrgetter("name"))))
    print(f"{target}: {_files(count)}, {target.stat().st_size:,} bytes")


def _without_doubles(files: Iterable[RawFile]) -> Iterator[Member]:
    """The files as members of a pack, each name once; InputError where two files of one name differ."""
    last: Member | None = None
    where = ""
    for file in files:
        member = Member(file.name, file.mtime_ns or 0, file.read())
        if last is None or member.path != last.path:
            yield member
            last, where = member, file.path
        elif member.content != last.content:
            raise InputError(f"{file.path}: differs from {where} of the same name; rename or remove one of them")
    if last is None:
        raise InputError("nothing to pack: no run or timing files there")


def _remove(folder: Path, files: Iterable[RawFile]) -> None:
    """Remove loose files that have not changed since they were packed, and folders that are then empty."""
    for file in files:
        path = Path(file.path)
        try:
            if path.stat().st_mtime_ns == file.mtime_ns:
                path.unlink()
        except OSError as error:
            raise InputError(f"{path}: packed, but cannot be removed ({error.strerror})") from None
        with suppress(OSError):  # others lie there
            for parent in path.relative_to(folder).parents[:-1]:
                (folder / parent).rmdir()


def _write_member(folder: Path, member: Member) -> int:
    path = folder / member.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(member.content)
    os.utime(path, ns=(member.mtime_ns, member.mtime_ns))
    return 1


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"
