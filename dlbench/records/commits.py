"""Commits: what git says of one, and where on the web others read it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dlbench.errors import InputError

NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)  # it becomes that of a file
HASH: Final = re.compile(r"[0-9a-f]{40,64}")
REMOTE: Final = re.compile(
    r"(?:https?://(?:[^/@]*@)?|ssh://(?:[^/@]*@)?|[^/@]+@)([^/:]+)(?::\d+/|[:/])(.+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Commit:
    """What was measured.

    name: its hash, or what its user calls it. date: when it was committed, in UTC. subject: the first line of its
    message. is_dirty: whether files that git knows differed from it.
    """

    name: str
    date: str
    subject: str = ""
    is_dirty: bool = False

    @property
    def short(self) -> str:
        """As a person reads it."""
        return (self.name[:8] if HASH.fullmatch(self.name) else self.name) + (" + changes" if self.is_dirty else "")


def current(name: str, own: Path) -> Commit:
    """The commit of that name in the repository here, or the one checked out; without a repository `name` is one.

    own: a folder whose changes are none of the user's. Raises InputError.
    """
    if not _git("rev-parse", "--git-dir"):
        if not NAME.fullmatch(name):
            wanted = f"--commit {name!r}: a name has letters, digits, '.', '_' and '-'" if name else ""
            raise InputError(wanted or "no git repository here; --commit NAME says what was measured")
        return Commit(name, _utc(time.time()))
    lines = [] if name.startswith("-") else _git("log", "-1", "--format=%H%n%ct%n%s", name or "HEAD", "--")
    if not lines:
        raise InputError(f"--commit {name}: no commit of the git repository here" if name else "no commit here yet")
    digest, seconds, *subject = lines
    is_dirty = digest in _git("rev-parse", "HEAD") and _has_changes(own)
    return Commit(digest, _utc(float(seconds)), "".join(subject), is_dirty)


def address() -> str:
    """Where the commits of the repository here can be read, as most hosts have it; empty if that is not known."""
    remote = REMOTE.fullmatch("".join(_git("remote", "get-url", "origin")))
    return f"https://{remote[1]}/{remote[2]}/commit/{{commit}}" if remote else ""


def _has_changes(own: Path) -> bool:
    top = Path("".join(_git("rev-parse", "--show-toplevel")))
    changed = _git("-C", str(top), "diff", "--name-only", "HEAD", "--")
    return any(not (top / path).is_relative_to(own.resolve()) for path in changed)


def _git(*words: str) -> Sequence[str]:
    """The lines that git answers; none where it fails, or is not there."""
    try:
        done = subprocess.run(["git", *words], capture_output=True, encoding="utf-8", errors="replace", check=False)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
