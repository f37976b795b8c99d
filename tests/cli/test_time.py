"""Timing for real: fresh processes, files and figures; never how long anything took."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import own
import pytest
import torch

from dlbench import exits
from dlbench.cli import time as timing
from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.records import timing_files
from dlbench.records.events import Batch, Event, Failed, Profile, Refused, Size, Timing
from dlbench.spec.recipe import Part
from dlbench.stats import steady
from dlbench.trials import plan
from dlbench.trials.launchers import local
from dlbench.trials.setup import Bench, build
from dlbench.trials.workers import timings


def job(name: str, **changes: Any) -> dict[str, Any]:
    """What a worker is told, for laps as short as can be."""
    (trial,) = plan.trials([name], seeds=[0], budget="smoke", device="cpu", threads=1)
    return {
        "trial": trial.as_dict(), "task": "time", "mode": "train", "synthetic": False, "least_seconds": 0.01,
        "most_seconds": 0.1,
    } | changes  # fmt: skip


def bench(name: str) -> Bench:
    return build([timings._timed(plan.from_dict(job(name)["trial"]), synthetic=False)])


class TestRun:
    def test_figures_are_those_of_the_raw_laps_and_a_failure_stops_nobody(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The speed again, from the file by hand."""
        names = [own.write(tmp_path, "killed"), own.write(tmp_path, "plain")]
        code = timing.time(names, device="cpu", threads=1, repeats=1, min_seconds=0.3, as_json=True, out=tmp_path)
        out, err = capsys.readouterr()
        (file,) = (tmp_path / "time").rglob("*.jsonl")
        start, size, raw = map(json.loads, file.read_text().splitlines())
        table, memory = json.loads(out)
        (row,), (kinds,) = table["rows"], memory["rows"]

        assert code == exits.FAILED
        assert "killed train, batch 10: failed: the worker was killed by signal 9" in err
        assert (start["event"], size["event"], raw["event"]) == ("start", "size", "timing")
        assert start["recipe"]["training"] == {"name": "sgd", "lr": 0.1, "batch_size": 10, "steps": 8}
        assert (start["process"], start["mode"], size["batch_size"]) == (0, "train", 10)
        assert raw["examples"] == 10 * raw["steps"]
        assert size["flop_per_step"] == 2 * 2 * 10 * 64 * 10  # forward, and backward for the weights alone
        assert kinds["gradient_bytes"] == size["gradient_bytes"] == size["parameter_bytes"] == 4 * 650
        assert (row["recipe"], row["data"], row["parameters"]) == ("plain", "digits", 650)
        warm_up = steady.warm_up(raw["seconds"])
        warm_up = len(raw["seconds"]) // 2 if warm_up is None else warm_up  # on a busy machine
        speed = raw["examples"] / np.median(raw["seconds"][warm_up:])
        assert (row["examples_per_second"]["value"], row["examples_per_second"]["n"]) == (pytest.approx(speed), 1)

    def test_nothing_runs_if_a_batch_size_fits_no_recipe(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local, "start", None)
        with pytest.raises(InputError, match=r"perceptron-or: training: unknown key 'batch_size'"):
            timing.time(["perceptron-or"], device="cpu", batch_size="32")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"profile": "none/trace.json"}, "none/trace.json: cannot be written"),
            ({"profile": "trace.txt"}, "should end in .json or .json.gz"),
            ({"figure": "none/a.png"}, "none/a.png: cannot be written"),
            ({"figure": "a.gif"}, "should end in .png, .svg, .pdf"),
            ({"profile": "trace.json", "mode": "both"}, "--profile: one recipe, mode and batch size at a time"),
            ({"arrivals_per_second": 10.0}, "add --mode infer"),
            ({"arrivals_per_second": 0.0, "mode": "infer"}, "above 0"),
            ({"figure": "a.png", "turns": True}, "--turns: leave out"),
        ],
    )
    def test_nothing_is_timed_for_a_file_that_cannot_be_or_options_that_do_not_fit(
        self, options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(local, "start", None)
        files = {key: tmp_path / value for key, value in options.items() if key in ("figure", "profile")}
        with pytest.raises(InputError, match=re.escape(message)):
            timing.time(["lenet-digits"], device="cpu", out=tmp_path, **(options | files))

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"mode": "infer"}, "not with infer or auto"),
            ({"batch_size": "auto"}, "not with infer or auto"),
            ({"batch_size": "33", "threads": 1}, "the batch of 33 of lenet-digits cannot be shared evenly"),
            ({"threads": 1, "turns": True}, "one recipe, mode, batch size and process at a time"),
        ],
    )
    def test_what_processes_cannot_share_is_refused(
        self, asked: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local, "start", None)
        monkeypatch.setattr(machine, "cores", lambda: 2)
        with pytest.raises(InputError, match=message):
            timing.time(["lenet-digits"], device="cpu", processes="2", **asked)

    def test_tf32_is_refused_where_there_is_none(self) -> None:
        with pytest.raises(InputError, match="tf32: not on cpu"):
            timing.time(["lenet-digits"], device="cpu", precision="tf32")

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"runtime": "tvm"}, "no tvm here; write torch, onnxruntime or both"),
            ({"runtime": "torch,onnxruntime"}, "take --mode infer"),
            ({"runtime": "onnxruntime", "mode": "infer", "precision": "bf16"}, "leave --precision"),
            ({"runtime": "onnxruntime", "mode": "infer", "profile": Path("trace.json")}, "leave --runtime out"),
        ],
    )
    def test_a_runtime_is_refused_for_what_it_does_not_do(self, options: dict[str, Any], words: str) -> None:
        with pytest.raises(InputError, match=words):
            timing.time(["lenet-digits"], device="cpu", **options)

    @pytest.mark.parametrize("answered", [Refused("cifar10: damaged"), Failed("out of luck")])
    def test_a_call_that_keeps_no_timing_leaves_no_folder(
        self, answered: Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timing, "answer", lambda case, task, **more: answered)
        with suppress(InputError):
            timing.time(["lenet-digits"], device="cpu", out=tmp_path / "a" / "results")
        assert list(tmp_path.iterdir()) == []

    def test_what_a_worker_refuses_is_the_user_s_to_mend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(timing, "answer", lambda case, task, **more: Refused("cifar10: damaged"))
        with pytest.raises(InputError, match="damaged"):
            timing.time(["lenet-digits"], device="cpu")


