"""What a trial is built from: the data on the device, the model or its copies, the learning rule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from dlbench import parts
from dlbench.data.dataset import Dataset, Examples
from dlbench.data.sources import data_folder
from dlbench.errors import InputError
from dlbench.plan import Trial
from dlbench.recipe import Recipe
from dlbench.scores.evaluation import evaluating
from dlbench.training.capture import Capture
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.copies import Copies
from dlbench.training.step import Step


@dataclass
class Bench:
    """Everything a trial needs once it is built: data on the device, and one model or several copies."""

    trials: Sequence[Trial]
    data: Dataset
    model: nn.Module
    device: torch.device

    def train(self, model: nn.Module, checkpoint: Checkpoint | None = None) -> Iterator[Step]:
        """The learning rule on a model, with the seed's own random numbers, however often it is asked for.

        checkpoint: keeps track of the training, or where it goes on from; only if it `can_continue`.
        """
        chosen = self.trials[0]
        seed = 0 if chosen.recipe.together == "model" else chosen.seed  # copies draw no numbers but their first weights
        torch.manual_seed(seed)  # dropout draws from the global generator
        rule, generator = parts.bind("training", chosen.recipe), generator_for(self.device, seed)
        if checkpoint is not None:
            checkpoint.watch(model=model, generator=generator)
            rule = partial(rule, checkpoint=checkpoint)
        if chosen.execution.cuda_graphs:
            rule = partial(rule, capture=Capture(self.device))
        return self._in_precision(rule(model, self.data, generator))

    @property
    def can_continue(self) -> bool:
        """Whether training that was cut short can go on: its rule takes a checkpoint, and its model is a single one.

        Copies begin anew: they are quick, and seeds that have ended meanwhile would no longer be among them.
        """
        return not isinstance(self.model, Copies) and parts.can_continue(self.trials[0].recipe)

    def _in_precision(self, steps: Iterator[Step]) -> Iterator[Step]:
        """The same steps, each taken in the trial's precision; what happens between them is not touched."""
        while True:
            with self.precision():
                step = next(steps, None)
            if step is None:
                return
            yield step

    def precision(self) -> AbstractContextManager[object]:
        """The context in which layers multiply in the trial's precision."""
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.trials[0].execution.precision)
        return torch.autocast(self.device.type, dtype=half) if half else nullcontext()

    def models(self) -> Sequence[nn.Module]:
        """One model a seed, with the weights learnt so far."""
        return self.model.separate() if isinstance(self.model, Copies) else [self.model]

    def pictures(self, model: nn.Module) -> dict[str, Tensor]:
        """What the recipe wants to show of a trained model, as arrays in [0, 1]."""
        with evaluating(model):
            shown: dict[str, Tensor] = parts.bind("pictures", self.trials[0].recipe)(model, self.data)
            return shown

    def scores(self, examples: int | None) -> list[dict[str, float]]:
        """For each seed the metrics on the first examples of each split (None: all), as `train_...` and `test_...`."""
        score = parts.bind("score", self.trials[0].recipe)
        splits = {"train": self.data.train, "test": self.data.test}
        with self.precision(), torch.compiler.set_stance("force_eager"):  # not worth compiling anew for other shapes
            return self._scores(score, splits, examples)

    def _scores(
        self, score: Callable[..., dict[str, float]], splits: Mapping[str, Examples | None], examples: int | None
    ) -> list[dict[str, float]]:
        return [
            {
                f"{split}_{key}": value
                for split, whole in splits.items()
                if whole is not None
                for key, value in score(model, self.data, whole.take(examples and min(examples, len(whole)))).items()
            }
            for model in self.models()
        ]


def weights_digest(model: nn.Module) -> str:
    """First 16 hex digits of the SHA-256 of all weights and buffers: equal only if every bit is."""
    hasher = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if isinstance(tensor, Tensor):
            hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            hasher.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return hasher.hexdigest()[:16]


def build(trials: Sequence[Trial]) -> Bench:
    """Load the data and build the model of these trials, which differ in nothing but their seed."""
    recipe, execution = trials[0].recipe, trials[0].execution
    torch.set_num_threads(execution.threads)
    torch.set_flush_denormal(True)  # sigmoids and LSTMs crawl on CPUs otherwise
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = execution.precision == "tf32"
    device = torch.device(execution.device)
    data: Dataset = parts.bind("data", recipe)(data_folder()).to(device)
    models = [_model(trial, device) for trial in trials]
    if recipe.together == "model":
        _check_can_learn_together(recipe, data, models[0])
    model = models[0] if len(models) == 1 else Copies(models)
    if execution.compile:
        model.compile()
    return Bench(trials, data, model, device)


def _check_can_learn_together(recipe: Recipe, data: Dataset, model: nn.Module) -> None:
    """Raise InputError where a seed's result would depend on the seeds beside it: they share batches and dice."""
    whole = recipe.training.arguments.get("batch_size", 0) >= len(data.train)
    if not whole or data.augment is not None or any(isinstance(m, nn.Dropout) for m in model.modules()):
        raise InputError(
            f"{recipe.path}: together: model: only for full batches without augmentation and dropout; "
            "leave it out, or take together: worker"
        )


def _model(trial: Trial, device: torch.device) -> nn.Module:
    torch.manual_seed(trial.seed)
    model: nn.Module = parts.bind("model", trial.recipe)()
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if trial.execution.channels_last else model


def generator_for(device: torch.device, seed: int) -> torch.Generator:
    """The random numbers of a seed, drawn where the data live."""
    return torch.Generator(device).manual_seed(seed)
