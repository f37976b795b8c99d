"""One trial on several devices, a process each, by torch's DistributedDataParallel.

The process of the trial is rank 0. It starts the other ranks, and alone sees what surrounds the learning: the clock,
scores, checkpoints, files. Before each batch it gives the others its word; until then they wait, however long it scores
or writes, and it may as well begin another training, of a copy say.

All ranks draw the same batches and each learns from its share, so that an epoch is an epoch. Gradients and losses are
means over the whole batch, however unequal the shares. What else a rank draws, dropout for one, it draws from a seed of
its own, which comes from rank 0 with each word: so a trial goes on from the state of rank 0 alone.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from multiprocessing import connection
from pathlib import Path
from typing import Any

import psutil
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessContext, ProcessException, ProcessExitedException, spawn
from torch.nn.parallel import DistributedDataParallel

from dlbench import randomness
from dlbench.data.dataset import Batches, Dataset
from dlbench.spec.recipe import Part, Recipe
from dlbench.training.checkpoint import Checkpoint, Stateful
from dlbench.training.step import Step
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench

HERE = "127.0.0.1"
ENDLESS = timedelta(days=365)  # a rank that dies is noticed by its end, and one that waits may wait
PATIENCE_SECONDS = 5.0  # for the ranks to say what ended them
BEGIN, BEGIN_FROM = 0, -1  # words of rank 0: the latter less the steps done; above 0: a step, and what to draw from

Life = Callable[[int, int, Sequence[dict[str, Any]]], None]  # of another rank: its number from 0, a port, the trials

_ranks: list[Ranks] = []  # those of the trial that was built last


class RankFailed(RuntimeError):
    """Another rank has ended; the message is one line with its last words."""


class Anew(Exception):
    """Rank 0 has begun another training, by this word."""

    def __init__(self, word: int) -> None:
        super().__init__(word)
        self.word = word


def as_recipes_say(trials: Sequence[Trial]) -> Sequence[Trial]:
    """The trials with the batch that all ranks share: the recipe's own, or as many of those as there are ranks."""
    execution = trials[0].execution
    if execution.batch == "global":
        return trials

    def larger(recipe: Recipe) -> Recipe:
        arguments = recipe.training.arguments
        size = execution.processes * arguments["batch_size"]
        return replace(recipe, training=Part(recipe.training.name, {**arguments, "batch_size": size}))

    return [replace(trial, recipe=larger(trial.recipe), full=trial.full and larger(trial.full)) for trial in trials]


@dataclass
class World:
    """All ranks, as one of them sees them. whole: examples of the batch under way. share: the part that is its own."""

    rank: int
    size: int
    whole: int = 0
    share: float = 1.0

    def word(self, said: int = BEGIN) -> int:
        """What rank 0 says; others wait for it."""
        word = torch.tensor(said)
        dist.broadcast(word, 0)
        return int(word)

    def object(self, own: bytes) -> bytes:
        """Rank 0's own, for all."""
        kept = [own]
        dist.broadcast_object_list(kept, 0)
        return kept[0]

    def word_for_step(self) -> None:
        """Wait until the next step is due, and draw from the seed that comes with it; raises Anew if none is."""
        drawn = int(torch.randint(1, 2**62, ())) if self.rank == 0 else 0
        word = self.word(drawn)
        if word <= 0:
            raise Anew(word)
        if self.rank > 0:
            randomness.seed(word + self.rank)

    def of(self, batch: Tensor) -> Tensor:
        """The share of a batch that is this rank's; where there are too few, an example that counts for nothing."""
        mine = batch.tensor_split(self.size)[self.rank]
        self.whole, self.share = len(batch), len(mine) / len(batch)
        return mine if len(mine) else batch[:1]

    def mean(self, bucket: Any) -> torch.futures.Future[Tensor]:
        """The gradients in a bucket, as the mean over the whole batch; DistributedDataParallel asks for it."""
        work: Any = dist.all_reduce(bucket.buffer().mul_(self.share), async_op=True)
        gradients: torch.futures.Future[Tensor] = work.get_future().then(lambda done: done.value()[0])
        return gradients

    def global_step(self, step: Step) -> Step:
        """A step of this rank as one of all: with the mean loss, on rank 0, and all examples."""
        loss = step.loss * self.share
        dist.reduce(loss, 0)
        return replace(step, loss=loss, examples=self.whole)


