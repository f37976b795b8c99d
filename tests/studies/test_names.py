"""A file of `dlbench/studies/` is a study's: it makes tables of runs, a figure, or both."""

import importlib
import inspect
from pathlib import Path

import pytest

from dlbench import studies
from dlbench.spec import catalog

FILES = sorted(path.stem for path in Path(studies.__file__).parent.glob("*.py") if path.stem != "__init__")
GIVES = {"tables": "list[Table]", "figure": "Figure"}


@pytest.mark.parametrize("name", FILES)
def test_it_shows_a_study_of_its_name(name: str) -> None:
    assert name.replace("_", "-") in catalog.studies()
    module = importlib.import_module(f"dlbench.studies.{name}")
    shows = {name: gives for name, gives in GIVES.items() if hasattr(module, name)}
    assert shows
    for function, gives in shows.items():
        signature = inspect.signature(getattr(module, function))
        assert (list(signature.parameters), signature.return_annotation) == (["runs"], gives)
