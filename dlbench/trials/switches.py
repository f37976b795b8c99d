"""Builds a trial as its execution says, beyond what `setup` does: these switches change how a result is computed.

They are no part of the code that identity counts: an execution is in a run's identity by itself.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from dlbench import randomness
from dlbench.errors import InputError
from dlbench.parts import modules
from dlbench.spec.execution import Execution
from dlbench.trials import loading, plan, setup
from dlbench.trials.estimate import ITERATIVE
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench

_hooks: list[RemovableHandle] = []  # of the trial that was built last: optimizers of torch take hooks for all of them


def build(trials: Sequence[Trial]) -> Bench:
    """Data and model of these trials, which differ in nothing but their seed; see `setup.build`.

    With several processes, this one leads the others. Raises InputError where an operation has no deterministic form
    and one is asked for.
    """
    if trials[0].execution.processes == 1:
        return _build(trials)
    from dlbench.trials import distributed

    distributed.end()
    return distributed.lead(_build(distributed.as_recipes_say(trials)), _follow)


def _follow(number: int, port: int, records: Sequence[dict[str, Any]]) -> None:
    """The whole life of another process of a trial; number: from 0."""
    from dlbench.trials import distributed

    [trial] = map(plan.from_dict, records)
    modules.stay_importable(trial.recipe.path.parent)
    if trial.execution.device.startswith("cuda"):
        trial = replace(trial, execution=replace(trial.execution, device=f"cuda:{number + 1}"))
    distributed.follow(_build([trial]), number + 1, port)


def _build(trials: Sequence[Trial]) -> Bench:
    """Data and model for this process."""
    execution = trials[0].execution
    _choose_operations(execution)
    _choose_kernels(execution)
    built = setup.build(trials)
    if execution.compile and execution.compile_mode != "default":
        built.model.compile(mode=execution.compile_mode)
    if not execution.channels_last:
        built.model.register_forward_pre_hook(_channels_first)
    if execution.input == "loader":
        built.data = loading.Loaded.of(built.data, execution.workers)
    if execution.deterministic and set(ITERATIVE) & set(trials[0].recipe.training.arguments):
        _check_is_deterministic(built)
    return built


def notes(built: Bench) -> Iterator[str]:
    """What the execution changes in what is learnt, beyond rounding."""
    normalises = any(isinstance(module, _BatchNorm) for module in built.model.modules())
    if built.trials[0].execution.processes > 1 and normalises:
        yield "batch normalisation sees each process's share of a batch, not the whole batch"


def _choose_operations(execution: Execution) -> None:
    if execution.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else products on CUDA differ from run to run
    torch.use_deterministic_algorithms(execution.deterministic)


def _choose_kernels(execution: Execution) -> None:
    """Which of torch's kernels update the weights, whatever the learning rule asks for."""
    while _hooks:
        _hooks.pop().remove()
    if execution.optimizer == "auto":
        return
    kernels = {"fused": execution.optimizer == "fused", "foreach": execution.optimizer == "foreach"}

    def choose(optimizer: Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            group.update(kernels)

    _hooks.append(register_optimizer_step_pre_hook(choose))


def _channels_first(model: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same inputs, images as [n, c, h, w]: layers would keep the order in which data sets are stored."""
    return tuple(
        each.clone(memory_format=torch.contiguous_format) if isinstance(each, Tensor) and each.dim() == 4 else each
        for each in inputs
    )  # a clone, for one channel counts as contiguous in either order


def _check_is_deterministic(built: Bench) -> None:
    """Take a step on a copy of the model: raise InputError with the name of an operation that has no such form."""
    try:
        with randomness.apart(setup.common_seed(built.trials)), suppress(StopIteration):
            next(built.train(copy.deepcopy(built.model)))
    except RuntimeError as error:
        operation = re.match(r"(\S+) does not have a deterministic implementation", str(error))
        if not operation:
            raise
        where = f"{built.trials[0].recipe.entry} on {built.device}"
        raise InputError(f"--deterministic: {where}: {operation[1]} has no deterministic form") from None
