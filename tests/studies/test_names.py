"""A study may show a file of `dlbench/studies/` whose function of the same name makes tables of runs, and no other."""

import importlib
import inspect
from pathlib import Path

import pytest

from dlbench.errors import InputError
from dlbench.spec import study

FILES = {path.stem for path in (Path(study.__file__).parents[1] / "studies").glob("*.py")} - {"__init__"}
MADE_WITH = {"gaps", "nets", "sizes"}
TABLES = FILES - MADE_WITH


def naming(table: str, folder: Path) -> study.Study:
    path = folder / "mine.yaml"
    path.write_text(f"title: mine\nrecipes: [perceptron]\ntables: [{table}]\n")
    return study.load(str(path))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_study_shows_what_makes_tables_of_runs(name: str, tmp_path: Path) -> None:
    assert naming(name, tmp_path).tables == (name,)
    signature = inspect.signature(getattr(importlib.import_module(f"dlbench.studies.{name}"), name))
    assert list(signature.parameters) == ["runs"]
    assert signature.return_annotation == "list[Table]"


@pytest.mark.parametrize("name", sorted(MADE_WITH))
def test_a_study_cannot_name_what_tables_are_made_with(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"tables: there is no '{name}'"):
        naming(name, tmp_path)
