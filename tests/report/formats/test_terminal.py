"""Whatever the width of the page, no number is cut and no code leaks into a pipe."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.records.groups import Quoted
from dlbench.report.cells import NOTHING, texts
from dlbench.report.formats.terminal import page as terminal
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

measures = st.builds(Measure, st.floats(0.01, 1e6), st.floats(0.01, 1e4), st.integers(2, 100))
names = st.text("abcdefghij-", min_size=1, max_size=18)


@st.composite
def wide_tables(draw: st.DrawFn) -> Table:
    columns = [f"metric_{number}_percent" for number in range(draw(st.integers(1, 8)))]
    rows = [
        {"recipe": draw(names)} | {name: draw(st.none() | measures) for name in columns}
        for _ in range(draw(st.integers(1, 4)))
    ]
    return Table.of("wide", rows, ["a note of a few words"], keys=("recipe",))


@settings(max_examples=40, deadline=None)
@given(wide_tables(), st.integers(50, 200))
def test_every_number_stands_whole_on_a_line_and_every_line_on_the_page(table: Table, width: int) -> None:
    shown = terminal([table], width=width)
    assert all(len(line) <= width for line in shown.splitlines())
    for row in texts(table):
        for cell in set(row[1:]) - {NOTHING}:
            assert any(cell in line for line in shown.splitlines()), cell
    assert "…" not in shown


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_rows_of_every_piece_are_named(table: Table, width: int) -> None:
    shown = terminal([table], width=width)
    pieces = len(re.findall(r"^─+$", shown, re.M))
    assert shown.count("resnet-20") == pieces
    assert (pieces > 1) == (width < 130)


def test_a_wide_page_shows_the_table_as_it_is(table: Table) -> None:
    lines = terminal([table], width=200).splitlines()
    assert lines[0] == "Errors"
    first = next(line for line in lines if line.startswith("resnet-20"))
    assert re.split(r"\s{2,}", first) == [
        "resnet-20", "yes", "9.1 ± 0.2 (n=5)", "8.75", "-3.0 [-5.5, -0.5] (n=3)", "269,722", "512",
    ]  # fmt: skip
    assert lines[-2:] == ["- Measured here: short budget.", "- Quoted: 50 % of it."]


def test_rows_with_nothing_to_say_are_left_out_of_a_piece() -> None:
    rows = [
        {"recipe": "a", "first_percent": Measure(1.0, 0.1, 3), "second_percent": None},
        {"recipe": "b", "first_percent": None, "second_percent": Measure(2.0, 0.1, 3)},
        {"recipe": "c", "first_percent": None, "second_percent": None},
    ]
    shown = terminal([Table.of("t", rows)], width=24)
    first, second = shown.split("\n\n")[:2]
    assert re.findall(r"^([abc]) ", first, re.M) == ["a", "c"]
    assert re.findall(r"^([abc]) ", second, re.M) == ["b", "c"]


def test_codes_only_where_colour_is_asked_for(table: Table) -> None:
    assert "\x1b[" in terminal([table], width=80, colour=True)
    assert all(line.isprintable() for line in terminal([table], width=80).splitlines())


def test_hostile_text_does_not_reach_the_terminal() -> None:
    shown = terminal(
        [Table.of("\x1b[2Jt", [{"a": "x\x1b]0;y\x07\nz", "published_b": Quoted("[red]1", "s")}])], width=80
    )
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]1" in shown


def test_an_empty_table_still_says_why() -> None:
    assert (
        terminal([Table.of("t", [], ["Nothing measured here yet."])], width=60) == "t\n- Nothing measured here yet.\n"
    )
    assert terminal([]) == ""


def test_long_text_wraps_between_words_beside_whole_numbers() -> None:
    rows = [
        {
            "recipe": "r",
            "finding": "converges in every run and never makes more mistakes",
            "x_percent": Measure(1.5, 0.2, 5),
        }
    ]
    shown = terminal([Table.of("t", rows)], width=50)
    assert "1.5 ± 0.2 (n=5)" in shown
    assert all(len(line) <= 50 for line in shown.splitlines())
    assert " ".join(re.findall(r"[a-z]+", shown)).count("converges in every run and never makes more mistakes") == 1


def test_few_notes_are_three_lines_that_say_how_to_see_the_others() -> None:
    short, long = "a" * 40, "a " * 80

    def few(*notes: str) -> list[str]:
        text = terminal([Table.of("Errors", [{"recipe": "net"}], notes).brief()], width=95)
        return text.rstrip("\n").partition("\n\n")[2].splitlines()

    assert few(short, short, short) == [f"- {short}"] * 3
    assert few(short, short, short, short) == [f"- {short}", f"- {short}", "- 2 more notes: --notes"]
    assert few(short, long) == [f"- {short}", *few(long)]
    assert few(short, long, short) == [f"- {short}", "- 2 more notes: --notes"]
    assert [line[-4:] for line in few("a " * 200)] == [" a a", " ...", "f it"]
