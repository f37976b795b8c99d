"""Every recipe and study that comes with dlbench: complete, consistent, and runnable."""

import json
from pathlib import Path

import pytest
import torch

from dlbench import parts, studies
from dlbench.measure import operations
from dlbench.spec import catalog, recipe, study


@pytest.mark.parametrize(
    ("name", "budget"), [(n, b) for n in catalog.recipes() for b in recipe.BUDGETS if recipe.has_budget(n, b)]
)
def test_its_parts_take_its_arguments(name, budget):
    parts.check(recipe.load(name, budget))


@pytest.mark.parametrize("name", [n for n in catalog.recipes() if recipe.load(n).published.get("parameters")])
def test_its_published_parameters_and_multiply_adds_are_those_counted(name):
    found = recipe.load(name, "full")
    model = parts.bind("model", found)()
    assert operations.parameters(model) == found.published["parameters"]
    if "multiply_adds" in found.published:
        assert operations.multiply_adds(model, model.input_shape) == found.published["multiply_adds"]


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_a_plain_net_is_its_residual_net_without_shortcuts(depth):
    plain, residual = recipe.load(f"plain-{depth}", "full"), recipe.load(f"resnet-{depth}", "full")
    assert plain.training == residual.training
    assert plain.data == residual.data
    assert plain.model.arguments == {**residual.model.arguments, "shortcut": "none"}
    assert "test_error_percent" not in plain.published  # the paper prints curves only
    torch.manual_seed(0)
    one = parts.bind("model", plain)()
    torch.manual_seed(0)
    other = parts.bind("model", residual)()
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


DIGESTS = json.loads(Path(__file__).with_name("digests.json").read_text("utf-8"))


@pytest.mark.parametrize("name", DIGESTS)
def test_it_computes_what_its_committed_runs_did(name):
    """Who changes a recipe on purpose changes its digests, and makes its runs anew; a new one needs none yet."""
    assert {budget: recipe.load(name, budget).digest for budget in DIGESTS[name]} == DIGESTS[name]


def test_families_share_a_file():
    assert len(set(catalog.recipes().values())) <= 60 < len(catalog.recipes())


@pytest.mark.parametrize("name", catalog.studies())
def test_a_study_names_recipes_and_shows_what_the_file_of_its_name_makes(name):
    found = study.load(name)
    assert set(found.recipes) <= catalog.recipes().keys()
    module = Path(studies.__file__).with_name(f"{name.replace('-', '_')}.py")
    assert found.shows == (module.stem if module.exists() else "")
