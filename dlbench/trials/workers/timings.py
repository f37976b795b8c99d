"""The process in which one recipe is timed: the loop that trains, or a forward pass, and nothing else on the clock.

It reads a job, and sends one event: a Batch, Size, Timing or Profile by the job's task, Refused or Failed. The
task `turns` sends more: see `turns`.
"""

from __future__ import annotations

import copy
import itertools
import math
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch
from torch import Tensor, nn

from dlbench import parts
from dlbench.errors import InputError
from dlbench.measure import energy, laps, latency, machine, memory, memory_kinds, operations, peak, profile
from dlbench.measure.clock import Clock
from dlbench.measure.disturbance import Reading, Watch, denormals_flushed
from dlbench.records.events import Batch, Failed, Profile, Refused, Size, Timing
from dlbench.spec.execution import USUAL
from dlbench.spec.recipe import Part, Recipe
from dlbench.trials import plan, switches, weights
from dlbench.trials.estimate import ITERATIVE
from dlbench.trials.plan import Trial
from dlbench.trials.setup import Bench
from dlbench.trials.workers import batch_sizes, channel, requested_laps
from dlbench.trials.workers.channel import Tell

ENDLESS = 10**9  # steps, epochs or sweeps: longer than anybody times
TEST_BATCHES = 4  # a forward pass costs the same on any images: a few batches stand for all
SYNTHETIC_BYTES = 2**25
STEPS_FOR_MEMORY = 3


def main() -> None:
    """Do the job on standard input."""
    lines: SimpleQueue[str] = SimpleQueue()
    job, tell = channel.job(lines)
    try:
        if job["task"] == "turns":
            turns(job, lines, tell)
        else:
            tell(do(job))
    except InputError as error:
        tell(Refused(str(error)))
    except Exception as error:
        message = f"{type(error).__name__}: {error}".partition("\n")[0]
        tell(Failed(message, traceback.format_exc()))


def do(job: Mapping[str, Any]) -> Batch | Size | Timing | Profile:
    """The event that answers a job.

    trial: as `Trial.as_dict` gives it. task: `choose` a batch size, `size` up (memory, operations), `time`, or
    `profile` into the file `trace`.
    mode: train or infer. synthetic: random inputs instead of the recipe's data. least_seconds, most_seconds: of laps.
    probe: whether to measure the device's peak as well (default: yes). arrivals_per_second, arrivals_seed: of an open
    loop of inference (default: none).
    """
    watch = Watch(job["trial"]["execution"]["device"])
    trial = _timed(plan.from_dict(job["trial"]), job["synthetic"])
    built = switches.build([trial])
    if job["task"] == "choose":
        return _choose(built, job["mode"])
    if job["task"] == "size":
        return _size(built, job["mode"])
    if job["task"] == "profile":
        return _profile(built, job["mode"], Path(job["trace"]))
    timing = _time(built, job["mode"], watch, job["least_seconds"], job["most_seconds"])
    if job["mode"] == "infer":
        timing = _with_latencies(timing, built, job)
    return _with_peaks(timing, trial) if job.get("probe", True) else timing


def turns(job: Mapping[str, Any], lines: SimpleQueue[str], tell: Tell) -> None:
    """Tell Built, then a Turn for every line, and after a line of 0 steps Size and Timing."""
    trial = _timed(plan.from_dict(job["trial"]), job["synthetic"])
    requested_laps.pin(trial.execution.threads)
    built = switches.build([trial])
    timing = requested_laps.take(steps(built, job["mode"]), built.device, lines, tell)
    tell(_size(built, job["mode"]))
    tell(timing)


def _timed(trial: Trial, synthetic: bool) -> Trial:
    """The trial to time: of one seed, without an end to its training, on random inputs if need be."""
    recipe = trial.recipe
    endless = {key: ENDLESS for key in ITERATIVE if recipe.training.arguments.get(key) is not None}
    recipe = replace(recipe, training=_with(recipe.training, endless), together=False)
    return replace(trial, recipe=replace(recipe, data=_random_data(recipe)) if synthetic else recipe)


