import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from dlbench.data.augment import crop_flip, draw_crop_flip, pad_crop_flip, shifted


def one_by_one(batch: torch.Tensor, down: torch.Tensor, right: torch.Tensor, flip: torch.Tensor, pad: int):
    """He et al. 2015, section 4.2, as a loop over images."""
    height, width = batch.shape[2:]
    out = []
    for image, y, x, mirrored in zip(batch, down.tolist(), right.tolist(), flip.tolist(), strict=True):
        cut = F.pad(image, (pad, pad, pad, pad))[:, y : y + height, x : x + width]
        out.append(cut.flip(2) if mirrored else cut)
    return torch.stack(out)


@settings(deadline=None)
@given(
    count=st.integers(1, 9),
    channels=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    pad=st.integers(0, 5),
    seed=st.integers(0, 2**31),
)
def test_the_gather_does_what_the_loop_does(
    count: int, channels: int, height: int, width: int, pad: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    batch = torch.randn(count, channels, height, width, generator=generator)
    draws = draw_crop_flip(count, generator, pad)
    assert torch.equal(crop_flip(batch, *draws, pad), one_by_one(batch, *draws, pad))


def test_the_batch_augmentation_is_the_loop_on_the_generators_draws() -> None:
    batch = torch.randn(128, 3, 32, 32, generator=torch.Generator().manual_seed(5))
    draws = draw_crop_flip(128, torch.Generator().manual_seed(7), 4)
    out = pad_crop_flip(batch, torch.Generator().manual_seed(7))
    assert torch.equal(out, one_by_one(batch, *draws, 4))
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_all_places_and_both_mirrorings_are_equally_likely() -> None:
    """The source of each output's centre is read off images whose pixels tell their row and column."""
    count, size, pad = 81 * 2 * 200, 16, 4
    coordinates = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).float()
    out = pad_crop_flip(coordinates.expand(count, -1, -1, -1), torch.Generator().manual_seed(0), pad)
    middle = size // 2
    flip = (out[:, 1, middle, middle + 1] < out[:, 1, middle, middle]).long()
    down = out[:, 0, middle, middle].long() - middle + pad
    right = out[:, 1, middle, middle].long() - middle + pad + flip  # the mirror's axis lies between two pixels
    places = torch.bincount((flip * 9 + down) * 9 + right, minlength=162)
    assert len(places) == 162
    assert places.min() > 0
    assert chisquare(places).pvalue > 0.001
    assert chisquare(places.view(2, 81).sum(1)).pvalue > 0.001


def test_what_comes_in_from_outside_is_zero() -> None:
    out = pad_crop_flip(torch.ones(500, 1, 8, 8), torch.Generator().manual_seed(1))
    assert set(out.unique().tolist()) == {0.0, 1.0}
    inside = out.sum((1, 2, 3)).unique()
    assert inside.min() >= 16
    assert inside.max() == 64


def test_a_shift_moves_without_mirroring_and_fills_with_the_background() -> None:
    batch = torch.randn(64, 1, 8, 8, generator=torch.Generator().manual_seed(5))
    out = shifted(batch, torch.Generator().manual_seed(7), pad=2, fill=-0.1)
    down, right, _ = draw_crop_flip(64, torch.Generator().manual_seed(7), 2)
    padded = F.pad(batch, (2, 2, 2, 2), value=-0.1)
    places = zip(padded, down.tolist(), right.tolist(), strict=True)
    assert torch.equal(out, torch.stack([image[:, y : y + 8, x : x + 8] for image, y, x in places]))
