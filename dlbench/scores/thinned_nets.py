"""One net with smaller weights against the average of many thinned nets, of which dropout trains so many.

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout: A Simple Way to Prevent Neural Networks from
Overfitting, JMLR 15 (2014), section 7.5 and Figure 11.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.classification_error import classification_error
from dlbench.scores.evaluation import evaluating


def thinned_nets(
    model: nn.Module, data: Dataset, examples: Examples, *, counts: Sequence[int] = (1, 10, 50)
) -> dict[str, float]:
    """Score the net as it is used, all its units there, and averages of so many thinned nets drawn for each example.

    Averaged are the probabilities of the classes. Returns what `classification_error` returns and, but of the training
    examples, thinned_<count>_error_percent for each count; and agreement_percent, on how many examples the one net
    says what the largest average says. Raises ValueError for a net without dropout.
    """
    scores = classification_error(model, data, examples)
    if examples is data.train:
        return scores
    inputs, sums = data.prepare(examples.inputs), torch.zeros(())
    with evaluating(model):
        whole = model(inputs).argmax(1)
        _thin(model)
        for drawn in range(1, max(counts) + 1):
            sums = sums + model(inputs).softmax(1)
            if drawn in counts:
                scores[f"thinned_{drawn}_error_percent"] = _percent(sums.argmax(1) != examples.targets)
    return scores | {"agreement_percent": _percent(sums.argmax(1) == whole)}


def _thin(model: nn.Module) -> None:
    """Let dropout drop units; each example gets masks of its own."""
    layers = [module for module in model.modules() if isinstance(module, nn.Dropout) and module.p > 0]
    if not layers:
        raise ValueError("thinned_nets draws nets by dropout, and this one has none")
    for layer in layers:
        layer.train()


def _percent(which: Tensor) -> float:
    return 100.0 * float(which.float().mean())
