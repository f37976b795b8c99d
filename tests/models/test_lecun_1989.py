"""LeCun et al. 1989: the counts of section 3, and what the edge and the unshared biases mean."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlbench.measure import operations
from dlbench.models.lecun_1989 import SEEN, lecun_1989


def test_parameters_units_and_connections_are_the_papers(
    output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]],
) -> None:
    """1256 units, 64,660 connections, 9,760 independent parameters (section 3.3); a unit's bias is a connection."""
    net = lecun_1989()
    shapes = output_shapes(net)
    units = sum(torch.Size(shapes[layer]).numel() for layer in ("h1_bias", "h2_bias", "h3", "output"))
    assert units + 16 * 16 == 1256
    assert operations.parameters(net) == 9760
    assert operations.multiply_adds(net, (1, 16, 16)) == 63_660
    assert 63_660 + units == 64_660


@pytest.mark.parametrize(
    ("layers", "parameters"),
    [(("h1", "h1_bias"), 1068), (("h2", "h2_bias"), 2592), (("h3",), 5790), (("output",), 310)],
)
def test_each_layers_parameters_are_the_papers(layers: tuple[str, ...], parameters: int) -> None:
    net = lecun_1989()
    assert sum(operations.parameters(net.get_submodule(layer)) for layer in layers) == parameters


def test_the_control_has_10690_parameters() -> None:
    assert operations.parameters(lecun_1989(connections="full")) == 10_690


def test_each_map_sees_8_of_12_and_is_seen_by_8() -> None:
    assert [len(set(maps)) for maps in SEEN] == [8] * 12
    assert [sum(first in maps for maps in SEEN) for first in range(12)] == [8] * 12


@pytest.mark.parametrize("connections", ["local", "full"])
def test_weights_start_uniform_by_fan_in(connections: str, assert_uniform: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = lecun_1989(connections=connections)  # type: ignore[arg-type]
    fans = {"hidden.weight": 256, "output.weight": 40}
    if connections == "local":
        fans = {"h1.weight": 25, "h1_bias.bias": 25, "h2.convolutions.0.weight": 200, "h3.weight": 192, "h3.bias": 192}
    for name, fan_in in fans.items():
        assert_uniform(net.get_parameter(name), 2.4 / fan_in)


def test_beyond_the_edge_lies_background() -> None:
    """On an empty image all places of a map sum up the same, as they would not if the edge were grey."""
    net = lecun_1989()
    sums = net.get_submodule("h1")(net.get_submodule("h1_edge")(torch.full((1, 1, 16, 16), -1.0)))
    assert torch.allclose(sums, sums[..., :1, :1].expand_as(sums), atol=1e-6)


def test_outputs_read_minus_one_as_zero() -> None:
    outputs = lecun_1989().get_submodule("zero_to_one")(torch.tensor([-1.0, 0.0, 1.0]))
    assert outputs.tolist() == [0.0, 0.5, 1.0]
