"""A model as an ONNX file, and that file computed by onnxruntime, whose answers must be those of torch."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from dlbench.errors import InputError

RUNTIME: Final = "onnxruntime"
INPUTS, OUTPUTS = "inputs", "outputs"
TOLERANCE: Final = 1e-4  # of each output
PROVIDERS: Final[Mapping[str, tuple[str, dict[str, str]]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0"}),  # full precision, as everywhere else
}


def version(who: str) -> str:
    """That of onnxruntime; InputError, beginning with `who`, where a package of the extra is not installed."""
    try:
        return [importlib.metadata.version(name) for name in ("onnx", "onnxscript", RUNTIME)][-1]
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(f"{who}: needs the package {error.name}; pip install 'dlbench[onnx]'") from None


def exported(model: nn.Module, inputs: Tensor, about: Mapping[str, str]) -> bytes:
    """The model in eval mode as an ONNX file, for batches of any size; InputError if it cannot be one.

    inputs: two examples at least. about: what the file says of itself.
    """
    try:
        program = torch.onnx.export(
            model.eval(), (inputs,), dynamo=True, dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            input_names=[INPUTS], output_names=[OUTPUTS], verbose=False,
        )  # fmt: skip
    except Exception as error:  # whatever torch finds in a model's own code
        cause = error.__cause__ or error
        words = " ".join(str(cause).split("\n\n")[0].split())
        raise InputError(f"cannot become an ONNX file: {type(cause).__name__}: {words[:200]}") from None
    assert program is not None
    proto = program.model_proto
    for key, value in about.items():
        proto.metadata_props.add(key=key, value=value)
    content: bytes = proto.SerializeToString()
    return content


class Session:
    """An ONNX file that is ready to compute, on one device and with so many threads."""

    def __init__(self, file: bytes, device: torch.device, threads: int) -> None:
        """Raises InputError where onnxruntime does not know the device."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.set_denormal_as_zero", "1")  # as torch does here
        provider, settings = PROVIDERS.get(device.type, (f"provider for {device.type}", {}))
        if provider not in onnxruntime.get_available_providers():
            raise InputError(f"onnxruntime: has no {provider} here; take --device cpu, or install a build that has one")
        chosen = (provider, {"device_id": str(device.index or 0), **settings} if settings else {})
        self._session = onnxruntime.InferenceSession(file, options, providers=[chosen])
        if provider not in self._session.get_providers():  # it takes another without a word
            raise InputError(f"onnxruntime: its {provider} does not start here; take --device cpu")
        self._device = device

    def outputs(self, inputs: Tensor) -> Tensor:
        """What the model says of a batch."""
        [outputs] = self._session.run([OUTPUTS], {INPUTS: inputs.contiguous().cpu().numpy()})
        return torch.from_numpy(outputs)

    def bound(self, inputs: Tensor) -> Callable[[], None]:
        """A forward pass over a batch that lies ready on the device: nothing is copied, however often it is called."""
        ready, device, index = inputs.contiguous(), self._device.type, self._device.index or 0
        binding = self._session.io_binding()
        binding.bind_input(INPUTS, device, index, np.float32, tuple(ready.shape), ready.data_ptr())
        binding.bind_output(OUTPUTS, device, index)

        def call(_: Tensor = ready) -> None:  # which must live as long
            self._session.run_with_iobinding(binding)

        return call


class Different(Exception):
    """onnxruntime does not say what torch says."""


def check(session: Session, model: nn.Module, batches: Sequence[Tensor]) -> float:
    """How far the outputs of onnxruntime are from torch's; raises Different where that is more than TOLERANCE."""
    apart = difference(session, model, batches)
    if not apart <= TOLERANCE:  # as if nan
        raise Different(f"onnxruntime's outputs are {apart:.1e} away from torch's")
    return apart


def difference(session: Session, model: nn.Module, batches: Sequence[Tensor]) -> float:
    """The largest between an output of onnxruntime and torch's."""
    return max(_difference(session.outputs(batch), model, batch) for batch in batches)


def _difference(outputs: Tensor, model: nn.Module, batch: Tensor) -> float:
    with torch.inference_mode():
        return float((outputs.double() - model.eval()(batch).cpu().double()).abs().max())
