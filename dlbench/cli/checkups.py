"""What `dlbench doctor` looks at: the installation, the devices, the compiler, the machine, the data, the results.

No check can end in a traceback.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import math
import os
import platform
import shutil
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import psutil

from dlbench.data import sources
from dlbench.errors import InputError, is_about_torch
from dlbench.reading import plain
from dlbench.records import raw_files
from dlbench.trials.workers import locking
from dlbench.version import __version__

IMPORTED = {"scikit-learn": "sklearn", "scikit-image": "skimage", "pyyaml": "yaml"}  # where it differs from the name
NEEDED_GIB, WANTED_GIB = 0.05, 1.0  # of disk: for run files alone; for data sets as well
LITTLE_MEMORY_GIB = 2.0
MOST_ERROR = 0.1  # of a product; even TensorFloat-32 is within 0.03
CGROUP = Path("/sys/fs/cgroup")
Status = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One line: what was checked, its status, what was found, and what to do."""

    check: str
    status: Status
    found: str
    remedy: str = ""


Check = Callable[[], Iterable[Finding]]


def checks(results: Path) -> dict[str, Check]:
    """Name -> check; each check needs those before it to be fine."""
    return {
        "python": python,
        "packages": packages,
        "torch": torch_pair,
        "devices": devices,
        "compiler": compiler,
        "arithmetic": arithmetic,
        "cores": cores,
        "memory": memory,
        "recipes": recipes,
        **{f"data {name}": partial(data, name) for name in sources.DATASETS},
        "data folder": data_folder,
        "results": partial(results_folder, results),
    }


def examine(checks: dict[str, Check]) -> Iterator[Finding]:
    """What each check finds; one that raises is a problem itself."""
    for name, check in checks.items():
        try:
            yield from check()
        except InputError as error:
            yield Finding(name, "problem", plain(error))
        except (Exception, SystemExit) as error:
            if is_about_torch(error):  # which `packages` calls a problem, once
                yield Finding(name, "warning", "left out, it needs torch")
            else:
                yield Finding(name, "problem", plain(f"{type(error).__name__}: {error}"))


def python() -> Iterator[Finding]:
    """The package, and the Python that runs it."""
    package = Path(__file__).parents[1]
    yield Finding("python", "ok", f"dlbench {__version__} in {package}, Python {platform.python_version()}")


def packages() -> Iterator[Finding]:
    """Every package that dlbench needs is there, in a version it asks for, and can be imported."""
    from packaging.requirements import Requirement

    requirements = [requirement for line in _requirements() if not (requirement := Requirement(line)).marker]
    sound = []
    for requirement in requirements:
        remedy = f"pip install '{requirement}'"
        try:
            version = importlib.metadata.version(requirement.name)
            importlib.import_module(IMPORTED.get(requirement.name, requirement.name))
        except (Exception, SystemExit) as error:
            yield Finding("packages", "problem", plain(f"{requirement.name}: {type(error).__name__}: {error}"), remedy)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            sound.append(f"{requirement.name} {version}")
        else:
            yield Finding("packages", "problem", f"{requirement.name} {version} is not {requirement.specifier}", remedy)
    yield Finding("packages", "ok", ", ".join(sound))


def _requirements() -> list[str]:
    """The packages that the project asks for, from a checkout's pyproject.toml or the installed metadata."""
    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.is_file():
        return list(tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"])
    return importlib.metadata.requires("dlbench") or []


def torch_pair() -> Iterator[Finding]:
    """Whether torchvision was built for this torch: its own operators can be called."""
    import torch
    import torchvision

    pair = f"torch {torch.__version__} with torchvision {torchvision.__version__}"
    boxes, scores = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 6, 6]]), torch.tensor([0.9, 0.8, 0.7])
    survivors = torchvision.ops.nms(boxes, scores, 0.5).tolist()
    if survivors == [0, 2]:
        yield Finding("torch", "ok", pair)
    else:
        yield Finding("torch", "problem", f"{pair}: an operator of torchvision answers {survivors}", _REINSTALL)


_REINSTALL = "install both anew, in one command: pip install --force-reinstall torch torchvision"


def devices() -> Iterator[Finding]:
    """Each device multiplies two small matrices as double precision on the CPU does."""
    from dlbench.measure import machine, precision

    for device in machine.devices():
        name = f"{device['device']}, {device['name']}"
        try:
            error = product_error(device["device"])
        except RuntimeError as refused:
            error, name = math.inf, plain(f"{name}: {str(refused).partition(chr(10))[0]}")
        if error < MOST_ERROR:
            chosen, why = precision.best(device["device"])
            yield Finding("devices", "ok", f"{name}: multiplies right; --precision auto is {chosen} ({why})")
        else:
            yield Finding("devices", "problem", f"{name}: wrong by {error:.3g}", "mend its driver, or use --device")


