"""JUnit XML, held against the elements and attributes that Jenkins' junit-10.xsd allows."""

from dataclasses import replace
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.judge.changes import Row, Verdict
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import metric
from dlbench.report.changes import Comparison
from dlbench.report.formats.junit import comparison
from dlbench.stats.difference import of_speeds

# element: its attributes (those that must be there, those that may), its children
SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests"},
        {"failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"}, {"assertions", "time", "classname", "status"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}  # fmt: skip


def check(element: xml.Element) -> None:
    """Raise unless the element and all below it are as the schema has them, and counts are true."""
    needed, allowed, children = SCHEMA[element.tag]
    assert needed <= set(element.keys()) <= needed | allowed
    for child in element:
        assert child.tag in children
        check(child)
    if element.tag == "testsuite":
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(element.get(count, 0)) == len(element.findall(f"testcase/{tag}"))
        assert int(element.get("tests", -1)) == len(element.findall("testcase"))


def a_row(verdict: Verdict, side: str = "head", recipe: str = "net", why: str = "", breached: bool = False) -> Row:
    found = of_speeds([100.0] * 4, [90.0] * 4)
    limit = Limit("examples_per_second", 5, True) if breached else None
    return Row(
        side, recipe, "short", metric("examples_per_second"), verdict, why, 100.0, 90.0,
        found if breached or verdict in ("same", "slower") else None, limit, "breached" if breached else "",
    )  # fmt: skip


def suites(*rows: Row) -> list[xml.Element]:
    root = xml.fromstring(comparison(Comparison(rows, "main", rows)))
    check(root)
    return list(root)


def test_each_verdict_is_what_a_viewer_understands() -> None:
    (suite,) = suites(
        a_row("slower", breached=True), a_row("slower"), a_row("same"), a_row("failed", why="seed 1 killed"),
        a_row("not comparable", why="torch"), a_row("inconclusive"), a_row("missing"),
    )  # fmt: skip
    assert [[child.tag for child in case] for case in suite] == [
        ["failure"], ["system-out"], ["system-out"], ["error"], ["skipped"], ["skipped"], ["skipped"],
    ]  # fmt: skip
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "examples_per_second x0.900: slower by more than 5%"
    assert (suite[0].get("classname"), suite[0].get("name")) == ("net", "examples_per_second (short)")
    assert (suite.get("name"), suite.get("tests"), suite.get("skipped")) == ("head against main", "7", "3")


def test_a_limit_that_could_not_be_decided_is_skipped() -> None:
    ((case,),) = suites(replace(a_row("new"), outcome="undecided"))
    assert [child.tag for child in case] == ["skipped"]


def test_a_suite_for_each_new_side() -> None:
    assert [suite.get("name") for suite in suites(a_row("same", "one"), a_row("same", "two"))] == [
        "one against main", "two against main",
    ]  # fmt: skip


def test_no_rows_are_a_document_too() -> None:
    assert suites() == []


@given(st.text(), st.text(), st.sampled_from(["failed", "missing", "same"]))
def test_whatever_a_message_holds_the_document_is_sound(recipe: str, why: str, verdict: Verdict) -> None:
    (suite,) = suites(a_row(verdict, recipe=recipe, why=why))
    assert len(suite) == 1


@pytest.mark.parametrize("forbidden", ["\x00", "\x1b", "\x0b", "\ud800", "\ufffe"])
def test_what_xml_forbids_is_left_out(forbidden: str) -> None:
    (suite,) = suites(a_row("failed", why=f"a{forbidden}b"))
    error = suite.find("testcase/error")
    assert error is not None
    assert str(error.get("message")).endswith(": ab")
