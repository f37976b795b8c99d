"""The verb `doctor`: what is well, what is not, and what to do about it. No check can end in a traceback."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from dlbench import exits
from dlbench.errors import InputError
from dlbench.reading import plain

Status = Literal["ok", "warning", "problem"]
COLOURS: dict[Status, str] = {"ok": "green", "warning": "yellow", "problem": "red"}


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what was found, and what to do."""

    check: str
    status: Status
    found: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def doctor(results: Path, as_json: bool) -> int:
    """Check everything and print it, line by line or as JSON; returns the exit code, 2 if there is a problem."""
    from dlbench.verbs import checkups

    found = []
    for finding in examine(checkups.checks(results)):
        found.append(finding)
        if not as_json:
            _print(finding)
    counts = Counter(finding.status for finding in found)
    if as_json:
        print(json.dumps({"counts": counts, "findings": [asdict(finding) for finding in found]}, indent=1))
    else:
        print(f"{len(found)} findings: {', '.join(f'{counts[status]} {status}' for status in COLOURS)}")
    return exits.USAGE if counts["problem"] else exits.FINE


def examine(checks: dict[str, Check]) -> Iterator[Finding]:
    """What each check finds; one that raises is a problem itself."""
    for name, check in checks.items():
        try:
            yield from check()
        except InputError as error:
            yield Finding(name, "problem", plain(error))
        except (Exception, SystemExit) as error:
            yield Finding(name, "problem", plain(f"{type(error).__name__}: {error}"))


def _print(finding: Finding) -> None:
    remedy = f"; {finding.remedy}" if finding.remedy else ""
    line = f"{finding.status:8} {finding.check}: {finding.found}{remedy}"
    if not sys.stdout.isatty():
        print(line, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    text = Text(line)
    text.stylize(COLOURS[finding.status], 0, len(finding.status))
    Console().print(text, soft_wrap=True)
