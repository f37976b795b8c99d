"""He et al. 2015, section 4.2."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from dlbench.models.resnet import Block, PaddedIdentity, resnet


@pytest.mark.parametrize("depth", [20, 56])
def test_depth_counts_learned_layers(depth: int) -> None:
    learned = [layer for layer in resnet(depth=depth).modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(learned) == depth


@pytest.mark.parametrize("depth", [-4, 0, 2, 18, 34, 101])
def test_other_depths_are_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=rf"depth {depth} is not 6n\+2: .*20, 32, 44, 56, 110"):
        resnet(depth=depth)


def test_stages_halve_the_map_and_double_the_channels(
    output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]],
) -> None:
    shapes = output_shapes(resnet(depth=8))
    assert shapes["conv1"] == (16, 32, 32)
    assert shapes["stage1.block0.conv1"] == (16, 32, 32)
    assert shapes["stage2.block0.conv1"] == (32, 16, 16)
    assert shapes["stage3.block0.conv2"] == (64, 8, 8)
    assert shapes["fc"] == (10,)


def test_option_a_takes_every_second_pixel_and_pads_zero_channels() -> None:
    x = torch.randn(2, 3, 6, 4)
    y = PaddedIdentity(new_channels=2, stride=2)(x)

    assert y.shape == (2, 5, 3, 2)
    for image in range(2):
        for row in range(3):
            for column in range(2):
                for channel in range(3):
                    assert y[image, channel, row, column] == x[image, channel, 2 * row, 2 * column]
    assert not y[:, 3:].any()


def test_option_a_has_no_parameters() -> None:
    with_shortcuts, plain = resnet(depth=20), resnet(depth=20, shortcut="none")
    assert with_shortcuts.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize(("channels_in", "channels", "stride"), [(4, 4, 1), (4, 8, 2)])
def test_a_silent_block_passes_its_input_unless_plain(channels_in: int, channels: int, stride: int) -> None:
    x = torch.rand(2, channels_in, 8, 8)
    outputs = {}
    for shortcut in ("A", "none"):
        block = Block(channels_in, channels, stride=stride, shortcut=shortcut).eval()
        nn.init.zeros_(block.bn2.weight)  # the two convolutions now add nothing
        outputs[shortcut] = block(x)

    assert torch.equal(outputs["A"][:, :channels_in], x[:, :, ::stride, ::stride])
    assert not outputs["A"][:, channels_in:].any()
    assert not outputs["none"].any()


def test_option_b_projects_only_where_the_shape_changes() -> None:
    net = resnet(depth=14, shortcut="B")
    projected = {name for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d) and "shortcut" in name}
    assert projected == {"stage2.block0.shortcut.conv", "stage3.block0.shortcut.conv"}


def test_initial_weights_are_he_normal(assert_normal: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = resnet(depth=20)
    for name, fan_in in {"conv1": 27, "stage1.block0.conv1": 144, "stage3.block2.conv2": 576, "fc": 64}.items():
        assert_normal(net.get_parameter(f"{name}.weight"), math.sqrt(2 / fan_in))
    assert not net.get_parameter("fc.bias").any()


def test_channels_last_stays_channels_last() -> None:
    block = Block(16, 32, stride=2, shortcut="A").to(memory_format=torch.channels_last)
    y = block(torch.randn(2, 16, 8, 8).to(memory_format=torch.channels_last))
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shortcut", ["A", "B", "none"])
def test_every_parameter_gets_a_gradient(shortcut: str) -> None:
    torch.manual_seed(0)
    net = resnet(depth=8, shortcut=shortcut)  # type: ignore[arg-type]
    nn.functional.cross_entropy(net(torch.randn(4, 3, 32, 32)), torch.tensor([0, 1, 2, 3])).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in net.parameters())


def test_the_output_layer_may_start_small_and_all_else_stays():
    torch.manual_seed(0)
    usual = resnet(depth=8)
    torch.manual_seed(0)
    small = resnet(depth=8, output_sd=0.01)
    assert float(small.fc.weight.detach().std()) == pytest.approx(0.01, rel=0.1)
    assert all(
        torch.equal(one, other)
        for (name, one), other in zip(usual.state_dict().items(), small.state_dict().values(), strict=True)
        if name != "fc.weight"
    )


def test_without_batch_normalisation_there_are_only_convolutions_and_the_output():
    net = resnet(depth=20, batch_norm=False)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in net.modules())
    norms = 2 * (16 + 6 * 16 + 6 * 32 + 6 * 64)
    assert sum(p.numel() for p in net.parameters()) == 269722 - norms
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
