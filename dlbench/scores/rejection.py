"""How many errors are left when a classifier may refuse to answer, and how much it must refuse for 1 % of errors."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.scores.evaluation import evaluating

BATCH = 1000


def rejection(
    model: nn.Module,
    data: Dataset,
    examples: Examples,
    *,
    at_most_error_percent: float = 1.0,
    after_rejecting_percent: Sequence[int] = (5, 10, 15, 20, 25, 30),
) -> dict[str, float]:
    """Reject the examples whose two largest outputs lie closest together, as LeCun et al. 1989 (section 5) do.

    The model maps prepared inputs to outputs [n, classes], 1 being wanted of the right one and 0 of all others.
    Returns error_percent of all examples, none rejected; rejected_percent, the smallest share to reject so that at most
    `at_most_error_percent` of those accepted are wrong (100 if no share will do); mean_squared_error over examples and
    outputs, in the paper's units, where -1 is wanted and not 0; and, as rejecting_10_error_percent, what is left of
    errors among the accepted for each of `after_rejecting_percent`. Raises InputError for shares not in 0 to 99.
    """
    if not all(0 <= share < 100 for share in after_rejecting_percent):
        raise InputError(f"after_rejecting_percent: {list(after_rejecting_percent)}: give shares from 0 to 99")
    with evaluating(model):
        outputs = torch.cat([model(data.prepare(inputs)) for inputs in torch.split(examples.inputs, BATCH)])
    wrong = outputs.argmax(1) != examples.targets
    wanted = nn.functional.one_hot(examples.targets, outputs.shape[1])
    left = errors_left(confidence(outputs), wrong)
    return {
        "error_percent": float(left[0]),
        "rejected_percent": rejected_percent(left, at_most_error_percent),
        "mean_squared_error": float(4 * (outputs - wanted).square().mean()),
        **{f"rejecting_{share}_error_percent": _after(left, share) for share in after_rejecting_percent},
    }


def confidence(outputs: Tensor) -> Tensor:
    """How far the largest output lies above the second, [n, classes] -> [n]."""
    largest, second = outputs.topk(2, dim=1).values.unbind(1)
    return largest - second


def errors_left(confidence: Tensor, wrong: Tensor) -> Tensor:
    """Percentage of errors among the accepted when the k least confident are rejected, k from 0 to n - 1: float64 [n].

    Examples of equal confidence are rejected in their order.
    """
    order = confidence.argsort(descending=True, stable=True)
    mistakes = wrong[order].double().cumsum(0)
    return (100 * mistakes / torch.arange(1, len(wrong) + 1, device=wrong.device)).flip(0)


def rejected_percent(left: Tensor, at_most: float) -> float:
    """The smallest percentage to reject so that at most so many per cent of errors are left; 100 if none will do."""
    enough = (left <= at_most).nonzero()
    return 100.0 * int(enough[0]) / len(left) if len(enough) else 100.0


def _after(left: Tensor, share: int) -> float:
    return float(left[min(round(share / 100 * len(left)), len(left) - 1)])
