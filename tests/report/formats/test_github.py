"""Workflow commands, taken apart as GitHub's runner does."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dlbench.judge.changes import Row
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import metric
from dlbench.report.changes import Comparison
from dlbench.report.formats.github import comparison
from dlbench.stats.difference import of_pairs, of_speeds

RATE, ERROR = metric("examples_per_second"), metric("test_error_percent")
COMMAND = re.compile(r"::(error|warning|notice) title=([^,:]*)::(.*)")


def commands(*rows: Row) -> list[tuple[str, str, str]]:
    """Kind, title and message, unescaped."""
    text = comparison(Comparison(rows, "main", rows))
    found = [COMMAND.fullmatch(line) for line in text.removesuffix("\n").split("\n")]
    return [(match[1], _plain(match[2]), _plain(match[3])) for match in found if match]


def _plain(text: str) -> str:
    for code, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, letter)
    return text


def breached() -> Row:
    found = of_speeds([100.0] * 4, [90.0] * 4)
    limit = Limit("examples_per_second", 5, True)
    return Row("head", "net", "short", RATE, "slower", "", 100.0, 90.0, found, limit, "breached")


def test_a_breached_limit_is_an_error_in_words() -> None:
    assert commands(breached()) == [
        ("error", "net: examples_per_second",
         "examples_per_second x0.900: slower than main by more than 5% (100 -> 90, short)"),
        ("notice", "dlbench compare", "1 row against main, limits breached: 1"),
    ]  # fmt: skip


def test_a_failed_trial_is_an_error_an_undecided_limit_a_warning_and_other_rows_say_nothing() -> None:
    limit = Limit("examples_per_second", 5, True)
    rows = (
        Row("head", "net", "short", None, "failed", "seed 1 killed"),
        Row("head", "net", "short", RATE, "inconclusive", "too noisy", limit=limit, outcome="undecided"),
        Row("head", "net", "short", ERROR, "same"),
    )
    assert commands(*rows)[:-1] == [
        ("error", "net: failed", "short: failed: seed 1 killed"),
        ("warning", "net: examples_per_second", "limit undecided: short: inconclusive: too noisy"),
    ]


def test_a_bad_bargain_is_a_warning() -> None:
    faster = Row("head", "net", "short", RATE, "faster", difference=of_speeds([90.0] * 4, [100.0] * 4))
    worse = Row("head", "net", "short", ERROR, "worse", difference=of_pairs({0: 8.0, 1: 8.0}, {0: 9.0, 1: 9.5}))
    (warning, _) = commands(faster, worse)
    assert warning[0] == "warning"
    assert warning[2].startswith("net: faster, but worse: examples_per_second x1.111, test_error_percent +1.25 points")


@given(st.text(), st.text())
def test_whatever_a_message_holds_it_stays_one_command(recipe: str, why: str) -> None:
    found = commands(Row("head", recipe, "short", None, "failed", why))
    assert len(found) == 2
    assert found[0][0] == "error"


def test_what_would_break_a_command_is_escaped() -> None:
    rows = [Row("head", "a,b:c", "short", None, "failed", "50%\r\n::error::x")]
    text = comparison(Comparison(rows, "main", rows))
    assert text.splitlines()[0] == "::error title=a%2Cb%3Ac%3A failed::short: failed: 50%25%0D%0A::error::x"
