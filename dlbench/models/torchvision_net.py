"""The large nets for photographs as torchvision builds them, 224x224 pixels in and a thousand classes out.

Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv 1409.1556, Table 1 (D and
E); He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, arXiv 1512.03385, Table 1.

| net       |  parameters | multiply-adds |
|-----------|-------------|---------------|
| vgg16     | 138 357 544 |  15.47 x 10^9 |
| vgg19     | 143 667 240 |  19.63 x 10^9 |
| resnet18  |  11 689 512 |   1.81 x 10^9 |
| resnet34  |  21 797 672 |   3.66 x 10^9 |
| resnet50  |  25 557 032 |   3.86 x 10^9 |
| resnet101 |  44 549 160 |   7.57 x 10^9 |
| resnet152 |  60 192 808 |  11.28 x 10^9 |

torchvision's own bottlenecks halve the image in their 3x3 convolution, which takes more multiply-adds; the paper's do
so in the first 1x1, and so do these.
"""

from __future__ import annotations

from typing import Literal

from torch import nn


def torchvision_net(
    *, net: Literal["vgg16", "vgg19", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152"], classes: int = 1000
) -> nn.Module:
    """Build that net with random first weights; [n, 3, 224, 224] -> logits [n, classes]."""
    from torchvision import models
    from torchvision.models.resnet import Bottleneck

    model: nn.Module = getattr(models, net)(num_classes=classes)
    for block in model.modules():
        if isinstance(block, Bottleneck):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    model.input_shape = (3, 224, 224)  # type: ignore[assignment]  # a tuple of numbers, no tensor
    return model
