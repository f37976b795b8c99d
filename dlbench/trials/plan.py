"""Names, seeds and a budget -> the trials to run, each with the file its run will be in."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from dlbench import parts
from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.measure.precision import Precision
from dlbench.parts import identity, modules
from dlbench.parts.identity import Identity
from dlbench.records import store
from dlbench.records.events import Start
from dlbench.spec import catalog, study
from dlbench.spec import recipe as recipes
from dlbench.spec.execution import USUAL, Execution
from dlbench.spec.recipe import Recipe
from dlbench.spec.study import Study
from dlbench.trials import sites
from dlbench.trials.sites import Site

MOST_TRIALS = 100_000
OF_DESCENT = ("cuda_graphs", "optimizer", "input", "processes")  # settings that change its step
PrecisionChoice: TypeAlias = Precision | Literal["auto"] | None  # None: what the recipe asks for


@dataclass(frozen=True)
class Trial:
    """One recipe at one budget, one seed, one execution, on one machine.

    full: the same recipe as published, to estimate its time. code: what else decides the result; None for trials of
    dlbench 0.1. loaded: the same, as the process that trains found it.
    """

    recipe: Recipe
    seed: int
    execution: Execution
    fingerprint: str
    full: Recipe | None = field(default=None, compare=False)
    code: Identity | None = None
    loaded: Identity | None = field(default=None, compare=False)

    @functools.cached_property
    def digest(self) -> str:
        """Eight hex digits: the same trial on the same kind of machine has the same."""
        decides = [self.recipe.digest, self.seed, self.execution.identity, self.fingerprint]
        decides += [self.code.digest, self.code.data, self.code.versions] if self.code else []
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:8]

    def path(self, out: Path) -> Path:
        """The run file this trial leaves under a results folder."""
        return self.folder(out) / f"{self.stem}{self.digest}.jsonl"

    def folder(self, out: Path) -> Path:
        """Where all run files of its recipe are."""
        return out / self.recipe.name

    @property
    def stem(self) -> str:
        """How the name of every run file of this recipe, budget, seed and device begins."""
        return f"{self.recipe.budget}-seed{self.seed}-{self.execution.device.replace(':', '')}-"

    def start(self) -> Start:
        """The first event of its run, which begins now."""
        code = self.loaded or self.code
        return Start(
            schema=store.SCHEMA, recipe=self.recipe.as_dict(), recipe_digest=self.recipe.digest,
            budget=self.recipe.budget, seed=self.seed, execution=self.execution.as_dict(),
            machine=machine.describe(self.execution.device), versions=machine.versions(),
            started=datetime.now(UTC).isoformat(timespec="seconds"), code=code.event() if code else None,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """As the worker that runs the trial reads it."""
        return {
            "recipe": self.recipe.as_dict(),
            "budget": self.recipe.budget,
            "path": str(self.recipe.path.absolute()),
            "seed": self.seed,
            "execution": self.execution.as_dict(),
            "fingerprint": self.fingerprint,
            "full": self.full and self.full.as_dict(),
            "code": self.code and self.code.as_dict(),
        }


def from_dict(record: dict[str, Any]) -> Trial:
    """The trial that `Trial.as_dict` describes."""
    path = Path(record["path"])
    recipe = recipes.from_dict(record["recipe"], record["budget"], path)
    full = record["full"] and recipes.from_dict(record["full"], "full", path)
    code = record["code"] and Identity(**record["code"])
    return Trial(recipe, record["seed"], Execution(**record["execution"]), record["fingerprint"], full, code)


def trials(
    names: Sequence[str],
    *,
    device: str = "auto",
    seeds: Sequence[int] | None = None,
    budget: str = "short",
    settings: Sequence[str] = (),
    threads: int | None = None,
    precision: PrecisionChoice = None,
    compile: bool = False,
    jobs: int | None = None,
    processes: int = 1,
    site_of: Callable[[str], Site] = sites.here,
    **switches: Any,
) -> list[Trial]:
    """All trials that the names of recipes and studies stand for, each once, every part checked.

    `compile` is ignored where there is no compiler. jobs: how many may share a machine; they and their processes share
    its cores, at least one each, unless `threads` says otherwise; see `Site.jobs` for None. precision: what each recipe
    asks for if None. site_of: a device to the machine that has it. switches: further settings of an Execution. Raises
    InputError for an unknown name, key, value or device, before anything has run.
    """
    for name, count in (("jobs", jobs), ("processes", processes)):
        if count is not None and count < 1:
            raise InputError(f"{name}: {count}: at least 1 is wanted")
    if isinstance(names, str) or isinstance(settings, str) or not names:
        raise InputError("give names and settings as lists, and at least one name")
    _check_seeds(seeds)
    selection = list(_recipes(names, budget, settings, seeds))  # before torch is loaded: a wrong name is said at once
    catalog.check_names(recipe.entry for recipe, *_ in selection)
    if sum(len(chosen_seeds) for *_, chosen_seeds in selection) > MOST_TRIALS:
        raise InputError(f"seeds: more than {MOST_TRIALS:,} trials; take fewer seeds")
    site = site_of(device)
    jobs = site.jobs(threads) if jobs is None else jobs
    share = max(1, site.cores // jobs // (1 if site.device.startswith("cuda") else processes))
    execution = Execution(
        site.device, threads or share, compile=compile and site.can_compile, jobs=jobs, processes=processes, **switches
    )
    _check_switches(execution)
    _check_room(site, execution)
    planned: dict[Path, Trial] = {}
    modules.refresh()
    for recipe, full, chosen_seeds in selection:
        parts.check(recipe)
        check_fits(recipe, execution)
        execution = replace(execution, precision=_resolved(precision or recipe.precision, site))
        code = identity.of(recipe)
        for seed in chosen_seeds:
            trial = Trial(recipe, seed, execution, site.fingerprint, full, code)
            planned.setdefault(trial.path(Path()), trial)
    return list(planned.values())


def _resolved(asked: str, site: Site) -> Precision:
    """The precision that `auto` means on the device; any other as it is."""
    return site.precision if asked == "auto" else cast(Precision, asked)


def _check_room(site: Site, execution: Execution) -> None:
    """Raise InputError where a node has no room for a trial; here a trial takes what it gets."""
    if site.node is not None and execution.processes > 1:
        raise InputError(f"--processes {execution.processes}: a trial at {site.node} has one process; leave out --on")
    if site.node is not None and execution.threads > site.cores:
        raise InputError(f"--threads {execution.threads}: {site.node} has {site.cores} cores for trials")
    if site.node is not None and execution.jobs > site.cores:
        raise InputError(f"--jobs {execution.jobs}: {site.node} has {site.cores} cores for trials")


def _check_switches(execution: Execution) -> None:
    """Raise InputError for settings that do not go together."""
    if execution.compile_mode != "default" and not execution.compile:
        raise InputError(f"--compile-mode {execution.compile_mode}: only with --compile, and where there is a compiler")
    if execution.workers and execution.input != "loader":
        raise InputError(f"--workers {execution.workers}: data that lie on the device need none; take --input loader")
    if execution.cuda_graphs and not execution.device.startswith("cuda"):
        raise InputError(f"--cuda-graphs: {execution.device} knows no CUDA graphs; leave it out, or take --device cuda")
    if execution.processes > 1:
        _check_processes(execution)
    elif execution.batch != "global":
        raise InputError(f"--batch {execution.batch}: one process has the whole batch; take --processes 2 or more")


def _check_processes(execution: Execution) -> None:
    """Raise InputError where this machine has no room for so many processes, or a switch is of one process."""
    import torch

    count, device = execution.processes, execution.device
    if not torch.distributed.is_available() or device not in ("cpu", "cuda:0"):
        raise InputError(f"--processes {count}: on the CPU, or on CUDA from cuda:0 on, and not on {device}")
    if device == "cpu" and count * execution.threads > machine.cores():
        raise InputError(
            f"--processes {count}: with {execution.threads} threads each they need {count * execution.threads} cores, "
            f"and there are {machine.cores()}"
        )
    if device != "cpu" and count > torch.cuda.device_count():
        raise InputError(f"--processes {count}: there are {torch.cuda.device_count()} CUDA devices, and each takes one")
    if execution.cuda_graphs or execution.input != "resident":
        raise InputError(f"--processes {count}: not with --cuda-graphs or --input loader, which are of one process")


def check_fits(recipe: Recipe, execution: Execution) -> None:
    """Raise InputError for switches that need descent by batches, where the recipe learns in another way."""
    asked = [f"--{name.replace('_', '-')}" for name in OF_DESCENT if getattr(execution, name) != USUAL[name]]
    if asked and not parts.can_be_captured(recipe):
        raise InputError(f"{', '.join(asked)}: {recipe.training.name} of {recipe.name} is not descent by batches")
    if execution.processes > 1:
        _check_can_spread(recipe, execution)


def _check_can_spread(recipe: Recipe, execution: Execution) -> None:
    """Raise InputError where several processes cannot share the recipe's batches."""
    count, size = execution.processes, recipe.training.arguments.get("batch_size")
    if recipe.together == "model":
        raise InputError(f"--processes {count}: the seeds of {recipe.name} learn as one model, in one process")
    if size is None:
        raise InputError(f"--processes {count}: {recipe.training.name} of {recipe.name} has no batch_size to share")
    if execution.batch == "global" and size % count:
        raise InputError(
            f"--processes {count}: the batch of {size} of {recipe.name} cannot be shared evenly; take another number, "
            "--set training.batch_size=... or --batch local"
        )


