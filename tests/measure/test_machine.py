import pytest

from dlbench.errors import InputError
from dlbench.measure import machine


def test_the_fingerprint_is_stable_and_tells_devices_apart():
    here = machine.describe("cpu")
    assert machine.describe("cpu") == here
    assert here["cores"] >= 1
    assert here["memory_gib"] >= 1
    assert len(here["fingerprint"]) == 8


def test_a_device_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match=r"cuda:99: not on this machine.*cpu"):
        machine.resolve_device("cuda:99")
    with pytest.raises(InputError, match="not on this machine"):
        machine.resolve_device("gpu")
    assert machine.resolve_device("cpu") == "cpu"
    assert machine.resolve_device("auto") in [device["device"] for device in machine.devices()]
