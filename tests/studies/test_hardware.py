"""Speeds by platform on constructed runs with known medians, ratios and yields."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import studied

from dlbench.report.formats.terminal import page as terminal
from dlbench.studies.hardware import timed

hardware = studied.tables("hardware")

Make = Callable[..., dict[str, Any]]
USUAL = {
    "threads": 2,
    "jobs": 1,
    "precision": "fp32",
    "compile": False,
    "channels_last": True,
    "processes": 1,
    "torch": "2.15.0",
}
H100 = {"device": "cuda:0", "machine": "NVIDIA H100", "fingerprint": "ffff0000", "threads": 16}


@pytest.fixture
def seeds(run: Make) -> Callable[..., list[dict[str, Any]]]:
    """Runs of one recipe on one platform with these speeds, seed 0 first."""

    def make(speeds: list[float], recipe: str = "resnet-20", **columns: Any) -> list[dict[str, Any]]:
        return [run(recipe, seed, examples_per_second=speed, **(USUAL | columns)) for seed, speed in enumerate(speeds)]

    return make


def test_median_speed_up_and_yield(seeds: Callable[..., list[Any]]) -> None:
    gpu = seeds([21_000, 20_000, 50_000], training_seconds=10.0, joules=4000.0, **H100)
    gpu[2]["joules"] = None
    speed, platforms, _ = hardware(pd.DataFrame([*gpu, *seeds([200, 210, 190])]))
    rows = speed.frame.set_index("platform")
    assert list(rows.index) == ["cpu", "cuda:0"]  # slowest first
    assert rows["median_examples_per_second"].tolist() == [200, 21_000]
    assert rows["speed_up"].tolist() == [1, 105]
    assert rows["seed_spread_percent"]["cpu"] == pytest.approx(10)
    # 21,000 and 20,000 examples a second for 10 s at 4,000 J; the third seed's energy was not counted
    assert rows["median_examples_per_joule"]["cuda:0"] == pytest.approx((52.5 + 50) / 2)
    assert rows["median_examples_per_joule"]["cpu"] is None
    assert platforms.frame[["machine", "threads"]].to_numpy().tolist() == [
        ["AMD EPYC, 2 cores, 23 GiB", 2], ["NVIDIA H100", 16],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "labels"),
    [
        ("threads", 1, ["cpu, threads 1", "cpu, threads 2"]),
        ("precision", "bf16", ["cpu, precision bf16", "cpu, precision fp32"]),
        ("compile", True, ["cpu, compile on", "cpu, compile off"]),
        ("channels_last", False, ["cpu, channels last off", "cpu, channels last on"]),
        ("processes", 2, ["cpu, processes 2", "cpu, processes 1"]),
        ("torch", "2.11.0", ["cpu, torch 2.11.0", "cpu, torch 2.15.0"]),
        ("fingerprint", "other", ["cpu, fingerprint other", "cpu, fingerprint 1a2b3c4d"]),
    ],
)
def test_what_a_speed_depends_on_is_a_row_of_its_own(
    seeds: Callable[..., list[Any]], column: str, value: object, labels: list[str]
) -> None:
    speed, platforms, _ = hardware(pd.DataFrame([*seeds([100.0], **{column: value}), *seeds([150.0])]))
    assert speed.frame["platform"].tolist() == labels == platforms.frame["platform"].tolist()
    assert speed.frame["median_examples_per_second"].tolist() == [100, 150]
    assert speed.frame["speed_up"].tolist() == [1, 1.5]


def test_seeds_that_overlap_give_no_speed_up(seeds: Callable[..., list[Any]]) -> None:
    speed, *_ = hardware(pd.DataFrame([*seeds([100, 104]), *seeds([103, 109], threads=4), *seeds([105], threads=8)]))
    assert dict(zip(speed.frame["platform"], speed.frame["speed_up"], strict=True)) == {
        "cpu, threads 2": 1, "cpu, threads 8": pytest.approx(105 / 102), "cpu, threads 4": None,
    }  # fmt: skip


def test_only_the_same_work_is_compared(seeds: Callable[..., list[Any]]) -> None:
    wide = {"recipe_digest": "wide", "recipe_json": {"source": "", "model": {"name": "mlp", "width": 99}}}
    full = seeds([700], budget="full", **H100)
    speed, *_ = hardware(pd.DataFrame([*seeds([100]), *seeds([300], **H100), *seeds([50], **wide), *full]))
    found = [
        (row["variant"] is not None and "width=99" in row["variant"], row["budget"], row["median_examples_per_second"])
        for row in speed.frame.to_dict("records")
    ]
    assert sorted(found) == [(False, "full", 700), (False, "short", 100), (False, "short", 300), (True, "short", 50)]
    ups = dict(zip(speed.frame["median_examples_per_second"], speed.frame["speed_up"], strict=True))
    assert ups == {100: 1, 300: 3, 50: None, 700: None}
    variants = speed.frame.set_index("median_examples_per_second")["variant"]
    assert variants[100] == variants[300]  # the same name on every platform


def test_a_newer_run_replaces_an_older_one_on_its_own_platform_only(seeds: Callable[..., list[Any]]) -> None:
    old, new = seeds([100], started="2026-01-01"), seeds([120], started="2026-02-01")
    other = seeds([90], started="2026-03-01", threads=1)
    speed, *_ = hardware(pd.DataFrame([*new, *other, *old]))
    assert speed.frame["median_examples_per_second"].tolist() == [90, 120]


def test_unsteady_and_lone_seeds_are_named(seeds: Callable[..., list[Any]]) -> None:
    speed, *_ = hardware(pd.DataFrame([*seeds([100, 112]), *seeds([100, 105], "plain-20"), *seeds([9], "lenet")]))
    (unsteady,) = [note for note in speed.notes if note.startswith("Not steady")]
    assert "resnet-20 (short, cpu)" in unsteady
    assert "plain-20" not in unsteady
    assert any("one seed" in note for note in speed.notes)


def test_what_cannot_be_timed_is_left_out_and_counted(seeds: Callable[..., list[Any]]) -> None:
    batched = {"source": "", "together": "model", "model": {"name": "mlp"}}
    failed = seeds([0], "alexnet", status="failed", message="out of memory")
    left_out = [*seeds([1], budget="smoke"), *seeds([2, 3], "mlp-xor", recipe_json=batched), *failed]
    speed, _ = hardware(pd.DataFrame(left_out))
    assert speed.frame.empty
    assert "Not counted, too short to time (smoke): 1." in speed.notes
    assert "Not counted, seeds learn together as one batched model and share a time: 2." in speed.notes
    assert any("out of memory" in note for note in speed.notes)


def test_no_runs_give_no_rows() -> None:
    assert list(timed(pd.DataFrame())) == []


@pytest.mark.parametrize("width", [80, 120])
def test_two_platforms_fit_the_page(seeds: Callable[..., list[Any]], width: int) -> None:
    gpu = seeds([21_000, 20_500], joules=4000.0, **H100)
    text = terminal(hardware(pd.DataFrame([*gpu, *seeds([200, 199]), *seeds([100], threads=1)])), width=width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("cpu, threads 1", "20,750", "ffff0000"):
        assert words in text


def test_it_loads_no_torch() -> None:
    code = "import sys, dlbench.studies.hardware; print({'torch', 'matplotlib.pyplot'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
