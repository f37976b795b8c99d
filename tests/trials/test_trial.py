import json
import math

import own
import pytest
import torch

from dlbench.errors import InputError
from dlbench.numbers import NoResult
from dlbench.records import store
from dlbench.trials import plan, runner, setup, trial

TINY = ["data.train_examples=64", "data.test_examples=40", "training.epochs=2", "curve.points=3", "curve.examples=20"]


def events(name="lenet-digits", seeds=(0,), settings=TINY, budget="short"):
    trials = plan.trials([name], device="cpu", seeds=list(seeds), budget=budget, settings=list(settings), threads=1)
    return list(trial.run(setup.build(trials)))


def of_kind(found, kind, index=0):
    return [vars(event) for event in found if event.index == index and event.kind == kind]


def without_times(event):
    return {key: value for key, value in event.items() if "seconds" not in key and key != "peak_memory_bytes"}


def test_a_run_is_ready_laps_looks_a_final_score_and_an_end():
    found = events()
    kinds = [event.kind for event in found]
    assert kinds[:2] == ["ready", "estimate"]
    assert kinds[-2:] == ["score", "end"]
    ready = of_kind(found, "ready")[0]
    assert (ready["train_examples"], ready["test_examples"], ready["parameters"]) == (64, 40, 61706)
    laps, end = of_kind(found, "lap"), of_kind(found, "end")[0]
    assert end["status"] == "finished"
    assert sum(lap["examples"] for lap in laps) == end["examples"] == 2 * 64
    assert sum(lap["seconds"] for lap in laps) == pytest.approx(end["training_seconds"])
    assert laps[-1]["step"] == end["steps"] == 8
    looks = [score for score in of_kind(found, "score") if not score["final"]]
    assert [look["step"] for look in looks] == [2, 4, 6]


def test_the_final_score_is_of_the_last_step_on_all_examples():
    found = events()
    final = of_kind(found, "score")[-1]
    assert final["final"]
    assert final["step"] == 8
    assert final["examples_per_split"] is None
    by_hand = setup.build(plan.trials(["lenet-digits"], device="cpu", seeds=[0], settings=TINY))
    for _ in by_hand.train(by_hand.model):
        pass
    by_hand.model.eval()
    wrong = by_hand.model(by_hand.data.prepare(by_hand.data.test.inputs)).argmax(1) != by_hand.data.test.targets
    assert final["metrics"]["test_error_percent"] == pytest.approx(100 * wrong.float().mean().item())


def test_the_same_seed_gives_the_same_run_whatever_is_looked_at_on_the_way():
    """Neither the estimate nor the curve may touch the learning: the final score does not depend on them."""
    one, other = events(), events()
    assert [without_times(e) for e in of_kind(one, "lap")] == [without_times(e) for e in of_kind(other, "lap")]
    blind = events(settings=[*TINY, "curve.points=0"])
    assert of_kind(blind, "score")[-1]["metrics"] == of_kind(one, "score")[-1]["metrics"]
    assert of_kind(events(seeds=[1]), "score")[-1]["metrics"] != of_kind(one, "score")[-1]["metrics"]


def test_dropout_too_repeats_with_its_seed(real_data, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(real_data))
    one, other = (
        events("alexnet-cifar", settings=[], budget="smoke"),
        events("alexnet-cifar", settings=[], budget="smoke"),
    )
    assert of_kind(one, "score")[-1]["metrics"] == of_kind(other, "score")[-1]["metrics"]


def test_a_loss_that_is_not_finite_ends_the_trial_as_diverged():
    found = events(settings=[*TINY, "training.lr=1e30", "model.activation=relu"])
    assert not math.isfinite(of_kind(found, "lap")[-1]["loss"])
    end = of_kind(found, "end")[0]
    assert end["status"] == "diverged"
    assert "learning rate" in end["message"]
    assert not [score for score in of_kind(found, "score") if score["final"]]


TOGETHER = {  # alone and not in a block, their copies differ after so many steps
    "mlp-xor": "training.steps=50",
    "xor-direct": "training.sweeps=50",
    "sawtooth-trained": "training.steps=50",
    "wave-sgd-16": "training.steps=30",
}


@pytest.mark.parametrize("name", TOGETHER)
def test_seeds_that_learn_together_end_as_they_would_alone_bit_for_bit(name):
    def ends(seeds):
        found = events(name, seeds=seeds, settings=[TOGETHER[name], "curve.points=0"])
        scores, weights = (
            [of_kind(found, kind, i)[-1][key] for i in range(len(seeds))]
            for kind, key in (("score", "metrics"), ("end", "weights_digest"))
        )
        return dict(zip(seeds, zip(scores, weights, strict=True), strict=True))

    everyone = ends(range(37))  # a block and a few
    assert len({weights for _, weights in everyone.values()}) == 37
    for some in ([0], [5, 1], [1, 33], range(20, 37)):
        for seed, end in ends(list(some)).items():
            assert end == everyone[seed], f"seed {seed} of {list(some)}"


def test_a_rule_that_stops_early_keeps_its_counts():
    found = events("perceptron", settings=[])
    final = of_kind(found, "score")[-1]["metrics"]
    assert final["train_right"] == 4
    assert 0 < final["mistakes"] <= final["novikoff_bound"]
    assert of_kind(found, "end")[0]["steps"] < 100


def test_the_expected_time_is_told_for_this_and_for_the_full_budget():
    estimate = of_kind(events(settings=[], budget="smoke"), "estimate")[0]
    assert 0 < estimate["seconds"] < estimate["full_seconds"]
    same = of_kind(events(settings=TINY), "estimate")[0]  # what is set is set for the full budget as well
    assert same["seconds"] == pytest.approx(same["full_seconds"])


