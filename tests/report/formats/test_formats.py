"""What every format has in common: a file is a format, and says itself what it can write."""

import importlib
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from dlbench.report import formats
from dlbench.report.formats import Kind

FILES = sorted({path.stem for path in Path(formats.__file__).parent.glob("*.py")} - {"__init__"})


@pytest.mark.parametrize("file", FILES)
def test_every_file_is_a_format_and_its_functions_are_called_alike(file: str) -> None:
    kinds = [kind for kind in get_args(Kind) if file.replace("_", "-") in formats.names(kind)]
    assert kinds
    module = importlib.import_module(f"dlbench.report.formats.{file}")
    for kind in kinds:
        _, output = inspect.signature(getattr(module, kind)).parameters.values()
        assert (output.name, output.default) == ("output", None)


def test_a_file_more_is_a_format_more(tmp_path: Path) -> None:
    """In a copy of dlbench: a choice of `--format`, and what is written to files with its ending."""
    shutil.copytree(Path(formats.__file__).parents[2], tmp_path / "dlbench")
    (tmp_path / "dlbench" / "report" / "formats" / "count.py").write_text(
        'ENDING = ".count"\n\n\ndef tables(shown, output=None):\n    return f"{len(shown)}\\n"\n'
    )
    code = (
        "from pathlib import Path; from dlbench.report import formats; from dlbench.cli.options import TablesName\n"
        "assert 'count' in TablesName.__args__ and 'count' not in formats.names('comparison')\n"
        "formats.show('tables', [1, 2], formats.by_ending(Path('a.count')), Path('a.count'))"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert (tmp_path / "a.count").read_text() == "2\n"


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.md", "markdown"), ("a.csv", "csv"), ("a.tex", "latex"), ("a.json", "json"), ("a", "terminal")],
)
def test_a_file_s_ending_names_a_format(name: str, format: str) -> None:
    assert formats.by_ending(Path(name)) == format
