"""Names, seeds and a budget -> the trials to run, each with the file its run will be in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dlbench import parts, shelf, study
from dlbench import recipe as recipes
from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.recipe import Recipe

Precision: TypeAlias = Literal["fp32", "tf32", "bf16", "fp16"]


@dataclass(frozen=True)
class Execution:
    """How a trial is computed: what changes its speed but not what it means.

    precision: fp32 is the full thing on every device; tf32, bf16 and fp16 are for the products inside layers
    (autocast, without loss scaling), parameters stay fp32. compile: by torch.compile.
    """

    device: str
    threads: int
    channels_last: bool = True
    precision: Precision = "fp32"
    compile: bool = False

    def as_dict(self) -> dict[str, Any]:
        """All settings, as a run file keeps them."""
        return asdict(self)

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that are not the usual ones: a setting added later leaves the identity of older trials alone."""
        usual = {"precision": "fp32", "compile": False}
        return {key: value for key, value in asdict(self).items() if usual.get(key) != value}


@dataclass(frozen=True)
class Trial:
    """One recipe at one budget, one seed, one execution, on one machine."""

    recipe: Recipe
    seed: int
    execution: Execution
    fingerprint: str

    @property
    def digest(self) -> str:
        """Eight hex digits: the same trial on the same kind of machine has the same."""
        identity = [self.recipe.digest, self.seed, self.execution.identity, self.fingerprint]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]

    def path(self, out: Path) -> Path:
        """The run file this trial leaves under a results folder."""
        device = self.execution.device.replace(":", "")
        return out / self.recipe.name / f"{self.recipe.budget}-seed{self.seed}-{device}-{self.digest}.jsonl"

    def as_dict(self) -> dict[str, Any]:
        """What the worker that runs the trial is told."""
        return {
            "recipe": self.recipe.as_dict(),
            "budget": self.recipe.budget,
            "path": str(self.recipe.path.resolve()),
            "seed": self.seed,
            "execution": self.execution.as_dict(),
            "fingerprint": self.fingerprint,
        }


def from_dict(kept: dict[str, Any]) -> Trial:
    """The trial that `Trial.as_dict` describes."""
    recipe = recipes.from_dict(kept["recipe"], kept["budget"], Path(kept["path"]))
    return Trial(recipe, kept["seed"], Execution(**kept["execution"]), kept["fingerprint"])


def trials(
    names: Sequence[str],
    *,
    device: str = "auto",
    seeds: Sequence[int] | None = None,
    budget: str = "short",
    settings: Sequence[str] = (),
    threads: int | None = None,
    precision: Precision = "fp32",
    compile: bool = False,
) -> list[Trial]:
    """All trials that the names of recipes and studies stand for, each once, every part checked.

    `compile` is left out where there is no compiler. Raises InputError for an unknown name, key, value or device,
    before anything has run.
    """
    chosen = machine.resolve_device(device)
    compiled = compile and machine.can_compile(chosen)
    execution = Execution(chosen, threads or machine.cores(), precision=precision, compile=compiled)
    fingerprint = machine.describe(execution.device)["fingerprint"]
    planned: dict[str, Trial] = {}
    for recipe, count in _recipes(names, budget, settings):
        parts.check(recipe)
        for seed in seeds if seeds is not None else range(count):
            trial = Trial(recipe, seed, execution, fingerprint)
            planned.setdefault(trial.digest, trial)
    return list(planned.values())


def _recipes(names: Sequence[str], budget: str, settings: Sequence[str]) -> list[tuple[Recipe, int]]:
    """The recipes behind the names, and how many seeds each gets."""
    found = []
    for name in names:
        if shelf.is_study(shelf.find(name)):
            comparison = study.load(name)
            for reference in comparison.recipes:
                recipe = recipes.load(reference, budget, settings)
                found.append((recipe, max(recipe.seeds, comparison.seeds.get(budget, 1))))
        else:
            recipe = recipes.load(name, budget, settings)
            found.append((recipe, recipe.seeds))
    return found


def parse_seeds(text: str) -> list[int]:
    """`0-4` or `0,2,7` or `3` -> seeds; InputError for anything else."""
    seeds: list[int] = []
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9}))?\s*", piece)
        if not match:
            raise InputError(f"--seeds {text}: write numbers and ranges, such as 0-4 or 0,2,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first >= 100_000:
            raise InputError(f"--seeds {text}: the range {piece.strip()} is empty or too long")
        seeds.extend(range(first, last + 1))
    return list(dict.fromkeys(seeds))
