"""LeCun et al. 1998."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from dlbench.models.lenet5 import ScaledTanh, lenet5


def test_layers_have_the_paper_s_shapes(output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]]) -> None:
    shapes = output_shapes(lenet5())
    assert [shapes[name] for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output")] == [
        (6, 28, 28),
        (6, 14, 14),
        (16, 10, 10),
        (16, 5, 5),
        (120, 1, 1),
        (84,),
        (10,),
    ]


def test_scaled_tanh_passes_through_one() -> None:
    f = ScaledTanh()
    ones = torch.tensor([-1.0, 0.0, 1.0])
    assert torch.allclose(f(ones), ones, atol=1e-4)
    assert f(torch.tensor(100.0)).item() == pytest.approx(1.7159)


def test_tanh_starts_from_the_paper_s_uniform_weights(assert_uniform: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = lenet5()
    for name, fan_in in {"c1": 25, "c3": 150, "c5": 400, "f6": 120, "output": 84}.items():
        assert_uniform(net.get_parameter(f"{name}.weight"), 2.4 / fan_in)
        assert_uniform(net.get_parameter(f"{name}.bias"), 2.4 / fan_in)


def test_relu_starts_from_he_normal_weights(assert_normal: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = lenet5(activation="relu")
    for name, fan_in in {"c3": 150, "c5": 400, "f6": 120}.items():
        assert_normal(net.get_parameter(f"{name}.weight"), math.sqrt(2 / fan_in))
        assert not net.get_parameter(f"{name}.bias").any()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_it_learns_digits(activation: str) -> None:
    torch.manual_seed(0)
    digits = load_digits()
    pixels = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    images = F.pad(F.interpolate(pixels, scale_factor=3.0), (4, 4, 4, 4)) * 1.275 - 0.1  # 24x24 in 32x32
    labels = torch.tensor(digits.target)
    net = lenet5(activation=activation)  # type: ignore[arg-type]
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for batch in torch.randint(1000, (300, 32)):
        optimiser.zero_grad()
        F.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimiser.step()

    with torch.no_grad():
        wrong = net(images[1000:]).argmax(dim=1) != labels[1000:]
    assert wrong.float().mean() < 0.25  # guessing errs on 0.9
