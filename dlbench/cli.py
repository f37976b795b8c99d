"""The verbs: parse, delegate, print. Heavy modules are imported inside the commands, so that `--help` is quick."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from dlbench import exits
from dlbench.errors import InputError

# typer imports pydantic, which takes as long as all else at start-up, to check a value it was not given, even that of
# its own --help; a default spares it.
QUICK: Final = {"default_map": {"help": False}}

app = typer.Typer(
    help="Runs the lecture 'Introduction to Deep Learning' as benchmarks: measured numbers beside the published ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=QUICK,
)
SHELVES: Final = {  # a command each and not an argument's values, which pydantic would have to check
    "recipes": "What can be run.",
    "studies": "What compares recipes.",
    "models": "Architectures a recipe may name.",
    "datasets": "What can be learnt from, and whether it is on disk.",
    "devices": "What can compute here.",
}
list_app = typer.Typer(invoke_without_command=True, subcommand_metavar="[WHAT]", context_settings=QUICK)
app.add_typer(list_app, name="list")
data_app = typer.Typer(help="Data sets: what is on disk, and getting what is not.", no_args_is_help=True)
app.add_typer(data_app, name="data")
baseline_app = typer.Typer(help="Measurements kept under a name, to compare later ones with.", no_args_is_help=True)
app.add_typer(baseline_app, name="baseline")


class Budget(str, Enum):
    """How long a trial may take."""

    smoke = "smoke"
    short = "short"
    full = "full"


class Precision(str, Enum):
    """What layers multiply in."""

    fp32 = "fp32"
    tf32 = "tf32"
    bf16 = "bf16"
    fp16 = "fp16"


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
Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Recipes, studies, or paths of YAML files of your own.")
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PART.KEY=VALUE", help="Change a value, e.g. training.lr=0.05; repeatable."),
]


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False) -> None:
    if version:
        from dlbench import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


@list_app.callback()
def list_(context: typer.Context) -> None:
    """List recipes, studies, models, datasets or devices; recipes and studies if left out."""
    if context.invoked_subcommand is None:
        _lister("")()


def _lister(shelf: str) -> Callable[[], None]:
    def list_shelf() -> None:
        from dlbench import listing

        listing.show(shelf)

    return list_shelf


for _shelf, _what in SHELVES.items():
    list_app.command(_shelf, help=_what, context_settings=QUICK)(_lister(_shelf))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A recipe, a study, or a YAML file of your own.")],
    settings: Setting = None,
) -> None:
    """Show a recipe's architecture card, or what a study compares, before anything is trained."""
    from dlbench import card

    card.show(name, settings or [])


@app.command()
def run(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    seeds: Annotated[
        str | None, typer.Option(help="Such as 0-4 or 0,2,7; the recipe's or study's own number if left out.")
    ] = None,
    budget: Annotated[
        Budget, typer.Option(help="smoke: seconds; short: minutes on two CPU cores; full: as published.")
    ] = Budget.short,
    settings: Setting = None,
    precision: Annotated[
        Precision, typer.Option(help="What layers multiply in; parameters stay fp32.")
    ] = Precision.fp32,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
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
    """Run recipes and studies; ends in their tables. What is finished is not run again.

    Exit codes: 0 all finished, 2 something to mend in the call, 3 a trial failed, diverged, was killed or not run,
    124 a trial timed out and nothing worse happened, 130 interrupted.
    """
    from dlbench import running
    from dlbench.plan import parse_seeds

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
            precision=precision.value,
            compile=compile,
            out=out,
            dry_run=dry_run,
            fresh=fresh,
            timeout=timeout,
            as_json=json,
            exports={"json": export_json, "csv": export_csv, "markdown": export_markdown},
        )
    )


