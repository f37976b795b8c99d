"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(target: Path, part: Path | None = None) -> Iterator[BinaryIO]:
    """A file beside the target that replaces it once it is written to disk, or is removed if that fails.

    A reader never sees half of it. part: its path; one of this process's own if left out. Raises OSError.
    """
    part = part or target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
