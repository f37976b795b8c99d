from itertools import islice

import pytest
import torch

from dlbench.errors import InputError
from dlbench.training.capture import EAGER_STEPS, Capture
from dlbench.trials import plan, setup

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


def test_a_device_without_graphs_is_refused():
    with pytest.raises(InputError, match="cpu knows no CUDA graphs"):
        Capture(torch.device("cpu"))
    with pytest.raises(InputError, match="--cuda-graphs: cpu knows no CUDA graphs"):
        plan.trials(["lenet-digits"], device="cpu", cuda_graphs=True)


def test_graphs_are_part_of_a_trial_and_older_trials_keep_their_names():
    [plain] = plan.trials(["lenet-digits"], device="cpu", seeds=[0])
    assert "cuda_graphs" not in plain.execution.identity
    assert plain.execution.as_dict()["cuda_graphs"] is False


@needs_cuda
@pytest.mark.parametrize("name", ["lenet-digits", "adding-lstm-modern"])
def test_a_replayed_step_is_the_step_itself(name):
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        by_step, replayed = (_losses(name, graphs) for graphs in (False, True))
    finally:
        torch.use_deterministic_algorithms(False)
    assert replayed == by_step
    assert len(set(replayed)) > EAGER_STEPS


def _losses(name, graphs):
    [trial] = plan.trials([name], device="cuda", seeds=[0], budget="short", cuda_graphs=graphs)
    built = setup.build([trial])
    return [float(step.loss) for step in islice(built.train(built.model), 20)]
