import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.geometry import Grid
from pet_mtl.readers.images import read_image
from pet_mtl.writers.images import write_image

Write = Callable[..., tuple[str, str, str]]
Run = Callable[..., tuple[int, str, str]]

BOX = [(-12.5, -28.0), (2.5, -28.0), (2.5, -16.0), (-12.5, -16.0)]
LESION = [[(x, y, z) for x, y in BOX] for z in (103.0, 106.0)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `pet-mtl suv` and gives exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["suv", *map(str, arguments)])
        output = capsys.readouterr()
        return int(str(stopped.value.code)), output.out, output.err

    return call


def test_writes_volume_mask_and_json(
    tmp_path: Path, pet_series: Write, rt_struct: Write, run: Run
) -> None:
    rt_struct(tmp_path / "A" / "RS.dcm", pet_series(tmp_path / "A" / "PT"), {"GTV": LESION})
    out, mask_out = tmp_path / "suv.nii.gz", tmp_path / "mask.nrrd"
    code, text, error = run(tmp_path / "A", "-o", out, "--mask-out", mask_out, "--json")
    assert (code, error) == (0, "")
    found: dict[str, Any] = json.loads(text)
    suv, grid = read_image(out)
    inside = suv[read_image(mask_out)[0] > 0]
    assert found["suv_factor"] == pytest.approx(70e3 / (370e6 * 0.5 ** (3600 / 6586.2)))
    assert found["reference_time"] == "2024-03-01T10:00:00"
    assert found["rule"] == "BQML: START, reference from SeriesTime"
    assert found["warnings"] == []
    assert found["mask"] == {
        "voxels": 18,
        "volume_ml": pytest.approx(18 * grid.voxel_ml, rel=1e-6),
        "suv_min": pytest.approx(inside.min()),
        "suv_mean": pytest.approx(inside.mean()),
        "suv_median": pytest.approx(np.median(inside)),
        "suv_max": pytest.approx(inside.max()),
    }


def test_refusal_is_json_and_exit_code_1(tmp_path: Path, pet_series: Write, run: Run) -> None:
    def counts(dataset: Any, index: int) -> None:
        dataset.Units = "CNTS"  # without Philips' factors

    pet_series(tmp_path / "A", change=counts)
    out = tmp_path / "suv.nii.gz"
    code, text, error = run(tmp_path / "A", "-o", out, "--json")
    refused = json.loads(text)["refused"]
    assert (code, error, refused["code"], set(refused)) == (
        1, "", "SUV_UNITS", {"code", "message"},
    )  # fmt: skip
    assert not out.exists()
    code, text, error = run(tmp_path / "A", "-o", out)
    assert (code, text) == (1, "")
    assert "SUV_UNITS" in error


def test_several_regions(tmp_path: Path, pet_series: Write, rt_struct: Write, run: Run) -> None:
    regions = {"GTV": LESION, "Node": LESION[:1]}
    rt_struct(tmp_path / "A" / "RS.dcm", pet_series(tmp_path / "A" / "PT"), regions)
    code, text, _ = run(tmp_path / "A", "--json")
    found = json.loads(text)
    assert (code, "mask" in found) == (0, False), "SUV does not depend on the mask"
    assert found["warnings"][0].startswith("MASK_WHICH")
    code, text, _ = run(tmp_path / "A", "--json", "--mask-out", tmp_path / "m.nii.gz")
    assert (code, json.loads(text)["refused"]["code"]) == (1, "MASK_WHICH")
    code, text, _ = run(tmp_path / "A", "--json", "--roi", "node")
    assert json.loads(text)["mask"]["voxels"] == 9
    assert run(tmp_path / "A", "--list-rois")[:2] == (0, "GTV\nNode\n")


def test_for_a_person(tmp_path: Path, pet_series: Write, run: Run) -> None:
    pet_series(tmp_path / "A")
    code, text, _ = run(tmp_path / "A", "-o", tmp_path / "suv.mha")
    assert code == 0
    assert text.splitlines()[1].split() == ["reference_time", "2024-03-01T10:00:00"]
    assert read_image(tmp_path / "suv.mha")[0].shape == (5, 6, 7)


@pytest.mark.parametrize(
    ("normalisation", "ratio", "unit"),
    [
        ("bw", 1.0, "g/ml"),
        ("lbm", 1.07 - 148 * 0.4**2 / 70, "g/ml"),
        ("lbm-janma", 9270 / (8780 + 244 * 70 / 1.75**2), "g/ml"),
        ("ibw", (45.5 + 0.91 * 23) / 70, "g/ml"),
        ("bsa", 0.007184 * 175**0.725 * 70**0.425 / 7.0, "cm2/ml"),
    ],
)
def test_normalisations(
    tmp_path: Path, pet_series: Write, rt_struct: Write, run: Run, normalisation: str, ratio: float,
    unit: str,
) -> None:  # fmt: skip
    def woman(dataset: Any, index: int) -> None:
        dataset.PatientSex = "F"

    uids = pet_series(tmp_path / "A" / "PT", change=woman)
    rt_struct(tmp_path / "A" / "RS.dcm", uids, {"GTV": LESION})
    out = tmp_path / "suv.nii.gz"
    code, text, _ = run(tmp_path / "A", "-o", out, "--json", "--normalise", normalisation)
    found = json.loads(text)
    suvbw = 70e3 / (370e6 * 0.5 ** (3600 / 6586.2))
    assert code == 0
    assert found["suv_factor"] == pytest.approx(suvbw * ratio, rel=1e-9)
    assert (found["normalisation"], found["unit"]) == (normalisation, unit)
    suv = read_image(out)[0]
    assert suv[0, 0, 0] == pytest.approx(1000 * suvbw * ratio, rel=1e-6)
    assert suv.min() <= found["mask"]["suv_min"] <= found["mask"]["suv_max"] <= suv.max()