def _with(part: Part, arguments: Mapping[str, Any]) -> Part:
    return Part(part.name, {**part.arguments, **arguments})


def _random_data(recipe: Recipe) -> Part:
    """Random images of the shape the model takes, in as many classes as it has outputs."""
    model: nn.Module = parts.bind("model", recipe)()
    shape = getattr(model, "input_shape", None)
    if shape is None or len(shape) != 3:
        raise InputError(f"{recipe.entry}: data: not on disk, and no random images fit the model: get the data first")
    with torch.inference_mode():
        classes = model.eval()(torch.zeros(1, *shape)).shape[-1]
    count = max(SYNTHETIC_BYTES // math.prod(shape), 2 * recipe.training.arguments.get("batch_size", 1))
    return Part("synthetic", {"shape": list(shape), "classes": classes, "train_examples": count, "test_examples": 1024})


def steps(built: Bench, mode: str) -> Iterator[int]:
    """Endless steps of training, by the very generator that trains, or of inference; yields the examples of each."""
    return _training(built) if mode == "train" else _inference(built)


def _training(built: Bench) -> Iterator[int]:
    """Steps of training; a rule that ends begins again, from the same weights."""
    at_first = copy.deepcopy(built.model.state_dict())
    while True:
        for step in built.train(built.model):
            yield step.examples
        weights.restore(built.model, at_first)


def _inference(built: Bench) -> Iterator[int]:
    """Forward passes over test batches that lie ready, in eval mode, without gradients, by the trial's runtime."""
    batches = list(_test_batches(built))
    by_torch = built.trials[0].execution.runtime == USUAL["runtime"]
    return _by_torch(built, batches) if by_torch else _by_onnxruntime(built, batches)


def _by_torch(built: Bench, batches: Sequence[Tensor]) -> Iterator[int]:
    built.model.eval()
    for inputs in itertools.cycle(batches):
        with torch.inference_mode(), built.precision():
            built.model(inputs)
        yield len(inputs)


def _by_onnxruntime(built: Bench, batches: Sequence[Tensor]) -> Iterator[int]:
    """The same, once its answers are known to be torch's; to export the model is a part of the first step."""
    from dlbench.trials import onnx

    threads = built.trials[0].execution.threads
    session = onnx.Session(onnx.exported(built.model, batches[0], {}), built.device, threads)
    onnx.check(session, built.model, batches[:1])
    calls = [(session.bound(inputs), len(inputs)) for inputs in batches]
    for call, examples in itertools.cycle(calls):
        call()
        yield examples


def _test_batches(built: Bench) -> Iterator[Tensor]:
    """Prepared inputs of the test set, or the training set if there is none, repeated where they fill no batch."""
    examples = built.data.test or built.data.train
    size = built.trials[0].recipe.training.arguments.get("batch_size", len(examples))
    for batch in range(TEST_BATCHES):
        index = torch.arange(batch * size, (batch + 1) * size, device=examples.inputs.device) % len(examples)
        inputs = built.data.prepare(examples.inputs[index])
        yield inputs.contiguous(memory_format=torch.channels_last) if inputs.dim() == 4 else inputs


def _time(built: Bench, mode: str, watch: Watch, least_seconds: float, most_seconds: float) -> Timing:
    """Raw laps, and what disturbed them."""
    execution = built.trials[0].execution
    meter = energy.Meter(execution.device, cards=execution.processes)
    readings: list[Reading] = []

    def ready() -> None:
        readings.append(watch.read())
        meter.joules()

    timed_laps = laps.take(steps(built, mode), Clock(built.device), least_seconds, most_seconds, ready)
    joules, during = meter.joules(), watch.read()
    return Timing(
        **asdict(timed_laps), joules=joules, uncounted=meter.why_not(), before=readings[0], during=during,
        cores=machine.cores(), denormals_flushed=denormals_flushed(),
    )  # fmt: skip


def _with_latencies(timing: Timing, built: Bench, job: Mapping[str, Any]) -> Timing:
    """The timing with the seconds of single batches, and of requests that come at a rate of their own if asked for."""
    endless, clock, seconds = steps(built, "infer"), Clock(built.device), job["least_seconds"]
    next(endless)
    timing = replace(timing, batch_seconds=latency.closed_loop(endless, clock, seconds))
    rate = job.get("arrivals_per_second")
    if rate is None:
        return timing
    served = latency.open_loop(
        latency.arrivals(rate, job["arrivals_seed"], seconds),
        lambda: laps.lap(endless, 1, clock),
        most_seconds=latency.OVERTIME * seconds,
    )
    return replace(timing, arrivals_per_second=rate, **asdict(served))


def _with_peaks(timing: Timing, trial: Trial) -> Timing:
    """The timing with the device's peak, measured by the process whose laps are compared with it."""
    device, precision = trial.execution.device, trial.execution.precision
    gemm, conv = (peak.tflops(device, precision, kind) for kind in ("gemm", "conv"))
    return replace(timing, gemm_tflops=gemm, conv_tflops=conv)


def _size(built: Bench, mode: str) -> Size:
    """Memory of this process at its peak after a few steps, parameters, operations of all; never on the clock."""
    endless = steps(built, mode)
    examples = [next(endless) for _ in range(STEPS_FOR_MEMORY)]
    execution = built.trials[0].execution
    peaks = memory.process_peak_bytes(), memory.device_peak_bytes(execution.device)
    with torch.compiler.set_stance("force_eager"):
        with operations.counter() as counter:
            next(_counted(built, mode))
        kinds = memory_kinds.of_step(built.model, lambda: next(_counted(built, mode)))
    operations_of_all = counter.get_total_flops() * execution.processes
    return Size(examples[-1], operations.parameters(built.model), *peaks, operations_of_all, **asdict(kinds))


def _counted(built: Bench, mode: str) -> Iterator[int]:
    """Steps by torch, whose counters see no other program's work."""
    return _training(built) if mode == "train" else _by_torch(built, list(_test_batches(built)))


def _profile(built: Bench, mode: str, trace: Path) -> Profile:
    """Operations of some steps, and the peaks of this very process, in the same precision, beside them."""
    execution = built.trials[0].execution
    seconds, rows = profile.take(steps(built, mode), built.device, trace)
    tflops = max(peak.tflops(execution.device, execution.precision, kind) for kind in ("gemm", "conv"))
    bandwidth, launch = peak.bandwidth_gb_per_second(execution.device), peak.launch_seconds(execution.device)
    return Profile(profile.STEPS, seconds, [asdict(row) for row in rows], tflops, bandwidth, launch)


def _choose(built: Bench, mode: str) -> Batch:
    """The best batch size, and the largest that fits; training takes no more examples than there are."""
    trial = built.trials[0]
    if "batch_size" not in trial.recipe.training.arguments:
        raise InputError(f"--batch-size auto: {trial.recipe.training.name} of {trial.recipe.name} takes no batches")

    def seconds_at(size: int) -> float:
        recipe = replace(trial.recipe, training=_with(trial.recipe.training, {"batch_size": size}))
        return _step_seconds(replace(built, trials=[replace(trial, recipe=recipe)]), mode)

    most = len(built.data.train) if mode == "train" else batch_sizes.LARGEST
    return batch_sizes.Search(seconds_at, most, tries=built.device.type != "cpu").batch()


def _step_seconds(built: Bench, mode: str) -> float:
    """Seconds of the fastest of a few steps after the first two."""
    endless, clock = steps(built, mode), Clock(built.device)
    durations = []
    for _ in range(5):
        clock.start()
        next(endless)
        durations.append(clock.lap())
    return min(durations[2:])


if __name__ == "__main__":
    channel.run(main)