class TestRounds:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What workers were asked, which answer without being there."""
        asked: list[str] = []

        def answer(case: timing.Case, task: str, **more: float) -> Event:
            batch = case.trial.recipe.training.arguments["batch_size"]
            asked.append(f"{task} {case.mode} {batch}")
            if task == "choose":
                return Batch(64)
            if task == "size":
                return Size(batch, 1, 1, None)
            if batch == 99:
                return Failed("out of luck")
            return Timing(1.0, 1, 1, [1.0], joules=None)

        monkeypatch.setattr(timing, "answer", answer)
        monkeypatch.setattr(timing, "_show", lambda *_: None)
        return asked

    def test_cases_take_turns_and_one_that_failed_is_not_asked_again(self, asked: list[str]) -> None:
        code = timing.time(["lenet-digits"], device="cpu", mode="both", batch_size="8,99", repeats=2)
        once = ["time train 8", "time train 99", "time infer 8", "time infer 99"]
        assert asked[4:] == [*once, "time train 8", "time infer 8"]
        assert code == exits.FAILED

    def test_requests_come_by_themselves_and_others_in_each_process(
        self, asked: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[dict[str, Any]] = []
        answer = timing.answer
        monkeypatch.setattr(
            timing, "answer", lambda case, task, **more: told.append(more) or answer(case, task, **more)
        )
        timing.time(["lenet-digits"], device="cpu", mode="both", repeats=2, arrivals_per_second=50.0)
        seeds = [more.get("arrivals_seed") for more in told if "least_seconds" in more]
        assert seeds == [None, 0, None, 1]  # training has none

    def test_what_auto_found_to_fit_is_kept(
        self, asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer = timing.answer
        chosen = Batch(64, 4096, "8,192 is out of memory")
        monkeypatch.setattr(
            timing, "answer", lambda case, task, **more: chosen if task == "choose" else answer(case, task)
        )
        timing.time(["lenet-digits"], device="cpu", batch_size="auto", repeats=1, out=tmp_path)
        (file,) = (tmp_path / "time").rglob("*.jsonl")
        assert json.loads(file.read_text().splitlines()[1])["largest_batch_size"] == 4096
        assert (
            "best batch size is 64; the largest that fits is 4,096 (8,192 is out of memory)" in capsys.readouterr().err
        )

    def test_auto_is_what_a_worker_chose(self, asked: list[str]) -> None:
        timing.time(["lenet-digits"], device="cpu", batch_size="auto", repeats=1)
        assert asked == ["choose train 16", "size train 64", "time train 64"]

    def test_a_batch_size_asked_for_twice_is_timed_once(self, asked: list[str]) -> None:
        timing.time(["lenet-digits"], device="cpu", batch_size="64,auto,16", repeats=1)
        assert asked == ["choose train 16", "size train 64", "size train 16", "time train 64", "time train 16"]

    def test_files_of_an_earlier_call_make_room(self, asked: list[str], tmp_path: Path) -> None:
        for repeats in (3, 2):
            timing.time(["lenet-digits"], device="cpu", repeats=repeats, out=tmp_path)
        assert len(list((tmp_path / "time" / "lenet-digits").iterdir())) == 2

    def test_layouts_and_data_have_files_of_their_own(self, asked: list[str], tmp_path: Path) -> None:
        for channels_last in (True, False):
            timing.time(["lenet-digits"], device="cpu", repeats=1, channels_last=channels_last, out=tmp_path)
        timing.time(["lenet-digits"], device="cpu", repeats=1, mode="infer", out=tmp_path)
        assert len(list((tmp_path / "time" / "lenet-digits").iterdir())) == 3

    def test_runtimes_take_turns_in_full_precision_and_have_files_of_their_own(
        self, asked: list[str], tmp_path: Path
    ) -> None:
        settings = {"mode": "infer", "runtime": "torch,onnxruntime", "repeats": 2}
        timing.time(["resnet-20"], device="cpu", out=tmp_path, **settings)
        frame = timing_files.load(sorted((tmp_path / "time" / "resnet-20").iterdir()))
        by = f"onnxruntime {onnxruntime.__version__}"
        assert sorted(frame["runtime"]) == [by, by, "torch", "torch"]
        assert set(frame["precision"]) == {"fp32"}

    def test_data_that_are_not_on_disk_are_made_up(self, asked: list[str], tmp_path: Path) -> None:
        timing.time(["resnet-20"], device="cpu", repeats=1, out=tmp_path)
        (file,) = (tmp_path / "time" / "resnet-20").iterdir()
        assert json.loads(file.read_text().splitlines()[0])["data"] == "synthetic"


class TestWorker:
    def test_trains_by_the_generator_that_trains(self) -> None:
        """After as many steps the weights are the same, bit for bit, beyond the recipe's last step too."""
        timed, trained = bench("lenet-digits"), bench("lenet-digits")
        endless = timings.steps(timed, "train")
        rule = trained.train(trained.model)
        for _ in range(25):  # the smoke budget ends after 20
            assert next(endless) == next(rule).examples
        for mine, theirs in zip(timed.model.parameters(), trained.model.parameters(), strict=True):
            assert torch.equal(mine, theirs)

    def test_a_rule_that_comes_to_an_end_begins_again_from_the_same_weights(self) -> None:
        built = bench("perceptron-or")
        untaught = {name: weights.clone() for name, weights in built.model.state_dict().items()}
        once = len(list(built.train(built.model)))
        built.model.load_state_dict(untaught)
        endless = timings.steps(built, "train")
        for _ in range(once):
            next(endless)
        taught = {name: weights.clone() for name, weights in built.model.state_dict().items()}
        for _ in range(once):
            next(endless)
        assert any(not torch.equal(taught[name], untaught[name]) for name in taught)
        assert all(torch.equal(taught[name], now) for name, now in built.model.state_dict().items())

    def test_inference_leaves_the_model_as_it_was_and_fills_every_batch(self) -> None:
        built = bench("lenet-digits")
        recipe = built.trials[0].recipe
        training = Part("sgd", {**recipe.training.arguments, "batch_size": 333})  # more than the test set holds
        built = replace(built, trials=[replace(built.trials[0], recipe=replace(recipe, training=training))])
        weights = [weight.clone() for weight in built.model.parameters()]
        endless = timings.steps(built, "infer")
        assert [next(endless) for _ in range(6)] == [333] * 6
        assert not built.model.training
        assert all(torch.equal(*pair) for pair in zip(weights, built.model.parameters(), strict=True))

    def test_onnxruntime_computes_the_same_model_and_torch_counts_its_operations(self) -> None:
        (trial,) = plan.trials(["lenet-digits"], seeds=[0], budget="smoke", device="cpu", threads=1)
        elsewhere = replace(trial.execution, runtime="onnxruntime 1.32.0", channels_last=False)
        told = {"trial": replace(trial, execution=elsewhere).as_dict(), "mode": "infer"}
        assert vars(timings.do(job("lenet-digits", task="size") | told))["flop_per_step"] == 16 * 2 * 416_520
        timed = vars(timings.do(job("lenet-digits", probe=False) | told))
        assert timed["examples"] == timed["steps"] * 16

    @pytest.mark.parametrize("mode", ["train", "infer"])
    def test_times_and_sizes_up(self, mode: str) -> None:
        timed = vars(timings.do(job("lenet-digits", mode=mode)))
        assert timed["examples"] == timed["steps"] * 16
        assert min(timed["seconds"]) > 0
        assert min(timed["gemm_tflops"], timed["conv_tflops"]) > 0
        assert timed["during"]["seconds"] >= sum(timed["seconds"])
        assert (timed["batch_seconds"] is not None) == (mode == "infer")
        size = vars(timings.do(job("lenet-digits", mode=mode, task="size")))
        assert size["parameters"] == 61706
        assert size["parameter_bytes"] == 4 * 61706
        assert (size["activation_bytes"] is None) == (mode == "infer")
        assert size["process_peak_bytes"] > 2**26

    def test_operations_are_torch_s_own_count(self) -> None:
        """416,520 multiply-adds forward; backward twice as many, but for the gradient of the images (c1's 117,600)."""
        forward = vars(timings.do(job("lenet-digits", mode="infer", task="size")))
        train = vars(timings.do(job("lenet-digits", task="size")))
        assert forward["flop_per_step"] == 16 * 2 * 416_520
        assert train["flop_per_step"] == 16 * 2 * (3 * 416_520 - 117_600)

    def test_requests_wait_and_are_served(self) -> None:
        asked = job("lenet-digits", mode="infer", least_seconds=0.2, most_seconds=0.2, arrivals_per_second=40.0)
        timed = timings.do(asked | {"arrivals_seed": 0, "probe": False})
        assert isinstance(timed, Timing)
        assert len(timed.waiting_seconds or ()) == len(timed.service_seconds or ()) > 0
        assert min(timed.service_seconds or ()) > 0

    def test_a_profile_has_the_operations_of_ten_steps_and_a_trace(self, tmp_path: Path) -> None:
        """As many FLOP as torch counts in ten steps."""
        trace = tmp_path / "trace.json.gz"
        found = timings.do(job("lenet-digits", task="profile", trace=str(trace)))
        assert isinstance(found, Profile)
        assert sum(row["flop"] or 0 for row in found.operations) == 10 * 16 * 2 * (3 * 416_520 - 117_600)
        assert min(found.tflops, found.gb_per_second, found.launch_seconds) > 0
        assert trace.exists()

    def test_random_images_fit_the_model(self) -> None:
        """CIFAR-10 is not on disk in tests."""
        size = vars(timings.do(job("resnet-20", synthetic=True, task="size")))
        assert (size["parameters"], size["batch_size"]) == (269_722, 32)

    def test_random_images_that_fit_no_model_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="get the data first"):
            timings.do(job(own.write(tmp_path, "plain"), synthetic=True))

    def test_the_smallest_batch_that_is_nearly_as_fast_is_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seconds = {16: 1.0, 32: 1.01, 64: 1.98, 128: 9.0}  # 16, 31.7, 32.3 and 14 a second

        def fake(built: Bench, mode: str) -> float:
            return seconds[built.trials[0].recipe.training.arguments["batch_size"]]

        monkeypatch.setattr(timings, "_step_seconds", fake)
        assert timings.do(job("lenet-digits", task="choose")).batch_size == 32

    def test_batches_larger_than_memory_are_not_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fake(built: Bench, mode: str) -> float:
            if built.trials[0].recipe.training.arguments["batch_size"] > 64:
                raise torch.OutOfMemoryError
            return 1.0

        monkeypatch.setattr(timings, "_step_seconds", fake)
        found = timings.do(job("lenet-digits", task="choose"))
        assert found == Batch(64, 64, "128 is out of memory")


@pytest.mark.parametrize(
    ("text", "sizes"), [("32", [32]), ("32,128, 512", [32, 128, 512]), ("auto", ["auto"]), ("8,auto,8", [8, "auto"])]
)
def test_batch_sizes_as_written(text: str, sizes: list[object]) -> None:
    assert timing.parse_batch_sizes(text) == sizes


@pytest.mark.parametrize("text", ["", "0", "-1", "3.5", "many", "32,,64"])
def test_batch_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match="--batch-size"):
        timing.parse_batch_sizes(text)


def test_importing_the_verb_loads_neither_torch_nor_pandas() -> None:
    code = "import dlbench.cli.time, sys; sys.exit(bool({'torch', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
