"""The costliest operations and the picture under the roof, from a profile made up: 2 TFLOP/s, 100 GB/s."""

from dataclasses import asdict

import pytest

from dlbench.measure.roofline import Operation
from dlbench.records import events
from dlbench.records.events import Profile
from dlbench.report import roofline

ROWS = [
    Operation("aten::convolution", calls=20, seconds=0.06, flop=60 * 10**9, bytes=10**9),
    Operation("aten::add", calls=10, seconds=0.02, bytes=10**9),
    Operation("aten::mm", calls=10, seconds=0.01, flop=10**9, bytes=10**9),
    *(Operation(f"triton_{number}", calls=1, seconds=0.001) for number in range(10)),
]
PROFILE = Profile(10, 0.12, [asdict(row) for row in ROWS], 2.0, 100.0, 1e-6)


def test_ten_rows_with_their_bounds() -> None:
    table = roofline.table(PROFILE, "lenet-5 infer")
    first, second, third, fourth, *_ = table.frame.to_dict("records")
    assert len(table.frame) == 10
    assert (first["operation"], first["bound"], first["calls"]) == ("aten::convolution", "compute", 20)
    assert (first["time_percent"], first["achieved_tflops"], first["flop_per_byte"]) == pytest.approx((60, 1, 60))
    assert [first["roof_percent"], second["roof_percent"]] == pytest.approx([50, 50])
    assert (second["bound"], third["bound"], third["roof_percent"]) == ("memory", "memory", pytest.approx(100))
    assert fourth["bound"] is None
    assert "meet at 20 FLOP per byte" in table.notes[0]
    assert "3 others are not shown" in table.notes[1]


def test_a_profile_survives_the_way_from_the_worker() -> None:
    back = events.of_message(events.message(PROFILE))
    assert isinstance(back, Profile)
    assert roofline.operations(back) == ROWS


def test_dots_lie_at_their_intensity_and_speed_under_the_roof() -> None:
    drawn = roofline.figure(PROFILE, "lenet-5 infer", "AMD EPYC")
    (axes,) = drawn.axes
    roof, mm, convolution = axes.lines
    assert list(roof.get_ydata())[1:] == pytest.approx([2, 2])
    assert [*mm.get_xdata(), *mm.get_ydata()] == pytest.approx([1, 0.1])
    assert [*convolution.get_xdata(), *convolution.get_ydata()] == pytest.approx([60, 1])
    assert "aten::convolution 60 %" in [text.get_text() for text in axes.texts]
    assert "30 % of the time (aten::add 20 %" in " ".join(drawn.texts[0].get_text().split())
