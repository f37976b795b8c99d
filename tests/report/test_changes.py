"""The table of a comparison: what it shows first, what it hides, in which order."""

import json as library

import measured
import pytest

from dlbench.judge import changes, limits
from dlbench.judge.changes import Choice, Row
from dlbench.report.changes import ordered, table_of
from dlbench.report.formats.json import tables as json
from dlbench.report.formats.markdown import tables as markdown
from dlbench.report.formats.terminal import page as terminal

RATE, ERROR, MEMORY = "examples_per_second", "test_error_percent", "peak_memory_bytes"
MEBI = 2**20


@pytest.fixture
def rows() -> list[Row]:
    """b: slower, and worse beyond its limit. a: as it was; c: of another torch."""
    speeds, errors = [100.0, 101.0, 99.0, 100.0], [8.0, 8.2, 7.9, 8.1]
    slow, bad = [0.9 * each for each in speeds], [9.0, 9.3, 8.8, 9.3]
    memory = {MEMORY: [MEBI * 700.0] * 4}
    base = measured.frame(
        measured.records({RATE: speeds, ERROR: errors}, recipe="b"),
        measured.records({RATE: speeds, ERROR: errors, **memory}, recipe="a"),
        measured.records({RATE: speeds}, recipe="c"),
    )
    new = measured.frame(
        measured.records({RATE: slow, ERROR: bad}, recipe="b"),
        measured.records({RATE: speeds, ERROR: errors, **memory}, recipe="a"),
        measured.records({RATE: speeds}, recipe="c", torch="2.16.0"),
    )
    held = [limits.parse("test_error_percent:0.5")]
    return changes.compare(base, new, "head", Choice(limits=held))[0]


class TestTable:
    def test_a_reader_sees_the_verdict_first_and_reasons_as_notes(self, rows: list[Row]) -> None:
        found = table_of(rows, "main")
        assert found.title == "head against main"
        assert list(found.frame) == ["recipe", "metric", "verdict", "limit", "change", "p", "n", "base", "new"]
        by_name = {(row["recipe"], row["metric"]): row for row in found.frame.to_dict("records")}
        assert by_name["b", RATE]["change"].startswith("x0.900 [0.8")
        assert by_name["b", ERROR]["change"].startswith("+1.05 [")
        assert by_name["b", ERROR]["limit"] == "0.5: breached"
        assert by_name["a", MEMORY]["base"] == "700 MiB"
        notes = "\n".join(found.notes)
        assert "6 rows: 1 slower, 1 worse, 1 not comparable, 3 same; 1 limit breached." in notes
        assert "Not comparable, torch 2.15.0 against 2.16.0 (--across version): c examples_per_second." in notes
        assert "All rows: short." in notes

    def test_a_program_gets_every_number(self, rows: list[Row]) -> None:
        (found,) = library.loads(json([table_of(rows, "main", raw=True)]))
        row = next(row for row in found["rows"] if (row["recipe"], row["metric"]) == ("b", ERROR))
        assert row["difference"] == {"value": pytest.approx(1.05), "low": pytest.approx(0.845, abs=0.01),
                                     "high": pytest.approx(1.255, abs=0.01), "n": 4}  # fmt: skip
        assert (row["base"], row["limit"], row["outcome"], row["measured"]) == (8.05, "0.5", "breached", "short")
        assert 0 < row["p"] < 0.01

    @pytest.mark.parametrize("width", [60, 80, 100, 140])
    def test_no_width_loses_a_verdict(self, rows: list[Row], width: int) -> None:
        text = terminal([table_of(rows, "main")], width=width)
        assert all(verdict in text for verdict in ("slower", "worse", "not comparable", "0.5: breached"))
        assert max(map(len, text.splitlines())) <= width

    def test_markdown_takes_it(self, rows: list[Row]) -> None:
        assert "| b | test_error_percent | worse | 0.5: breached |" in markdown([table_of(rows, "main")])

    def test_hidden_rows_are_counted_all_the_same(self, rows: list[Row]) -> None:
        found = table_of(rows, "main", visible=ordered(rows, "name", only_changed=True))
        assert len(found.frame) == 2
        assert "6 rows: 1 slower, 1 worse, 1 not comparable, 3 same; 1 limit breached; 2 shown." in found.notes

    def test_nothing_measured_is_said(self) -> None:
        assert table_of([], "main").notes == ("Nothing measured.",)


class TestOrder:
    def test_by_name_of_the_recipe(self, rows: list[Row]) -> None:
        assert [row.recipe for row in ordered(rows, "name")] == ["a", "a", "a", "b", "b", "c"]

    def test_by_verdict_a_breached_limit_first(self, rows: list[Row]) -> None:
        found = [row.verdict for row in ordered(rows, "verdict")]
        assert found == ["worse", "slower", "not comparable", "same", "same", "same"]

    def test_by_ratio_what_got_worse_most_first(self, rows: list[Row]) -> None:
        """13 % more errors, 10 % slower, and last what is not known."""
        found = ordered(rows, "ratio")
        assert [row.verdict for row in found[:2]] == ["worse", "slower"]
        assert found[-1].verdict == "not comparable"
