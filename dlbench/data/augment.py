"""Augmentations: vectorised, on the batch's device, drawing everything from the generator they are given."""

import torch
import torch.nn.functional as F
from torch import Tensor


def pad_crop_flip(batch: Tensor, generator: torch.Generator, pad: int = 4) -> Tensor:
    """Pad each image with `pad` zeros a side, cut out its size at a random place, mirror half of them.

    `batch` is [n, c, h, w], already normalised, so that a zero is the mean image's value; returns the same shape in
    channels_last. The offsets are uniform over the (2 pad + 1)^2 places, the mirror a fair coin, one of each an image.
    Source: He et al. 2015, "Deep Residual Learning for Image Recognition", section 4.2.
    """
    down, right, flip = draw_crop_flip(len(batch), generator, pad)
    return crop_flip(batch, down, right, flip, pad)


def shifted(batch: Tensor, generator: torch.Generator, pad: int = 2, fill: float = 0.0) -> Tensor:
    """Move each image of [n, c, h, w] by up to `pad` pixels either way, uniformly; what comes in has the value `fill`.

    A part of the distortions by which LeCun et al. 1998, section III.C, train LeNet-5 (translations only).
    """
    down, right, _ = draw_crop_flip(len(batch), generator, pad)
    return crop_flip(batch, down, right, torch.zeros_like(down, dtype=torch.bool), pad, fill)


def draw_crop_flip(count: int, generator: torch.Generator, pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw for `count` images how far down and right to cut (int64, 0 to 2 pad) and whether to mirror (bool)."""
    device = generator.device
    down, right = torch.randint(2 * pad + 1, (2, count), generator=generator, device=device)
    flip = torch.randint(2, (count,), generator=generator, device=device).bool()
    return down, right, flip


def crop_flip(batch: Tensor, down: Tensor, right: Tensor, flip: Tensor, pad: int, fill: float = 0.0) -> Tensor:
    """Cut each image of [n, c, h, w] at its own offset out of its padded self, mirrored where `flip` says so.

    One gather of whole pixels does it: the padded batch is a list of pixels, and each output pixel knows its source.
    """
    count, channels, height, width = batch.shape
    padded = F.pad(batch.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad), value=fill)
    tall, wide = height + 2 * pad, width + 2 * pad
    columns = torch.arange(width, device=batch.device)
    source_column = right[:, None] + torch.where(flip[:, None], columns.flip(0), columns)
    source_row = down[:, None] + torch.arange(height, device=batch.device)
    image = torch.arange(count, device=batch.device)[:, None]
    pixel = ((image * tall + source_row) * wide)[:, :, None] + source_column[:, None, :]
    cut = padded.reshape(-1, channels).index_select(0, pixel.flatten())
    return cut.view(count, height, width, channels).permute(0, 3, 1, 2)
