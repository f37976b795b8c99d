"""cuda-convnet's layers-80sec.cfg."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dlbench.models.cuda_convnet import cuda_convnet


def test_pooling_keeps_the_last_column(output_shapes: Callable[[nn.Module], dict[str, tuple[int, ...]]]) -> None:
    shapes = output_shapes(cuda_convnet())
    assert [shapes[name] for name in ("pool1", "pool2", "pool3")] == [(32, 16, 16), (32, 8, 8), (64, 4, 4)]


def test_edge_windows_average_over_the_pixels_that_exist() -> None:
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    pooled = cuda_convnet().get_submodule("pool2")(image)[0, 0]
    assert pooled.tolist() == [
        [image[0, 0, :3, :3].mean(), image[0, 0, :3, 2:].mean()],
        [image[0, 0, 2:, :3].mean(), image[0, 0, 2:, 2:].mean()],
    ]


def test_initial_weights_are_the_layer_file_s(assert_normal: Callable[[Tensor, float], None]) -> None:
    torch.manual_seed(0)
    net = cuda_convnet()
    for name, std in {"conv1": 0.0001, "conv2": 0.01, "conv3": 0.01, "fc64": 0.1, "fc10": 0.1}.items():
        assert_normal(net.get_parameter(f"{name}.weight"), std)
        assert not net.get_parameter(f"{name}.bias").any()


def test_a_relu_follows_fc64() -> None:
    net = cuda_convnet()
    nn.init.constant_(net.get_parameter("fc64.bias"), -1e6)
    assert not net(torch.randn(2, 3, 32, 32)).any()  # nothing passes, and fc10's biases are zero