@app.command()
def time(
    names: Names,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, mps, xpu ...")] = "auto",
    mode: Annotated[Mode, typer.Option(help="What to time.")] = Mode.train,
    batch_size: Annotated[
        str | None, typer.Option(help="Such as 32,128,512 or auto; the recipe's own if left out.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="What layers multiply in.")] = Precision.fp32,
    compile: Annotated[bool, typer.Option("--compile", help="Use torch.compile.")] = False,
    channels_last: Annotated[bool, typer.Option(help="How images lie in memory.")] = True,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; all cores if left out.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Fresh processes for each row, taken in turns.")] = 5,
    min_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of laps in each process.")] = 3.0,
    out: Annotated[Path, typer.Option(help="Folder for timing files, below time/.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Time the loop that trains, or inference: examples per second with their interval, memory, TFLOP/s and MFU."""
    from dlbench import timing

    raise typer.Exit(
        timing.run(
            names,
            device=device,
            modes=("train", "infer") if mode is Mode.both else (mode.value,),
            batch_sizes=timing.parse_batch_sizes(batch_size) if batch_size is not None else None,
            precision=precision.value,
            compile=compile,
            channels_last=channels_last,
            threads=threads,
            repeats=repeats,
            min_seconds=min_seconds,
            as_json=json,
            out=out,
        )
    )


@app.command()
def report(
    names: Names,
    format: Annotated[Format, typer.Option("--format", help="How to write the tables.")] = Format.terminal,
    results: Annotated[Path, typer.Option(help="Folder of run files.")] = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write to this file instead of the terminal.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the study's figure to this .png or .svg.")] = None,
) -> None:
    """Print the tables of recipes and studies from run files."""
    from dlbench import reporting

    reporting.report(names, format.value, results, output, figure)


@app.command()
def compare(
    base: Annotated[str, typer.Argument(help="A results folder, a run file, an exported JSON, or a baseline.")],
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
    4 nothing comparable, 5 (--strict) a limit undecided. Where several hold, the first of 1, 3, 4, 5.
    """
    from dlbench import comparing

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


@app.command()
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
    comparable, 5 (--strict) a limit undecided, 130 interrupted. Where several hold, the first of 1, 3, 4, 5.
    """
    from dlbench import gate as verb
    from dlbench import timing

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


@app.command()
def export(
    results: Annotated[
        Path, typer.Argument(help="A results folder, a run file, a timing file, or an exported JSON.")
    ] = Path("results"),
    format: Annotated[
        Export, typer.Option("--format", help="bencher and benchmark-action-...: for dashboards; json: for compare.")
    ] = Export.json,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file instead.")] = None,
) -> None:
    """Export measurements for CI dashboards, spreadsheets, or a later compare."""
    from dlbench import exporting

    exporting.export(format.value, results, output)


@app.command()
def doctor(
    results: Annotated[Path, typer.Option(help="Folder of run files to look at.")] = Path("results"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Check the installation, devices, compiler, data and results, and say what to do.

    Exit codes: 0 fine, 2 a problem.
    """
    from dlbench import doctor as verb

    raise typer.Exit(verb.doctor(results, json))


@app.command()
def machine(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Show this machine and the fingerprint that decides whether two results may be compared."""
    from dlbench import hardware

    hardware.show_machine(json)


@app.command()
def devices(json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """Measure each device's peak speed and memory bandwidth, beside the lecture's hardware."""
    from dlbench import hardware

    hardware.show_devices(json)


@baseline_app.command("save")
def baseline_save(
    name: BaselineName,
    results: Baselines = Path("results"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite one of that name.")] = False,
) -> None:
    """Keep a copy of all measurements in the results folder."""
    from dlbench import baseline

    baseline.save(name, results, force=force)


@baseline_app.command("list")
def baseline_list(results: Baselines = Path("results")) -> None:
    """List the baselines."""
    from dlbench import baseline

    baseline.list_(results)


@baseline_app.command("show")
def baseline_show(name: BaselineName, results: Baselines = Path("results")) -> None:
    """Show what a baseline holds."""
    from dlbench import baseline

    baseline.show(name, results)


@baseline_app.command("rm")
def baseline_rm(name: BaselineName, results: Baselines = Path("results")) -> None:
    """Remove a baseline."""
    from dlbench import baseline

    baseline.rm(name, results)


@data_app.command("list")
def data_list() -> None:
    """List the data sets and whether they are on disk."""
    from dlbench import listing

    listing.show("datasets")


@data_app.command("get")
def data_get(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets to download, e.g. cifar10.")],
) -> None:
    """Download data sets, checked against their published checksums."""
    from dlbench.data import sources

    for name in names:
        folder = sources.get(name.replace("-", "_"))
        typer.echo(f"{name}: {folder or 'computed, it has no files'}")


@data_app.command("path")
def data_path(
    name: Annotated[str | None, typer.Argument(help="A data set; the data folder itself if left out.")] = None,
) -> None:
    """Print where a data set lies."""
    from dlbench.data import sources

    typer.echo(sources.path(name.replace("-", "_")) if name else sources.data_folder())


def main() -> NoReturn:
    """Run a command; what the user can mend is one line on standard error and exit code 2."""
    try:
        app()
    except InputError as error:
        print(f"dlbench: {error}", file=sys.stderr)
        sys.exit(exits.USAGE)
    except KeyboardInterrupt:
        print("dlbench: interrupted", file=sys.stderr)
        sys.exit(exits.INTERRUPTED)
    sys.exit(exits.FINE)
