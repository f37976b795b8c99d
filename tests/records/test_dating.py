"""A run's date is believed only as far as clock and file allow."""

from typing import Any

import pytest

from dlbench.records import dating

NOON = 1_793_534_400.0  # 2026-11-01, 12:00 UTC
DAY = 86_400.0
LATER = "later than its file: its file's date counts"


@pytest.mark.parametrize(
    ("started", "written", "date", "why"),
    [
        ("2026-11-01T11:00:00+00:00", NOON, "2026-11-01T11:00:00+00:00", ""),
        ("2026-11-01T11:00:00Z", NOON, "2026-11-01T11:00:00+00:00", ""),
        ("2026-11-01T13:00:00+02:00", NOON, "2026-11-01T11:00:00+00:00", ""),
        ("2026-11-01T12:04:00+00:00", NOON, "2026-11-01T12:04:00+00:00", ""),  # clocks differ by minutes
        ("2026-11-02T12:00:00+00:00", NOON - 60, "2026-11-01T11:59:00+00:00", "in the future: its file's date counts"),
        (
            "2026-10-31T15:00:00+00:00",
            NOON - DAY,
            "2026-10-31T12:00:00+00:00",
            "later than its file: its file's date counts",
        ),
        ("2026-11-02T12:00:00+00:00", NOON + DAY, dating.UNKNOWN, "in the future: counts as the oldest"),
        ("2026-11-02T12:00:00+00:00", None, dating.UNKNOWN, "in the future: counts as the oldest"),
        ("2026-10-01T12:00:00+00:00", None, "2026-10-01T12:00:00+00:00", ""),
        ("2026-10-01T12:00:00+00:00", 315_532_800.0, "2026-10-01T12:00:00+00:00", ""),  # 1980: an archive without times
        ("long ago", NOON - 60, "2026-11-01T11:59:00+00:00", "which is no date: its file's date counts"),
    ],
)
def test_a_date_is_the_file_s_where_what_it_says_cannot_be(
    started: str, written: float | None, date: str, why: str
) -> None:
    assert dating.believable(started, written, NOON) == (date, why)


def test_many_wrong_dates_are_one_warning() -> None:
    late = "2999-01-01T00:00:00+00:00"
    rows: list[dict[str, Any]] = [{"started": late, "path": f"{n}.jsonl", "written": NOON} for n in range(3)]
    (warning,) = dating.date(rows)
    assert warning.startswith("0.jsonl: dated '2999-01-01")
    assert warning.endswith("in the future: its file's date counts; so are 2 more")
    assert {row["date"] for row in rows} == {"2026-11-01T12:00:00+00:00"}
