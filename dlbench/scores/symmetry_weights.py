"""Whether a net that detects mirror symmetry found the weights that the paper shows: 1 : 2 : 4, opposite either side.

Rumelhart, Hinton, Williams: Learning Representations by Back-propagating Errors, Nature 323 (1986), Fig. 1: weights to
a hidden unit are equal and opposite either side of the middle, so that a symmetric input cancels out, and in the ratio
1 : 2 : 4, so that no other input does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.truth_table import truth_table


def symmetry_weights(
    model: nn.Module,
    data: Dataset,
    examples: Examples,
    *,
    threshold: float = 0.5,
    most_asymmetry_percent: float = 10.0,
    most_ratio_deviation_points: float = 5.0,
) -> dict[str, float]:
    """Read the truth table, and the weights of the layer `hidden1` [units, 2k].

    Returns what `truth_table` does, and over the hidden units the worst of
    asymmetry_percent: the largest sum of two weights that mirror each other, in per cent of the largest weight;
    ratio_deviation_points: the k sizes of weights as shares of their sum, in per cent, against those of 1 : 2 : 4 ...
    (14, 29 and 57 for three): the largest difference, in percentage points.
    Also solved_as_drawn: 1.0 if every row is right and neither of the two is above its limit, else 0.0.
    """
    weights = model.get_submodule("hidden1").get_parameter("weight").detach()
    found = truth_table(model, data, examples, threshold=threshold)
    uneven, off = 100.0 * float(asymmetry(weights).max()), 100.0 * float(ratio_deviation(weights).max())
    as_drawn = uneven <= most_asymmetry_percent and off <= most_ratio_deviation_points
    return found | {
        "asymmetry_percent": uneven,
        "ratio_deviation_points": off,
        "solved_as_drawn": float(found["solved"] == 1.0 and as_drawn),
    }


def asymmetry(weights: Tensor) -> Tensor:
    """[units, 2k] -> [units]: the largest |w_i + w_(2k+1-i)| over the largest |w|."""
    return (weights + weights.flip(1)).abs().amax(1) / weights.abs().amax(1)


def ratio_deviation(weights: Tensor) -> Tensor:
    """[units, 2k] -> [units]: how far the shares of the k pairs are from 1 : 2 : 4 ..., whichever pair is largest."""
    pairs = (weights - weights.flip(1))[:, : weights.shape[1] // 2].abs()
    shares = (pairs / pairs.sum(1, keepdim=True)).sort(1).values
    powers = 2.0 ** torch.arange(shares.shape[1], device=weights.device)
    return (shares - powers / powers.sum()).abs().amax(1)
