"""Verbs for scripts: `compare`, `gate`, `export`, and `baseline` with its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.cli.options import BaselineName, Baselines, ComparisonFormat, Export, Mode, Names, Sort


def compare(
    base: Annotated[
        str, typer.Argument(help="A results folder, a pack, a run or timing file, an exported JSON, or a baseline.")
    ],
    new: Annotated[list[str], typer.Argument(metavar="NEW...", help="What to compare with it, the same kinds.")],
    metric: Annotated[list[str] | None, typer.Option(help="Compare this instead of the usual; repeatable.")] = None,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC:LIMIT", help="Fail if worse by more, such as examples_per_second:5%; repeatable."),
    ] = None,
    limits: Annotated[Path | None, typer.Option(help="YAML file of limits: {recipe: {metric: limit}}.")] = None,
    across: Annotated[
        str, typer.Option(help="Compare although these differ: version,machine,recipe,budget,settings.")
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Fail (5) if a limit could not be decided.")] = False,
    format: Annotated[ComparisonFormat, typer.Option("--format", help="How to write it.")] = ComparisonFormat.terminal,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    sort: Annotated[Sort, typer.Option(help="Order of rows; ratio and verdict put the worst first.")] = Sort.name,
    only_changed: Annotated[bool, typer.Option("--only-changed", help="Hide what is the same.")] = False,
    results: Baselines = Path("results"),
) -> None:
    """Compare measurements: per recipe and metric the ratio, its interval, a test and a verdict.

    Exit codes: 0 no limit breached, 1 a limit breached, 2 something to mend in the call, 3 a trial of NEW failed,
    4 nothing comparable, or not the recipe that --fail names, 5 (--strict) a limit undecided, 70 a bug of dlbench.
    Where several hold, the first of 1, 3, 4, 5.
    """
    from dlbench.verbs import comparing

    raise typer.Exit(
        comparing.compare(
            base,
            new,
            results=results,
            chosen=metric or [],
            across=across,
            fail=fail or [],
            limits_file=limits,
            format=format.value,
            output=output,
            sort=sort.value,
            only_changed=only_changed,
            strict=strict,
        )
    )


def gate(
    base: Annotated[
        str, typer.Argument(metavar="BASE_ENV", help="A Python, a virtual environment, or a folder of code.")
    ],
    head: Annotated[str, typer.Argument(metavar="HEAD_ENV", help="The one with the change.")],
    names: Names,
    fail: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC:LIMIT", help="Repeatable; examples_per_second:5% if there is none."),
    ] = None,
    limits: Annotated[Path | None, typer.Option(help="YAML file of limits: {recipe: {metric: limit}}.")] = None,
    rounds: Annotated[int, typer.Option(help="Fresh processes of each side, 4 or more, in turns.")] = 5,
    null_check: Annotated[
        bool, typer.Option("--null-check", help="Measure BASE_ENV against itself first, and widen limits to match.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    mode: Annotated[Mode, typer.Option(help="What to time.")] = Mode.train,
    batch_size: Annotated[str | None, typer.Option(help="Such as 32,128; the recipe's own if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if left out.")] = None,
    min_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of laps in each process.")] = 3.0,
    format: Annotated[ComparisonFormat, typer.Option("--format", help="How to write it.")] = ComparisonFormat.terminal,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail (5) if a limit could not be decided.")] = False,
    out: Annotated[Path | None, typer.Option(help="Keep the raw timing files in this new folder.")] = None,
) -> None:
    """Time recipes in two environments in turns on this machine; fail if the second one is slower.

    Exit codes: 0 no limit breached, 1 a limit breached, 2 something to mend in the call, 3 a trial failed, 4 nothing
    comparable, 5 (--strict) a limit undecided, 70 a bug of dlbench, 130 interrupted. Where several hold, the first of
    1, 3, 4, 5.
    """
    from dlbench.verbs import gate as verb
    from dlbench.verbs import timing

    options = ["--device", device, "--min-seconds", str(min_seconds)]
    raise typer.Exit(
        verb.run(
            base,
            head,
            names,
            fail=fail or [],
            limits_file=limits,
            count=rounds,
            null_check=null_check,
            modes=("train", "infer") if mode is Mode.both else (mode.value,),
            batch_sizes=timing.parse_batch_sizes(batch_size) if batch_size is not None else None,
            options=[*options, *(["--threads", str(threads)] if threads else [])],
            format=format.value,
            output=output,
            strict=strict,
            out=out,
        )
    )


def export(
    results: Annotated[
        Path, typer.Argument(help="A results folder, a pack, a run file, a timing file, or an exported JSON.")
    ] = Path("results"),
    format: Annotated[
        Export, typer.Option("--format", help="bencher and benchmark-action-...: for dashboards; json: for compare.")
    ] = Export.json,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead.")] = None,
) -> None:
    """Export measurements for CI dashboards, spreadsheets, or a later compare."""
    from dlbench.verbs import exporting

    exporting.export(format.value, results, output)


def baseline_save(
    name: BaselineName,
    results: Baselines = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite one of that name.")] = False,
) -> None:
    """Keep a copy of all measurements in the results folder."""
    from dlbench.verbs import baseline

    baseline.save(name, results, force=force)


def baseline_list(results: Baselines = Path("results")) -> None:
    """List the baselines."""
    from dlbench.verbs import baseline

    baseline.list_(results)


def baseline_show(name: BaselineName, results: Baselines = Path("results")) -> None:
    """Show what a baseline holds."""
    from dlbench.verbs import baseline

    baseline.show(name, results)


def baseline_rm(name: BaselineName, results: Baselines = Path("results")) -> None:
    """Remove a baseline."""
    from dlbench.verbs import baseline

    baseline.rm(name, results)
