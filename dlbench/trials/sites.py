"""What a plan needs to know of the machine on which its trials will run: this one, or the nodes of a cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.measure.precision import Precision, automatic
from dlbench.parts import modules


@dataclass(frozen=True)
class Site:
    """A machine, for one device. precision: that `auto` means there.

    node: what a message calls it; None for this machine. gpus: of a node, for jobs that have one each.
    """

    device: str
    cores: int
    can_compile: bool
    precision: Precision
    fingerprint: str
    node: str | None = None
    gpus: int = 0

    def jobs(self, threads: int | None) -> int:
        """How many trials share it unless the user says so: here one; on a node, as many as it has room for."""
        if self.node is None:
            return 1
        room = self.cores // threads if threads else self.gpus or 1
        return max(1, min(room, self.gpus) if self.gpus else room)


@dataclass(frozen=True)
class Answer:
    """What a node says of itself; software: what must be as it is here, by name."""

    site: Site
    software: Mapping[str, str]


def here(device: str) -> Site:
    """What this machine is; raises InputError for a device that it has not."""
    chosen = machine.resolve_device(device)
    fingerprint = machine.describe(chosen)["fingerprint"]
    return Site(chosen, machine.cores(), machine.can_compile(chosen), automatic(chosen), fingerprint)


def software() -> dict[str, str]:
    """The versions that a result depends on, and a digest of this very dlbench."""
    files = sorted(path for path in modules.PACKAGE.rglob("*") if path.suffix in (".py", ".csv"))
    hasher = hashlib.sha256()
    for path in files:
        hasher.update(f"{path.relative_to(modules.PACKAGE)}\n".encode() + path.read_bytes())
    return {**machine.versions(), "dlbench's code": hasher.hexdigest()[:8]}


def answer(device: str) -> Answer | str:
    """What a node answers: of itself, or in a line why it has no such device."""
    try:
        return Answer(here(device), software())
    except InputError as error:
        return str(error)


def agreed(answers: Mapping[str, Answer | str]) -> Site:
    """The site that all these nodes are; raises InputError that names the first one which is not like the others."""
    ours = software()
    sites: dict[str, Site] = {}
    for node, said in answers.items():
        if isinstance(said, str):
            raise InputError(f"{node}: {said}")
        for name, version in ours.items():
            if said.software.get(name) != version:
                raise InputError(f"{node}: has {name} {said.software.get(name)}, here it is {version}; make them alike")
        sites[node] = said.site
    first, *others = sites
    for node in others:
        _check_alike(node, sites[node], first, sites[first])
    smallest = min(sites, key=lambda node: sites[node].cores)
    return replace(sites[smallest], node=smallest, gpus=min(site.gpus for site in sites.values()))


def _check_alike(node: str, site: Site, other_node: str, other: Site) -> None:
    for name in ("device", "fingerprint", "precision", "can_compile"):
        mine, theirs = getattr(site, name), getattr(other, name)
        if mine != theirs:
            raise InputError(
                f"{node}: is not like {other_node} ({name} {mine}, not {theirs}), and their runs could not be compared"
            )
