"""What a Markdown reader sees is what the cell says."""

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dlbench.report.cells import one_line
from dlbench.report.formats.markdown import escaped
from dlbench.report.formats.markdown import tables as markdown
from dlbench.report.table import Table

READER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")


def seen(text: str) -> list[list[str]]:
    """Rows of cells as a reader would see them, headings first; markup inside a cell shows as what it is, an alien."""
    rows: list[list[str]] = []
    for token in READER.parse(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and token.level > 3:
            pieces = token.children or []
            aliens = [piece.type for piece in pieces if piece.type not in ("text", "text_special")]
            rows[-1].append("".join(piece.content for piece in pieces) if not aliens else f"ALIEN {aliens}")
    return rows


def test_a_table_with_heading_alignment_and_notes(table: Table) -> None:
    lines = markdown([table]).splitlines()
    assert lines[:5] == [
        "### Errors",
        "",
        "| recipe | convolutional | test error % | published test error % | gap (points) | parameters "
        "| median examples/s |",
        "|---|---|---:|---:|---:|---:|---:|",
        "| resnet-20 | yes | 9.1 ± 0.2 (n=5) | 8.75 | -3.0 \\[-5.5, -0.5\\] (n=3) | 269,722 | 512 |",
    ]
    assert lines[5].startswith("| my\\|net_1 \\& co | no | 12.3 (n=1) | – |")
    assert lines[7:] == ["- Measured here: short budget.", "- Quoted: 50 % of it."]


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=4), st.text())
def test_any_text_comes_out_as_it_went_in(cells: list[str], title: str) -> None:
    rows = [{f"c{place}": f"x{cell}x" for place, cell in enumerate(cells)}]
    shown = seen(markdown([Table.of(title, rows)]))
    assert shown == [[f"c{place}" for place in range(len(cells))], [one_line(f"x{cell}x") for cell in cells]]


@settings(deadline=None)
@given(st.text(r"\`*_[]<>|&~$!#ab ", min_size=1))
def test_special_characters_come_out_as_they_went_in(text: str) -> None:
    shown = one_line(text)
    inline = READER.parseInline(f"x {escaped(text)} x")[0].children or []
    assert "".join(piece.content for piece in inline) == f"x {shown} x".replace("  ", " ") or shown == ""
    assert {piece.type for piece in inline} <= {"text", "text_special"}


def test_tables_are_apart(table: Table) -> None:
    assert markdown([table, table]).count("\n\n### Errors\n") == 1
