"""The weights of a trained model, in a file beside its run: safetensors, which hold numbers and run no code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench import writing
from dlbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

ENDING = ".safetensors"


def check_installed() -> None:
    """Raise InputError where safetensors is not installed."""
    try:
        import safetensors  # noqa: F401
    except ImportError:
        raise InputError("weights: need the package safetensors; pip install 'dlbench[weights]'") from None


def path(run: Path) -> Path:
    """Where the weights of the run in this file are."""
    return run.with_suffix(ENDING)


def keep(model: nn.Module, run: Path) -> None:
    """Write them beside the run; raises OSError, or RuntimeError for weights that no such file can hold."""
    from safetensors.torch import save
    from torch import Tensor

    from dlbench.trials.setup import weights_digest

    state = model.state_dict().items()
    tensors = {name: value.detach().cpu().contiguous() for name, value in state if isinstance(value, Tensor)}
    with writing.replacing(path(run)) as file:
        file.write(save(tensors, metadata={"weights_digest": weights_digest(model), "run": run.name}))


def load(model: nn.Module, file: Path) -> None:
    """Give the model the weights in this file; InputError if it holds none, or those of another model."""
    tensors = read(file)
    try:
        restore(model, tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).partition(":")[2].split())
        raise InputError(f"{file}: weights of another model: {reason[:200]}") from None


def read(file: Path) -> dict[str, Tensor]:
    """The tensors in this file by name; InputError if it holds none."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except OSError as error:
        why = "no such file; `dlbench run --keep-weights` writes it" if not file.exists() else error.strerror
        raise InputError(f"{file}: {why}") from None
    except SafetensorError as error:
        raise InputError(f"{file}: no weights can be read ({error})") from None


def restore(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give the model these; buffers that are empty until a rule fits them, as support vectors, get their shape too."""
    for name, buffer in list(model.named_buffers()):
        if name in tensors and 0 in (buffer.numel(), tensors[name].numel()):
            owner, _, own = name.rpartition(".")
            setattr(model.get_submodule(owner), own, tensors[name].to(buffer))
    model.load_state_dict(tensors)
