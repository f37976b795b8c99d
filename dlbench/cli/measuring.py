"""Verbs that measure: `run`, `time` and `lecture`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from dlbench.cli.options import Accepted, Budget, CudaGraphs, For, Mode, Names, PrecisionOption, Setting


def run(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0-4 or 0,2,7; the recipe's or study's own number if left out.")
    ] = None,
    budget: Annotated[
        Budget,
        typer.Option(
            help="smoke: seconds; short: minutes on two CPU cores; medium: hours a study; full: as published."
        ),
    ] = Budget.short,
    settings: Setting = None,
    precision: PrecisionOption = None,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    cuda_graphs: CudaGraphs = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="CPU threads of each trial; the cores are shared out if left out.")
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=1, help="Trials at once, which share the cores: quicker for several seeds of a small net."),
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for run files.")] = Path("results"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and run nothing.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run again what is finished, and ignore checkpoints.")] = False,
    accept: Accepted = None,
    for_: For = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="End a trial, its start included, after so long.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON instead of tables.")] = False,
    export_json: Annotated[
        Path | None, typer.Option(help="Also write all values there, for compare; - is standard output.")
    ] = None,
    export_csv: Annotated[Path | None, typer.Option(help="Also write all values there, one a row.")] = None,
    export_markdown: Annotated[Path | None, typer.Option(help="Also write means and deviations there.")] = None,
) -> None:
    """Run recipes and studies; ends in their tables. What is finished and would come out the same is not run again.

    Exit codes: 0 all finished, 2 something to mend in the call, 3 a trial failed, diverged, was killed or not run,
    70 a bug of dlbench, 124 a trial timed out and nothing worse happened, 130 interrupted.
    """
    from dlbench.reading import seconds
    from dlbench.trials.plan import parse_seeds
    from dlbench.verbs import running

    chosen = parse_seeds(seeds) if seeds is not None else None
    raise typer.Exit(
        running.run(
            names,
            device=device,
            seeds=chosen,
            budget=budget.value,
            settings=settings or [],
            threads=threads,
            jobs=jobs,
            precision=precision.value if precision else None,
            compile=compile,
            cuda_graphs=cuda_graphs,
            out=out,
            dry_run=dry_run,
            fresh=fresh,
            accepted=[each.value for each in accept or []],
            timeout=timeout,
            seconds=seconds(for_, "--for") if for_ is not None else math.inf,
            as_json=json,
            exports={"json": export_json, "csv": export_csv, "markdown": export_markdown},
        )
    )


def time(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    mode: Annotated[Mode, typer.Option(help="What to time.")] = Mode.train,
    batch_size: Annotated[
        str | None, typer.Option(help="Such as 32,128,512 or auto; the recipe's own if left out.")
    ] = None,
    precision: PrecisionOption = None,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    cuda_graphs: CudaGraphs = False,
    channels_last: Annotated[bool, typer.Option(help="How images lie in memory.")] = True,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if left out.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Fresh processes for each row, taken in turns.")] = 5,
    min_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of laps in each process.")] = 3.0,
    gco2_per_kwh: Annotated[
        float | None, typer.Option(min=0, help="Grams of CO2 that a kWh comes to: a column where joules are counted.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for timing files, below time/.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the loop that trains, or inference: examples per second with their interval, memory, TFLOP/s and MFU."""
    from dlbench.verbs import timing

    raise typer.Exit(
        timing.run(
            names,
            device=device,
            modes=("train", "infer") if mode is Mode.both else (mode.value,),
            batch_sizes=timing.parse_batch_sizes(batch_size) if batch_size is not None else None,
            precision=precision.value if precision else None,
            compile=compile,
            cuda_graphs=cuda_graphs,
            channels_last=channels_last,
            threads=threads,
            repeats=repeats,
            min_seconds=min_seconds,
            as_json=json,
            out=out,
            gco2_per_kwh=gco2_per_kwh,
        )
    )


def lecture(
    budget: Annotated[
        Budget,
        typer.Option(help="smoke: minutes; short: hours on two CPU cores; medium: hours a study; full: as published."),
    ] = Budget.short,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    jobs: Annotated[int, typer.Option(min=1, help="Trials at once, which share the cores.")] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of each trial.")] = None,
    accept: Accepted = None,
    for_: For = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="End a trial, its start included, after so long.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for run files.")] = Path("results"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run, and run nothing.")] = False,
) -> None:
    """Run every study of the lecture, and print its claims. What is finished and would come out the same is kept.

    Exit codes: 0 fine, 1 a claim refuted, 2 something to mend in the call, 3 a trial failed, 4 every claim untested,
    70 a bug of dlbench, 124 a trial timed out, 130 interrupted. Where several hold, the first of 1, 3, 124, 4.
    """
    from dlbench.reading import seconds
    from dlbench.verbs import claiming

    raise typer.Exit(
        claiming.lecture(
            budget=budget.value,
            device=device,
            jobs=jobs,
            threads=threads,
            timeout=timeout,
            seconds=seconds(for_, "--for") if for_ is not None else math.inf,
            out=out,
            dry_run=dry_run,
            accepted=[each.value for each in accept or []],
        )
    )