def test_a_seed_that_diverges_ends_alone(tmp_path):
    """One copy whose weights are not finite, among others that learn beside it."""
    trials = plan.trials(["mlp-xor"], device="cpu", seeds=range(3), settings=["training.steps=20"])
    built = setup.build(trials)
    with torch.no_grad():
        next(iter(built.model.parameters()))[1] = math.nan
    found = list(trial.run(built))
    assert [of_kind(found, "end", i)[0]["status"] for i in range(3)] == ["finished", "diverged", "finished"]
    assert not [score for score in of_kind(found, "score", 1) if score["final"]]


def test_seeds_may_not_share_what_they_draw():
    shared = ["training.batch_size=2"]
    with pytest.raises(InputError, match="only for full batches"):
        events("mlp-xor", settings=shared)


def test_weights_start_from_the_seed_on_the_cpu():
    trials = plan.trials(["resnet-20"], device="cpu", seeds=[4], budget="smoke")
    one = setup._model(trials[0], torch.device("cpu"))
    torch.rand(3)
    other = setup._model(trials[0], torch.device("cpu"))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_half_precision_is_used_in_steps_and_nowhere_else():
    trials = plan.trials(["lenet-digits"], device="cpu", seeds=[0], settings=TINY, precision="bf16")
    half, full = setup.build(trials), setup.build(plan.trials(["lenet-digits"], device="cpu", seeds=[0], settings=TINY))
    seen = []
    half.model.c3.register_forward_hook(lambda module, given, output: seen.append(output.dtype))
    for _ in half.train(half.model):
        assert not torch.is_autocast_enabled("cpu")
    assert set(seen) == {torch.bfloat16}
    for _ in full.train(full.model):
        pass
    assert half.model.c3.weight.dtype == torch.float32
    assert not torch.equal(half.model.c3.weight, full.model.c3.weight)
    torch.testing.assert_close(half.model.c3.weight, full.model.c3.weight, rtol=0.1, atol=0.02)


@pytest.mark.slow
def test_a_compiled_net_learns_what_the_plain_one_learns(real_data, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(real_data))
    trials = [plan.trials(["resnet-20"], device="cpu", seeds=[0], budget="smoke", compile=c)[0] for c in (False, True)]
    if not trials[1].execution.compile:
        pytest.skip("no C++ compiler")
    plain, compiled = ([e for e in trial.run(setup.build([t])) if e.kind == "lap"] for t in trials)
    assert plain[-1].step == compiled[-1].step == 4
    assert compiled[0].loss == pytest.approx(plain[0].loss, rel=1e-3)  # the first step starts from equal weights


SCORES = """import math, torch

def of_numpy(model, data, examples):
    import numpy
    return {"error_percent": numpy.float32(3.5), "loss": torch.tensor(0.25)}

def truth(model, data, examples):
    return {"error_percent": True}

def column(model, data, examples):
    return {"error_percent": 3.5, "examples": 7}

def nothing(model, data, examples):
    return {}

def infinite(model, data, examples):
    return {"error_percent": 3.5, "ratio": math.inf}
"""


def scored(folder, name):
    """Events of a recipe with a score of one's own, and the outcome's message; it looks after 4 of 8 steps."""
    path = own.write(folder, "plain")
    (folder / "scores_of_mine.py").write_text(SCORES)
    (folder / "plain.yaml").write_text(
        (folder / "plain.yaml").read_text().replace("classification_error", f"scores_of_mine.{name}")
    )
    [outcome] = runner.run(plan.trials([path], device="cpu", seeds=[0]), folder / "out")
    return [json.loads(line) for line in outcome.path.read_text().splitlines()], outcome


def test_numbers_of_numpy_and_torch_are_kept_as_numbers(tmp_path):
    events, outcome = scored(tmp_path, "of_numpy")
    assert outcome.status == "finished"
    [metrics] = [event["metrics"] for event in events if event["event"] == "score" and event["final"]]
    assert metrics == {"train_error_percent": 3.5, "train_loss": 0.25, "test_error_percent": 3.5, "test_loss": 0.25}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("truth", "the score scores_of_mine.truth: error_percent is True, which is no number"),
        ("column", "no metric may be called test_examples or train_examples: runs have a column of that name"),
        ("nothing", "the score gives no number for any split of the data"),
    ],
)
def test_a_score_that_gives_no_result_fails_at_its_first_look(tmp_path, name, said):
    events, outcome = scored(tmp_path, name)
    assert (outcome.status, outcome.message, outcome.has_traceback) == ("failed", said, False)
    assert [event["step"] for event in events if event["event"] == "lap"][-1] == 4


def test_an_infinite_metric_is_named_and_is_no_infinite_loss(tmp_path):
    events, outcome = scored(tmp_path, "infinite")
    assert outcome.status == "diverged"
    assert outcome.message == "train_ratio is inf, test_ratio is inf in the end, not a finite number"
    assert "NaN" not in outcome.path.read_text()
    [final] = [event for event in events if event["event"] == "score" and event["final"]]
    assert final["metrics"]["test_ratio"] == "Infinity"
    assert list(store.curves(tmp_path / "out")["test_ratio"]) == [math.inf, math.inf]


def test_a_count_that_is_no_number_is_named():
    with pytest.raises(NoResult, match="the learning rule's count mistakes is True, which is no number"):
        trial._plain({"mistakes": True})
    assert trial._plain({"mistakes": torch.tensor([1.0, 2.0]), "sweeps": 3}) == {"mistakes": [1.0, 2.0], "sweeps": 3}
