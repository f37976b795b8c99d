"""The verb `doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dlbench import exits
from dlbench.cli.checkups import Finding, Status, checks, examine

COLOURS: dict[Status, str] = {"ok": "green", "warning": "yellow", "problem": "red"}


def doctor(
    results: Annotated[Path, typer.Option(help="Folder of run files to look at, or a pack.")] = Path("results"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> int:
    """Check the installation, devices, compiler, data and results, and say what to do.

    Exit codes: 0 fine, 2 a problem, 70 a bug of dlbench.
    """
    findings = []
    for finding in examine(checks(results)):
        findings.append(finding)
        if not as_json:
            _print(finding)
    counts = Counter(finding.status for finding in findings)
    if as_json:
        print(json.dumps({"counts": counts, "findings": [asdict(finding) for finding in findings]}, indent=1))
    else:
        print(f"{len(findings)} findings: {', '.join(f'{counts[status]} {status}' for status in COLOURS)}")
    return exits.USAGE if counts["problem"] else exits.FINE


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
