"""Which machine this is, in words and as a fingerprint: speeds of different machines are not merged."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from dlbench.errors import InputError
from dlbench.measure import nvml
from dlbench.reading import near
from dlbench.version import __version__

CPUINFO = Path("/proc/cpuinfo")
NVIDIA = Path("/proc/driver/nvidia/version")
MEMBERSHIP = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
LIMITS = ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us")  # microseconds in a period; `max` or -1: no limit


def devices() -> list[dict[str, str]]:
    """The devices torch can compute on here: name for `--device`, and what it is."""
    import torch

    devices = [{"device": "cpu", "name": f"{cpu_name()}, {cores()} cores"}]
    for index in range(torch.cuda.device_count()):
        devices.append({"device": f"cuda:{index}", "name": torch.cuda.get_device_name(index)})
    if torch.backends.mps.is_available():
        devices.append({"device": "mps", "name": "Apple GPU"})
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        for index in range(torch.xpu.device_count()):
            devices.append({"device": f"xpu:{index}", "name": torch.xpu.get_device_name(index)})
    return devices


def resolve_device(choice: str) -> str:
    """`auto` -> the first accelerator, else cpu; `cuda` -> `cuda:0`; InputError for a device that is not there."""
    names = [device["device"] for device in devices()]
    if choice == "auto":
        return names[1] if len(names) > 1 else names[0]
    exact = f"{choice}:0" if choice in {"cuda", "xpu"} else choice
    if exact not in names:
        raise InputError(f"--device {choice}: not on this machine{near(choice, names)}; here: {', '.join(names)}")
    return exact


def can_compile(device: str) -> bool:
    """Whether torch.compile has what it needs: a C++ compiler for the CPU; a GPU brings its own."""
    return device != "cpu" or any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++"))


def describe(device: str) -> dict[str, Any]:
    """The machine as a run file keeps it; `fingerprint` decides whether two results may be compared.

    Software such as BLAS, torch's build and drivers is kept too, but is not part of the fingerprint.
    """
    import torch

    accelerator = _accelerator(device)
    memory = round(psutil.virtual_memory().total / 2**30)
    limit = quota()
    stable = {
        "cpu": cpu_name(), "cores": cores(), "memory_gib": memory, "accelerator": accelerator,
        "system": platform.system(),
        "architecture": platform.machine(), "vector_instructions": torch.backends.cpu.get_cpu_capability(),
        **({"quota_cores": limit} if limit is not None and limit < _cores_without_quota() else {}),
    }  # fmt: skip
    name = accelerator or f"{stable['cpu']}, {stable['cores']} cores, {memory} GiB"
    digest = hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()[:8]
    return {"name": name, **stable, "blas": blas(), **_software(device), "fingerprint": digest}


def _accelerator(device: str) -> str:
    """The name of a GPU; empty for the CPU. Apple's GPUs are called after the chip that they are a part of."""
    import torch

    match device.partition(":")[0]:
        case "cuda":
            return torch.cuda.get_device_name(torch.device(device))
        case "xpu":
            return str(torch.xpu.get_device_name(torch.device(device)))
        case "mps":
            return f"{cpu_name()} GPU"
    return ""


def _software(device: str) -> dict[str, str]:
    """What torch was built for and, for a GPU, the version of its driver; for a CUDA device that of cuDNN as well."""
    import torch

    kinds = {"CUDA": torch.version.cuda, "ROCm": torch.version.hip, "XPU": torch.version.xpu}
    build = next((f"{kind} {version}" for kind, version in kinds.items() if version), "CPU")
    if device.startswith("xpu"):
        return {"torch_build": build, "driver": str(torch.xpu.get_device_properties(device).driver_version)}
    if device == "mps":
        return {"torch_build": build, "driver": f"macOS {platform.mac_ver()[0]}"}
    if not device.startswith("cuda"):
        return {"torch_build": build}
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {"torch_build": build, "driver": _driver(device), "cudnn": str(cudnn or "")}


@functools.cache
def _driver(device: str) -> str:
    """The version of the GPU's driver; empty if unknown."""
    version = nvml.ask(device, lambda library, _: str(library.nvmlSystemGetDriverVersion()))
    module = NVIDIA.read_text().split() if NVIDIA.exists() else []
    return version or next((word for word in module if re.fullmatch(r"\d+\.[\d.]+", word)), "")


@functools.cache
def blas() -> str:
    """The kernels that numpy's linear algebra chose here, such as `openblas SkylakeX`: they decide how it rounds."""
    import numpy as np  # noqa: F401  # only what is loaded can be asked
    from threadpoolctl import threadpool_info

    kernels = {
        f"{library['internal_api']} {library.get('architecture') or ''}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(kernels))


@functools.cache
def versions() -> dict[str, str]:
    """The versions a result depends on."""
    packages = ("torch", "torchvision", "numpy", "scikit-learn")
    installed = {name: importlib.metadata.version(name) for name in packages}
    return {"dlbench": __version__, "python": platform.python_version(), **installed}


def cores() -> int:
    """Cores this process may use: one of a quota of 1.5, as threads wait for the slowest of them."""
    limit = quota()
    available = _cores_without_quota()
    return available if limit is None else max(1, min(available, int(limit)))


def _cores_without_quota() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quota() -> float | None:
    """How many cores' time Linux gives this process, as in a container; None without a limit."""
    return min((limit for folder in _groups() if (limit := _limit(folder)) is not None), default=None)


def _groups() -> Iterator[Path]:
    """The control groups of this process, of either version, and those above them."""
    for line in MEMBERSHIP.read_text().splitlines() if MEMBERSHIP.exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers or "cpu" in controllers.split(","):
            root = CGROUPS / "cpu" if controllers else CGROUPS
            yield from (root / folder.relative_to("/") for folder in (Path(path), *Path(path).parents))


def _limit(group: Path) -> float | None:
    """How many cores' time a control group may have."""
    text = [file.read_text() for name in LIMITS if (file := group / name).is_file()]
    words = " ".join(text).split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdecimal() else None


@functools.cache
def cpu_name() -> str:
    """The processor's name; on Arm under Linux the numbers of its makers and designs."""
    information = CPUINFO.read_text() if CPUINFO.exists() else _of_a_mac()
    if name := re.search(r"^model name\s*: (.+)$", information, re.MULTILINE):
        return name[1].strip()
    arm = re.findall(r"^CPU implementer\s*: (\S+)$.*?^CPU part\s*: (\S+)$", information, re.MULTILINE | re.DOTALL)
    designs = [f"{maker}:{part}" for maker, part in dict.fromkeys(arm)]
    return " ".join(["Arm", *designs]) if designs else platform.processor() or platform.machine()


def _of_a_mac() -> str:
    """The name of a Mac's processor, as Linux would write it; nothing on other systems."""
    if platform.system() != "Darwin":
        return ""
    done = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True)
    return f"model name : {done.stdout.strip()}" if done.stdout.strip() else ""
