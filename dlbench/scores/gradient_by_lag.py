"""How much of an error at the end of a sequence reaches the inputs that lie some steps back.

Hochreiter: Untersuchungen zu dynamischen neuronalen Netzen, diploma thesis, Technische Universität München, 1991;
Bengio, Simard, Frasconi: Learning Long-Term Dependencies with Gradient Descent is Difficult, IEEE Transactions on
Neural Networks 5, 1994: in a net of squashing units it shrinks (or grows) exponentially with the lag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.readout import last_steps

SMALLEST = 1e-38  # the least float32 with all its digits: what is below is as good as zero, and zero has no logarithm


def gradient_by_lag(
    model: nn.Module, data: Dataset, examples: Examples, *, lags: Sequence[int], first: int = 256
) -> dict[str, float]:
    """Differentiate the model's output at the end of a sequence by the input `lag` steps before its last one.

    The model maps prepared sequences [n, steps, d] to one output each, [n, 1]. Where it cuts the gradient itself (that
    of 1997 does), so it is cut here: this is the gradient that learning would follow.
    Returns gradient_norm_at_lag_<lag> for each of the lags, the Euclidean norm as a mean over the `first` examples that
    are long enough; and gradient_factor_per_step, the factor by which it changes from one step to the next, as the
    least-squares line through the logarithms has it: 1 where error flow is constant.
    Raises ValueError for fewer than two lags, for one beyond every sequence, and for several outputs.
    """
    inputs = data.prepare(examples.inputs[:first])
    norms, lasts = _gradients(model, inputs).norm(dim=2), last_steps(inputs)
    if len(set(lags)) < 2 or not 0 <= min(lags) <= max(lags) <= int(lasts.max()):
        raise ValueError(f"lags {list(lags)}: give two or more, from 0 to {int(lasts.max())}")
    mean = {lag: max(_at(norms, lasts - lag), SMALLEST) for lag in lags}
    return {f"gradient_norm_at_lag_{lag}": norm for lag, norm in mean.items()} | {
        "gradient_factor_per_step": _factor(mean)
    }


def _gradients(model: nn.Module, inputs: Tensor) -> Tensor:
    """Of each output by all inputs of its sequence: [n, steps, d]."""
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # cuDNN has no way back in eval mode
        inputs = inputs.detach().clone().requires_grad_()
        outputs = model(inputs)
        if outputs.shape != (len(inputs), 1):
            raise ValueError(f"gradient_by_lag reads one output a sequence, the model gives {tuple(outputs.shape[1:])}")
        (gradients,) = torch.autograd.grad(outputs.sum(), inputs)
    return gradients


def _at(norms: Tensor, steps: Tensor) -> float:
    """The mean of norms [n, steps] at each row's own step; rows in which it lies before the first are left out."""
    rows = (steps >= 0).nonzero()[:, 0]
    return float(norms[rows, steps[rows]].double().mean())


def _factor(norm_by_lag: Mapping[int, float]) -> float:
    lags, norms = list(norm_by_lag), list(norm_by_lag.values())
    slope, _ = np.polyfit(lags, np.log(norms), deg=1)
    return float(np.exp(slope))
