"""A comparison as JUnit XML, which continuous-integration servers show as a list of tests.

A breached limit is a failure, a failed trial an error; what could not be compared or decided is skipped. The elements
and attributes are those of Jenkins' schema (junit-10.xsd of its xunit plugin), which others read as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as xml

from dlbench.judge.changes import Row
from dlbench.report.changes import Comparison

# what XML 1.0, section 2.2, does not let a document hold, however it is written
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SKIPPED = ("missing", "not comparable", "inconclusive")


def comparison(shown: Comparison, output: Path | None = None) -> str:
    """One suite for each new side, one case for each row."""
    root = xml.Element("testsuites", name="dlbench compare")
    for side in dict.fromkeys(row.side for row in shown.shown):
        mine = [row for row in shown.shown if row.side == side]
        suite = xml.SubElement(root, "testsuite", name=_clean(f"{side} against {shown.base}"))
        cases = [_case(suite, row) for row in mine]
        suite.attrib |= {"tests": str(len(cases)), **{f"{kind}s": _count(cases, kind) for kind in ("failure", "error")}}
        suite.set("skipped", _count(cases, "skipped"))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, 0)) for suite in root)))
    xml.indent(root, " ")
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: xml.Element, row: Row) -> xml.Element:
    case = xml.SubElement(suite, "testcase", classname=_clean(row.recipe), name=_clean(f"{row.name} ({row.measured})"))
    told = _clean(f"{row.told}: {row.verdict}" + (f": {row.why}" if row.why else ""))
    if row.verdict == "failed":
        xml.SubElement(case, "error", message=told, type=row.verdict)
    elif row.outcome == "breached":
        limit = row.limit.text if row.limit else ""
        message = f"{_clean(row.told)}: {row.verdict} by more than {limit}"
        details = f"BASE {row.base:g}, NEW {row.new:g}"
        xml.SubElement(case, "failure", message=message, type=row.verdict).text = details
    elif row.verdict in SKIPPED or row.outcome == "undecided":
        xml.SubElement(case, "skipped", message=told)
    else:
        xml.SubElement(case, "system-out").text = told
    return case


def _count(cases: Sequence[xml.Element], kind: str) -> str:
    return str(sum(case.find(kind) is not None for case in cases))


def _clean(text: str) -> str:
    return FORBIDDEN.sub("", text)
