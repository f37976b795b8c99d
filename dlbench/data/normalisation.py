"""How pixel values become what a model sees: each function returns (shift, scale), used as (x - shift) * scale.

Statistics are those of the images given. Bytes are summed as integers, so that they come out the same on every machine.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Normalisation = tuple[Tensor, Tensor]
ColourNormalisation = Literal["per_pixel", "per_channel", "unit", "bytes_centred"]
InkNormalisation = Literal["lecun", "unit", "standard"]


def colour(images: Tensor, normalise: ColourNormalisation) -> Normalisation:
    """Return shift and scale for photographs, uint8 [n, c, h, w].

    per_pixel: [0, 1] less the mean image (He et al. 2015, section 4.2). per_channel: zero mean and unit deviation in
    each channel. unit: [0, 1]. bytes_centred: 0 to 255 less the mean image (Krizhevsky's cuda-convnet).
    """
    match normalise:
        case "per_pixel":
            return mean_image(images), torch.tensor(1 / 255)
        case "bytes_centred":
            return mean_image(images), torch.tensor(1.0)
        case "per_channel":
            return per_channel(images)
        case "unit":
            return unit()


def ink(images: Tensor, normalise: InkNormalisation) -> Normalisation:
    """Return shift and scale for ink (255) on an empty background (0), uint8 [n, 1, h, w].

    lecun: background -0.1, ink 1.175, which brings the mean near 0 and the deviation near 1 (LeCun et al. 1998, section
    II.B). unit: [0, 1]. standard: zero mean and unit deviation.
    """
    match normalise:
        case "lecun":
            return torch.tensor(0.1 / 1.275 * 255), torch.tensor(1.275 / 255)
        case "standard":
            return per_channel(images)
        case "unit":
            return unit()


def unit() -> Normalisation:
    """Return shift and scale that bring bytes to [0, 1]."""
    return torch.tensor(0.0), torch.tensor(1 / 255)


def mean_image(images: Tensor) -> Tensor:
    """Return the mean of uint8 images [n, c, h, w] as float32 [c, h, w], stored channels_last as the images are."""
    total = images.permute(0, 2, 3, 1).numpy().sum(axis=0, dtype=np.int64)
    return torch.from_numpy((total / len(images)).astype(np.float32)).permute(2, 0, 1)


def per_channel(images: Tensor) -> Normalisation:
    """Return shift and scale that give each channel of uint8 images [n, c, h, w] zero mean and unit deviation."""
    value = torch.arange(256, dtype=torch.float64)
    share = torch.stack([_histogram(channel) for channel in images.unbind(1)]) / images[:, 0].numel()
    mean = share @ value
    deviation = (share @ value**2 - mean**2).sqrt()
    return mean.float().view(-1, 1, 1), deviation.reciprocal().float().view(-1, 1, 1)


def _histogram(channel: Tensor) -> Tensor:
    """Return how often each byte occurs, float64 [256]; in parts, because bincount works on int64 copies."""
    parts = torch.split(channel, 5000)
    return torch.stack([torch.bincount(part.flatten(), minlength=256) for part in parts]).sum(0).double()
