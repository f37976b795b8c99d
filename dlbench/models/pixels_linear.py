"""A linear classifier on the pixels: what is possible without any features.

The baseline of LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998, section
III.C: each pixel contributes to a weighted sum for each class.
"""

import torch
from torch import Tensor, nn


def pixels_linear(*, classes: int = 10, size: int = 32, channels: int = 3) -> nn.Module:
    """Build a linear classifier on the standardised pixels of `size` x `size` images."""
    return PixelsLinear(classes=classes, size=size, channels=channels)


class LinearOnFeatures(nn.Module):
    """Features that no gradient reaches, standardised, then one linear layer; a subclass says what the features are.

    Whoever trains the model calls `learn_features` first, and owns `mean` and `std` [feature_count]; until these are
    set, features pass as they are.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *, input_shape: tuple[int, ...], feature_count: int, classes: int) -> None:
        super().__init__()
        self.input_shape = input_shape
        self.register_buffer("mean", torch.zeros(feature_count))
        self.register_buffer("std", torch.ones(feature_count))
        self.classifier = nn.Linear(feature_count, classes)

    def learn_features(self, images: Tensor, generator: torch.Generator) -> None:
        """Learn what the features need from training images [n, c, h, w]; nothing, unless a subclass does."""

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> features [n, feature_count]."""
        raise NotImplementedError

    def forward(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] in [0, 1] -> scores [n, classes]."""
        standardised = (self.features(images) - self.mean) / self.std
        return self.classifier(standardised)  # type: ignore[no-any-return]  # nn.Module's call is untyped


class PixelsLinear(LinearOnFeatures):
    """The features are the pixels, channel by channel and row by row."""

    def __init__(self, *, classes: int, size: int, channels: int) -> None:
        super().__init__(input_shape=(channels, size, size), feature_count=channels * size * size, classes=classes)

    def features(self, images: Tensor) -> Tensor:
        """Images [n, c, h, w] -> [n, c * h * w]."""
        return images.flatten(start_dim=1)
