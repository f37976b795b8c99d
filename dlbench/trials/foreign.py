"""Weights that others published, with their names and their order of channels -> the weights of a model here."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset
from dlbench.errors import InputError
from dlbench.reading import plain
from dlbench.spec.mapping import Channels, Pixels
from dlbench.spec.mapping import Mapping as WeightMapping
from dlbench.trials import weights

Tensors = Mapping[str, Tensor]
BY_TRAINING = "num_batches_tracked"  # a count that scores do not need, and files of before 2018 lack
PREFIX = "module."  # of a net that was trained on several GPUs
MOST_NAMES = 20


def load(model: nn.Module, file: Path, mapping: WeightMapping) -> None:
    """Give the model the weights in this file; InputError for names, shapes or orders that do not fit."""
    own = {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    theirs = _renamed(read(file), mapping, str(file))
    _check_names(own, theirs, str(file))
    for channels in mapping.channels:
        theirs |= _reordered(theirs, channels)
    wrong = [
        f"{name} {list(value.shape)} there, {list(own[name].shape)} here"
        for name, value in theirs.items()
        if value.shape != own[name].shape
    ]
    if wrong:
        raise InputError(f"{file}: weights of another shape: {_listed(wrong)}")
    model.load_state_dict(own | theirs)


def read(file: Path) -> dict[str, Tensor]:
    """The tensors in a file of safetensors, or of torch.save, alone or under `state_dict`; none of its code is run."""
    if not file.exists():
        raise InputError(f"{file}: no such file")
    whole: Any = weights.read(file) if file.suffix == weights.ENDING else _pickled(file)
    content = whole.get("state_dict", whole)
    if not content or not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise InputError(f"{file}: holds no tensors by name, neither at the top nor under state_dict")
    is_parallel = all(name.startswith(PREFIX) for name in content)
    return {name.removeprefix(PREFIX) if is_parallel else name: value for name, value in content.items()}


def prepared(data: Dataset, pixels: Pixels) -> Dataset:
    """The data with images prepared as the weights want them; InputError for other data."""
    shape = data.train.inputs.shape
    if len(shape) != 4 or not shape[1] == len(pixels.mean) == len(pixels.deviation):
        raise InputError(f"mapping: pixels: {len(pixels.mean)} means do not fit inputs of the shape {list(shape[1:])}")
    device = data.train.inputs.device
    mean, deviation = (torch.tensor(of, device=device).view(-1, 1, 1) * 255 for of in (pixels.mean, pixels.deviation))
    return replace(data, shift=mean, scale=deviation.reciprocal())


def _pickled(file: Path) -> Mapping[str, Any]:
    """What torch.save wrote, as far as it is numbers."""
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from None
    except Exception as error:  # whatever an unpickler says of a file that is none
        why = f"{type(error).__name__}; a file of torch.save that holds more than numbers is not opened"
        raise InputError(f"{file}: no weights can be read ({why})") from None
    return content if isinstance(content, Mapping) else {}


def _renamed(tensors: Tensors, mapping: WeightMapping, where: str) -> dict[str, Tensor]:
    """The tensors by our names."""
    renamed: dict[str, Tensor] = {}
    for name, value in tensors.items():
        ours = mapping.name(name)
        if ours in renamed:
            raise InputError(f"{where}: two tensors become {ours}, the second is {name}")
        if ours is not None:
            renamed[ours] = value
    return renamed


def _check_names(own: Collection[str], theirs: Collection[str], where: str) -> None:
    """Raise InputError, which lists them, for names that only one side has."""
    foreign = [name for name in theirs if name not in own]
    missing = [name for name in own if name not in theirs and not name.endswith(BY_TRAINING)]
    problems = [f"not in the model: {_listed(foreign)}"] * bool(foreign)
    problems += [f"not in the file: {_listed(missing)}"] * bool(missing)
    if problems:
        raise InputError(f"{where}: names do not fit, write a --mapping; {'; '.join(problems)}")


def _reordered(tensors: Tensors, channels: Channels) -> dict[str, Tensor]:
    """The tensors that a mapping's line is about, with their channels in our order."""
    names = [name for name in tensors if re.fullmatch(channels.names, name)]
    order = torch.tensor(channels.indices)
    for name in names:
        shape = tensors[name].shape
        if not 0 <= channels.dimension < len(shape) or sorted(order.tolist()) != [*range(shape[channels.dimension])]:
            which = f"{len(order)} channels in dimension {channels.dimension}"
            raise InputError(f"mapping: channels: {which} do not fit {name}, {list(shape)}: each must be there once")
    if not names:
        raise InputError(f"mapping: channels: {plain(channels.names)}: is the name of no tensor")
    return {name: tensors[name].index_select(channels.dimension, order) for name in names}


def _listed(words: Collection[str]) -> str:
    """The words with commas between them, as far as there is room."""
    more = f" and {len(words) - MOST_NAMES} more" if len(words) > MOST_NAMES else ""
    return plain(", ".join([*words][:MOST_NAMES]), most=2000) + more
