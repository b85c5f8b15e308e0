"""What the headers of a study tell, and how few files are opened for it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from pet_mtl.inspection.study import study_facts
from pet_mtl.readers import describe, find_one, find_studies, headers, read_study
from pet_mtl.readers.describe import Scanner, protocol_of, scanner_of

Write = Callable[..., tuple[str, str, str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose header is read."""
    names: list[str] = []
    real = headers.read_header

    def counted(path: Path) -> headers.Header:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(headers, "read_header", counted)
    monkeypatch.setattr(describe, "read_header", counted)
    return names


def test_the_scanner_is_told_by_the_first_pet_file(
    tmp_path: Path, pet_series: Write, ct_series: Write, opened: list[str]
) -> None:
    uids = pet_series(tmp_path / "A" / "PET", change=lambda d, i: setattr(d, "Manufacturer", "X"))
    ct_series(tmp_path / "A" / "CT", uids)
    (source,) = find_studies(tmp_path).sources
    assert scanner_of(source) == Scanner("X", "", "BQML")
    assert len(opened) == 1


def test_a_study_knows_what_made_it(tmp_path: Path, pet_series: Write) -> None:
    def made(dataset: Dataset, _index: int) -> None:
        dataset.Manufacturer, dataset.ManufacturerModelName = "GE MEDICAL SYSTEMS", "Discovery ST"

    pet_series(tmp_path / "A", change=made)
    assert read_study(find_one(tmp_path / "A")).maker == ("GE MEDICAL SYSTEMS", "Discovery ST")


def test_info_reads_every_header_once(tmp_path: Path, pet_series: Write, opened: list[str]) -> None:
    pet_series(tmp_path / "A")
    facts = study_facts(find_one(tmp_path / "A"))
    assert (facts["refused"], facts["series"]) == (None, {"PT": {"series": 1, "files": 5}})
    assert len(opened) == 5


def test_uptake_counts_to_the_start_of_the_series(tmp_path: Path, pet_series: Write) -> None:
    """As the warning of an unusual uptake does: the images may be of a late bed only."""

    def late(dataset: Dataset, _index: int) -> None:
        dataset.SeriesTime, dataset.AcquisitionTime = "100000", "102000"
        dataset.SeriesDate = dataset.AcquisitionDate = "20240301"
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        drug.RadiopharmaceuticalStartTime = "090000"
        drug.RadiopharmaceuticalStartDateTime = "20240301090000"

    pet_series(tmp_path, change=late)
    told = protocol_of(headers.scan_headers(tmp_path))
    assert told.uptake_min is not None
    np.testing.assert_allclose(told.uptake_min, 60)
