"""How fast nets train step by step, compiled, and as a CUDA graph: one process, so that torch starts once.

    python tests/gpu/modes.py DEVICE OUT SECONDS

Leaves timing files as `dlbench time` does, under OUT, and prints their table. Begins nothing new after SECONDS.
"""

from __future__ import annotations

import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import torch

from dlbench.cli import time as timing
from dlbench.cli.time import Case
from dlbench.errors import InputError
from dlbench.trials import plan
from dlbench.trials.workers import timings

RECIPES = ("resnet-20", "resnet-56", "lenet-mnist", "alexnet")
MODES: tuple[dict[str, Any], ...] = (
    {},
    {"cuda_graphs": True},
    {"compile": True},
    {"compile": True, "cuda_graphs": True},
)
LAPS = {"least_seconds": 2.0, "most_seconds": 4.0}


def main(device: str, out: Path, seconds: float) -> None:
    """Time every net in every mode, quick ones first, while there is time."""
    began = time.monotonic()
    paths = []
    for mode, name in product(MODES, RECIPES):
        if time.monotonic() - began > seconds:
            print(f"no time left for {name} {mode}", flush=True)
            continue
        try:
            [trial] = plan.trials([name], device=device, seeds=[0], budget="full", precision="auto", threads=1, **mode)
        except InputError as error:
            print(f"skipped {name} {mode}: {error}", flush=True)
            continue
        [case] = timing._cases(trial, "train", None, [])
        torch._dynamo.reset()
        event = timings.do(_job(case, "time", probe=not paths, **LAPS))
        size = timings.do(_job(case, "size"))
        print(f"{name} {mode}: {len(event.seconds)} laps, {sum(event.seconds):.1f} s", flush=True)
        paths.append(timing._keep(case, 0, size, event, out))
    timing._show(paths, as_json=False)


def _job(case: Case, task: str, **more: Any) -> dict[str, Any]:
    trial = case.trial.as_dict()
    if task == "size":  # operations are counted step by step
        trial["execution"] |= {"compile": False, "cuda_graphs": False}
    return {"trial": trial, "mode": case.mode, "synthetic": case.synthetic, "task": task, **more}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
