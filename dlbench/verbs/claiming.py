"""The verbs `claims` and `lecture`: what the runs say of each sentence that studies state."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench import exits
from dlbench.errors import InputError
from dlbench.spec import catalog, study
from dlbench.spec.study import Study

if TYPE_CHECKING:
    from dlbench.judge.claims import Verdict
    from dlbench.trials.plan import Trial

LECTURE = "lecture"
OPEN = ("untested", "inconclusive")


def claims(names: Sequence[str], results: Path, format: str, output: Path | None) -> int:
    """Print, or write to `output`, the claims of the studies and their verdicts; returns the exit code.

    names: studies; the lecture's, in its order, if there are none. REGRESSION if a claim is refuted, NOTHING_COMPARABLE
    if every claim is untested, else FINE.
    """
    from dlbench.report.claims import claims as table
    from dlbench.verbs import reporting

    found = verdicts(names or [LECTURE], results)
    reporting.deliver(reporting.text(table(found), format, output), output)
    return exit_code(found)


def lecture(
    *,
    budget: str,
    device: str,
    jobs: int,
    threads: int | None,
    timeout: float | None,
    out: Path,
    dry_run: bool,
    seconds: float = math.inf,
    accepted: Collection[str] = (),
) -> int:
    """Run what the lecture's studies lack, first what open claims wait for; print all claims; return the exit code.

    That of `claims` if a claim is refuted or all trials finished, else that of `run`.
    """
    from dlbench.verbs import running

    code = running.run(
        [LECTURE],
        device=device,
        seeds=None,
        budget=budget,
        settings=[],
        threads=threads,
        precision=None,
        compile=False,
        out=out,
        dry_run=dry_run,
        fresh=False,
        as_json=False,
        jobs=jobs,
        timeout=timeout,
        show=False,
        any_share=True,
        accepted=accepted,
        seconds=seconds,
        order=partial(_wanted_first, open_recipes=_open_recipes(out)),
    )
    if dry_run or code == exits.INTERRUPTED:
        return code
    told = claims([], out, "terminal", None)
    return told if told == exits.REGRESSION or code == exits.FINE else code


def _open_recipes(out: Path) -> Mapping[str, int]:
    """The recipes of claims that no verdict settles yet, and in which turn: first the untested, as the lecture goes."""
    found = verdicts([LECTURE], out) if out.is_dir() else []
    waiting = sorted(
        (verdict for verdict in found if verdict.word in OPEN), key=lambda verdict: OPEN.index(verdict.word)
    )
    turns: dict[str, int] = {}
    for turn, verdict in enumerate(waiting):
        for recipe in verdict.claim.recipes:
            turns.setdefault(recipe, turn)
    return turns


def _wanted_first(trial: Trial, *, open_recipes: Mapping[str, int]) -> tuple[int, int]:
    """Sort key of trials: by the turn of the claim that waits for them, one seed of all its recipes after the other."""
    return open_recipes.get(trial.recipe.name, len(open_recipes)), trial.seed


def verdicts(names: Sequence[str], results: Path) -> list[Verdict]:
    """The verdicts on the claims of all these studies."""
    from dlbench.verbs import reporting

    studies = {each.name: each for name in names for each in _course(name)}
    if not any(each.claims for each in studies.values()):
        raise InputError(f"{', '.join(names)}: states no claims; `dlbench list studies` shows all studies")
    return reporting.verdicts(list(studies.values()), reporting.read(results))


def exit_code(found: Sequence[Verdict]) -> int:
    """What a script may conclude of these verdicts."""
    words = {verdict.word for verdict in found}
    if "refuted" in words:
        return exits.REGRESSION
    return exits.NOTHING_COMPARABLE if words == {"untested"} else exits.FINE


def _course(name: str) -> list[Study]:
    if not catalog.is_study(catalog.find(name)):
        raise InputError(f"{name}: a recipe states no claims; name a study (`dlbench list studies` shows all)")
    return study.course(name)