def _check_seeds(seeds: Sequence[int] | None) -> None:
    """Raise InputError for seeds that are no whole numbers from 0."""
    if seeds is not None and not all(isinstance(seed, int) and seed >= 0 for seed in seeds):
        raise InputError(f"seeds: {list(seeds)}: whole numbers from 0 are wanted")


def _recipes(
    names: Sequence[str], budget: str, settings: Sequence[str], seeds: Sequence[int] | None
) -> Iterator[tuple[Recipe, Recipe, Sequence[int]]]:
    """The recipes behind the names, each also at the full budget, and their seeds; studies with their sweeps."""
    for name in names:
        comparisons = study.course(name) if catalog.is_study(catalog.find(name)) else []
        for reference, least, sweep in _references(name, comparisons, budget):
            recipe = recipes.load(reference, budget, settings)
            chosen_seeds = range(max(recipe.seeds, least)) if seeds is None else seeds
            yield recipe, recipes.load(reference, "full", settings), chosen_seeds
            for point in sweep:
                changed = [*settings, *point]
                yield recipes.load(reference, budget, changed), recipes.load(reference, "full", changed), [0]


def _references(
    name: str, comparisons: Sequence[Study], budget: str
) -> Iterator[tuple[str, int, Sequence[Sequence[str]]]]:
    """References to recipes, at least how many seeds each gets, and the points of its sweep."""
    if not comparisons:
        yield name, 1, ()
    ready = [comparison for comparison in comparisons if comparison.has(budget)]
    if comparisons and not ready:
        raise InputError(f"{name}: has no {budget} budget")
    for comparison in ready:
        for reference, least in comparison.wanted(budget):
            yield reference, least, comparison.sweep.get(reference, ())


def parse_seeds(text: str) -> list[int]:
    """`0-4` or `0,2,7` or `3` -> seeds; InputError for anything else."""
    seeds: list[int] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", piece)
        if not match:
            raise InputError(f"--seeds {text}: write numbers and ranges, such as 0-4 or 0,2,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= MOST_TRIALS:
            raise InputError(f"--seeds {text}: the range {piece.strip()} is empty or too long")
        seeds.extend(range(first, last + 1))
    return list(dict.fromkeys(seeds))
