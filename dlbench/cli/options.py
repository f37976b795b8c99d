"""The values that options take, and the arguments that verbs share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Budget(str, Enum):
    """How long a trial may take."""

    smoke = "smoke"
    short = "short"
    medium = "medium"
    full = "full"


class Precision(str, Enum):
    """What layers multiply in."""

    auto = "auto"
    fp32 = "fp32"
    tf32 = "tf32"
    bf16 = "bf16"
    fp16 = "fp16"


class Accept(str, Enum):
    """What may have changed since a run that counts all the same."""

    code = "code"
    data = "data"
    version = "version"


class Mode(str, Enum):
    """What is timed."""

    train = "train"
    infer = "infer"
    both = "both"


class Export(str, Enum):
    """What measurements are exported as."""

    bencher = "bencher"
    benchmark_action_bigger = "benchmark-action-bigger"
    benchmark_action_smaller = "benchmark-action-smaller"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class Format(str, Enum):
    """How a report is written."""

    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    latex = "latex"
    json = "json"


class ComparisonFormat(str, Enum):
    """How a comparison is written."""

    terminal = "terminal"
    markdown = "markdown"
    json = "json"
    junit = "junit"
    github = "github"


class Sort(str, Enum):
    """In which order rows stand."""

    name = "name"
    ratio = "ratio"
    verdict = "verdict"


Baselines = Annotated[Path, typer.Option(help="The results folder that holds the baselines.")]
BaselineName = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, '.', '_' and '-'.")]
PrecisionOption = Annotated[
    Precision | None,
    typer.Option(help="What layers multiply in; auto: bf16 where the device knows it. The recipe's own if left out."),
]
CudaGraphs = Annotated[bool, typer.Option("--cuda-graphs", help="Record a step as a CUDA graph, and replay it.")]
For = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="TIME", help="Stop in order after so long, such as 90s, 30m or 2h; run it again to go on."
    ),
]
Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Recipes, studies, or paths of YAML files of your own.")
]
Accepted = Annotated[
    list[Accept] | None,
    typer.Option("--accept", help="Keep finished runs although their code, data or version changed; repeatable."),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PART.KEY=VALUE", help="Change a value, e.g. training.lr=0.05; repeatable."),
]
