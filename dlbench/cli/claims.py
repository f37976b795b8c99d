"""The verbs `claims` and `lecture`: what the runs say of each sentence that studies state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench import exits
from dlbench.cli import options, report
from dlbench.errors import InputError
from dlbench.report import formats
from dlbench.spec import catalog, study
from dlbench.spec.study import Study

if TYPE_CHECKING:
    from dlbench.judge.claims import Verdict

LECTURE = "lecture"
MOST_MACHINES = 10_000
OPEN = ("untested", "inconclusive")


def claims(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STUDY...]",
            help="Studies; those of the lecture if left out.",
            autocompletion=options.known_studies,
        ),
    ] = None,
    format: Annotated[options.TablesName, typer.Option("--format", help="How to write the table.")] = "terminal",
    results: options.Results = Path("results"),
    output: options.Output = None,
    notes: options.Notes = False,
) -> int:
    """Print what studies claim, published beside measured, and whether the runs bear it out.

    Exit codes: 0 fine, 1 a claim refuted or a check that fails, 2 something to mend in the call, 4 nothing tested,
    70 a bug of dlbench.
    """
    from dlbench.report.claims import claims as table
    from dlbench.report.document import Document

    judged = verdicts(names or [LECTURE], results)
    if format == "html":
        shown = Document("Claims and verdicts", ", ".join(names or [LECTURE]), judged)
        formats.show("document", shown, format, output)
    else:
        formats.show("tables", formats.brief(table(judged), notes), format, output)
    return exit_code(judged)


def lecture(
    budget: Annotated[
        options.BudgetName,
        typer.Option(help="smoke: minutes; short: hours on two CPU cores; medium: hours a study; full: as published."),
    ] = "short",
    device: options.Device = "auto",
    jobs: options.Jobs = None,
    on: options.On = "local",
    slurm: options.Slurm = None,
    threads: options.Threads = None,
    accept: options.Accepted = None,
    for_: options.For = None,
    timeout: options.Timeout = None,
    out: options.Out = Path("results"),
    dry_run: options.DryRun = False,
    workers: Annotated[
        str | None,
        typer.Option(metavar="N,...", help="With --dry-run: how long it would take so many machines like this one."),
    ] = None,
    notes: options.Notes = False,
) -> int:
    """Run every study of the lecture, and print its claims. What is finished and would come out the same is kept.

    Exit codes: 0 fine, 1 a claim refuted or a check that fails, 2 something to mend in the call, 3 a trial failed,
    4 nothing tested, 70 a bug of dlbench, 124 a trial timed out, 130 interrupted. Where several hold, the first of 1,
    3, 124, 4.
    """
    from dlbench.cli import run
    from dlbench.trials import launchers, plan

    exits.interrupt_on_termination()
    machines = _counts(workers) if workers is not None else []
    if machines and not dry_run:
        raise InputError("--workers: only says how long it would take; add --dry-run")
    with launchers.opened(on, options.pairs(slurm, "--slurm"), out, threads) as launcher:
        trials = plan.trials([LECTURE], device=device, budget=budget, threads=threads, jobs=jobs, site_of=launcher.site)
        turns = _open_recipes(out)
        trials.sort(key=lambda trial: (turns.get(trial.recipe.name, len(turns)), trial.seed))  # for open claims first
        _, code = run.carry_out(
            trials, out, accept=accept or (), for_=for_, timeout=timeout, dry_run=dry_run, any_share=True,
            machines=machines, launcher=launcher,
        )  # fmt: skip
    if dry_run or code == exits.INTERRUPTED:
        return code
    claims_code = claims([], results=out, notes=notes)
    return claims_code if claims_code == exits.REGRESSION or code == exits.FINE else code


def _counts(text: str) -> list[int]:
    """`1,8,64` -> numbers of machines; InputError for anything else."""
    pieces = [piece.strip() for piece in text.split(",")]
    if not all(piece.isdecimal() and 0 < int(piece) <= MOST_MACHINES for piece in pieces):
        raise InputError(f"--workers {text}: write whole numbers from 1 to {MOST_MACHINES}, such as 1,8,64")
    return [int(piece) for piece in pieces]


def _open_recipes(out: Path) -> Mapping[str, int]:
    """Recipe -> its turn, for recipes of open claims: untested claims first, in the order of the lecture."""
    judged = verdicts([LECTURE], out) if out.is_dir() else []
    waiting = sorted(
        (verdict for verdict in judged if verdict.word in OPEN), key=lambda verdict: OPEN.index(verdict.word)
    )
    turns: dict[str, int] = {}
    for turn, verdict in enumerate(waiting):
        for recipe in verdict.claim.recipes:
            turns.setdefault(recipe, turn)
    return turns


def verdicts(names: Sequence[str], results: Path) -> list[Verdict]:
    """The verdicts on the claims of all these studies."""
    studies = {chosen.name: chosen for name in names for chosen in _course(name)}
    if not any(chosen.claims for chosen in studies.values()):
        raise InputError(f"{', '.join(names)}: states no claims; `dlbench list studies` shows all studies")
    return report.verdicts(list(studies.values()), report.read(results))


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """The exit code for these verdicts."""
    answers = {verdict.answer for verdict in verdicts}
    if answers & {"refuted", "fails"}:
        return exits.REGRESSION
    return exits.NOTHING_COMPARABLE if answers == {"untested"} else exits.FINE


def _course(name: str) -> list[Study]:
    if not catalog.is_study(catalog.find(name)):
        raise InputError(f"{name}: a recipe states no claims; name a study (`dlbench list studies` shows all)")
    return study.course(name)
