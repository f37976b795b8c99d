"""The checkpoint of a trial under way: a file beside its run file, replaced now and then, removed when the trial ends.

Its first line is the SHA-256 of all that follows, its second describes the trial, the rest is torch's. Reading it runs
no code that it may contain.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from dlbench.errors import InputError
from dlbench.writing import replacing

EVERY_SECONDS = 30.0
SHARE = 0.02  # of the time goes into writing checkpoints at most, however large the model
DIGITS = 64  # of a SHA-256


class CheckpointFile:
    """Where one trial's checkpoints go."""

    def __init__(self, run_file: Path, identity: Mapping[str, Any]) -> None:
        """Beside the run file; identity: what must be the same for the training to be continued."""
        self.path = path_for(run_file)
        self._run_file = run_file
        self._identity = dict(identity)
        self._seconds = _every_seconds()
        self._due = time.monotonic() + self._seconds

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() >= self._due

    def write(self, state: Mapping[str, Any], offset: int) -> None:
        """Replace the file by one of this state; offset: how long the run file was then. Raises OSError."""
        began = time.monotonic()
        head = {
            "steps": state["steps"], "offset": offset, "start": _start_of(self._run_file), "identity": self._identity,
        }  # fmt: skip
        try:
            with replacing(self.path, _part_of(self.path)) as file:
                _write(file, json.dumps(head).encode() + b"\n", state)
        finally:
            ended = time.monotonic()
            self._due = ended + max(self._seconds, (ended - began) / SHARE if self._seconds else 0.0)

    def read(self) -> tuple[dict[str, Any], int] | str | None:
        """The state, and how long the run file was; None if there is no checkpoint, a reason if it cannot be used."""
        import torch

        if not self.path.exists():
            return None
        try:
            digest, head_line, rest = self.path.read_bytes().split(b"\n", 2)
            if hashlib.sha256(head_line + b"\n" + rest).hexdigest().encode() != digest:
                return f"{self.path}: is damaged"
            head = json.loads(head_line)
            changed = [key for key, value in self._identity.items() if head["identity"].get(key) != value]
            if changed:
                return f"{self.path}: was made with another {', '.join(changed)}"
            offset = int(head["offset"])
            if head["start"] != _start_of(self._run_file) or self._run_file.stat().st_size < offset:
                return f"{self.path}: does not belong to the run file beside it"
            return torch.load(io.BytesIO(rest), map_location="cpu", weights_only=True), offset
        except Exception as error:  # nothing that lies in a file may end the run
            return f"{self.path}: cannot be read ({type(error).__name__})"


def path_for(run_file: Path) -> Path:
    """The checkpoint of the trial that has this run file."""
    return run_file.with_suffix(".checkpoint")


def steps(run_file: Path) -> int | None:
    """After how many steps the trial would go on; None if it would begin anew. The file is not checked."""
    try:
        with path_for(run_file).open("rb") as file:
            file.readline(DIGITS + 1)
            return int(json.loads(file.readline(10_000))["steps"])
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None


def remove(run_file: Path) -> None:
    """Remove the checkpoint of the trial with this run file."""
    for path in (path_for(run_file), _part_of(path_for(run_file))):
        path.unlink(missing_ok=True)


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _every_seconds() -> float:
    text = os.environ.get("DLBENCH_CHECKPOINT_SECONDS", str(EVERY_SECONDS))
    try:
        return max(0.0, float(text))
    except ValueError:
        raise InputError(f"DLBENCH_CHECKPOINT_SECONDS={text}: give a number of seconds") from None


def _write(file: IO[bytes], head: bytes, state: Mapping[str, Any]) -> None:
    """Write the checkpoint, then the digest, which goes first but is known last."""
    import torch

    file.write(b"0" * DIGITS + b"\n")
    hashing = _Hashing(file)
    hashing.write(head)
    torch.save(dict(state), hashing)  # type: ignore[arg-type]
    file.seek(0)
    file.write(hashing.hexdigest().encode())


class _Hashing(io.RawIOBase):
    """Writes to a file, and knows the SHA-256 of what was written, without a copy of the weights in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hasher = hashlib.sha256()

    def write(self, data: Any) -> int:
        self._hasher.update(data)
        return self._file.write(data)

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


def _start_of(run_file: Path) -> str:
    """A digest of the first line of a run file, which says when it began."""
    with run_file.open("rb") as file:
        return hashlib.sha256(file.readline()).hexdigest()
