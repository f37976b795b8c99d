"""What a trial is built from: the data on the device, the model or its copies, the learning rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from dlbench import parts
from dlbench.data.dataset import Dataset
from dlbench.data.sources import data_folder
from dlbench.plan import Trial
from dlbench.training.copies import Copies
from dlbench.training.step import Step


@dataclass
class Bench:
    """Everything a trial needs once it is built: data on the device, and one model or several copies."""

    trials: Sequence[Trial]
    data: Dataset
    model: nn.Module
    device: torch.device

    def train(self, model: nn.Module) -> Iterator[Step]:
        """The learning rule on a model, with the seed's own random numbers, however often it is asked for."""
        torch.manual_seed(self.trials[0].seed)  # dropout draws from the global generator
        rule = parts.bind("training", self.trials[0].recipe)
        return rule(model, self.data, generator_for(self.device, self.trials[0].seed))  # type: ignore[no-any-return]

    def models(self) -> Sequence[nn.Module]:
        """One model a seed, with the weights learnt so far."""
        return self.model.separate() if isinstance(self.model, Copies) else [self.model]

    def scores(self, examples: int | None) -> list[dict[str, float]]:
        """For each seed the metrics on the first examples of each split (None: all), as `train_...` and `test_...`."""
        score = parts.bind("score", self.trials[0].recipe)
        splits = {"train": self.data.train, "test": self.data.test}
        return [
            {
                f"{split}_{key}": value
                for split, whole in splits.items()
                if whole is not None
                for key, value in score(model, self.data, whole.take(examples and min(examples, len(whole)))).items()
            }
            for model in self.models()
        ]


def build(trials: Sequence[Trial]) -> Bench:
    """Load the data and build the model of these trials, which differ in nothing but their seed."""
    recipe, execution = trials[0].recipe, trials[0].execution
    torch.set_num_threads(execution.threads)
    torch.set_flush_denormal(True)  # sigmoids and LSTMs crawl on CPUs otherwise
    device = torch.device(execution.device)
    data: Dataset = parts.bind("data", recipe)(data_folder()).to(device)
    models = [_model(trial, device) for trial in trials]
    model = models[0] if len(models) == 1 else Copies(models)
    return Bench(trials, data, model, device)


def _model(trial: Trial, device: torch.device) -> nn.Module:
    torch.manual_seed(trial.seed)
    model: nn.Module = parts.bind("model", trial.recipe)()
    model = model.to(device)
    return model.to(memory_format=torch.channels_last) if trial.execution.channels_last else model


def generator_for(device: torch.device, seed: int) -> torch.Generator:
    """The random numbers of a seed, drawn where the data live."""
    return torch.Generator(device).manual_seed(seed)
