"""`pet-mtl suv` with `--spacing-mm` and with several regions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pet_mtl.cli import main
from pet_mtl.preprocess.isotropic import ibsi_grid, resample_image, resample_mask
from pet_mtl.readers import find_one, read_study
from pet_mtl.readers.images import read_image

Write = Callable[..., Any]
Run = Callable[..., tuple[int, str, str]]

BOX = [(-12.5, -28.0), (2.5, -28.0), (2.5, -16.0), (-12.5, -16.0)]
LESION = [[(x, y, z) for x, y in BOX] for z in (103.0, 106.0)]
NODE = [[(x + 10, y + 8, 109.0) for x, y in BOX]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `pet-mtl suv` and gives exit code, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["suv", *map(str, arguments)])
        output = capsys.readouterr()
        return int(str(stopped.value.code)), output.out, output.err

    return call


@pytest.fixture
def study(tmp_path: Path, pet_series: Write, rt_struct: Write) -> Path:
    regions = {"GTV": LESION, "Node, left": NODE}
    rt_struct(tmp_path / "A" / "RS.dcm", pet_series(tmp_path / "A" / "PT"), regions)
    return tmp_path / "A"


def test_resampled_volume_mask_and_statistics(study: Path, tmp_path: Path, run: Run) -> None:
    out, mask_out = tmp_path / "suv.nii.gz", tmp_path / "mask.nii.gz"
    code, text, _ = run(
        study, "--roi", "gtv", "--spacing-mm", 2.5, "-o", out, "--mask-out", mask_out, "--json"
    )
    found = json.loads(text)
    assert code == 0
    native = read_study(find_one(study), "gtv")
    assert native.mask is not None
    suv, grid = read_image(out)
    mask = read_image(mask_out)[0] > 0
    assert grid.matches(ibsi_grid(native.grid, 2.5), 1e-4)
    np.testing.assert_allclose(suv, resample_image(native.suv, native.grid, 2.5), rtol=1e-6)
    np.testing.assert_array_equal(mask, resample_mask(native.mask, native.grid, 2.5))
    assert found["resampled"] == {
        "spacing_mm": 2.5,
        "shape": list(suv.shape),
        "image": "cubic B-spline",
        "mask": "linear, at least 0.5",
        "suv_max": pytest.approx(float(suv.max())),
    }
    assert found["mask"]["voxels"] == int(mask.sum())
    assert found["mask"]["volume_ml"] == pytest.approx(mask.sum() * 2.5**3 / 1000)
    assert found["mask"]["suv_max"] == pytest.approx(float(suv[mask].max()))


def test_for_a_person(study: Path, run: Run, tmp_path: Path) -> None:
    code, text, _ = run(study, "--roi", "1", "--spacing-mm", 3, "-o", tmp_path / "a.nrrd")
    lines = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert code == 0
    assert lines["resampled_spacing_mm"] == "3.0"
    assert lines["resampled_image"] == "cubic B-spline"


def test_regions_by_name_number_and_list(study: Path, run: Run) -> None:
    voxels = {}
    for roi in ("GTV", "1", "node, left", "2", "1,2", "gtv,node*"):
        code, text, _ = run(study, "--roi", roi, "--json")
        voxels[roi] = (code, json.loads(text)["mask"]["voxels"])
    assert voxels == {
        "GTV": (0, 18), "1": (0, 18), "node, left": (0, 9), "2": (0, 9), "1,2": (0, 27),
        "gtv,node*": (0, 27),
    }  # fmt: skip


def test_a_mask_that_vanishes(study: Path, run: Run, tmp_path: Path) -> None:
    """It spoils the SUV only where the mask was asked for."""
    arguments = (study, "--spacing-mm", 60, "--json")
    code, text, _ = run(*arguments, "--roi", "node*")
    assert (code, json.loads(text)["refused"]["code"]) == (1, "MASK_VANISHED")
    code, text, _ = run(*arguments)
    assert (code, "mask" in json.loads(text)) == (0, False)


@pytest.mark.parametrize(("spacing", "code"), [("0", 2), ("-3", 2), ("nan", 1), ("0.0001", 1)])
def test_spacing_is_checked(study: Path, run: Run, spacing: str, code: int) -> None:
    assert run(study, "--spacing-mm", spacing, "--json")[0] == code
