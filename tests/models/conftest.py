"""What several architectures' tests ask: which shapes pass through, and how the initial weights are distributed."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn


@pytest.fixture
def output_shapes() -> Callable[[nn.Module], dict[str, tuple[int, ...]]]:
    """Return a function: model -> the output shape of each layer by its name, for one image and less the batch."""

    def shapes(model: nn.Module) -> dict[str, tuple[int, ...]]:
        seen: dict[str, tuple[int, ...]] = {}
        for name, layer in model.named_modules():
            layer.register_forward_hook(lambda _, __, output, name=name: seen.update({name: tuple(output.shape[1:])}))
        model.eval()(torch.zeros(1, *model.input_shape, device=next(model.parameters()).device))  # type: ignore[misc]
        return seen

    return shapes


@pytest.fixture
def assert_normal() -> Callable[[Tensor, float], None]:
    """Return a check that weights come from N(0, std), within five standard errors of mean, deviation and kurtosis."""

    def check(weights: Tensor, std: float) -> None:
        w = weights.detach().flatten()[:1_000_000].double() / std
        n = w.numel()
        assert abs(w.mean()) < 5 / math.sqrt(n)
        assert abs(w.std() - 1) < 5 / math.sqrt(2 * n)
        assert abs((w**4).mean() - 3) < 5 * math.sqrt(96 / n)  # a uniform distribution would give 1.8

    return check


@pytest.fixture
def assert_uniform() -> Callable[[Tensor, float], None]:
    """Return a check that weights come from U[-bound, bound]."""

    def check(weights: Tensor, bound: float) -> None:
        w = weights.detach().double().flatten() / bound
        assert w.abs().max() <= 1 + 1e-6
        assert abs(w.std() - 1 / math.sqrt(3)) < 5 / math.sqrt(5 * 3 * w.numel())

    return check
