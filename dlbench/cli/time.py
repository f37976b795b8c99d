"""The verb `time`: recipes -> fresh processes that time them, in turns -> timing files -> a table.

Every process that times leaves one JSON-lines file under `<out>/time/<recipe>/`: a first line like a run file's, then
`size` (memory and operations, from a process of its own) and `timing` with the raw laps.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dlbench import exits, parts, streams
from dlbench.cli import options, timed
from dlbench.cli.timed import Profiled
from dlbench.data import sources
from dlbench.errors import InputError
from dlbench.measure.precision import Precision
from dlbench.records import events, store
from dlbench.records.events import Batch, Event, Failed, Profile, Refused, Size, Timing
from dlbench.spec import execution
from dlbench.spec.recipe import Part
from dlbench.trials import plan
from dlbench.trials.launchers import local
from dlbench.trials.plan import Trial

Mode = Literal["train", "infer"]
BatchSize = int | Literal["auto"]
WORKER = "dlbench.trials.workers.timings"
PATIENCE = 1.5  # times the least number of seconds: after that a process stops, however much its laps scatter


@dataclass(frozen=True)
class Case:
    """One thing to time: a trial, in training or inference, on its own data or on random images of the same shape.

    largest: the largest batch size that fits into memory, where it was looked for.
    """

    trial: Trial
    mode: Mode
    synthetic: bool
    largest: int | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        batch = self.trial.recipe.training.arguments.get("batch_size")
        how = self.trial.execution
        processes = f", {how.processes} processes" if how.processes > 1 else ""
        by = "" if how.runtime == execution.USUAL["runtime"] else f", {how.runtime}"
        return f"{self.trial.recipe.name} {self.mode}" + (f", batch {batch}" if batch else "") + processes + by

    def path(self, out: Path, repeat: int) -> Path:
        """The file that the process with this number leaves."""
        folder, device = out / "time" / self.trial.recipe.name, self.trial.execution.device.replace(":", "")
        data = "-synthetic" if self.synthetic else ""
        return folder / f"{self.mode}{data}-{device}-{self.trial.digest}-process{repeat}.jsonl"


def time(
    names: options.Names,
    device: options.Device = "auto",
    mode: options.TimedMode = "train",
    batch_size: Annotated[
        str | None, typer.Option(help="Such as 32,128,512 or auto; the recipe's own if left out.")
    ] = None,
    precision: options.Precision = None,
    compile: options.Compile = False,
    compile_mode: options.CompileMode = "default",
    cuda_graphs: options.CudaGraphs = False,
    optimizer: options.Optimizer = "auto",
    input: options.Input = "resident",
    workers: options.Workers = 0,
    deterministic: options.Deterministic = False,
    channels_last: options.ChannelsLast = True,
    processes: Annotated[
        str,
        typer.Option(
            envvar=options.WORLD_SIZE, help="Such as 1,2,4: processes that share each batch, each with its device."
        ),
    ] = "1",
    batch: options.BatchOf = "global",
    runtime: Annotated[
        str, typer.Option(help="With --mode infer: torch, onnxruntime, or torch,onnxruntime for both in turns.")
    ] = "torch",
    threads: options.TimingThreads = None,
    repeats: Annotated[int, typer.Option(min=1, help="Fresh processes for each row, taken in turns.")] = 5,
    min_seconds: options.MinSeconds = 3.0,
    out: Annotated[Path, typer.Option(help="Folder for timing files, below time/.")] = Path("results"),
    as_json: options.Json = False,
    gco2_per_kwh: Annotated[
        float | None, typer.Option(min=0, help="Grams of CO2 a kWh makes here: adds them where joules are known.")
    ] = None,
    notes: options.Notes = False,
    arrivals_per_second: Annotated[
        float | None,
        typer.Option(help="Time inference as well of requests that come by themselves, so many a second: open loop."),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            help="Draw speed and latency by batch size, or with --profile the roofline, to this .png, .svg or .pdf."
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="TRACE", help="Write ten more steps to this .json or .json.gz for Perfetto, and rank operations."
        ),
    ] = None,
    turns: Annotated[
        bool, typer.Option("--turns", help="One process, whose laps standard input asks for, as `gate` does.")
    ] = False,
) -> int:
    """Time the loop that trains, or inference: examples per second with their interval, memory, TFLOP/s and MFU."""
    sizes = parse_batch_sizes(batch_size) if batch_size is not None else None
    store.check_writable(out)
    timed.check(options.modes(mode), arrivals_per_second, figure, profile, turns=turns)
    failures: list[str] = []
    if cuda_graphs and mode != "train":
        raise InputError("--cuda-graphs: a step of training is recorded; leave it out to time inference")
    counts = parse_processes(processes)
    if max(counts) > 1 and (mode != "train" or "auto" in (sizes or [])):
        raise InputError("--processes: they share the batches of training, of a known size: not with infer or auto")
    runtimes = parse_runtimes(runtime)
    if set(runtimes) != {execution.USUAL["runtime"]}:
        precision = _precision_elsewhere(mode, precision, compile, is_profiled=profile is not None)
    trials = [
        trial
        for count in counts
        for trial in plan.trials(
            names, device=device, seeds=[0], budget="full", precision=precision, compile=compile, threads=threads,
            cuda_graphs=cuda_graphs, compile_mode=compile_mode, optimizer=optimizer, input=input, workers=workers,
            deterministic=deterministic, channels_last=channels_last, processes=count,
            batch=batch if count > 1 or counts == [1] else "global",
        )
    ]  # fmt: skip
    _check(trials, compile)
    trials = [_with_runtime(trial, name) for trial in trials for name in runtimes]
    cases = [case for trial in trials for way in options.modes(mode) for case in _cases(trial, way, sizes, failures)]
    if turns:
        return _in_turns(cases, out)
    timed.check_profiled(profile, len(cases))
    once = {case.path(out, 0): case for case in cases}  # auto may choose a size that was asked for as well
    sized = [(case, size) for case in once.values() if (size := _ask(case, "size", failures))]
    paths = list(_rounds(sized, repeats, min_seconds, out, failures, arrivals_per_second))
    profiled = _profiled(sized, profile, failures) if profile else None
    _show(paths, as_json, gco2_per_kwh, notes, profiled, figure)
    return exits.FAILED if failures else exits.FINE


def parse_batch_sizes(text: str) -> list[BatchSize]:
    """`32,128,512` or `auto` or both -> batch sizes; InputError for anything else."""
    sizes: list[BatchSize] = []
    for piece in (piece.strip() for piece in text.split(",")):
        if piece != "auto" and not (piece.isdecimal() and int(piece) > 0):
            raise InputError(f"--batch-size {text}: write whole numbers above 0 or auto, such as 32,128,512")
        sizes.append("auto" if piece == "auto" else int(piece))
    return list(dict.fromkeys(sizes))


def parse_processes(text: str) -> list[int]:
    """`1,2,4` -> how many processes; InputError for anything else."""
    pieces = [piece.strip() for piece in text.split(",")]
    if not all(piece.isdecimal() and int(piece) > 0 for piece in pieces):
        raise InputError(f"--processes {text}: write whole numbers above 0, such as 1,2,4")
    return list(dict.fromkeys(map(int, pieces)))


def parse_runtimes(text: str) -> list[str]:
    """`torch,onnxruntime` -> what computes, other programs than torch with their version; InputError for anything else.

    Their version is in the name because it decides the speed: rows of unlike versions are never one.
    """
    names = list(dict.fromkeys(piece.strip() for piece in text.split(",")))
    if unknown := set(names) - {"torch", "onnxruntime"}:
        raise InputError(f"--runtime {text}: no {', '.join(sorted(unknown))} here; write torch, onnxruntime or both")
    return [f"{name} {_version()}" if name == "onnxruntime" else name for name in names]


def _version() -> str:
    from dlbench.trials import onnx

    return onnx.version("--runtime onnxruntime")


def _precision_elsewhere(mode: str, precision: str | None, compile: bool, *, is_profiled: bool) -> Precision:
    """That of all rows beside another program than torch; InputError for what such programs do not do here."""
    if mode != "infer":
        raise InputError("--runtime onnxruntime: computes forward passes alone; take --mode infer")
    if precision not in (None, "fp32") or compile:
        raise InputError("--runtime onnxruntime: in fp32 and by its own compiler; leave --precision and --compile out")
    if is_profiled:
        raise InputError("--profile: torch's own operations alone; leave --runtime out")
    return "fp32"


def _with_runtime(trial: Trial, runtime: str) -> Trial:
    """The trial by that program; those other than torch want the pixels of a channel side by side."""
    if runtime == execution.USUAL["runtime"]:
        return trial
    return replace(trial, execution=replace(trial.execution, runtime=runtime, channels_last=False))


def _check(trials: Sequence[Trial], compile: bool) -> None:
    """Raise InputError for a precision that the device lacks; warn where nothing can be compiled."""
    how = trials[0].execution
    if how.precision == "tf32" and not how.device.startswith("cuda"):
        raise InputError(f"--precision tf32: not on {how.device}; take fp32 or bf16")
    if compile and not how.compile:
        print("dlbench: --compile: no C++ compiler found, timing without; install g++ or clang++", file=sys.stderr)


def _cases(trial: Trial, mode: Mode, batch_sizes: Sequence[BatchSize] | None, failures: list[str]) -> Iterator[Case]:
    """The recipe at each batch size, checked; asks a worker for the size that `auto` means."""
    data = trial.recipe.data
    name = sources.read_for(data.name, data.arguments)
    is_missing = name in sources.DATASETS and not sources.available(name)
    if is_missing and name != data.name:  # random images have no such targets
        raise sources.missing(name, sources.data_folder())
    own = Case(trial, mode, synthetic=is_missing)
    if batch_sizes is None:
        yield own
    for size in batch_sizes or []:
        chosen = _ask(own, "choose", failures) if size == "auto" else Batch(size)
        if isinstance(chosen, Batch):
            timed.tell_chosen(own.name, chosen)
            yield replace(own, trial=_with_batch_size(trial, chosen.batch_size), largest=chosen.largest)


def _with_batch_size(trial: Trial, batch_size: int) -> Trial:
    training = Part(trial.recipe.training.name, {**trial.recipe.training.arguments, "batch_size": batch_size})
    recipe = replace(trial.recipe, training=training)
    parts.check(recipe)
    plan.check_fits(recipe, trial.execution)
    return replace(trial, recipe=recipe)


def _rounds(
    sized: Sequence[tuple[Case, Event]],
    repeats: int,
    min_seconds: float,
    out: Path,
    failures: list[str],
    arrivals_per_second: float | None,
) -> Iterator[Path]:
    """Time every case once in each round, so that a slow drift of the machine disturbs all alike."""
    seconds = {"least_seconds": min_seconds, "most_seconds": PATIENCE * min_seconds}
    remaining = list(sized)
    for repeat in range(repeats):
        for case, size in list(remaining):
            arrivals = timed.arrivals(case.mode, arrivals_per_second, seed=repeat)
            timing = _ask(case, "time", failures, **seconds, **arrivals)
            if not isinstance(timing, Timing):
                remaining.remove((case, size))
                continue
            speed = timing.examples * len(timing.seconds) / sum(timing.seconds)
            streams.say(f"{case.name}: process {repeat + 1} of {repeats}: about {speed:,.0f} examples/s")
            yield _keep(case, repeat, size, timing, out)


def _profiled(sized: Sequence[tuple[Case, Event]], trace: Path, failures: list[str]) -> Profiled | None:
    """The profile of the only case, by a process of its own: what was timed was not profiled."""
    for case, _ in sized:
        if isinstance(event := _ask(case, "profile", failures, trace=str(trace.resolve())), Profile):
            streams.say(f"{trace}: a trace of {event.steps} steps; https://ui.perfetto.dev opens it")
            return Profiled(case.name, event)
    return None


def _ask(case: Case, task: str, failures: list[str], **more: Any) -> Event | None:
    """The event in which a worker's task ends; None if it fails, which is noted and printed; InputError if refused."""
    event = answer(case, task, **more)
    if isinstance(event, Refused):
        raise InputError(event.message)
    if not isinstance(event, Failed):
        return event
    failures.append(f"{case.name}: failed: {event.message}")
    streams.say(failures[-1])
    return None


