"""LaTeX that compiles: nothing special left unescaped, rows and columns in number."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.report.formats.latex import escaped
from dlbench.report.formats.latex import tables as latex
from dlbench.report.table import Table


def test_a_table_in_booktabs(table: Table) -> None:
    lines = latex([table]).splitlines()
    assert r"\usepackage{booktabs,adjustbox}" in lines[0]
    assert r"\begin{tabular}{llrrrrr}" in lines
    assert lines.index(r"\toprule") < lines.index(r"\midrule") < lines.index(r"\bottomrule")
    assert (
        r"resnet-20 & yes & 9.1 $\pm$ 0.2 (n=5) & 8.75 & $-$3.0 {[}$-$5.5, $-$0.5{]} (n=3) & 269,722 & 512 \\" in lines
    )
    assert any(line.startswith(r"my\textbar{}net\_1 \& co & no & 12.3 (n=1) & -- &") for line in lines)
    assert r"Quoted: 50 \% of it.\par" in lines


@settings(deadline=None)
@given(st.text(r"\{}&%$#_~^<>|[]`" + '"ab1- ', max_size=40))
def test_every_special_character_is_spelt_out(text: str) -> None:
    written = escaped(text)
    bare = re.sub(r"\\text[a-z]+\{\}|\\[{}&%$#_]|\$-\$|\{[\[\]]\}", "", written)
    assert not set(bare) & set(r"\{}&%$#_~^<>|[]`" + '"')
    for special in r"&%#_":
        assert written.count("\\" + special) == text.count(special)
    assert written.count(r"\textbackslash{}") == text.count("\\")


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_row_keeps_its_number_of_columns(cells: list[str]) -> None:
    shown = latex([Table.of("t", [{f"c{place}": f"x{cell}" for place, cell in enumerate(cells)}])])
    body = shown.split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    assert len(body.splitlines()) == 1
    assert len(re.findall(r"(?<!\\)&", body)) == len(cells) - 1


def test_a_hyphen_is_no_minus() -> None:
    assert escaped("seeds 0-2, plain-56, -3.0") == "seeds 0-2, plain-56, $-$3.0"


def test_environments_are_closed(table: Table) -> None:
    shown = latex([table, Table.of("empty", [], ["nothing"])])
    assert re.findall(r"\\begin\{(\w+)\}", shown).count("table") == 2
    for environment in ("table", "tabular", "adjustbox", "minipage"):
        assert shown.count(rf"\begin{{{environment}}}") == shown.count(rf"\end{{{environment}}}")
