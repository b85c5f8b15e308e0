from datetime import datetime, time

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.readers import values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("112011.00", time(11, 20, 11)),
        ("104830.351370", time(10, 48, 30, 351370)),
        ("1120", time(11, 20)),
        ("11", None),
        ("11:20:11", time(11, 20, 11)),
        ("235960", time(23, 59, 59)),
        ("245000", None),
        ("11201", None),
        ("soon", None),
        ("", None),
    ],
)
def test_clock(text: str, expected: time | None) -> None:
    assert values.clock(text) == expected


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("20240301093000.5", "", datetime(2024, 3, 1, 9, 30, 0, 500000)),
        ("20240301093000+0200", "", datetime(2024, 3, 1, 9, 30)),
        ("20240301093000+0000", "+0100", datetime(2024, 3, 1, 10, 30)),
        ("20240301003000+0200", "-0100", datetime(2024, 2, 29, 21, 30)),
        ("20240301", "", None),
        ("20241301093000", "", None),
        ("", "", None),
    ],
)
def test_date_time(text: str, zone: str, expected: datetime | None) -> None:
    assert values.date_time(text, zone) == expected


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))
def test_date_time_round_trip(moment: datetime) -> None:
    text = moment.strftime("%Y%m%d%H%M%S.%f")
    assert values.date_time(text) == moment
    assert values.moment(text[:8], text[8:]) == moment


def test_numbers_from_bytes_and_from_values() -> None:
    dataset = pydicom.Dataset()
    dataset.ImagePositionPatient = [1.5, -2, 3e2]
    dataset.Rows = 7
    assert values.numbers(dataset, "ImagePositionPatient") == (1.5, -2.0, 300.0)
    assert values.number(dataset, "Rows") == 7.0
    assert values.number(dataset, "Columns") is None
    assert values.number(dataset, "ImagePositionPatient") is None
    assert values.texts(dataset, "CorrectedImage") == ()
