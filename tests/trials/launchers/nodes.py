"""Nodes of a real Ray cluster on this machine, each with an address of its own, and the program that uses them."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

HEAD = "127.0.0.2"
COUNT = """
import sys, time
from ray._private.state import GlobalState
from ray._raylet import GcsClientOptions

state = GlobalState()
state._initialize_global_state(GcsClientOptions.create(sys.argv[1], None, True, False))
while sum(node["Alive"] for node in state.node_table()) != int(sys.argv[2]):
    time.sleep(0.2)
"""
RECIPE = """
title: slow enough to be killed
data: {name: digits, size: 8, augment: shift, train_examples: 100, test_examples: 50}
model: {name: slow_nets.net, seconds: SECONDS}
training: {name: sgd, lr: 0.1, momentum: 0.9, batch_size: 30, steps: 24, milestones: [10, 17]}
score: {name: classification_error}
curve: {points: 11, examples: 20}
"""
NETS = """
import time
from torch import nn


class Slow(nn.Sequential):
    def forward(self, x):
        if self.training:
            time.sleep(self.seconds)
        return super().forward(x)


def net(*, seconds: float) -> nn.Module:
    model = Slow(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(8 * 36, 10))
    model.seconds = seconds
    return model


def failing() -> nn.Module:
    raise RuntimeError("out of luck")
"""


def write(folder: Path, seconds: float = 0.0) -> str:
    """A recipe of one's own, each of whose steps takes so long; returns its path."""
    (folder / "slow_nets.py").write_text(NETS)
    (folder / "slow.yaml").write_text(RECIPE.replace("SECONDS", str(seconds)))
    return str(folder / "slow.yaml")


def write_failing(folder: Path) -> str:
    """One whose model cannot be made."""
    path = folder / "failing.yaml"
    path.write_text(RECIPE.replace("{name: slow_nets.net, seconds: SECONDS}", "{name: slow_nets.failing}"))
    return str(path)


def until(condition, seconds: float = 300) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def dlbench(*words: str, **environment: str) -> subprocess.Popen[str]:
    """The program, in the current folder."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "dlbench", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=os.environ | environment,
    )  # fmt: skip


def ended(process: subprocess.Popen[str], seconds: float = 300) -> tuple[int, str]:
    """How the program ended: its exit code, and what it said."""
    said = process.communicate(timeout=seconds)[1]
    return process.returncode, said


def running(root: psutil.Process, module: str = "dlbench.trials.workers.trials") -> list[psutil.Process]:
    """The processes below this one that run a module, such as a trial's."""
    processes = []
    for process in root.children(recursive=True):
        with suppress(psutil.Error):
            processes += [process] if module in process.cmdline() else []
    return processes


def free_port() -> int:
    """One that nobody uses now."""
    with socket.socket() as free:
        free.bind((HEAD, 0))
        return int(free.getsockname()[1])


class Nodes:
    """A head that takes no work, and nodes beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        ports = [free_port() for _ in range(2)]
        self.address, self.client = (f"{HEAD}:{port}" for port in ports)
        head = ["--head", "--include-dashboard=false", f"--port={ports[0]}", f"--ray-client-server-port={ports[1]}"]
        self.start(HEAD, *head, cpus=0)
        self.wait(1)

    def start(self, ip: str, *words: str, cpus: int = 1, **environment: str) -> None:
        """Start a node with this address; it joins when it can."""
        command = [
            sys.executable, "-m", "ray.scripts.scripts", "start", *(words or [f"--address={self.address}"]),
            f"--node-ip-address={ip}", f"--num-cpus={cpus}", "--object-store-memory=100000000", "--disable-usage-stats",
            "--include-log-monitor=false", "--block",
        ]  # fmt: skip
        with (self._folder / f"{ip}.log").open("ab") as log:
            self._running[ip] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=os.environ | environment
            )

    def wait(self, count: int, seconds: float = 180) -> None:
        """Until so many nodes, the head included, are alive."""
        waiting = subprocess.Popen([sys.executable, "-c", COUNT, self.address, str(count)], stderr=subprocess.DEVNULL)
        until = time.monotonic() + seconds
        try:
            while waiting.poll() is None:
                has_failed = any(running.poll() is not None for running in self._running.values())
                if has_failed or time.monotonic() > until:
                    raise TimeoutError("".join(path.read_text() for path in self._folder.glob("*.log")))
                time.sleep(0.1)
        finally:
            waiting.kill()
            waiting.wait()

    def process(self, ip: str) -> psutil.Process:
        """The process above all others of a node."""
        return psutil.Process(self._running[ip].pid)

    def at_work(self) -> list[str]:
        """The nodes at which a trial runs now."""
        return [ip for ip in self._running if running(self.process(ip))]

    def kill(self, ip: str) -> None:
        """As when the plug is pulled."""
        running = self._running.pop(ip)
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(running.pid)
            for process in [root, *root.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)
        running.wait()


@contextmanager
def cluster(folder: Path, *ips: str, **environment: str):
    """A head and these nodes."""
    nodes = Nodes(folder)
    try:
        for number, ip in enumerate(ips):  # one after the other: at once they take each other's names for sockets
            nodes.start(ip, **environment)
            nodes.wait(number + 2)
        yield nodes
    finally:
        for ip in list(nodes._running)[::-1]:
            nodes.kill(ip)
