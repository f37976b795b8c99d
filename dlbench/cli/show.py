"""The verb `show`: an architecture card before any training, with the paper's figures beside the counted ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from dlbench import parts, streams
from dlbench.cli.options import Name, Setting
from dlbench.errors import INSTALL_TORCH, InputError, has_torch
from dlbench.spec import catalog, recipe, study
from dlbench.spec.recipe import Part, Recipe

if TYPE_CHECKING:
    from torch import nn

    from dlbench.measure.operations import Layer


def show(
    name: Name,
    settings: Setting = None,
) -> None:
    """Show a recipe's architecture card, or what a study compares, before anything is trained."""
    card(name, settings or [], Console())


def card(name: str, settings: Sequence[str], console: Console) -> None:
    """Write it to a console."""
    if catalog.is_study(catalog.find(name)):
        _study(study.load(name), console)
    else:
        short = recipe.load(name, "short", settings)
        recipe.tell_overruled(short)
        _recipe(recipe.load(name, "full", settings), short, console)


def _study(chosen: study.Study, console: Console) -> None:
    write = partial(console.print, highlight=False, markup=False)
    write(f"{chosen.title}\n{chosen.source}\n")
    for name in chosen.studies:
        write(f"  {name}: {study.load(name).title}")
    for name in chosen.recipes:
        write(f"  {name}: {recipe.load(name).title}")
    if chosen.claims:
        write("\nclaims:")
    for claim in chosen.claims:
        write(f"  {claim.says} ({claim.source})" if claim.source else f"  {claim.says}")
        write(f"    {'refuted' if claim.kind == 'claim' else 'fails'} if {claim.refuted_if}")
    if chosen.recipes:
        seeds = ", ".join(f"at least {count} at {budget}" for budget, count in chosen.seeds.items())
        write(f"\nseeds: {seeds or 'as each recipe says'}")


def _recipe(full: Recipe, short: Recipe, console: Console) -> None:
    if is_countable := has_torch():
        parts.check(full)
    console.print(f"{full.title}\n{full.source}\n", highlight=False, markup=False)
    counted = _layers(full, console) if is_countable else {}
    console.print(_figures(full.published, counted))
    console.print()
    for kind in ("data", "training", "score"):
        console.print(f"{kind + ':':10}{_words(getattr(full, kind))}", highlight=False, markup=False, soft_wrap=True)
    changes = [
        f"{kind}: {_words(getattr(short, kind))}"
        for kind in recipe.PARTS
        if getattr(short, kind) != getattr(full, kind)
    ]
    console.print(f"{'short:':10}{'; '.join(changes) or 'the same'}", highlight=False, markup=False, soft_wrap=True)
    if not is_countable:
        print(f"\nLayers are not counted, nor values checked, without torch: {INSTALL_TORCH}")


def _layers(full: Recipe, console: Console) -> Mapping[str, float]:
    """Print the layers; returns what was counted."""
    try:
        model, shape, layers, counted = _counted(full)
    except InputError:
        raise
    except Exception as error:  # a model is as its author wrote it
        raise InputError(f"{full.entry}: model: {full.model.name} cannot be shown: {parts.cause(error)}") from None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, numeric in (
        ("layer", False),
        ("kind", False),
        ("output", True),
        ("parameters", True),
        ("multiply-adds", True),
    ):
        table.add_column(heading, justify="right" if numeric else "left", no_wrap=True)
    table.add_row("input", "", _shape(shape), "", "")
    for layer in layers:
        table.add_row(
            layer.name, layer.kind, _shape(layer.output_shape), f"{layer.parameters:,}", f"{layer.multiply_adds:,}"
        )
    console.print(table)
    if _has_features(model):
        console.print("multiply-adds: of the classifier only; features are computed outside the net")
    console.print()
    return counted


@streams.aside()
def _counted(full: Recipe) -> tuple[nn.Module, Sequence[int], Sequence[Layer], Mapping[str, float]]:
    """The model, the shape of what it sees, its layers and its totals."""
    import torch

    from dlbench.measure import operations

    torch.manual_seed(0)
    model = parts.bind("model", full)()
    shape = _input_shape(full, model)
    totals = {"parameters": operations.parameters(model), "multiply_adds": operations.multiply_adds(model, shape)}
    return model, shape, operations.layers(model, shape), totals


def _has_features(model: nn.Module) -> bool:
    from dlbench.models.pixels_linear import LinearOnFeatures

    return isinstance(model, LinearOnFeatures)


def _input_shape(full: Recipe, model: Any) -> tuple[int, ...]:
    """What the model says it sees; a user's own model may leave it to the data."""
    if hasattr(model, "input_shape"):
        return tuple(model.input_shape)
    from dlbench.data.sources import data_folder

    return tuple(parts.bind("data", full)(data_folder()).shape)


def _figures(published: Mapping[str, float], counted: Mapping[str, float]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("counted here", justify="right")
    table.add_column("published", justify="right")
    for key in dict.fromkeys((*counted, *published)):
        table.add_row(key.replace("_", " "), _number(counted.get(key)), _number(published.get(key)))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}"


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def _words(part: Part) -> str:
    return ", ".join(_word_pairs(part))


def _word_pairs(part: Part) -> Iterator[str]:
    yield part.name
    for key, value in part.arguments.items():
        if value is not None:
            yield f"{key} {value}"
