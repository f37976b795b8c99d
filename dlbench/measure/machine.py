"""Which machine this is, in words and as a fingerprint: results of unlike machines are not merged."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any

import psutil

from dlbench.errors import InputError
from dlbench.reading import near
from dlbench.version import __version__


def devices() -> list[dict[str, str]]:
    """The devices torch can compute on here: name for `--device`, and what it is."""
    import torch

    found = [{"device": "cpu", "name": f"{cpu_name()}, {cores()} cores"}]
    for index in range(torch.cuda.device_count()):
        found.append({"device": f"cuda:{index}", "name": torch.cuda.get_device_name(index)})
    if torch.backends.mps.is_available():
        found.append({"device": "mps", "name": "Apple GPU"})
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        for index in range(torch.xpu.device_count()):
            found.append({"device": f"xpu:{index}", "name": torch.xpu.get_device_name(index)})
    return found


def resolve_device(wanted: str) -> str:
    """`auto` -> the first accelerator, else cpu; `cuda` -> `cuda:0`; InputError for a device that is not there."""
    names = [device["device"] for device in devices()]
    if wanted == "auto":
        return names[1] if len(names) > 1 else names[0]
    exact = f"{wanted}:0" if wanted in {"cuda", "xpu"} else wanted
    if exact not in names:
        raise InputError(f"--device {wanted}: not on this machine{near(wanted, names)}; here: {', '.join(names)}")
    return exact


def can_compile(device: str) -> bool:
    """Whether torch.compile has what it needs: a C++ compiler for the CPU; a GPU brings its own."""
    return device != "cpu" or any(shutil.which(name) for name in (os.environ.get("CXX", "c++"), "g++", "clang++"))


def describe(device: str) -> dict[str, Any]:
    """The machine as a run file keeps it; `fingerprint` decides whether two results may be compared."""
    import torch

    accelerator = torch.cuda.get_device_name(torch.device(device)) if device.startswith("cuda") else ""
    memory = round(psutil.virtual_memory().total / 2**30)
    stable = {
        "cpu": cpu_name(), "cores": cores(), "memory_gib": memory, "accelerator": accelerator,
        "system": platform.system(),
        "architecture": platform.machine(), "vector_instructions": torch.backends.cpu.get_cpu_capability(),
    }  # fmt: skip
    name = accelerator or f"{stable['cpu']}, {stable['cores']} cores, {memory} GiB"
    digest = hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()[:8]
    return {"name": name, **stable, "blas": blas(), "fingerprint": digest}


@functools.cache
def blas() -> str:
    """The kernels that numpy's linear algebra chose here, such as `openblas SkylakeX`: they decide how it rounds."""
    import numpy as np  # noqa: F401  # only what is loaded can be asked
    from threadpoolctl import threadpool_info

    found = {
        f"{library['internal_api']} {library.get('architecture') or ''}".strip()
        for library in threadpool_info()
        if library["user_api"] == "blas"
    }
    return ", ".join(sorted(found))


@functools.cache
def versions() -> dict[str, str]:
    """The versions a result depends on."""
    wanted = ("torch", "torchvision", "numpy", "scikit-learn")
    found = {name: importlib.metadata.version(name) for name in wanted}
    return {"dlbench": __version__, "python": platform.python_version(), **found}


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def cpu_name() -> str:
    """The processor's name as its maker writes it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
