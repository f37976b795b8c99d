import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbench.data.augment import pad_crop_flip
from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def images(count: int = 20, size: int = 6) -> Examples:
    """Images whose every pixel tells which image it is of; so do the targets."""
    inputs = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, size, size, 3).contiguous()
    return Examples(inputs.permute(0, 3, 1, 2), torch.arange(count))


def dataset(train: Examples, **changes: object) -> Dataset:
    fields: dict[str, object] = {
        "train": train,
        "test": None,
        "classes": ("a", "b"),
        "shift": torch.tensor(3.0),
        "scale": torch.tensor(0.5),
    }
    return Dataset(**(fields | changes))  # type: ignore[arg-type]


def seeded(seed: int = 0, device: str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)


@given(count=st.integers(1, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 2**31))
def test_an_epoch_shows_each_example_at_most_once_and_drops_the_short_batch(
    count: int, batch_size: int, seed: int
) -> None:
    size, batches_per_epoch = min(batch_size, count), count // min(batch_size, count)
    batches = dataset(images(count, 1)).batches(batch_size, seeded(seed))
    for _ in range(3):
        epoch = [targets for _, targets in itertools.islice(batches, batches_per_epoch)]
        assert all(len(targets) == size for targets in epoch)
        assert len(torch.cat(epoch).unique()) == size * batches_per_epoch


def test_inputs_and_targets_stay_together_prepared() -> None:
    for inputs, targets in itertools.islice(dataset(images()).batches(4, seeded()), 12):
        assert inputs.dtype == torch.float32
        assert targets.dtype == torch.int64
        expected = ((targets - 3) * 0.5).view(-1, 1, 1, 1).expand(-1, 3, 6, 6)
        torch.testing.assert_close(inputs, expected, rtol=0, atol=0)


@pytest.mark.parametrize("device", DEVICES)
def test_the_generator_determines_the_batches(device: str) -> None:
    data = dataset(images(), augment=pad_crop_flip).to(device)

    def first(seed: int) -> torch.Tensor:
        return torch.cat([x for x, _ in itertools.islice(data.batches(7, seeded(seed, device)), 6)])

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


@pytest.mark.parametrize("device", DEVICES)
@given(done=st.integers(0, 9), batch_size=st.integers(1, 9))
def test_batches_go_on_from_where_they_were(device: str, done: int, batch_size: int) -> None:
    data, generator = dataset(images(8, 6), augment=pad_crop_flip).to(device), seeded(0, device)
    batches = data.batches(batch_size, generator)
    for _ in range(done):
        next(batches)
    state, numbers = batches.state_dict(), generator.get_state()
    expected = [next(batches) for _ in range(9)]
    later = seeded(1, device)
    again = data.batches(batch_size, later)
    next(again)
    again.load_state_dict(state)
    later.set_state(numbers)
    for (inputs, targets), (same_inputs, same_targets) in zip(expected, again, strict=False):
        assert torch.equal(inputs, same_inputs)
        assert torch.equal(targets, same_targets)


def test_every_epoch_has_another_order() -> None:
    batches = dataset(images()).batches(20, seeded())
    (_, first), (_, second) = next(batches), next(batches)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("augment", [None, pad_crop_flip])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_out_channels_last_without_a_copy(device: str, augment: object, channels: int) -> None:
    pixels = torch.zeros(8, 6, 6, channels, dtype=torch.uint8).permute(0, 3, 1, 2)
    data = dataset(Examples(pixels, torch.zeros(8, dtype=torch.int64)), augment=augment).to(device)
    for inputs in (next(data.batches(4, seeded(0, device)))[0], data.prepare(data.train.inputs)):
        assert inputs.stride() == (36 * channels, 1, 6 * channels, channels)


def test_rows_of_numbers_are_batched_too_and_never_changed_in_place() -> None:
    rows = torch.rand(9, 2)
    before = rows.clone()
    inputs, _ = next(dataset(Examples(rows, torch.zeros(9, dtype=torch.int64))).batches(9, seeded()))
    assert torch.equal(rows, before)
    torch.testing.assert_close(inputs.sum(0), ((before - 3) * 0.5).sum(0))
    dataset(Examples(rows, torch.zeros(9, dtype=torch.int64))).prepare(rows)
    assert torch.equal(rows, before)


def test_take_is_the_first_so_many() -> None:
    examples = images(20)
    assert examples.take(None) is examples
    assert examples.take(5).targets.tolist() == [0, 1, 2, 3, 4]
    assert len(examples.take(5).inputs) == len(examples.take(5)) == 5


@pytest.mark.parametrize("count", [0, -1, 21])
def test_take_refuses_what_is_not_there(count: int) -> None:
    with pytest.raises(InputError, match=rf"^train_examples: {count} .* 1 to 20$"):
        images(20).take(count, "train_examples")


def test_a_frame_is_background() -> None:
    framed = images(3, 4).framed(2)
    assert framed.inputs.shape == (3, 3, 8, 8)
    assert framed.inputs.dtype == torch.uint8
    assert torch.equal(framed.inputs[:, :, 2:6, 2:6], images(3, 4).inputs)
    assert framed.inputs.sum() == images(3, 4).inputs.sum()


def test_the_digest_is_of_the_content_alone() -> None:
    digest = dataset(images(), test=images(5)).digest
    contiguous = Examples(images().inputs.contiguous(), images().targets)
    assert len(digest) == 16
    assert int(digest, 16) >= 0
    assert dataset(contiguous, test=images(5), scale=torch.tensor(9.0)).digest == digest


def test_the_digest_notices_a_pixel_a_target_a_shape_and_a_missing_test_set() -> None:
    one_pixel, one_target = images(), images()
    one_pixel.inputs[3, 2, 1, 0] += 1
    one_target.targets[3] += 1
    reshaped = Examples(images().inputs.reshape(20, 3, 4, 9), images().targets)
    same = dataset(images(), test=images(5))
    others = [dataset(train, test=images(5)) for train in (one_pixel, one_target, reshaped)]
    digests = {data.digest for data in (same, *others, dataset(images()))}
    assert len(digests) == 5


def test_shape_is_that_of_one_input() -> None:
    assert dataset(images()).shape == (3, 6, 6)
