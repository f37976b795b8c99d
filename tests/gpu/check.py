"""Whether a CUDA device computes what the CPU does: the losses of 20 steps, for each kind of net and learning rule.

    python tests/gpu/check.py [DEVICE]

Against the CPU in double precision, in which twenty steps amplify rounding to no more than TOLERANCE; with batches
drawn on the CPU for both and dropout off, so that all that differs is who computes. A recorded CUDA graph must give, in
single precision, as its learning rate is, and with kernels that add in a fixed order, the losses of the same steps
taken one by one to the last bit. Prints a line a recipe; exit 1 if one differs. Without a CUDA device the CPU is held
against itself for two steps, which shows that the check runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor, nn

from dlbench import parts
from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.spec import catalog, recipe
from dlbench.trials import plan, setup
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench

STEPS = 20
TOLERANCE = 1e-6  # relative to the first loss


@dataclass(frozen=True, eq=False)
class Shared(Dataset):
    """A data set whose batches are those of another one, drawn on the CPU."""

    source: Dataset | None = None
    dtype: torch.dtype = torch.float32

    def batches(self, batch_size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:  # type: ignore[override]
        """Batches of the source, moved here."""
        assert self.source is not None
        device = self.train.targets.device
        for inputs, targets in self.source.batches(batch_size, torch.Generator().manual_seed(0)):
            wanted = targets.to(self.dtype) if targets.dtype.is_floating_point else targets
            yield inputs.to(device, self.dtype), wanted.to(device)


def main(device: str) -> int:
    """Compare every kind; returns the exit code."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    differing = 0
    for trial in kinds():
        try:
            steps = 2 if device == "cpu" else STEPS
            expected, there = (losses(trial, place, torch.float64, steps=steps) for place in ("cpu", device))
            deviation = apart(expected, there)
            line = f"{deviation:.1e} from the CPU"
            bad = not deviation <= TOLERANCE
            if device.startswith("cuda"):
                recorded = apart(*(losses(trial, device, torch.float32, graphs=graphs) for graphs in (False, True)))
                line += f", recorded {recorded:.1e} from step by step"
                bad |= recorded != 0.0
        except InputError as error:
            print(f"skipped {trial.recipe.name}: {error}", flush=True)
            continue
        except Exception as error:
            line, bad = f"{type(error).__name__}: {error}".partition("\n")[0], True
        differing += bad
        print(f"{'DIFFERS' if bad else 'same':8}{trial.recipe.name}: {line}", flush=True)
    return 1 if differing else 0


def kinds() -> Iterator[Trial]:
    """A smoke trial of each pair of model and learning rule that learns from batches."""
    seen = set()
    for name in catalog.recipes():
        loaded = recipe.load(name, "smoke")
        kind = (loaded.model.name, loaded.training.name, loaded.model.arguments.get("shortcut"))
        if kind not in seen and parts.can_be_captured(loaded):
            seen.add(kind)
            [trial] = plan.trials([name], device="cpu", seeds=[0], budget="smoke", precision="fp32", threads=1)
            yield trial


def losses(trial: Trial, device: str, dtype: torch.dtype, *, steps: int = STEPS, graphs: bool = False) -> list[float]:
    """The losses of the first steps, computed in numbers of that kind."""
    longer = {key: 10**6 for key in ("steps", "epochs") if trial.recipe.training.arguments.get(key) is not None}
    training = recipe.Part(trial.recipe.training.name, {**trial.recipe.training.arguments, **longer})
    own = replace(trial, recipe=replace(trial.recipe, training=training, together=False))
    built = setup.build([replace(own, execution=replace(own.execution, device=device, cuda_graphs=graphs))])
    source = setup.build([own]).data
    built.model.to(dtype)
    shared = Shared(
        **{key: getattr(built.data, key) for key in Dataset.__dataclass_fields__}, source=source, dtype=dtype
    )
    for module in built.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return [float(step.loss) for step in islice(_train(replace(built, data=shared)), steps)]


def _train(built: Bench) -> Iterator[setup.Step]:
    return built.train(built.model)


def apart(one: list[float], other: list[float]) -> float:
    """The largest difference, relative to the first loss."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) / abs(one[0])


if __name__ == "__main__":
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS adds in a fixed order then
    chosen = sys.argv[1] if len(sys.argv) > 1 else ("cuda:0" if torch.cuda.is_available() else "cpu")
    sys.exit(main(chosen))
