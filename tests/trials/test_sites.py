from dataclasses import replace

import pytest

from dlbench.errors import InputError
from dlbench.trials import plan, sites
from dlbench.trials.sites import Answer, Site

NODE = Site("cpu", 4, True, "fp32", "1a2b3c4d", "node a")


def answer(site=NODE, **software):
    return Answer(site, sites.software() | software)


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (answer(torch="1.0"), "node b: has torch 1.0, here it is "),
        (answer(**{"dlbench's code": "0"}), "node b: has dlbench's code 0, here it is "),
        (answer(replace(NODE, fingerprint="ffff")), "node b: is not like node a (fingerprint ffff, not 1a2b3c4d)"),
        (answer(replace(NODE, device="cuda:0")), "node b: is not like node a (device cuda:0, not cpu)"),
        ("--device cuda: not on this machine", "node b: --device cuda: not on this machine"),
    ],
)
def test_nodes_that_are_not_alike_are_refused_by_name(other, line):
    with pytest.raises(InputError) as refused:
        sites.agreed({"node a": answer(), "node b": other})
    assert str(refused.value).startswith(line)


def test_the_smallest_of_nodes_that_are_alike_says_how_much_room_there_is():
    site = sites.agreed({"node a": answer(), "node b": answer(replace(NODE, cores=2))})
    assert (site.node, site.cores) == ("node b", 2)


@pytest.mark.parametrize(
    ("node", "gpus", "threads", "jobs"),
    [(None, 0, 1, 1), ("a", 0, None, 1), ("a", 0, 1, 4), ("a", 0, 3, 1), ("a", 2, None, 2), ("a", 2, 4, 1)],
)
def test_a_node_takes_as_many_as_it_has_room_for_and_this_machine_one(node, gpus, threads, jobs):
    assert replace(NODE, node=node, gpus=gpus).jobs(threads) == jobs


def test_a_plan_is_of_the_site_and_not_of_this_machine():
    [trial] = plan.trials(["lenet-digits"], seeds=[0], threads=2, precision="auto", site_of=lambda device: NODE)
    execution = trial.execution
    assert (execution.threads, execution.jobs, execution.precision, trial.fingerprint) == (2, 2, "fp32", "1a2b3c4d")
    for option, words in (({"threads": 5}, "--threads 5"), ({"jobs": 5}, "--jobs 5")):
        with pytest.raises(InputError, match=f"{words}: node a has 4 cores for trials"):
            plan.trials(["lenet-digits"], seeds=[0], site_of=lambda device: NODE, **option)
