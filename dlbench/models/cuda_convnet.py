"""Krizhevsky's small CIFAR-10 net: 26 % test error in 80 seconds on a GPU of 2011.

cuda-convnet, example-layers/layers-80sec.cfg (mirrored at github.com/dnouri/cuda-convnet). 145578 parameters, 12354176
multiply-adds an image. Weights start from N(0, initW^2) with the file's initW, biases at zero. A ReLU follows fc64 in
that file; Caffe's cifar10_quick, often taken for the same net, has none there. cuda-convnet also pools what is left at
the right and lower edge, averaging over the pixels that exist; hence ceil mode: 32 -> 16 -> 8 -> 4.
"""

from collections import OrderedDict

from torch import nn

INITIAL_STD = {"conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc64": 0.1, "fc10": 0.1}


def cuda_convnet(*, classes: int = 10) -> nn.Module:
    """Build the 80-second net for 32x32 colour images; the outputs are logits.

    Its initial weights expect pixels from 0 to 255 less their mean; inputs of unit variance start it much slower.
    """
    return CudaConvnet(classes=classes)


class CudaConvnet(nn.Sequential):
    """[n, 3, 32, 32] -> logits [n, classes]; the layers carry the names of the layer file."""

    input_shape = (3, 32, 32)

    def __init__(self, *, classes: int) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(3, 32, kernel_size=5, padding=2),
                pool1=nn.MaxPool2d(3, stride=2, ceil_mode=True),  # 32 @ 16x16
                pool1_relu=nn.ReLU(),
                conv2=nn.Conv2d(32, 32, kernel_size=5, padding=2),
                conv2_relu=nn.ReLU(),
                pool2=nn.AvgPool2d(3, stride=2, ceil_mode=True),  # 32 @ 8x8
                conv3=nn.Conv2d(32, 64, kernel_size=5, padding=2),
                conv3_relu=nn.ReLU(),
                pool3=nn.AvgPool2d(3, stride=2, ceil_mode=True),  # 64 @ 4x4
                flatten=nn.Flatten(),
                fc64=nn.Linear(64 * 4 * 4, 64),
                fc64_relu=nn.ReLU(),
                fc10=nn.Linear(64, classes),
            )
        )
        for name, std in INITIAL_STD.items():
            layer = self.get_submodule(name)
            nn.init.normal_(layer.get_parameter("weight"), std=std)
            nn.init.zeros_(layer.get_parameter("bias"))
