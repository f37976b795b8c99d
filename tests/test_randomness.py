"""The same seed is the same run, whatever a user's own parts draw from."""

import json
import random

import numpy as np
import torch

from dlbench import randomness
from dlbench.training.checkpoint import Checkpoint
from dlbench.trials import plan, runner
from dlbench.trials.workers.checkpoint_file import CheckpointFile

PARTS = '''
import random
from pathlib import Path
import numpy as np
import torch
from torch import nn
from dlbench.data.dataset import Dataset, Examples
from dlbench.data.digits import digits

WORDS = list({f"word{number}" for number in range(50)})


def drawn(folder: Path) -> Dataset:
    """Another 40 of the digits for another seed, whichever generator they are drawn with."""
    whole = digits(folder, size=8)
    order = np.random.permutation(200)
    order = order + torch.randint(100, ()).item() + int(random.choice(WORDS).removeprefix("word"))
    kept = Examples(whole.train.inputs[order[:40]], whole.train.targets[order[:40]])
    return Dataset(kept, None, whole.classes, whole.shift, whole.scale)


def noisy() -> nn.Module:
    return Noisy()


class Noisy(nn.Module):
    """Draws its first weights with numpy, and noise with all three while it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(np.random.randn(64, 10).astype("float32")))

    def forward(self, x):
        if self.training:
            x = x + random.random() + np.random.rand() + torch.rand(())
        return x.flatten(1) @ self.weight


def lottery(model, data, examples) -> dict[str, float]:
    return {"drawn": random.random() + np.random.rand() + float(torch.rand(()))}
'''
RECIPE = """
title: draws from everywhere
data: {name: drawing.drawn}
model: {name: drawing.noisy}
training: {name: sgd, lr: 0.01, batch_size: 10, steps: 12}
score: {name: drawing.lottery}
curve: {points: 2, examples: 10}
TOGETHER
"""


def draw():
    return random.random(), np.random.rand(), float(torch.rand(()))


def ends(folder, out, seeds, together="", **settings):
    """What of each seed's run must not depend on chance."""
    (folder / "drawing.py").write_text(PARTS)
    (folder / "drawing.yaml").write_text(RECIPE.replace("TOGETHER", f"together: {together}" if together else ""))
    chosen = plan.trials([str(folder / "drawing.yaml")], device="cpu", seeds=seeds, threads=1, **settings)
    runs = {}
    for outcome in runner.run(chosen, folder / out):
        events = [json.loads(line) for line in outcome.path.read_text().splitlines()]
        assert events[-1]["status"] == "finished", events[-1]
        scores = [event["metrics"] for event in events if event["event"] == "score"]
        data = next(event["dataset_digest"] for event in events if event["event"] == "ready")
        runs[outcome.trial.seed] = (data, scores, events[-1]["weights_digest"])
    return runs


def test_a_seed_draws_the_same_alone_among_others_and_without_looks_on_the_way(tmp_path):
    together = ends(tmp_path, "worker", [0, 1, 2], "worker")
    alone = ends(tmp_path, "alone", [1])
    blind = ends(tmp_path, "blind", [1], settings=["curve.points=0"])
    assert alone[1] == together[1]
    assert (blind[1][0], blind[1][1][-1], blind[1][2]) == (alone[1][0], alone[1][1][-1], alone[1][2])
    for part in (0, 2):  # data and weights
        assert len({run[part] for run in together.values()}) == 3


def test_copies_share_data_that_do_not_depend_on_which_seeds_are_taught(tmp_path):
    settings = ["training.batch_size=40"]
    many = ends(tmp_path, "many", [0, 1, 2], "model", settings=settings)
    one = ends(tmp_path, "one", [2], "model", settings=settings)
    assert len({run[0] for run in many.values()}) == 1
    assert one[2] == many[2]


def test_what_is_drawn_apart_leaves_no_trace():
    randomness.seed(3)
    expected = [draw(), draw()]
    randomness.seed(3)
    first = draw()
    with randomness.apart(5):
        one = draw()
    with randomness.apart(5):
        assert draw() == one
    assert [first, draw()] == expected


def test_a_checkpoint_file_keeps_all_generators(tmp_path):
    run_file = tmp_path / "run.jsonl"
    run_file.write_text("{}\n")
    file = CheckpointFile(run_file, {})
    randomness.seed(4)
    file.write(Checkpoint().state(1), 0)
    expected = draw()
    kept = file.read()
    assert isinstance(kept, tuple)
    Checkpoint(kept[0]).follow()
    assert draw() == expected
