"""How a trial is computed: the one list of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from dlbench.measure.precision import Precision

SHARE: Final = ("threads", "jobs")  # of the machine: they change how long a run takes, not what it means


@dataclass(frozen=True)
class Execution:
    """How a trial is computed: what changes its speed but not what it means.

    precision: fp32 is full precision on every device; tf32, bf16 and fp16 are for the products inside layers
    (autocast, without loss scaling), parameters stay fp32. compile: by torch.compile. jobs: how many trials, at most,
    shared the machine. cuda_graphs: a step is recorded once and replayed.
    """

    device: str
    threads: int
    channels_last: bool = True
    precision: Precision = "fp32"
    compile: bool = False
    jobs: int = 1
    cuda_graphs: bool = False

    def as_dict(self) -> dict[str, Any]:
        """All settings, as a run file keeps them."""
        return asdict(self)

    @property
    def identity(self) -> dict[str, Any]:
        """The settings that are not the usual ones: a setting added later leaves the identity of older trials alone."""
        always = ("device", "threads", "channels_last")
        return {name: value for name, value in asdict(self).items() if name in always or value != USUAL[name]}


SETTINGS: Final = tuple(field.name for field in fields(Execution))
USUAL: Final[Mapping[str, Any]] = {field.name: field.default for field in fields(Execution)[2:]}
"""The values for a run that does not name a setting because it is older than the setting."""
TYPES: Final[Mapping[str, type]] = {"device": str, "threads": int} | {key: type(usual) for key, usual in USUAL.items()}
