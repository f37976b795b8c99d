"""The arguments and options that several verbs share, and the values that they take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from dlbench.errors import InputError
from dlbench.measure import precision
from dlbench.report import formats
from dlbench.spec import catalog, execution, recipe

if TYPE_CHECKING:
    BudgetName = str
    TablesName = str
    ComparisonName = str
    MeasurementsName = str
    PrecisionName = precision.Precision | Literal["auto"]
else:  # choices, of which one place knows the names
    BudgetName = Literal[recipe.BUDGETS]
    PrecisionName = Literal["auto", *get_args(precision.Precision)]
    TablesName = Literal[formats.names("tables")]
    ComparisonName = Literal[formats.names("comparison")]
    MeasurementsName = Literal[formats.names("measurements")]


class Change(StrEnum):
    """A change since a run that `--accept` ignores; an enum, as typer does not list the values of a Literal."""

    code = "code"
    data = "data"
    version = "version"


Mode = Literal["train", "infer", "both"]
WORLD_SIZE = "DLBENCH_PROCESSES"  # in the environment: how many processes torchrun has started


def known_names(incomplete: str) -> list[str]:
    """Recipes and studies whose names begin so, for the shell to complete."""
    return [name for name in (*catalog.recipes(), *catalog.studies()) if name.startswith(incomplete)]


def known_studies(incomplete: str) -> list[str]:
    """Studies whose names begin so, for the shell to complete."""
    return [name for name in catalog.studies() if name.startswith(incomplete)]


Name = Annotated[str, typer.Argument(help="A recipe, a study, or a YAML file of your own.", autocompletion=known_names)]
Names = Annotated[
    list[str],
    typer.Argument(
        metavar="NAME...",
        help="Recipes, studies, or paths of YAML files of your own.",
        autocompletion=known_names,
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PART.KEY=VALUE", help="Change a value, e.g. training.lr=0.05; repeatable."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")]
Precision = Annotated[
    PrecisionName | None,
    typer.Option(help="For products in layers; auto: bf16 where the device supports it. The recipe's own if left out."),
]
Compile = Annotated[bool, typer.Option("--compile", help="Use torch.compile.")]
CompileMode = Annotated[
    execution.CompileMode,
    typer.Option(help="With --compile: what it spends time on. max-autotune tries kernels out."),
]
Optimizer = Annotated[
    execution.Optimizer, typer.Option(help="Kernels that update the weights; auto: fused where they can be.")
]
Input = Annotated[
    execution.Input, typer.Option(help="resident: training data lie on the device. loader: a DataLoader brings them.")
]
Workers = Annotated[int, typer.Option(min=0, help="Processes of the loader that read ahead.")]
Deterministic = Annotated[
    bool, typer.Option("--deterministic", help="Only operations that give the same bits each time.")
]
ChannelsLast = Annotated[bool, typer.Option(help="How images lie in memory.")]
CudaGraphs = Annotated[bool, typer.Option("--cuda-graphs", help="Record a step as a CUDA graph, and replay it.")]
Processes = Annotated[
    int,
    typer.Option(min=1, envvar=WORLD_SIZE, help="Processes that share each batch of a trial, each with its device."),
]
BatchOf = Annotated[
    execution.Batch,
    typer.Option("--batch", help="global: processes share the recipe's batch. local: each has its own."),
]
Threads = Annotated[
    int | None, typer.Option(min=1, help="CPU threads of each process; if left out, trials share the cores evenly.")
]
TimingThreads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads; all cores if left out.")]
TimedMode = Annotated[Mode, typer.Option("--mode", help="What to time.")]
MinSeconds = Annotated[float, typer.Option(min=0.1, help="Seconds of laps in each process.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Trials at once on a machine, which share its cores: quicker for several seeds of a small net. "
        "If left out, one; on a cluster, as many as --threads leaves room for.",
    ),
]
On = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Where trials run: local, ray (started here), auto or ray://HOST:PORT (a Ray cluster), slurm.",
    ),
]
Slurm = Annotated[
    list[str] | None,
    typer.Option(
        "--slurm", metavar="KEY=VALUE", help="With --on slurm: what sbatch gets, e.g. partition=gpu; repeatable."
    ),
]
Accepted = Annotated[
    list[Change] | None,
    typer.Option("--accept", help="Keep finished runs although their code, data or version changed; repeatable."),
]
For = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="TIME", help="Stop after this time, such as 90s, 30m or 2h; the same command goes on later."
    ),
]
Timeout = Annotated[
    float | None, typer.Option(min=0.1, metavar="SECONDS", help="End a trial that takes longer, its start included.")
]
Out = Annotated[Path, typer.Option(help="Folder for run files.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would run, and run nothing.")]
Results = Annotated[Path, typer.Option(help="Folder of run files, or a pack.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")]
Notes = Annotated[bool, typer.Option("--notes", help="Print all notes under a table, and not three lines of them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

ComparisonFormat = Annotated[ComparisonName, typer.Option("--format", help="How to write it.")]
Limits = Annotated[Path | None, typer.Option("--limits", help="YAML file of limits: {recipe: {metric: limit}}.")]
Strict = Annotated[bool, typer.Option("--strict", help="Fail (5) if a limit could not be decided.")]


def modes(mode: Mode) -> tuple[Literal["train", "infer"], ...]:
    """What is timed, one thing after the other."""
    return ("train", "infer") if mode == "both" else (mode,)


def pairs(settings: list[str] | None, option: str) -> dict[str, str]:
    """`KEY=VALUE` words by key; raises InputError for others."""
    wrong = next((word for word in settings or () if not word.partition("=")[0] or "=" not in word), None)
    if wrong is not None:
        raise InputError(f"{option} {wrong}: write KEY=VALUE")
    return dict(word.split("=", 1) for word in settings or ())