def answer(case: Case, task: str, **more: Any) -> Event:
    """The one event that a fresh process sends; see `workers.timings.do` for its tasks and their arguments."""
    event, *_ = local.answers(WORKER, _job(case, task, **more), case.trial.execution.threads)
    return event


def _job(case: Case, task: str, **more: Any) -> dict[str, Any]:
    return {"trial": case.trial.as_dict(), "mode": case.mode, "synthetic": case.synthetic, "task": task, **more}


def _in_turns(cases: Sequence[Case], out: Path) -> int:
    """Pass lines of standard input to a process, and print its answers, as `dlbench.judge.rounds` says.

    Its timing file is kept in `out`. When standard input ends early, the process ends too, and leaves no file.
    """
    if len(cases) != 1 or cases[0].trial.execution.processes > 1:
        raise InputError("--turns: one recipe, mode, batch size and process at a time")
    [case] = cases
    answers: dict[type[Event], Event] = {}
    for event in local.answers(WORKER, _job(case, "turns"), case.trial.execution.threads, sys.stdin):
        if isinstance(event, Refused):
            raise InputError(event.message)
        if isinstance(event, Failed):
            streams.say(f"{case.name}: failed: {event.message}")
            return exits.FAILED
        print(events.message(event), end="", flush=True)
        answers[type(event)] = event
        if isinstance(event, Timing):
            _keep(case, 0, answers[Size], event, out)
            return exits.FINE
    return exits.INTERRUPTED


def _keep(case: Case, repeat: int, size: Event, timing: Event, out: Path) -> Path:
    """Write one process's file; the files of an earlier call of the same case make room."""
    path = case.path(out, repeat)
    path.parent.mkdir(parents=True, exist_ok=True)
    if repeat == 0:
        for old in path.parent.glob(path.name.replace("process0", "process*")):
            old.unlink()
    data = "synthetic" if case.synthetic else case.trial.recipe.data.name
    start = replace(case.trial.start(), mode=case.mode, process=repeat, data=data)
    if case.largest and isinstance(size, Size):
        size = replace(size, largest_batch_size=case.largest)
    path.write_text("".join(map(events.line, (start, size, timing))), encoding="utf-8")
    return path


def _show(
    paths: Sequence[Path], as_json: bool, gco2_per_kwh: float | None, notes: bool, profiled: Profiled | None,
    figure: Path | None,
) -> None:  # fmt: skip
    from dlbench.records import timing_files
    from dlbench.report import formats

    if paths:
        frame = timing_files.load(paths)
        if figure is not None:
            timed.draw(figure, frame, profiled)
        tables = timed.tables(frame, gco2_per_kwh, profiled)
        formats.show("tables", formats.brief(tables, notes), "json" if as_json else "terminal")