@dataclass(frozen=True, eq=False)
class Divided(Dataset):
    """A data set of whose training batches this rank gets its share."""

    undivided: Dataset = field(kw_only=True)
    world: World = field(kw_only=True)

    @classmethod
    def of(cls, data: Dataset, world: World) -> Divided:
        """The same data set."""
        own = {field.name: getattr(data, field.name) for field in fields(Dataset)}
        return cls(**own, undivided=data, world=world)

    def batches(self, batch_size: int, generator: torch.Generator) -> Shares:
        """The share of each of `Dataset.batches`."""
        return Shares(self.undivided.batches(batch_size, generator), self.world)


class Shares(Batches):
    """Shares of batches, each when rank 0 is about to learn from it as well.

    Every rank prepares and augments the whole batch: what an augmentation draws depends on how many examples it gets.
    """

    def __init__(self, batches: Batches, world: World) -> None:
        self._batches, self._world = batches, world

    def __next__(self) -> tuple[Tensor, Tensor]:
        self._world.word_for_step()
        inputs, targets = next(self._batches)
        return self._world.of(inputs), self._world.of(targets)

    def state_dict(self) -> dict[str, Tensor]:
        """Where the whole batches are."""
        return self._batches.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Go on from there."""
        self._batches.load_state_dict(state_dict)


class Parallel(DistributedDataParallel):
    """The model under DistributedDataParallel, by whose names a learning rule knows it, and with its state."""

    def __init__(self, model: nn.Module, world: World) -> None:
        super().__init__(model)
        self.register_comm_hook(None, lambda _, bucket: world.mean(bucket))

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("module"), name)

    def named_modules(self, *arguments: Any, **more: Any) -> Any:
        """Those of the model; names of parameters and buffers come from them."""
        return self.module.named_modules(*arguments, **more)

    def state_dict(self, *arguments: Any, **more: Any) -> Any:
        """That of the model."""
        return self.module.state_dict(*arguments, **more)

    def load_state_dict(self, *arguments: Any, **more: Any) -> Any:
        """Give it to the model."""
        return self.module.load_state_dict(*arguments, **more)


class Shared(Checkpoint):
    """The checkpoint of rank 0, from which all ranks go on: the others get the state that it was put into.

    own: of rank 0; of the others one that knows only its steps.
    """

    def __init__(self, world: World, own: Checkpoint, model: nn.Module, data: Dataset) -> None:
        super().__init__()
        self._world, self._own, self._model, self._data = world, own, model, data

    def follow(self, **parts: Stateful) -> int:
        """As Checkpoint has it."""
        own = self._own
        if own.steps:
            self._arrange_gradients()
        if self._world.rank > 0:
            kept = self._world.object(b"")
            own = Checkpoint(_unpacked(kept) if kept else None)
        own.watch(**self._parts)
        steps = own.follow(**parts)
        if self._world.rank == 0:
            self._world.object(_packed(own.state(steps)) if steps else b"")
        return steps

    def _arrange_gradients(self) -> None:
        """A forward and backward pass that changes nothing: after the first, gradients are packed as they came.

        How they are packed decides in which order ranks are summed, and so how sums are rounded.
        """
        self._model.train()
        self._model(self._data.prepare(self._data.train.inputs[:2])).sum().backward()
        self._model.zero_grad()


def _packed(state: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    torch.save(dict(state), file)
    return file.getvalue()


def _unpacked(state: bytes) -> Any:
    """On the CPU: the devices of others are not this rank's."""
    return torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)


@dataclass
class Spread(Bench):
    """A bench whose training all ranks take part in; all else is of rank 0, with the plain model and the whole data."""

    world: World

    def train(self, model: nn.Module, checkpoint: Checkpoint | None = None) -> Iterator[Step]:
        """The learning rule, on every rank's share; of two trainings only the one that began last can go on."""
        with _heeding_ranks():
            if self.world.rank == 0:
                self.world.word(BEGIN if checkpoint is None else BEGIN_FROM - checkpoint.steps)
            parallel = Parallel(model, self.world)
            shared = checkpoint and Shared(self.world, checkpoint, parallel, self.data)
            here = Bench(self.trials, Divided.of(self.data, self.world), self.model, self.device)
            return self._steps(here.train(parallel, shared))

    def _steps(self, steps: Iterator[Step]) -> Iterator[Step]:
        with _heeding_ranks():
            yield from map(self.world.global_step, steps)


