"""The layers of LeCun's nets against plain convolutions, and the counts of 1990 and 1998."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlbench.measure import operations
from dlbench.models.lecun_1990 import lecun_1990
from dlbench.models.lecun_layers import PartialConvolution, Subsampling
from dlbench.models.lenet5_1998 import SEEN, lenet5_1998

Shapes = Callable[[nn.Module], dict[str, tuple[int, ...]]]


def connections(net: nn.Module, biased: tuple[str, ...], subsampled: tuple[str, ...], shapes: Shapes) -> int:
    """A multiplication each, one more for a unit's bias, and five for a unit that sums up four and has a bias."""
    found = shapes(net)
    units = [sum(torch.Size(found[layer]).numel() for layer in layers) for layers in (biased, subsampled)]
    return operations.multiply_adds(net, net.input_shape) + units[0] + 5 * units[1]  # type: ignore[arg-type]


def test_lenet5_has_60000_parameters_and_340908_connections(output_shapes: Shapes) -> None:
    """LeCun et al. 1998, section II.B: "340,908 connections, but only 60,000 trainable free parameters"."""
    net = lenet5_1998()
    assert operations.parameters(net) == 60_000
    assert connections(net, ("c1", "c3", "c5", "f6"), ("s2", "s4"), output_shapes) == 340_908


@pytest.mark.parametrize(
    ("layer", "parameters"), [("c1", 156), ("s2", 12), ("c3", 1516), ("s4", 32), ("c5", 48_120), ("f6", 10_164)]
)
def test_lenet5s_layers_have_the_papers_parameters(layer: str, parameters: int) -> None:
    assert operations.parameters(lenet5_1998().get_submodule(layer)) == parameters


def test_lenet5s_maps_see_what_table_1_says() -> None:
    assert [len(maps) for maps in SEEN] == [3] * 6 + [4] * 9 + [6]
    assert sorted(SEEN[14]) == [0, 2, 3, 5]
    assert [sum(first in maps for maps in SEEN) for first in range(6)] == [10] * 6


def test_lenet5s_outputs_are_distances_from_its_codes() -> None:
    output = lenet5_1998().get_submodule("output")
    inputs = torch.randn(3, 84)
    distances = torch.cdist(inputs, output.get_buffer("codes")).square()
    torch.testing.assert_close(output(inputs), -0.5 * distances, rtol=1e-4, atol=1e-4)
    assert output(output.get_buffer("codes")).argmax(1).tolist() == list(range(10))


def test_the_net_of_1990_has_2578_parameters_98442_connections_4635_units(output_shapes: Shapes) -> None:
    """LeCun et al. 1990; the last unit is always on."""
    net = lecun_1990()
    assert operations.parameters(net) == 2578
    assert connections(net, ("h1", "h3", "output"), ("h2", "h4"), output_shapes) == 98_442
    shapes = output_shapes(net)
    units = sum(torch.Size(shapes[layer]).numel() for layer in ("edge", "h1", "h2", "h3", "h4", "output"))
    assert units + 1 == 4635


def test_a_partial_convolution_is_a_convolution_without_the_missing_links() -> None:
    """Maps that see one, three and two others, in no order: the oracle has zeros for all links that there are not."""
    seen = [(2,), (0, 1, 3), (1, 3), (0,)]
    layer, maps = PartialConvolution(seen, 3, stride=2), torch.randn(2, 4, 9, 9)
    counts = sorted({len(each) for each in seen})
    weight, bias = torch.zeros(4, 4, 3, 3), torch.zeros(4)
    for convolution, count in zip(layer.convolutions, counts, strict=True):
        rows = [index for index, each in enumerate(seen) if len(each) == count]
        for row, own, offset in zip(rows, convolution.weight, convolution.bias, strict=True):  # type: ignore[arg-type]
            weight[row, list(seen[row])], bias[row] = own.detach(), offset.detach()
    torch.testing.assert_close(layer(maps), F.conv2d(maps, weight, bias, stride=2))
    assert operations.parameters(layer) == 7 * 9 + 4


def test_subsampling_sums_four_amplifies_and_shifts(assert_uniform: Callable[[Tensor, float], None]) -> None:
    layer = Subsampling(2)
    with torch.no_grad():
        layer.gain.copy_(torch.tensor([2.0, -1.0]).view(2, 1, 1))
        layer.bias.copy_(torch.tensor([0.5, 0.0]).view(2, 1, 1))
    maps = torch.arange(8.0).view(1, 2, 2, 2)
    assert layer(maps).flatten().tolist() == [2 * 6 + 0.5, -22.0]
    assert_uniform(Subsampling(1000).gain, 0.6)
