"""A user's own recipe with a user's own model, for tests of what surrounds a trial."""

from pathlib import Path

RECIPE = """
title: a net of one's own
data: {name: digits, size: 8, train_examples: 40, test_examples: 20}
model: {name: nets.NAME}
training: {name: sgd, lr: 0.1, batch_size: 10, steps: 8}
score: {name: classification_error}
curve: {points: 1, examples: 10}
"""

NETS = '''
import os, signal, time
import torch
from torch import nn


def plain() -> nn.Module:
    """One layer."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


class Trouble(nn.Sequential):
    def __init__(self, trouble):
        super().__init__(nn.Flatten(), nn.Linear(64, 10))
        self.trouble = trouble

    def forward(self, x):
        if self.training:
            self.trouble()
        return super().forward(x)


def raising() -> nn.Module:
    def trouble():
        print("chatter on standard output")
        raise RuntimeError("out of luck")
    return Trouble(trouble)


def killed() -> nn.Module:
    return Trouble(lambda: os.kill(os.getpid(), signal.SIGKILL))


def killed_at_seed_1() -> nn.Module:
    seeds = torch.initial_seed()
    return Trouble(lambda: os.kill(os.getpid(), signal.SIGKILL) if seeds == 1 else None)


def deaf() -> nn.Module:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return slow()


def trouble_at_rank_1(trouble) -> nn.Module:
    def only_there():
        if torch.distributed.get_rank() == 1:
            trouble()
    return Trouble(only_there)


def rank_1_raises() -> nn.Module:
    def trouble():
        raise ValueError("out of luck")
    return trouble_at_rank_1(trouble)


def rank_1_killed() -> nn.Module:
    return trouble_at_rank_1(lambda: os.kill(os.getpid(), signal.SIGKILL))


def slow() -> nn.Module:
    return Trouble(lambda: time.sleep(0.5))
'''


def write(folder: Path, model: str, more: str = "") -> str:
    """Write the recipe `<model>.yaml`, with more lines, and its module into a folder; returns the recipe's path."""
    (folder / "nets.py").write_text(NETS)
    (folder / f"{model}.yaml").write_text(RECIPE.replace("NAME", model) + more)
    return str(folder / f"{model}.yaml")
