"""Residual networks for CIFAR, and the plain nets beside them.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015 (arXiv 1512.03385), section 4.2 and Table 6.

| depth         |     20 |     32 |     44 |      56 |     110 |
|---------------|--------|--------|--------|---------|---------|
| parameters    | 269722 | 464154 | 658586 |  853018 | 1727962 |
| multiply-adds | 40.55M | 68.86M | 97.17M | 125.49M | 252.89M |

The table holds for the paper's parameter-free shortcuts (A) and for the plain net alike.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor, nn

Shortcut: TypeAlias = Literal["A", "B", "none"]
Norm: TypeAlias = Callable[[int], nn.Module]


def resnet(
    *,
    depth: int,
    shortcut: Shortcut = "A",
    classes: int = 10,
    output_sd: float | None = None,
    batch_norm: bool = True,
) -> nn.Module:
    """Build the paper's CIFAR net of `depth` = 6n+2 layers for 32x32 colour images.

    `shortcut`: A is the paper's choice on CIFAR, the identity with zero-padded channels; B projects where the shape
    changes; none is the plain net, the same layers without any shortcut. Raises ValueError for another depth.

    `output_sd`: the output layer's weights are drawn from N(0, output_sd^2). The paper takes its first weights from He
    et al. 2015 (arXiv 1502.01852), which speaks of layers before a ReLU and leaves this one open. None draws it like
    the others, with a gain made for a ReLU that does not follow: pooled features grow with depth, and the first loss is
    3 to 10 instead of ln 10. With 0.01, as in Krizhevsky et al. 2012, a net of any depth starts from ln 10.

    `batch_norm`: without it the convolutions follow one another as before 2015, and have no biases.
    """
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(f"depth {depth} is not 6n+2: take 8, 14, 20, 26, 32, ... (the paper has 20, 32, 44, 56, 110)")
    net = ResNet(blocks=(depth - 2) // 6, shortcut=shortcut, classes=classes, batch_norm=batch_norm)
    if output_sd is not None:
        nn.init.normal_(net.fc.weight, std=output_sd)
    return net


class ResNet(nn.Module):
    """A first convolution, three stages of `blocks` blocks at 32x32, 16x16 and 8x8, and a classifier."""

    input_shape = (3, 32, 32)

    def __init__(self, *, blocks: int, shortcut: Shortcut, classes: int, batch_norm: bool = True) -> None:
        super().__init__()
        norm: Norm = nn.BatchNorm2d if batch_norm else nn.Identity
        self.conv1 = convolution(3, 16)
        self.bn1 = norm(16)
        self.stage1 = stage(16, 16, blocks=blocks, stride=1, shortcut=shortcut, norm=norm)
        self.stage2 = stage(16, 32, blocks=blocks, stride=2, shortcut=shortcut, norm=norm)
        self.stage3 = stage(32, 64, blocks=blocks, stride=2, shortcut=shortcut, norm=norm)
        self.fc = nn.Linear(64, classes)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """[n, 3, 32, 32] -> logits [n, classes]."""
        x = F.relu(self.bn1(self.conv1(images)), inplace=True)
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.fc(x.mean(dim=(2, 3)))  # type: ignore[no-any-return]  # nn.Module's call is untyped


class Block(nn.Module):
    """Two 3x3 convolutions; what came in is added before the last ReLU, unless the net is plain."""

    def __init__(
        self, channels_in: int, channels: int, *, stride: int, shortcut: Shortcut, norm: Norm = nn.BatchNorm2d
    ) -> None:
        super().__init__()
        self.conv1 = convolution(channels_in, channels, stride=stride)
        self.bn1 = norm(channels)
        self.conv2 = convolution(channels, channels)
        self.bn2 = norm(channels)
        self.shortcut = SHORTCUTS[shortcut](channels_in, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels_in, h, w] -> [n, channels, h / stride, w / stride]."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.shortcut is not None:
            y += self.shortcut(x)
        return F.relu(y, inplace=True)


class PaddedIdentity(nn.Module):
    """Option A: every `stride`-th pixel of every `stride`-th row, and zeros for the channels that are new."""

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] -> [n, c + new_channels, h / stride, w / stride]."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


def identity_or_padded(channels_in: int, channels: int, stride: int) -> nn.Module:
    """Option A: a shortcut without parameters."""
    return nn.Identity() if channels_in == channels else PaddedIdentity(channels - channels_in, stride)


def identity_or_projection(channels_in: int, channels: int, stride: int) -> nn.Module:
    """Option B: a 1x1 convolution where the shape changes."""
    if channels_in == channels:
        return nn.Identity()
    projection = nn.Conv2d(channels_in, channels, kernel_size=1, stride=stride, bias=False)
    return nn.Sequential(OrderedDict(conv=projection, bn=nn.BatchNorm2d(channels)))


def no_shortcut(channels_in: int, channels: int, stride: int) -> None:
    """The plain net."""


SHORTCUTS = {"A": identity_or_padded, "B": identity_or_projection, "none": no_shortcut}

convolution = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)  # batch normalisation brings the bias


def stage(
    channels_in: int, channels: int, *, blocks: int, stride: int, shortcut: Shortcut, norm: Norm
) -> nn.Sequential:
    """Chain `blocks` blocks; the first one changes the shape."""
    first = Block(channels_in, channels, stride=stride, shortcut=shortcut, norm=norm)
    rest = [Block(channels, channels, stride=1, shortcut=shortcut, norm=norm) for _ in range(blocks - 1)]
    return nn.Sequential(OrderedDict((f"block{i}", block) for i, block in enumerate([first, *rest])))


def initialise(layer: nn.Module) -> None:
    """Draw weights from N(0, 2 / fan_in), biases zero (He et al. 2015, arXiv 1502.01852, equation 10)."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