def product_error(device: str) -> float:
    """The largest error of a product of two matrices of 64 x 64 normal numbers, computed in fp32 there."""
    import torch

    left, right = (torch.randn(64, 64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    product = left.to(device) @ right.to(device)
    return float((product.cpu().double() - left.double() @ right.double()).abs().max())


def compiler() -> Iterator[Finding]:
    """torch.compile works on the CPU; without it everything runs but `--compile`."""
    import torch

    from dlbench.measure import machine

    if not machine.can_compile("cpu"):
        yield Finding("compiler", "warning", "none, so --compile has no effect", "install g++ or clang++")
        return
    logging.disable(logging.WARNING)  # torch's own, of what it did not find
    try:
        doubled = torch.compile(lambda x: x * 2 + 1)(torch.ones(4))
    except Exception as error:
        reason = plain(str(error).strip().partition("\n")[0] or type(error).__name__)
        yield Finding("compiler", "warning", f"--compile fails: {reason}", "install g++ and Python's headers")
        return
    finally:
        logging.disable(logging.NOTSET)
    right = doubled.tolist() == [3.0] * 4
    yield Finding("compiler", "ok" if right else "problem", f"torch.compile answers {'right' if right else 'wrong'}")


def arithmetic() -> Iterator[Finding]:
    """Nothing has switched this process to flushing the smallest numbers to zero, which changes results."""
    smallest = 5e-324
    if smallest * float(1) and math.ldexp(1.0, -1030) / 2:
        yield Finding("arithmetic", "ok", "denormal numbers are kept")
    else:
        yield Finding("arithmetic", "warning", "denormal numbers are flushed to zero", "see what LD_PRELOAD loads")


def cores() -> Iterator[Finding]:
    """How many cores this process may use, and whether something else keeps them busy."""
    from dlbench.measure import machine

    usable, quota, load = machine.cores(), machine.quota(), os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    limited = "" if quota is None else f", a quota gives this container the time of {quota:g}"
    yield Finding("cores", "ok", f"{usable} of {os.cpu_count()} usable{limited}")
    if load > usable / 2:
        yield Finding("cores", "warning", f"load {load:.1f}: something else computes", "time when the machine is idle")


def memory() -> Iterator[Finding]:
    """Free memory, and the limit of this process's container."""
    free, limit = psutil.virtual_memory().available / 2**30, _memory_limit_gib()
    size = f"{free:.1f} GiB free of {psutil.virtual_memory().total / 2**30:.1f}"
    size += f", limited to {limit:.1f} by the container" if limit is not None else ""
    if min(free, limit or math.inf) < LITTLE_MEMORY_GIB:
        yield Finding("memory", "warning", size, "full data sets may not fit: use --budget short, or end something")
    else:
        yield Finding("memory", "ok", size)


def recipes() -> Iterator[Finding]:
    """Every recipe and study that ships can be read."""
    from dlbench.spec import catalog, recipe, study

    for name in catalog.recipes():
        recipe.load(name, "full")
    for name in catalog.studies():
        study.load(name)
    yield Finding("recipes", "ok", f"{len(catalog.recipes())} recipes and {len(catalog.studies())} studies can be read")


def data(name: str) -> Iterator[Finding]:
    """A data set's files, all read and compared with their published checksums."""
    from dlbench.data.files import verify

    source, about = sources.find(name), f"data {name}"
    if source.is_made and name != "digits":
        yield Finding(about, "ok", "computed, needs no files")
    elif sources.located(name, sources.data_folder()) is None:
        remedy = f"dlbench data get {name} ({source.megabytes:g} MB)"
        yield Finding(about, "warning", f"not in {sources.data_folder() / source.subfolder}", remedy)
    else:
        yield Finding(about, "ok", f"undamaged in {verify(name, sources.data_folder())}")


def data_folder() -> Iterator[Finding]:
    """Room for data sets, and what killed downloads left."""
    yield _room("data folder", sources.data_folder(), "set DLBENCH_DATA to a folder on another disk")
    for leftover in sources.abandoned(sources.data_folder()):
        yield Finding("data folder", "warning", f"{leftover}: left by a download that was killed", f"rm -r {leftover}")


def results_folder(folder: Path) -> Iterator[Finding]:
    """Whether runs can be kept in the folder, and whether the runs in it, or in a pack, can be read."""
    if not raw_files.is_pack(folder):
        room = _room("results", folder, "choose another folder with --out")
        yield room
        if room.status != "problem" and not locking.work_in(_nearest(folder)):
            problem = f"{folder}: file locks do not work there, two dlbench would write to the same file"
            yield Finding("results", "warning", problem, "run one at a time, or choose another folder with --out")
        if not folder.is_dir():
            return
    yield from _runs_in(folder)


def _runs_in(folder: Path) -> Iterator[Finding]:
    from dlbench.records import store

    runs = store.load(folder)
    unsound = {warning.partition(": ")[0]: warning for warning in runs.attrs["warnings"]}
    for warning in unsound.values():
        remedy = "move it away, and run it again" if warning.endswith("left out") else "nothing, if that is intended"
        yield Finding("results", "warning", plain(warning), remedy)
    counts = Counter(runs["status"])
    yield Finding(
        "results", "ok", f"{len(runs)} runs: {', '.join(f'{n} {s}' for s, n in counts.items()) or 'none yet'}"
    )
    if counts["unfinished"]:
        state = f"{counts['unfinished']} unfinished: still running, or killed"
        yield Finding("results", "warning", state, "run the command that began them again: it goes on")


def _room(about: str, folder: Path, remedy: str) -> Finding:
    """Whether a file can be written there, or where the folder would be made, and how much room is left."""
    nearest = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(bytes(4096))
            probe.flush()
        free = shutil.disk_usage(nearest).free / 2**30
    except OSError as error:
        return Finding(about, "problem", f"{folder}: cannot be written ({error.strerror})", remedy)
    state = f"{folder}{'' if nearest == folder.absolute() else ' (not there yet)'}: {free:.1f} GiB free"
    if free < WANTED_GIB:
        return Finding(about, "problem" if free < NEEDED_GIB else "warning", state, f"make room, or {remedy}")
    return Finding(about, "ok", state)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _memory_limit_gib() -> float | None:
    """The container's memory limit, in either version of control groups; None without one."""
    words = _first_words(CGROUP / "memory.max") or _first_words(CGROUP / "memory" / "memory.limit_in_bytes")
    limit = int(words[0]) if words and words[0] != "max" else None
    return limit / 2**30 if limit is not None and limit < psutil.virtual_memory().total else None


def _first_words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