@contextmanager
def _heeding_ranks() -> Iterator[None]:
    """Where this rank fails because another has ended, that is the error."""
    try:
        yield
    except RuntimeError:
        for ranks in _ranks:
            ranks.check(PATIENCE_SECONDS)
        raise


def lead(built: Bench, life: Life) -> Spread:
    """Start the other ranks, and train with them from now on; raises RankFailed if one cannot.

    life: what another rank calls; it builds the same and ends in `follow`.
    """
    size = built.trials[0].execution.processes
    store = _store(0)
    records = [trial.as_dict() for trial in built.trials]
    start: Any = spawn
    ranks = Ranks(start(life, (store.port, records), size - 1, join=False, daemon=True))
    _ranks.append(ranks)
    while not store.check([_ready(rank) for rank in range(1, size)]):
        ranks.check(0.05)
    return _joined(built, store, 0)


def follow(built: Bench, rank: int, port: int) -> None:
    """Train as rank 0 says, until it ends."""
    _end_with_parent()
    store = _store(port)
    store.set(_ready(rank), "")
    try:
        _serve(_joined(built, store, rank))
    except Exception:
        _parent().join(1.0)  # what ended it ends us, without a word
        raise


def _serve(spread: Spread) -> None:
    word = spread.world.word()
    while True:
        try:
            checkpoint = None if word == BEGIN else Checkpoint({"steps": BEGIN_FROM - word})
            for _ in spread.train(spread.model, checkpoint):
                pass
            word = spread.world.word()
        except Anew as anew:
            word = anew.word


def _joined(built: Bench, store: Any, rank: int) -> Spread:
    size, device = built.trials[0].execution.processes, built.device
    is_cuda = device.type == "cuda"
    if is_cuda:
        torch.cuda.set_device(device)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", _loopback())
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if is_cuda else "gloo", store=store, rank=rank, world_size=size, timeout=ENDLESS,
        device_id=device if is_cuda else None,
    )  # fmt: skip
    return Spread(built.trials, built.data, built.model, device, World(rank, size))


def _store(port: int) -> Any:
    """Where ranks find each other, on a port of this machine; 0: on a free one, for others to come."""
    store: Any = dist.TCPStore  # type: ignore[attr-defined]
    return store(HERE, port, is_master=port == 0, wait_for_workers=False, timeout=ENDLESS)


def _ready(rank: int) -> str:
    return f"rank {rank} is ready"


def _loopback() -> str:
    """The network interface that leads nowhere else."""
    interfaces = psutil.net_if_addrs().items()
    return str(next(name for name, addresses in interfaces if any(one.address == HERE for one in addresses)))


def _parent() -> Any:
    return multiprocessing.parent_process()


def _end_with_parent() -> None:
    """End this process, whatever it waits for, when its parent has ended."""

    def wait() -> None:
        _parent().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class Ranks:
    """The processes of the other ranks. If one ends, this process fails: of itself, or else it is ended as well."""

    def __init__(self, context: ProcessContext) -> None:
        self._context = context
        self._is_over = False
        threading.Thread(target=self._watch, daemon=True).start()

    def check(self, seconds: float) -> None:
        """Raise RankFailed if a rank has ended, or does so within this time; then the others have ended, too."""
        try:
            self._context.join(seconds)
        except ProcessException as error:
            self.end()
            raise RankFailed(_last_words(error)) from error

    def _watch(self) -> None:
        """Where a device waits for a rank that is no more, only the end of the process ends the wait."""
        connection.wait([process.sentinel for process in self._context.processes])
        time.sleep(2 * PATIENCE_SECONDS)
        if not self._is_over:
            try:
                self.check(0.0)
            except RankFailed as failed:
                print(failed, file=sys.stderr, flush=True)
            os._exit(1)

    def end(self) -> None:
        """End all of them at once; they have nothing to keep."""
        self._is_over = True
        for process in self._context.processes:
            process.kill()
            process.join()
        for name in self._context.error_files:
            Path(name).unlink(missing_ok=True)


def _last_words(error: ProcessException) -> str:
    last = error.msg.strip().splitlines()[-1]
    if isinstance(error, ProcessExitedException):
        last = f"ended {last.partition(' terminated ')[2]}"
    return f"rank {error.error_index + 1}: {last}"


def end() -> None:
    """End the ranks of the trial that was built last, if it had any."""
    while _ranks:
        _ranks.pop().end()
    if dist.is_initialized():
        dist.destroy_process_group()
