import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.records import store
from dlbench.records.events import line
from dlbench.trials import forecast, plan, runner


@pytest.fixture
def trial():
    return plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, budget="smoke")[0]


def test_nothing_is_foretold_without_a_finished_run(trial, tmp_path):
    assert forecast.from_runs(tmp_path / "nowhere")(trial) is None
    assert forecast.from_runs(tmp_path)(trial) is None
    path = trial.path(tmp_path)
    path.parent.mkdir()
    path.write_text(line(trial.start()))
    assert forecast.from_runs(tmp_path)(trial) is None
    assert forecast.words(None) == "how long is unknown"


def test_a_run_of_this_machine_foretells_the_next_and_one_of_another_says_so(trial, tmp_path):
    [outcome] = runner.run([trial], tmp_path)
    seconds = store.load(tmp_path)["wall_seconds"].item()
    assert forecast.from_runs(tmp_path)(trial) == forecast.Forecast(seconds, is_here=True)
    outcome.path.write_text(outcome.path.read_text().replace(trial.fingerprint, "elsewhere"))
    found = forecast.from_runs(tmp_path)(trial)
    assert found == forecast.Forecast(seconds, is_here=False)
    assert forecast.words(found).endswith(" elsewhere")


def test_the_sum_is_shared_by_what_runs_at_once_and_says_what_it_lacks():
    known = forecast.Forecast(1800, is_here=True)
    assert forecast.total([known, known], jobs=2) == "about 30 min"
    assert forecast.total([known, None], jobs=1) == "about 30 min and 1 of which nobody knows how long they take"


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 70))
def test_a_schedule_is_as_long_as_graham_s_bounds_say(seconds, workers):
    """None is shorter than an even share or the longest trial; a list's is at most (2 - 1/workers) times that."""
    shortest = max(sum(seconds) / workers, max(seconds))
    length = forecast.makespan(seconds, workers)
    assert shortest * (1 - 1e-9) <= length <= (2 - 1 / workers) * shortest * (1 + 1e-9)


def test_a_long_trial_at_the_end_makes_the_others_wait_for_it():
    assert forecast.makespan([1, 1, 2], 2) == 3
    assert forecast.makespan([2, 1, 1], 2) == 2


def test_a_run_of_another_budget_foretells_by_its_speed_and_the_examples_to_be_seen(tmp_path):
    trials = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, settings=["training.epochs=1"])
    runner.run(trials, tmp_path)
    run = store.load(tmp_path).iloc[0]
    [full] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, budget="full")
    seconds = full.recipe.training.arguments["epochs"] * run["train_examples"] / run["examples_per_second"]
    expected = forecast.from_runs(tmp_path)(full)
    assert expected == forecast.Forecast(pytest.approx(seconds), is_here=True, budget="short")
    assert forecast.words(expected).endswith(" by the speed at short")


def test_a_part_of_a_data_set_does_not_tell_how_large_all_of_it_is(trial, tmp_path):
    runner.run([trial], tmp_path)
    [full] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, budget="full")
    assert forecast.from_runs(tmp_path)(full) is None
