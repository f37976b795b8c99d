"""The verb `schema`: what an editor needs to complete and check recipes and studies."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from dlbench.cli.options import Output
from dlbench.report import formats


def schema(
    kind: Annotated[Literal["recipe", "study"], typer.Argument(help="Of which files.")],
    output: Output = None,
) -> None:
    """Print the JSON Schema of recipes or of studies, by which an editor completes and checks a YAML file.

    That of recipes comes from the signatures of models, data sets, learning rules and scores, and so loads torch.
    """
    from dlbench.parts import schema

    made = schema.of_recipes() if kind == "recipe" else schema.of_studies()
    formats.deliver(json.dumps(made, indent=1) + "\n", output)
