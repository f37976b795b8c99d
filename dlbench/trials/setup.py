"""What a trial is built from: the data on the device, the model or its copies, the learning rule."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

# in an order of its own, which is part of this file's digest, and so of the identity of every run
# isort: off
from dlbench import parts, randomness
from dlbench.data.dataset import Dataset, Examples
from dlbench.data.sources import data_folder
from dlbench.errors import InputError
from dlbench.trials.plan import Trial
from dlbench.spec.recipe import Recipe
from dlbench.scores.evaluation import evaluating
from dlbench.training.capture import Capture
from dlbench.training.checkpoint import Checkpoint
from dlbench.training.copies import Copies
from dlbench.training.step import Step
# isort: on

Score = Callable[[Dataset, Examples], dict[str, float]]  # of one model


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
        seed = common_seed(self.trials)
        rule, generator = parts.bind("training", self.trials[0].recipe), generator_for(self.device, seed)
        randomness.seed(seed)  # dropout draws from the global generator
        if checkpoint is not None:
            checkpoint.watch(model=model, generator=generator)
            rule = partial(rule, checkpoint=checkpoint)
        if self.trials[0].execution.cuda_graphs:
            rule = partial(rule, capture=Capture(self.device))
        steps = self._in_precision(rule(model, self.data, generator))
        return _of_each_trial(steps, model) if isinstance(model, Copies) else steps

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
        draw = parts.bind("pictures", self.trials[0].recipe)
        with evaluating(model), randomness.apart(common_seed(self.trials)):
            shown: dict[str, Tensor] = draw(model, self.data)
            return shown

    def scores(self, examples: int | None) -> list[dict[str, float]]:
        """For each seed the metrics on the first examples of each split (None: all), as `train_...` and `test_...`."""
        score = parts.bind("score", self.trials[0].recipe)
        splits = {"train": self.data.train, "test": self.data.test}
        with self.precision(), torch.compiler.set_stance("force_eager"):  # not worth compiling anew for other shapes
            return [
                self._scores(partial(score, model), splits, examples, trial.seed)
                for model, trial in zip(self.models(), self.trials, strict=True)
            ]

    def _scores(
        self, score: Score, splits: Mapping[str, Examples | None], examples: int | None, seed: int
    ) -> dict[str, float]:
        """The metrics of one model; what a score draws is the same at each look, and training never notices."""
        with randomness.apart(seed):
            return {
                f"{split}_{key}": value
                for split, whole in splits.items()
                if whole is not None
                for key, value in score(self.data, whole.take(examples and min(examples, len(whole)))).items()
            }


def _of_each_trial(steps: Iterator[Step], copies: Copies) -> Iterator[Step]:
    """The same steps with the loss and the counts of each trial's copy, in their order."""
    places: Tensor | None = None
    for step in steps:
        places = torch.tensor(copies.places, device=step.loss.device) if places is None else places
        counts = {
            name: count[places] if isinstance(count, Tensor) and count.dim() else count
            for name, count in step.counts.items()
        }
        yield replace(step, loss=step.loss[places], counts=counts)


def common_seed(trials: Sequence[Trial]) -> int:
    """The seed of what trials that are built as one have in common.

    Copies share data and dice and differ in their first weights alone: what they share must not depend on which seeds
    happen to be taught at once, so it is drawn from seed 0.
    """
    return 0 if trials[0].recipe.together == "model" else trials[0].seed


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
    load = parts.bind("data", recipe)
    randomness.seed(common_seed(trials))  # after a user's module is imported: the next trial here will not import it
    data: Dataset = load(data_folder()).to(device)
    models = [_model(trial, device) for trial in trials]
    model = models[0]
    if recipe.together == "model":
        _check_can_learn_together(recipe, data, model)
        model = Copies(models, [trial.seed for trial in trials])
    if execution.compile:
        model.compile()
    return Bench(trials, data, model, device)


def _check_can_learn_together(recipe: Recipe, data: Dataset, model: nn.Module) -> None:
    """Raise InputError where a seed's result would depend on the seeds beside it: they share batches and dice."""
    whole = recipe.training.arguments.get("batch_size", 0) >= len(data.train)
    changing = any(isinstance(module, nn.Dropout) for module in model.modules()) or any(True for _ in model.buffers())
    if not whole or data.augment is not None or changing:
        raise InputError(
            f"{recipe.path}: together: model: only for full batches without augmentation, dropout and normalisation by "
            "batches; leave it out, or take together: worker"
        )


def _model(trial: Trial, device: torch.device) -> nn.Module:
    make = parts.bind("model", trial.recipe)
    randomness.seed(trial.seed)
    model: nn.Module = make().to(device)
    return model.to(memory_format=torch.channels_last) if trial.execution.channels_last else model


def generator_for(device: torch.device, seed: int) -> torch.Generator:
    """The random numbers of a seed, drawn where the data live."""
    return torch.Generator(device).manual_seed(seed)
