"""Published SUVs and factors, each through the reading of DICOM; and the page that shows them."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pydicom
import pytest

from pet_mtl.readers import find_one, read_study, values
from pet_mtl.readers.attributes import series_attributes
from pet_mtl.readers.headers import read_header
from pet_mtl.readers.labels import image_mask
from pet_mtl.suv import per_suvbw, suv_factor

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """docs/suv_table.py, which is no package."""
    spec = importlib.util.spec_from_file_location("suv_table", ROOT / "docs" / "suv_table.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fresh(shared_data: Path, script: ModuleType) -> dict[str, list[Any]]:
    """Every reference object, read once."""
    return script.read(shared_data)


@pytest.mark.parametrize(("table", "count"), [("objects", 8), ("headers", 9), ("normalised", 6)])
def test_every_reference_is_met(fresh: dict[str, list[Any]], table: str, count: int) -> None:
    rows = fresh[table]
    assert len(rows) == count
    for row in rows:
        assert row.found == pytest.approx(row.expected, rel=row.tolerance or 1e-12), row.name


def test_the_page_shows_fresh_results(fresh: dict[str, list[Any]], script: ModuleType) -> None:
    page = (ROOT / "docs" / "suv.md").read_text(encoding="utf-8")
    for name, rows in fresh.items():
        shown = re.search(script.BLOCK.format(name), page, flags=re.DOTALL)
        assert shown, name
        assert shown[1] == script.table(rows), "run docs/suv_table.py and commit the page"


@pytest.mark.parametrize("number", ["0_0", "2_0", "2_4", "5_0"])
def test_objects_with_the_mask_of_the_image_file(shared_data: Path, number: str) -> None:
    """The NIfTI mask has its x and y axes flipped against the series."""
    folder = shared_data / "suv_dro" / f"DRO_{number}"
    study = read_study(find_one(folder), with_mask=False)
    mask, _ = image_mask(folder / "mask" / "DRO_mask.nii.gz", study.grid)
    inside = study.suv[mask]
    found = [round(float(v), 2) for v in (inside.min(), np.median(inside), inside.max())]
    assert found == [0.20, 1.00, 4.00]


def test_raw_series_under_every_normalisation(shared_data: Path) -> None:
    folder = shared_data / "sts_001_raw_ge"
    told = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    ranges = told["other_normalisations_suvmax_roi_ranges(mirp test)"]
    study = read_study(find_one(folder), roi="GTV_Mass")
    assert study.mask is not None
    top = float(study.suv[study.mask].max())
    # That test scales the surface to a tenth of cm2/ml.
    for name, key, scale in (
        ("lbm", "LBM(James)", 1.0),
        ("lbm-janma", "LBM(BMI/Janma)", 1.0),
        ("ibw", "IBW", 1.0),
        ("bsa", "BSA(scaled as m2)", 0.1),
    ):
        low, high = ranges[key]
        assert low <= top * scale * per_suvbw(name, study.body)[0] <= high, name


def test_sarcoma_cohort_has_no_warning_but_true_uptake_times(shared_data: Path) -> None:
    """Injections dated a day after the scan, or not at all, are no fault of values in GML."""
    folders = sorted((shared_data / "sts_cohort" / "dicom").glob("STS_*"))
    assert len(folders) == 34
    for folder in folders:
        image = folder / "PET" / "image"
        some = sorted(image.glob("*.dcm"))[::15]
        with values.lenient():
            told = [read_header(path).suv for path in some]
        factor = suv_factor(series_attributes([one for one in told if one is not None]))
        codes = [warning.partition(":")[0] for warning in factor.warnings]
        header = pydicom.dcmread(next(image.iterdir()), stop_before_pixels=True)
        assert (factor.factor, codes) == (1.0, ["SUV_UPTAKE_TIME"] * _is_late(header)), folder.name


def _is_late(header: pydicom.Dataset) -> bool:
    """Whether SeriesTime is more than 90 min after an injection of the same day."""
    drug = header.RadiopharmaceuticalInformationSequence[0]
    shifted = str(drug.get("RadiopharmaceuticalStartDateTime", header.SeriesDate))[:8]
    scan, injected = (
        int(t[:2]) * 3600 + int(t[2:4]) * 60 + int(t[4:6])
        for t in (header.SeriesTime, drug.RadiopharmaceuticalStartTime)
    )
    return shifted == header.SeriesDate and not 45 * 60 <= scan - injected <= 90 * 60
