"""The fastest precision that loses no accuracy on a device: bf16 where it multiplies that natively, else fp32."""

from __future__ import annotations

import functools
import platform
from pathlib import Path
from typing import Literal, TypeAlias

Precision: TypeAlias = Literal["fp32", "tf32", "bf16", "fp16"]
CPUINFO = Path("/proc/cpuinfo")
NATIVE = ("amx_bf16", "avx512_bf16", "bf16")
"""Flags of processors that multiply bf16 themselves: Intel and AMD's two, and Arm's. Others imitate it, slower."""
AMPERE = (8, 0)  # the first CUDA capability with bf16 and TensorFloat-32


def automatic(device: str) -> Precision:
    """The precision that `--precision auto` means on this device."""
    return best(device)[0]


def best(device: str) -> tuple[Precision, str]:
    """bf16 where the device multiplies it natively, else fp32; and why, in a few words."""
    kind = device.partition(":")[0]
    if kind == "cpu":
        flag = next((flag for flag in NATIVE if flag in cpu_flags()), None)
        return ("bf16", f"the processor has {flag}") if flag else ("fp32", "the processor has no bf16 instructions")
    if kind == "cuda":
        import torch

        major, minor = torch.cuda.get_device_capability(torch.device(device))
        name = f"CUDA capability {major}.{minor}"
        return ("bf16", name) if (major, minor) >= AMPERE else ("fp32", f"{name} has no bf16 units")
    if kind == "xpu":
        import torch

        is_native = torch.xpu.is_bf16_supported(including_emulation=False)
        return ("bf16", "torch says that the GPU has bf16") if is_native else ("fp32", "torch says it has no bf16")
    return "fp32", f"dlbench does not know whether {kind} multiplies bf16"


@functools.cache
def cpu_flags(information: Path = CPUINFO) -> frozenset[str]:
    """The processor's features, as the system lists them; empty where it does not."""
    if information.exists():
        for line in information.read_text(errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    return _of_mac() if platform.system() == "Darwin" else frozenset()


def _of_mac() -> frozenset[str]:
    """The feature bf16 of a Mac's processor, from sysctl."""
    import subprocess

    asked = subprocess.run(
        ["sysctl", "-n", "hw.optional.arm.FEAT_BF16"], capture_output=True, text=True, check=False
    ).stdout
    return frozenset({"bf16"} if asked.strip() == "1" else ())