def test_normalisation_without_sex_is_refused(tmp_path: Path, pet_series: Write, run: Run) -> None:
    pet_series(tmp_path / "A")
    out = tmp_path / "suv.nii.gz"
    code, text, _ = run(tmp_path / "A", "-o", out, "--json", "--normalise", "lbm")
    refused = json.loads(text)["refused"]
    assert (code, refused["code"]) == (1, "SUV_SEX")
    assert refused["message"].startswith("A: ")
    assert not out.exists()
    assert run(tmp_path / "A", "--json", "--normalise", "bsa")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "expected", "says"),
    [
        ((), 0, ""),
        (("-o", "suv.png"), 2, "IMAGE_SUFFIX"),
        (("--mask-out", "none.nii.gz", "--json"), 1, ""),
        (("--no-such-option",), 2, "No such option"),
    ],
)
def test_usage(
    tmp_path: Path, pet_series: Write, run: Run, arguments: Any, expected: int, says: str
) -> None:
    pet_series(tmp_path / "A")
    code, _, error = run(tmp_path / "A", *arguments)
    assert code == expected
    assert says in error


def test_images_of_several_patients_are_several_studies(tmp_path: Path, run: Run) -> None:
    grid = Grid((4, 4, 4), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    for name in ("A1_PET", "A1_mask", "B7_PET", "B7_mask"):
        write_image(np.ones((4, 4, 4), np.float32), grid, tmp_path / f"{name}.nii.gz")
    code, _, error = run(tmp_path)
    assert code == 1 and "STUDY_SEVERAL" in error


def test_no_such_study(tmp_path: Path, run: Run) -> None:
    code, text, _ = run(tmp_path / "none", "--json")
    assert (code, json.loads(text)["refused"]["code"]) == (1, "SOURCE_MISSING")
    assert run(tmp_path / "none", "-o", "a.nii")[0] == 1


def test_series_are_listed_and_chosen(tmp_path: Path, pet_series: Write, run: Run) -> None:
    def numbered(dataset: Any, index: int) -> None:
        dataset.SeriesNumber, dataset.SeriesDescription = "12", "Jane Doe"
        dataset.ReconstructionMethod = "OSEM 3i24s"

    pet_series(tmp_path / "A", slices=4, change=numbered)
    pet_series(tmp_path / "A")
    code, text, _ = run(tmp_path / "A", "--list-series")
    assert code == 0
    assert text.splitlines()[0].split()[:4] == ["number", "images", "size", "units"]
    assert text.splitlines()[2].split()[:6] == ["12", "4", "6", "x", "7", "BQML"]
    assert "Doe" not in text
    listed = json.loads(run(tmp_path / "A", "--list-series", "--json")[1])["series"]
    assert [one["number"] for one in listed] == [None, 12]
    # Free text of the source: for the eyes on this terminal, and in nothing that is passed on.
    assert text.splitlines()[0].split()[-1] == "reconstruction"
    assert text.splitlines()[2].endswith("OSEM 3i24s")
    assert not any("reconstruction" in one for one in listed)
    assert run(tmp_path / "A", "--json")[0] == 1
    (tmp_path / "m.csv").write_text("study,pet,series\nx,A,12\n")
    listed = json.loads(run(tmp_path / "m.csv", "--list-series", "--json")[1])["series"]
    assert len(listed) == 2
    code, text, _ = run(tmp_path / "m.csv", "--json")
    assert code == 0
    assert "took the series 12 one of 4 slices" in json.loads(text)["warnings"][0]
    code, _, error = run(tmp_path / "m.csv", "--list-series", "--layout", "bids")
    assert code == 2
    assert "LAYOUT_MANIFEST" in error
    code, text, _ = run(tmp_path / "A", "--json", "--series", 12)
    assert code == 0
    assert "DICOM_SERIES: 2 PET series" in json.loads(text)["warnings"][0]


def test_what_was_passed_over_is_told(tmp_path: Path, pet_series: Write, run: Run) -> None:
    def uncorrected(dataset: Any, index: int) -> None:
        dataset.CorrectedImage = ["DECY"]

    pet_series(tmp_path / "A", change=uncorrected)
    pet_series(tmp_path / "A")
    found = json.loads(run(tmp_path / "A", "--json")[1])
    assert [text.split(":")[0] for text in found["passed_over"]] == ["DICOM_UNCORRECTED"]
    assert "passed over" in run(tmp_path / "A", "-o", tmp_path / "s.nii.gz")[1]


def test_alone_prints_the_summary(tmp_path: Path, pet_series: Write, run: Run) -> None:
    pet_series(tmp_path / "A")
    code, text, error = run(tmp_path / "A")
    assert (code, error) == (0, "")
    assert "rule            BQML: START, reference from SeriesTime" in text.splitlines()
    assert list(tmp_path.iterdir()) == [tmp_path / "A"]
