"""A gate from end to end: processes that leave the timings a test chose, and once those that measure for real."""

import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import own
import psutil
import pytest
import standin

from dlbench import exits
from dlbench.cli import gate
from dlbench.errors import InputError
from dlbench.judge import environments, measurements, rounds, turns
from dlbench.judge.rounds import Case
from dlbench.records import timing_files

SPEEDS = [1000, 1003, 998, 1001, 996, 1002, 999]
SLOWER = [speed * 0.8 for speed in SPEEDS]


def sides(folder: Path, base: list[Any], head: list[Any], recipe: str = "net") -> tuple[str, str]:
    """Two environments in which a recipe trains at these speeds; the head has another torch."""
    one = standin.write(folder / "base", {recipe: base, "steady": SPEEDS}, "9.0")
    return one, standin.write(folder / "head", {recipe: head, "steady": SPEEDS}, "9.1")


def table(base: str, head: str, names: list[str], **options: Any) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, rows and notes."""
    code = gate.gate(base, head, names, format="json", output=Path("table.json"), **{"count": 5} | options)
    (found,) = json.loads(Path("table.json").read_text())
    return code, found["rows"], "\n".join(found["notes"])


class TestVerdict:
    def test_slower_by_more_than_the_limit(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, (row,), notes = table(*sides(tmp_path, SPEEDS, SLOWER), ["net"])
        assert code == exits.REGRESSION
        assert (row["verdict"], row["outcome"], row["limit"]) == ("slower", "breached", "5%")  # the usual limit
        assert row["ratio"]["value"] == pytest.approx(0.8)
        assert row["ratio"]["n"] == 5
        assert "Compared across torch 9.0 against 9.1" in notes
        assert f"BASE: {tmp_path / 'base'}: Python " in notes
        assert "round 5 of 5 done" in capsys.readouterr().err

    def test_slower_by_less_than_the_limit(self, tmp_path: Path) -> None:
        code, (row,), _ = table(*sides(tmp_path, SPEEDS, SLOWER), ["net"], fail=["examples_per_second:30%"])
        assert (code, row["verdict"], row["outcome"]) == (exits.FINE, "slower", "kept")

    def test_the_same_environment_twice(self, tmp_path: Path) -> None:
        base, _ = sides(tmp_path, SPEEDS, SPEEDS)
        code, (row,), _ = table(base, base, ["net"], strict=True)
        assert (code, row["verdict"], row["outcome"]) == (exits.FINE, "same", "kept")

    def test_one_that_fails_stops_nobody(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, [1000, "out of luck"])
        code, (failed, row), _ = table(base, head, ["net", "steady"])
        assert code == exits.FAILED
        assert (failed["recipe"], failed["verdict"]) == ("net", "failed")
        assert failed["why"] == "head, round 2: out of luck"
        assert (row["recipe"], row["verdict"], row["ratio"]["n"]) == ("steady", "same", 5)
        assert len([words for words in standin.calls(head) if words[0] == "net"]) == 2

    def test_undecided_with_strict(self, tmp_path: Path) -> None:
        noisy = [1000, 700, 1400, 900, 1200]
        base, head = sides(tmp_path, noisy, noisy[::-1])
        assert table(base, head, ["net"])[0] == exits.FINE
        assert table(base, head, ["net"], strict=True)[0] == exits.INCONCLUSIVE

    def test_limits_for_a_recipe_and_a_mode_each(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, SLOWER)
        Path("limits.yaml").write_text(
            "net: {examples_per_second: 30%, test_error_percent: 1}\nother: {ms_per_step: 1%}"
        )
        options: dict[str, Any] = {"limits_file": Path("limits.yaml"), "mode": "both"}
        code, found, _ = table(base, head, ["net"], **options, batch_size="8,16")
        assert code == exits.FINE
        assert {row["outcome"] for row in found} == {"kept"}
        assert len(found) == 4


class TestInTurns:
    """Both sides alive; each pair of processes has its own speeds, and laps scatter by 6 %."""

    def sides(self, folder: Path, head: list[Any], base: list[Any] = SPEEDS) -> tuple[str, str]:
        one = standin.write(folder / "base", {"net": base}, "9.0", turns=True)
        return one, standin.write(folder / "head", {"net": head}, "9.1", turns=True)

    def test_a_clear_answer_ends_it_early(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        base, head = self.sides(tmp_path, SLOWER)
        code, (row,), notes = table(base, head, ["net"], count=10)
        assert (code, row["verdict"], row["outcome"]) == (exits.REGRESSION, "slower", "breached")
        assert 4 <= row["ratio"]["n"] < 10
        assert row["ratio"]["low"] < 0.8 < row["ratio"]["high"]
        assert f"in {row['ratio']['n']} of 10 pairs of processes" in notes
        assert "Haybittle" in notes
        assert "Mann" not in notes
        assert "pair 4: head / base x0." in capsys.readouterr().err

    def test_what_is_alike_is_the_same_in_either_metric(self, tmp_path: Path) -> None:
        fail = ["examples_per_second:5%", "ms_per_step:5%"]
        code, found, _ = table(*self.sides(tmp_path, SPEEDS), ["net"], strict=True, count=10, fail=fail)
        assert code == exits.FINE
        assert [row["verdict"] for row in found] == ["same", "same"]
        assert found[0]["ratio"]["value"] == pytest.approx(1 / found[1]["ratio"]["value"])

    def test_processor_time_tells_what_the_clock_cannot(self, tmp_path: Path) -> None:
        """Two per cent of work more: the clock's laps scatter by 6 %, those of the processor by less than one."""
        head = [speed * 0.98 for speed in SPEEDS]
        fail = ["examples_per_second:1%", "processor_ms_per_step:1%"]
        code, rows, _ = table(*self.sides(tmp_path, head), ["net"], minutes=0.05, fail=fail)
        outcomes = {row["metric"]: row["outcome"] for row in rows}
        assert (code, outcomes) == (
            exits.REGRESSION,
            {"examples_per_second": "undecided", "processor_ms_per_step": "breached"},
        )
        assert rows[1]["ratio"]["value"] == pytest.approx(1 / 0.98)
        assert rows[1]["base"] == pytest.approx(10_000 / 1000, rel=0.01)

    def test_what_nobody_can_tell_says_how_many_minutes_would(self, tmp_path: Path) -> None:
        noisy = [1000, 700, 1400, 900, 1200]
        code, (row,), _ = table(*self.sides(tmp_path, noisy, noisy[::-1]), ["net"], strict=True)
        assert (code, row["ratio"]["n"]) == (exits.INCONCLUSIVE, 5)
        assert "minutes would tell" in row["why"]

    def test_a_side_that_fails(self, tmp_path: Path) -> None:
        code, (row,), _ = table(*self.sides(tmp_path, [1000, "out of luck"]), ["net"])
        assert (code, row["why"]) == (exits.FAILED, "pair 2: head: out of luck")

    def test_an_older_dlbench_is_measured_as_ever(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        base, _ = self.sides(tmp_path, SPEEDS)
        head = standin.write(tmp_path / "old", {"net": SLOWER}, "8.0")
        code, (row,), _ = table(base, head, ["net"])
        assert (code, row["verdict"]) == (exits.REGRESSION, "slower")
        assert "head: takes no turns (an older dlbench)" in capsys.readouterr().err

    def test_minutes_are_those_of_laps(self, tmp_path: Path) -> None:
        """Six seconds a pair of a fifth of a second's blocks, the first of which do not count."""
        a, b = map(environments.find, self.sides(tmp_path, SPEEDS))
        case = Case("net", "train", None)
        taken = turns.take([case], {"a": a, "b": b}, 2, 0.2, [], tmp_path / "out")
        assert [len(blocks) for blocks in taken.turns[case]["seconds"]] == pytest.approx([30, 30], abs=4)
        (laps,) = taken.of(case, "a").query("metric == 'ms_per_step' and replicate == 1")["value"]
        assert laps == pytest.approx(10_000 / SPEEDS[1], rel=0.1)
        assert len(standin.calls(str(tmp_path / "base"))) == 2


class TestInRounds:
    def test_the_order_of_the_sides_is_reversed_every_other_round(self, tmp_path: Path) -> None:
        """The raw files are numbered by round, so `compare` finds them as `dlbench time` leaves them."""
        base, head = sides(tmp_path, SPEEDS, SLOWER)
        both = {"base": environments.find(base), "head": environments.find(head)}
        order: list[str] = []
        watched = {name: _Watched(side, name, order) for name, side in both.items()}
        case = Case("net", "train", None)
        taken = rounds.take([case], watched, 3, [], tmp_path / "out")  # type: ignore[arg-type]
        assert order == ["base", "head", "head", "base", "base", "head"]
        assert taken.values(case, "head", "first_step_seconds") == {k: 1 / SLOWER[k] for k in range(3)}
        frame = measurements.load(tmp_path / "out" / "base")
        assert sorted(set(frame["replicate"])) == [0, 1, 2]

    def test_a_process_that_is_not_steady_gets_others_in_its_place(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, [*SPEEDS[:2], -900, *SPEEDS[2:]], SPEEDS)
        code, (row,), _ = table(base, head, ["net"])
        assert (code, row["verdict"]) == (exits.FINE, "same")
        assert (len(standin.calls(base)), len(standin.calls(head))) == (6, 5)

    def test_but_not_for_ever(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, [-900], SPEEDS)
        code, (row,), _ = table(base, head, ["net"])
        assert (code, row["verdict"]) == (exits.NOTHING_COMPARABLE, "not comparable")
        assert len(standin.calls(base)) == 5 * rounds.ATTEMPTS

    def test_options_reach_both(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, SPEEDS)
        table(base, head, ["net"], mode="infer", batch_size="64", device="cpu", threads=1)
        for words in standin.calls(base) + standin.calls(head):
            assert words[:7] == ["net", "--mode", "infer", "--batch-size", "64", "--device", "cpu"]
            assert words[7:11] == ["--threads", "1", "--min-seconds", "3.0"]

    def test_raw_timings_are_kept_and_never_mixed(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, SPEEDS)
        table(base, head, ["net"], out=tmp_path / "kept")
        assert len(timing_files.load(sorted((tmp_path / "kept" / "head").rglob("*.jsonl")))) == 5
        with pytest.raises(InputError, match="timings of another gate"):
            table(base, head, ["net"], out=tmp_path / "kept")


class TestNullCheck:
    def test_a_quiet_machine_keeps_its_limits(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, SLOWER)
        code, (row,), notes = table(base, head, ["net"], null_check=True)
        assert (code, row["limit"]) == (exits.REGRESSION, "5%")
        assert "comparisons of BASE with itself breach examples_per_second:5%; it holds as it is" in notes
        assert "Null check: 20 processes of BASE in 10 rounds of two" in notes
        assert len(standin.calls(base)) == 20 + 5

    def test_a_noisy_one_gets_wider_ones(self, tmp_path: Path) -> None:
        """Speeds 8 % apart, in no order: a slowdown of 6 % is not to be told from that."""
        noisy = [1000, 1080, 990, 1010, 930, 1060, 950]
        base, head = sides(tmp_path, noisy, [speed * 0.94 for speed in noisy])
        code, (row,), notes = table(base, head, ["net"], null_check=True, fail=["examples_per_second:1%"])
        assert code == exits.FINE
        assert 5 < float(row["limit"].rstrip("%")) < 20
        assert f"chance alone may reach {row['limit']}: widened to that" in notes
        assert "nothing here to hold it against" not in notes

    def test_one_that_cannot_tell_half_the_speed_is_refused(self, tmp_path: Path) -> None:
        """Nothing comparable: code 4, and the head is not even measured. Another recipe goes on."""
        wild = [1000, 100, 4000, 300, 2500, 9000, 50]
        base, head = sides(tmp_path, wild, wild)
        code, (row,), _ = table(base, head, ["net"], null_check=True)
        assert (code, row["verdict"], row["outcome"]) == (exits.NOTHING_COMPARABLE, "not comparable", "undecided")
        assert "base differs from itself by up to" in row["why"]
        assert not Path(head, "calls.jsonl").exists()
        code, found, _ = table(base, head, ["net", "steady"], null_check=True)
        assert code == exits.FINE
        assert [row["verdict"] for row in found] == ["not comparable", "same"]

    def test_one_limit_of_two_refused(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, [1000], [1000])
        main = Path(base, "dlbench", "__main__.py")  # whose first steps are wild
        main.write_text(
            main.read_text().replace("1 / abs(speed)", "1 / abs(speed) * [1, 30, 2, 50, 9, 0.1][number % 6]")
        )
        fail = ["examples_per_second:5%", "first_step_seconds:10%"]
        code, found, _ = table(base, head, ["net"], null_check=True, fail=fail)
        assert code == exits.FINE
        assert {row["metric"]: row["verdict"] for row in found} == {
            "examples_per_second": "same", "first_step_seconds": "not comparable",
        }  # fmt: skip

    def test_a_base_that_fails(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, ["out of luck"], SPEEDS)
        code, (row,), _ = table(base, head, ["net"], null_check=True)
        assert (code, row["why"]) == (exits.FAILED, "null-base, round 1: out of luck")


class TestRefusals:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"count": 3}, "--rounds 3: below 4"),
            ({"batch_size": "auto"}, "--batch-size auto"),
            ({"fail": ["example_per_second:5%"]}, "did you mean 'examples_per_second'"),
            ({"fail": ["test_error_percent:5%"]}, "no metric 'test_error_percent' here; measured: "),
            ({"fail": ["lenet-digit/ms_per_step:5%"]}, "a recipe 'lenet-digit' (did you mean 'lenet-digits'?)"),
            ({"output": Path("nowhere/table.md")}, "nowhere/table.md: cannot be written"),
        ],
    )
    def test_before_anything_runs(self, options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(environments, "find", None)
        with pytest.raises(InputError) as said:
            gate.gate("base", "head", ["lenet-digits"], **options)
        assert message in str(said.value)

    def test_a_recipe_that_one_side_does_not_know(self, tmp_path: Path) -> None:
        base, head = sides(tmp_path, SPEEDS, SPEEDS)
        with pytest.raises(InputError, match=r"base: unknown recipe or study 'other'"):
            gate.gate(base, head, ["other"])

    def test_a_study_stands_for_its_recipes(self) -> None:
        own.write(Path(), "plain")
        Path("mine.yaml").write_text("title: mine\nrecipes: [plain, lenet-digits]")
        assert [case.recipe for case in gate._cases(["mine.yaml"], "train", None)] == ["plain", "lenet-digits"]


class _Watched:
    """An environment that notes whose turn it was."""

    def __init__(self, side: environments.Environment, name: str, order: list[str]) -> None:
        self.side, self.name, self.order = side, name, order
        self.recipe_path, self.folder = side.recipe_path, side.folder

    def dlbench(self, words: list[str]) -> None:
        self.order.append(self.name)
        self.side.dlbench(words)


@pytest.mark.slow
def test_two_folders_with_models_of_one_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round for real: each side trains its own model, and what it measured says so."""
    monkeypatch.setattr(rounds, "ATTEMPTS", 1)
    for side, seconds in (("base", 0.0), ("head", 1.0)):
        (tmp_path / side).mkdir()
        own.write(tmp_path / side, "slow")
        nets = tmp_path / side / "nets.py"
        nets.write_text(nets.read_text().replace("time.sleep(0.5)", f"time.sleep({seconds})"))
    both = {side: environments.find(side) for side in ("base", "head")}
    case = Case("slow.yaml", "train", None)
    options = ["--device", "cpu", "--threads", "1", "--min-seconds", "0.1"]
    taken = rounds.take([case], both, 1, options, tmp_path / "out")
    assert not taken.failed
    speeds = {side: taken.values(case, side, "examples_per_second")[0] for side in both}
    assert speeds["head"] < 10  # it sleeps for a second in each step of ten
    assert speeds["base"] > 20
    (base, head) = (set(taken.of(case, side)["recipe_digest"]) for side in both)
    assert base == head


def test_importing_the_verb_loads_neither_torch_nor_pandas() -> None:
    code = "import dlbench.cli.gate, sys; sys.exit(bool({'torch', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_metrics_are_those_that_a_timing_has(tmp_path: Path) -> None:
    """All but what only some devices, or laps in turns, tell."""
    side = environments.find(standin.write(tmp_path / "side", {"net": [1000]}))
    taken = rounds.take([case := Case("net", "train", None)], {"side": side}, 1, [], tmp_path / "out")
    others = {"examples_per_joule", "device_peak_bytes", "processor_ms_per_step"}
    assert set(gate.METRICS) - others == set(taken.of(case, "side")["metric"])


GATED = Path(__file__).parents[1] / "benchmarks" / "gated"
FORWARD = "        scores: Tensor = "


def project(folder: Path, extra: str = "") -> str:
    """The small project of the benchmarks; extra: what its forward pass does besides."""
    shutil.copytree(GATED, folder, ignore=shutil.ignore_patterns("__pycache__"))
    nets = folder / "mynets.py"
    nets.write_text(nets.read_text().replace(FORWARD, f"{extra}{FORWARD}"))
    return str(folder)


@pytest.mark.slow
class TestForReal:
    def test_a_slowed_model_is_found_and_its_raw_laps_are_kept(self, tmp_path: Path) -> None:
        base = project(tmp_path / "base")
        head = project(tmp_path / "head", "        self.activity = [self.features(images).mean() for _ in range(2)]\n")
        options = {"device": "cpu", "threads": 1, "minutes": 0.2, "count": 4, "out": tmp_path / "kept"}
        code, (row,), _ = table(base, head, ["./mine.yaml"], **options)
        assert (code, row["verdict"], row["outcome"]) == (exits.REGRESSION, "slower", "breached")
        assert row["ratio"]["high"] < 0.95
        kept = timing_files.load(sorted((tmp_path / "kept" / "head").rglob("*.jsonl")))
        assert len(kept) == row["ratio"]["n"] == 4
        assert all(len(laps) >= 6 for laps in kept["seconds"])
        assert (kept["during"].map(lambda reading: reading["seconds"]) >= kept["seconds"].map(sum)).all()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    def test_whatever_ends_it_in_mid_turn_leaves_nobody_behind(self, number: int, tmp_path: Path) -> None:
        base, head = project(tmp_path / "base"), project(tmp_path / "head")
        words = ["gate", base, head, "./mine.yaml", "--threads", "1", "--minutes", "60", "--out", "kept"]
        caller = subprocess.Popen([sys.executable, "-m", "dlbench", *words], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while sum(_takes_laps(child) for child in psutil.Process(caller.pid).children(recursive=True)) < 2:
            assert caller.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        family = psutil.Process(caller.pid).children(recursive=True)
        caller.send_signal(number)
        caller.wait(30)
        assert len(family) == 4  # either side's command and its worker
        _, alive = psutil.wait_procs(family, timeout=30)
        assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


def _takes_laps(child: psutil.Process) -> bool:
    """Whether a worker has been at work for longer than it takes to start."""
    with suppress(psutil.Error):
        return "dlbench.trials.workers.timings" in child.cmdline() and sum(child.cpu_times()[:2]) > 6
    return False
