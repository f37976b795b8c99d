"""How a trial is computed: the one list of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, TypeAlias

from dlbench.measure.precision import Precision

CompileMode: TypeAlias = Literal["default", "reduce-overhead", "max-autotune"]
Optimizer: TypeAlias = Literal["auto", "fused", "foreach", "loop"]
Input: TypeAlias = Literal["resident", "loader"]
Batch: TypeAlias = Literal["global", "local"]

SHARE: Final = ("threads", "jobs")  # of the machine: they change how long a run takes, not what it means
ALWAYS: Final = ("device", "threads", "channels_last")  # in the identity of every trial


@dataclass(frozen=True)
class Execution:
    """How a trial is computed: what changes its speed but not what it means.

    precision: fp32 is full precision on every device; tf32, bf16 and fp16 are for the products inside layers
    (autocast, without loss scaling), parameters stay fp32. compile: by torch.compile, in its mode compile_mode.
    cuda_graphs: a step is recorded once and replayed. optimizer: which of torch's kernels update the weights; auto:
    fused where they are of a kind that it takes. input: whether training data lie on the device, or a DataLoader brings
    them there example by example, with so many workers. deterministic: only operations that give the same bits each
    time. channels_last: how images lie in memory. processes: how many train one model, each on a device of its own or,
    on the CPU, with its own threads. batch: whether the recipe's batch is that of all processes, or of each. jobs: how
    many trials, at most, shared the machine. runtime: what computes a forward pass that is timed: torch, or another
    program with its version, as `onnxruntime 1.20.1`.
    """

    device: str
    threads: int
    precision: Precision = "fp32"
    compile: bool = False
    compile_mode: CompileMode = "default"
    cuda_graphs: bool = False
    optimizer: Optimizer = "auto"
    input: Input = "resident"
    workers: int = 0
    deterministic: bool = False
    channels_last: bool = True
    processes: int = 1
    batch: Batch = "global"
    jobs: int = 1
    runtime: str = "torch"

    def as_dict(self) -> dict[str, Any]:
        """All settings, as a run file keeps them."""
        return asdict(self)

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that are not the usual ones: a setting added later leaves the identity of older trials alone."""
        return {name: value for name, value in asdict(self).items() if name in ALWAYS or value != USUAL[name]}


SETTINGS: Final = tuple(field.name for field in fields(Execution))
USUAL: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(Execution)[2:]}
"""The values for a run that does not name a setting because it is older than the setting."""
TYPES: Final[Mapping[str, type]] = {"device": str, "threads": int} | {key: type(usual) for key, usual in USUAL.items()}
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "channels_last": ("channels-first", "channels-last"), "compile": ("eager", "compiled"),
    "cuda_graphs": ("", "CUDA graphs"), "deterministic": ("", "deterministic"),
}  # fmt: skip
"""Of settings that are on or off: what a table says of either."""


def words(name: str, value: Any) -> str:
    """A setting as a table says it; empty where that goes without saying."""
    if name in WORDS:
        return WORDS[name][bool(value)]
    if name == "threads":
        return f"{value} thread" + ("s" if value != 1 else "")
    if name == "precision" or name not in USUAL:
        return str(value)
    if name == "processes" and value > 1:
        return f"{value} processes"
    if value == USUAL[name]:
        return ""
    return str(value) if name == "runtime" else f"{name.replace('_', ' ')} {value}"
