"""Bounds worked by hand: a device of 100 FLOP and 10 bytes a second, that launches in a hundredth of one."""

import pytest

from dlbench.measure.roofline import Operation, Roof

ROOF = Roof(100.0, 10.0, 0.01)


@pytest.mark.parametrize(
    ("operation", "bound", "share"),
    [
        (Operation("mm", calls=1, seconds=4.0, flop=200, bytes=10), "compute", 0.5),  # 2 s, 1 s
        (Operation("mv", calls=1, seconds=4.0, flop=50, bytes=10), "memory", 0.25),  # 0.5 s, 1 s
        (Operation("add", calls=2, seconds=4.0, bytes=20), "memory", 0.5),
        (Operation("view", calls=50, seconds=1.0, bytes=0), "launch", 0.5),
        (Operation("small", calls=100, seconds=2.0, flop=10, bytes=5), "launch", 0.5),  # 0.1 s, 0.5 s, 1 s
        (Operation("kernel", calls=1, seconds=1.0), None, None),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_longest_of_three_times_bounds(operation: Operation, bound: str | None, share: float | None) -> None:
    assert (ROOF.bound(operation), ROOF.share(operation)) == (bound, share)


def test_the_roof_bends_where_arithmetic_takes_as_long_as_memory() -> None:
    assert ROOF.ridge == 10
    assert [ROOF.at(intensity) for intensity in (1, 10, 100)] == [10, 100, 100]
    assert Operation("mm", calls=1, seconds=1.0, flop=200, bytes=20).intensity == ROOF.ridge
