"""SUV attributes out of DICOM headers, as vendors and exports write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from pet_mtl.errors import StudyError, SuvError
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.attributes import series_attributes, suv_attributes
from pet_mtl.readers.private import GE_PET, PHILIPS_PET, private_tag
from pet_mtl.study import Body

Write = Callable[..., tuple[str, str, str]]
CREATOR = "Philips PET Private Group"


def _drug(**values: Any) -> Dataset:
    drug = Dataset()
    for name, value in values.items():
        setattr(drug, name, value)
    return drug


def _coded(value: str, scheme: str, meaning: str) -> list[Dataset]:
    return [_drug(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def _attributes(drug: Dataset | None = None, **values: Any) -> Any:
    dataset = _drug(**values)
    dataset.RadiopharmaceuticalInformationSequence = [drug or Dataset()]
    return suv_attributes(dataset)


def _counts(
    block: int | None, kind: str = "DS", suv: Any = "0.0005 ", activity: Any = None
) -> Callable[[Dataset, int], None]:
    """Philips counts with factors in a block; without a creator where no block is given."""

    def change(dataset: Dataset, index: int) -> None:
        dataset.Units = "CNTS"
        place = block or 0x10
        if block is not None:
            dataset.add_new((0x7053, place), "LO", CREATOR)
        for element, value in ((0x00, suv), (0x09, activity)):
            if value is not None:
                stored = value.encode() if kind == "UN" else value
                dataset.add_new((0x7053, place << 8 | element), kind, stored)

    return change


@pytest.mark.parametrize("kind", ["DS", "UN", "LO"])
@pytest.mark.parametrize("block", [None, 0x10, 0x11, 0xE0])
def test_philips_suv_factor_in_any_block(
    tmp_path: Path, pet_series: Write, block: int | None, kind: str
) -> None:
    pet_series(tmp_path, change=_counts(block, kind))
    study = read_study(find_one(tmp_path))
    assert (study.suv_factor, study.reference_time) == (0.0005, "")
    assert study.suv[0, 0, 0] == pytest.approx(0.5, rel=1e-6)


def test_philips_activity_factor_where_the_other_is_zero(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path, change=_counts(0x10, "UN", "0.0 ", "2.0 "))
    study = read_study(find_one(tmp_path))
    assert study.suv_factor == pytest.approx(2 * 70e3 / (370e6 * 0.5 ** (3600 / 6586.2)))
    assert study.reference_time == "2024-03-01T10:00:00"


@pytest.mark.parametrize("value", ["", "none", "1\\2", "0"])
def test_philips_factors_that_are_none_are_refused(
    tmp_path: Path, pet_series: Write, value: str
) -> None:
    pet_series(tmp_path, change=_counts(0x10, "UN", value))
    with pytest.raises(SuvError, match="SUV_UNITS"):
        read_study(find_one(tmp_path))


def test_a_block_that_someone_else_claims_is_not_philips(tmp_path: Path, pet_series: Write) -> None:
    def other(dataset: Dataset, index: int) -> None:
        _counts(None)(dataset, index)
        dataset.add_new((0x7053, 0x10), "LO", "SOMEONE ELSE")

    pet_series(tmp_path, change=other)
    with pytest.raises(SuvError, match="SUV_UNITS"):
        read_study(find_one(tmp_path))


def test_slices_with_different_factors_are_refused(tmp_path: Path, pet_series: Write) -> None:
    def differing(dataset: Dataset, index: int) -> None:
        _counts(0x10, suv=f"0.000{1 + index}")(dataset, index)

    pet_series(tmp_path, change=differing)
    with pytest.raises(SuvError, match="SUV_INCONSISTENT"):
        read_study(find_one(tmp_path))


def test_implicit_files_without_creator_are_read(tmp_path: Path, pet_series: Write) -> None:
    """Nothing in an implicit file tells the VR of a private attribute."""
    pet_series(tmp_path, change=_counts(None))
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        dataset.save_as(path, implicit_vr=True, little_endian=True)
    assert read_study(find_one(tmp_path)).suv_factor == 0.0005


def test_private_tags_of_the_first_block_need_no_creator() -> None:
    dataset = Dataset()
    dataset.add_new((0x0009, 0x100D), "UN", b"20240301095930.00 ")
    assert private_tag(dataset, GE_PET, 0x0D) == 0x0009100D
    dataset.add_new((0x0009, 0x0010), "LO", "SIEMENS CT VA1 DUMMY")
    assert private_tag(dataset, GE_PET, 0x0D) not in dataset
    dataset.add_new((0x0009, 0x0012), "LO", "gems_petd_01 ")
    dataset.add_new((0x0009, 0x120D), "DT", "20240301095931.00")
    assert private_tag(dataset, GE_PET, 0x0D) == 0x0009120D
    assert private_tag(dataset, PHILIPS_PET, 0x00) not in dataset


def test_nuclide_and_tracer_by_code_or_name() -> None:
    code = _drug(RadionuclideCodeSequence=_coded("C-111A1", "SRT", "^18^Fluorine"))
    both = _drug(RadionuclideCodeSequence=_coded("C-131A1", "SRT", "^68^Gallium"))
    name = _drug(RadionuclideCodeSequence=_coded("X-1", "99LOCAL", "Cu-64"))
    assert _attributes(code).nuclides == ("F-18",)
    assert _attributes(both).nuclides == ("Ga-66", "Ga-68")
    assert _attributes(name).nuclides == ("Cu-64",)
    assert _attributes().nuclides == ()


@pytest.mark.parametrize(
    ("code", "text", "tracer"),
    [
        (("35321007", "SCT", ""), "", "FDG"),
        (("C-B1031", "SNM3", "FDG -- fluorodeoxyglucose"), "", "FDG"),
        (None, "Fluorodeoxyglucose F^18^", "FDG"),
        (None, "18F-FDG", "FDG"),
        (None, "fludeoxyglucose", "FDG"),
        (None, "F-18 PSMA", "other"),
        (("C-1", "X", "Dotatate"), "", "other"),
        (None, "FDGal", "other"),
        (None, "", ""),
    ],
)
def test_tracer(code: tuple[str, str, str] | None, text: str, tracer: str) -> None:
    drug = _drug(Radiopharmaceutical=text)
    if code:
        drug.RadiopharmaceuticalCodeSequence = _coded(*code)
    assert _attributes(drug).tracer == tracer


def test_free_text_of_the_drug_goes_nowhere(tmp_path: Path, pet_series: Write) -> None:
    """Whatever a technologist typed: matched, never repeated."""

    def typed(dataset: Dataset, index: int) -> None:
        drug = dataset.RadiopharmaceuticalInformationSequence[0]
        drug.Radiopharmaceutical = "Smith"
        drug.RadiopharmaceuticalCodeSequence = _coded("Smith", "Smith", "Smith")
        drug.RadionuclideCodeSequence = _coded("Smith", "Smith", "Smith")
        dataset.PatientSex = "SMITH"
        drug.RadionuclideHalfLife = None if refused else 6586.2

    for refused in (False, True):
        folder = tmp_path / str(refused)
        pet_series(folder, change=typed)
        try:
            study = read_study(find_one(folder))
            told = repr((study.warnings, study.body, study.reference_time))
            assert "SUV_TRACER" in told
        except StudyError as error:
            told = str(error)
            assert refused and "SUV_HALF_LIFE" in told
        assert "smith" not in told.lower()


@pytest.mark.parametrize(
    ("stored", "sex"), [("M", "M"), ("F", "F"), ("O ", "O"), ("", ""), ("MANN", ""), (None, "")]
)
def test_sex(stored: str | None, sex: str) -> None:
    assert _attributes(PatientSex=stored).sex == sex


def test_study_knows_the_body(tmp_path: Path, pet_series: Write) -> None:
    def change(dataset: Dataset, index: int) -> None:
        dataset.PatientSex = "F"

    pet_series(tmp_path, change=change)
    assert read_study(find_one(tmp_path)).body == Body(70.0, 1.75, "F")


def test_other_normalisations_are_read_as_suvbw(tmp_path: Path, pet_series: Write) -> None:
    def lean(dataset: Dataset, index: int) -> None:
        dataset.Units, dataset.SUVType, dataset.PatientSex = "GML", "LBMJAMES128", "M"
        dataset.RescaleSlope = "0.001"

    pet_series(tmp_path / "one", change=lean)
    lean_kg = 1.10 * 70 - 128 * (70 / 175) ** 2
    study = read_study(find_one(tmp_path / "one"))
    assert study.suv[0, 0, 0] == pytest.approx(70 / lean_kg, rel=1e-6)

    def two_weights(dataset: Dataset, index: int) -> None:
        lean(dataset, index)
        dataset.PatientWeight = 70 + index

    pet_series(tmp_path / "two", change=two_weights)
    with pytest.raises(SuvError, match="SUV_INCONSISTENT"):
        read_study(find_one(tmp_path / "two"))


def test_series_attributes_hold_what_decides() -> None:
    plain = {"CorrectedImage": ["ATTN"], "Units": "CNTS", "PatientWeight": 70}
    first, second = _attributes(**plain), _attributes(**plain | {"PatientWeight": 71})
    with pytest.raises(SuvError, match="weight_kg"):
        series_attributes([first, second])


def test_values_are_linear_in_the_pixels(tmp_path: Path, pet_series: Write) -> None:
    def halved(dataset: Dataset, index: int) -> None:
        pixels = np.frombuffer(dataset.PixelData, "<i2") // 2 * 2
        dataset.PixelData = (pixels // 2 if half else pixels).astype("<i2").tobytes()

    suv = []
    for half in (False, True):
        pet_series(tmp_path / str(half), change=halved)
        suv.append(read_study(find_one(tmp_path / str(half))).suv)
    np.testing.assert_allclose(suv[0], 2 * suv[1], rtol=1e-6)
