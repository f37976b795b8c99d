"""Fetching data sets: torchvision downloads, and of what an archive holds only the files we name are written."""

import contextlib
import errno
import gzip
import hashlib
import io
import os
import shutil
import socket
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError

from dlbench.data.files import published_md5, verify
from dlbench.data.sources import SCRATCH, Source, abandoned, data_folder, find, located
from dlbench.errors import InputError

STALLED_SECONDS = 60
MOST_BYTES = 2**28  # of one file unpacked; the largest, CIFAR-100's training set, has 155 MB
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def get(name: str, root: Path | None = None) -> Path | None:
    """Download a data set unless an intact one is there; return its folder, None for one that is computed.

    It is fetched into a temporary folder beside the data; only when all its files are there, their checksums verified,
    are they moved into place, over damaged ones if need be. Raises InputError if the download fails or the data folder
    cannot be written; nothing half-written stays, and what a killed download left is removed by a later one.
    """
    root = root or data_folder()
    source = find(name)
    if source.is_made:
        return located(name, root)
    if located(name, root) is not None:
        with contextlib.suppress(InputError):
            return verify(name, root)
    with _scratch(root) as scratch:
        fetch(source, scratch)
        folder = root / source.subfolder
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            os.replace(scratch / source.subfolder / file, folder / file)
    return folder


@contextlib.contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Give a temporary folder inside `root`, so that a move into place is one rename."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for left in abandoned(root):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=root) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise InputError(
            f"{root}: cannot be written ({error.strerror}): set DLBENCH_DATA to a folder that can"
        ) from error


def fetch(source: Source, folder: Path) -> None:
    """Download a data set below `folder`, every file verified, archives and files alike; a progress bar on a terminal.

    Raises InputError if that fails for want of a network or of the right bytes, OSError for want of space.
    """
    import torchvision

    reader: Any = getattr(torchvision.datasets, source.torchvision)
    try:
        with (
            _patience(),
            contextlib.nullcontext() if sys.stderr.isatty() else contextlib.redirect_stderr(io.StringIO()),
        ):
            unpacked = _idx_files(reader, folder) if hasattr(reader, "resources") else _tar_files(reader, folder)
            _keep(source, unpacked, folder / source.subfolder)
    except (RuntimeError, OSError, EOFError, HTTPException, tarfile.TarError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{source.name}: download failed ({reason}): check the network and run `dlbench data get {source.name}` "
            "again, or try the recipe lenet-digits, whose data is bundled"
        ) from error


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Give up on a server that has sent nothing for so long."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _tar_files(reader: Any, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each plain file in CIFAR's archive, whose links and devices are passed over."""
    from torchvision.datasets.utils import download_url

    download_url(reader.url, folder, reader.filename, reader.tgz_md5)
    with tarfile.open(folder / reader.filename) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content:
                yield member.name, content.read(MOST_BYTES + 1)


def _idx_files(reader: Any, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each of an MNIST's files, from the first mirror that has it."""
    for packed, md5 in reader.resources:
        _from_a_mirror(reader.mirrors, packed, md5, folder)
        with gzip.open(folder / packed) as file:
            yield f"{reader.__name__}/raw/{Path(packed).stem}", file.read(MOST_BYTES + 1)


def _from_a_mirror(mirrors: list[str], file: str, md5: str, folder: Path) -> None:
    from torchvision.datasets.utils import download_url

    reasons = []
    for mirror in mirrors:
        try:
            return download_url(f"{mirror}{file}", folder, file, md5)  # type: ignore[no-any-return]
        except (RuntimeError, URLError) as error:
            reasons.append(f"{mirror}: {error}")
    raise RuntimeError("; ".join(reasons))


def _keep(source: Source, unpacked: Iterator[tuple[str, bytes]], folder: Path) -> None:
    """Write the data set's own files, each once its checksum is right; whatever else was packed is left unwritten."""
    folder.mkdir(parents=True)
    wanted = {f"{source.subfolder}/{file}": file for file in source.files}
    md5 = published_md5(source.name)
    for path, content in unpacked:
        file = wanted.pop(path, None)
        if file is None:
            continue
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5[file]:
            raise RuntimeError(f"{path} has the wrong checksum")
        (folder / file).write_bytes(content)
    if wanted:
        raise RuntimeError(f"{', '.join(wanted)} not in the archive")
