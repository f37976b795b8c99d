"""How long a model waits, and how well that tells when things happen."""

from __future__ import annotations

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.scores.evaluation import evaluating


def delay(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Compare years expected with years that came; all are float32 [n, 1].

    Returns delay_years, the mean time from the model's input to its output, and rms_error_years, the root of the mean
    squared distance between its output and the truth.
    """
    with evaluating(model):
        inputs = data.prepare(examples.inputs)
        expected = model(inputs)
    return {
        "delay_years": float((expected - inputs).mean()),
        "rms_error_years": float((expected - examples.targets).square().mean().sqrt()),
    }
