"""The deep autoencoder that brought deep nets back: 784 pixels through a code of 30 numbers and back.

Hinton and Salakhutdinov: Reducing the Dimensionality of Data with Neural Networks, Science 313 (2006), Figure 1.

| layer      | 784-1000 | 1000-500 | 500-250 | 250-30 | 30-250 | 250-500 | 500-1000 | 1000-784 |     all |
|------------|----------|----------|---------|--------|--------|---------|----------|----------|---------|
| parameters |   785000 |   500500 |  125250 |   7530 |   7750 |  125500 |   501000 |   784784 | 2837314 |

2833000 multiply-adds an image. The code is linear, all other units are logistic. The decoder starts as the encoder
turned round, but its weights are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn


def deep_autoencoder(
    *,
    sizes: Sequence[int] = (784, 1000, 500, 250, 30),
    activation: Literal["logistic", "relu"] = "logistic",
    init: Literal["normal", "glorot"] = "normal",
    init_std: float = 0.1,
) -> nn.Module:
    """Connect an encoder of these `sizes`, pixels first and code last, with its mirror image.

    [784, 30] is logistic principal components analysis with a linear encoder.
    activation: of the hidden layers. init: of the weights, N(0, init_std^2) or Glorot and Bengio's uniform distribution
    (2010, equation 16), which keeps the size of signals and gradients from layer to layer; biases start from zero.
    Raises ValueError for fewer than two sizes.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes {list(sizes)}: name at least the pixels and the code, such as [784, 30]")
    model = DeepAutoencoder(sizes=sizes, activation=torch.sigmoid if activation == "logistic" else torch.relu)
    for layer in [*model.encoder, *model.decoder]:
        nn.init.xavier_uniform_(layer.weight) if init == "glorot" else nn.init.normal_(layer.weight, std=init_std)
        nn.init.zeros_(layer.bias)
    return model


class DeepAutoencoder(nn.Module):
    """[n, ...] with sizes[0] pixels an image -> [n, sizes[0]], the reconstruction before its logistic."""

    def __init__(self, *, sizes: Sequence[int], activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.input_shape = (sizes[0],)
        self.activation = activation
        self.encoder = nn.ModuleList(nn.Linear(below, above) for below, above in pairwise(sizes))
        self.decoder = nn.ModuleList(nn.Linear(above, below) for above, below in pairwise(sizes[::-1]))

    def encode(self, images: Tensor) -> Tensor:
        """The code of each image, [n, sizes[-1]]."""
        return self._through(self.encoder, images.flatten(start_dim=1))

    def forward(self, images: Tensor) -> Tensor:
        """Encode and decode."""
        return self._through(self.decoder, self.encode(images))

    def _through(self, layers: nn.ModuleList, x: Tensor) -> Tensor:
        """All but the last of the layers have the activation; the code has none, and the loss has the pixels'."""
        *hidden, last = layers
        for layer in hidden:
            x = self.activation(layer(x))
        return last(x)  # type: ignore[no-any-return]
