from itertools import islice

import own
import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from dlbench.errors import InputError
from dlbench.measure import machine
from dlbench.trials import plan, setup, switches

SMALL = ["data.train_examples=50", "data.test_examples=20", "training.batch_size=16"]


def bench(name="lenet-digits", settings=SMALL, budget="short", **chosen):
    [trial] = plan.trials([name], device="cpu", seeds=[0], budget=budget, settings=settings, threads=1, **chosen)
    return switches.build([trial])


def learnt(built, steps=9):
    losses = [float(step.loss) for step in islice(built.train(built.model), steps)]
    return losses, setup.weights_digest(built.model)


def test_what_is_usual_leaves_the_identity_of_a_trial_alone():
    [plain] = plan.trials(["lenet-digits"], device="cpu", seeds=[0])
    others = [
        plan.trials(["lenet-digits"], device="cpu", seeds=[0], **chosen)[0]
        for chosen in ({"optimizer": "loop"}, {"input": "loader"}, {"deterministic": True}, {"channels_last": False})
    ]
    assert set(plain.execution.identity) == {"device", "threads", "channels_last"}
    assert len({trial.digest for trial in [plain, *others]}) == 5


@pytest.mark.parametrize("workers", [0, 1])
def test_a_loader_brings_the_same_batches_in_the_same_order(workers):
    """Three epochs of three batches, and what fills no batch is left out of each."""
    assert learnt(bench(input="loader", workers=workers)) == learnt(bench())


def test_a_loader_augments_as_data_on_the_device_do(real_data, monkeypatch):
    monkeypatch.setenv("DLBENCH_DATA", str(real_data))
    small = ["data.train_examples=40", "data.test_examples=20", "training.batch_size=16"]
    assert learnt(bench("resnet-20", small, input="loader"), 3) == learnt(bench("resnet-20", small), 3)


def test_a_loader_goes_on_in_the_middle_of_an_epoch():
    data, generator = bench(input="loader", workers=1).data, torch.Generator().manual_seed(3)
    batches = data.batches(16, generator)
    next(batches)
    state, dice = batches.state_dict(), generator.get_state()
    wanted = [next(batches)[1].tolist() for _ in range(4)]
    other = torch.Generator()
    other.set_state(dice)
    again = data.batches(16, other)
    again.load_state_dict(state)
    assert [next(again)[1].tolist() for _ in range(4)] == wanted


@pytest.mark.parametrize(
    ("optimizer", "kernel"),
    [("fused", "aten::_fused_sgd_"), ("foreach", "aten::_foreach_add_"), ("loop", "aten::add_")],
)
def test_the_kernels_that_update_the_weights_are_those_asked_for(optimizer, kernel):
    built = bench(optimizer=optimizer)
    steps = built.train(built.model)
    next(steps)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        next(steps)
    inside = {event.key for event in profiled.key_averages()}
    assert kernel in inside
    assert ("aten::_fused_sgd_" in inside, "aten::_foreach_add_" in inside) == (
        optimizer == "fused", optimizer == "foreach",
    )  # fmt: skip
    assert learnt(bench(optimizer=optimizer))[0] == pytest.approx(learnt(bench())[0], rel=1e-4)


def test_a_trial_after_another_has_the_kernels_of_its_own():
    bench(optimizer="loop")
    built = bench()
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        next(built.train(built.model))
    assert "aten::_fused_sgd_" in {event.key for event in profiled.key_averages()}


def test_channels_first_is_how_layers_see_images_too():
    seen = []
    for chosen in (True, False):
        built = bench(channels_last=chosen)
        layer = next(module for module in built.model.modules() if isinstance(module, nn.Conv2d))
        layer.register_forward_hook(
            lambda _, inputs, output: seen.append(output.is_contiguous(memory_format=torch.channels_last))
        )
        next(built.train(built.model))
    assert seen == [True, False]


WITHOUT = """
import torch
from torch import nn


class Putting(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x):
        marked = torch.zeros(10).put_(torch.tensor([1]), torch.tensor([1.0]))
        return super().forward(x) + marked


def putting() -> nn.Module:
    return Putting()
"""


def test_an_operation_without_a_deterministic_form_is_refused_by_name(tmp_path):
    path = own.write(tmp_path, "putting")
    (tmp_path / "nets.py").write_text(WITHOUT)
    try:
        with pytest.raises(InputError, match=r"--deterministic: .*putting.* on cpu: put_ has no deterministic form"):
            bench(path, [], deterministic=True)
        assert learnt(bench(path, []))
        assert not torch.are_deterministic_algorithms_enabled()
        assert learnt(bench(deterministic=True)) == learnt(bench())
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("lenet-digits", {"workers": 2}, "--workers 2: data that lie on the device need none"),
        ("lenet-digits", {"compile_mode": "max-autotune"}, "--compile-mode max-autotune: only with --compile"),
        ("perceptron-xor", {"optimizer": "foreach"}, "perceptron_rule of perceptron-xor is not descent by batches"),
        ("perceptron-xor", {"input": "loader"}, "perceptron_rule of perceptron-xor is not descent by batches"),
    ],
)
def test_switches_that_do_not_go_together_are_refused(name, chosen, message):
    with pytest.raises(InputError, match=message):
        plan.trials([name], device="cpu", **chosen)


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("lenet-digits", {"processes": 3}, "the batch of 16 of lenet-digits cannot be shared evenly"),
        ("lenet-digits", {"processes": 9}, "with 1 threads each they need 9 cores, and there are 8"),
        ("lenet-digits", {"processes": 2, "input": "loader"}, "not with --cuda-graphs or --input loader"),
        ("lenet-digits", {"batch": "local"}, "one process has the whole batch; take --processes 2 or more"),
        ("lenet-digits", {"processes": 0}, "processes: 0: at least 1 is wanted"),
        ("mlp-xor", {"processes": 2}, "the seeds of mlp-xor learn as one model"),
        ("perceptron-xor", {"processes": 2}, "--processes: perceptron_rule of perceptron-xor is not descent by"),
    ],
)
def test_several_processes_are_refused_where_they_cannot_share_the_work(name, chosen, message, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    with pytest.raises(InputError, match=message):
        plan.trials([name], device="cpu", threads=1, **chosen)


def test_threads_are_shared_by_the_processes(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 8)
    [trial] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], processes=4)
    assert trial.execution.threads == 2
    assert trial.execution.identity == {"device": "cpu", "threads": 2, "channels_last": True, "processes": 4}
