"""Masks from image files of several labels, several volumes, probabilities; on other grids."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st

from pet_mtl.errors import MaskError, PetMtlError
from pet_mtl.geometry import Grid, to_sitk
from pet_mtl.readers import find_one, list_regions, read_study
from pet_mtl.readers.labels import image_mask, read_labels
from pet_mtl.readers.placing import judge_size, onto_grid
from pet_mtl.study import StudySource
from pet_mtl.writers.images import write_image

GRID = Grid((6, 8, 10), (3.0, 2.0, 2.5), (-10.0, 5.0, 70.0))
ONE = np.zeros(GRID.shape, bool)
ONE[1:3, 1:5, 1:5] = True
TWO = np.zeros(GRID.shape, bool)
TWO[3:5, 4:8, 3:8] = True
LABELS = (ONE * 1 + TWO * 2).astype(np.uint8)
SUV = np.random.default_rng(1).gamma(2.0, 1.0, GRID.shape).astype(np.float32)


def _mask(path: Path, roi: str | None = None) -> np.ndarray:
    return image_mask(path, GRID, roi)[0]


def _code(path: Path, roi: str | None = None) -> str:
    with pytest.raises(PetMtlError) as caught:
        image_mask(path, GRID, roi)
    return caught.value.code


def test_labels_by_number(tmp_path: Path) -> None:
    path = tmp_path / "labels.nii.gz"
    write_image(LABELS, GRID, path)
    for roi, expected in (("1", ONE), ("2", TWO), ("1,2", ONE | TWO), ("*", ONE | TWO)):
        np.testing.assert_array_equal(_mask(path, roi), expected)
    assert image_mask(path, GRID, "1,2")[1][0].startswith("MASK_UNION")
    np.testing.assert_array_equal(_mask(path, "1, 9"), ONE)
    assert (_code(path), _code(path, "3"), _code(path, "gtv")) == (
        "MASK_LABELS", "MASK_NO_MATCH", "MASK_NO_MATCH",
    )  # fmt: skip


def test_labels_stored_as_floats(tmp_path: Path) -> None:
    write_image(LABELS.astype(np.float32) * np.float32(1.0001), GRID, tmp_path / "a.nrrd")
    np.testing.assert_array_equal(_mask(tmp_path / "a.nrrd", "2"), TWO)


def test_what_the_layout_says_holds_unless_the_user_says_more(tmp_path: Path) -> None:
    """HECKTOR's labels: 1 the primary tumour, 2 the nodes."""
    write_image(SUV, GRID, tmp_path / "pet.nii.gz")
    write_image(LABELS, GRID, tmp_path / "labels.nii.gz")
    pet, labels = tmp_path / "pet.nii.gz", tmp_path / "labels.nii.gz"
    source = StudySource("a", "image", pet, labels, roi="1,2")
    np.testing.assert_array_equal(read_study(source).mask, ONE | TWO)
    np.testing.assert_array_equal(read_study(source, "2").mask, TWO)
    assert list_regions(source) == ("1", "2")
    with pytest.raises(MaskError, match="found 2 labels: 1, 2"):
        read_study(StudySource("a", "image", pet, labels))


def test_a_name_for_a_nameless_mask(tmp_path: Path) -> None:
    write_image(ONE, GRID, tmp_path / "mask.nii.gz")
    mask, warnings = image_mask(tmp_path / "mask.nii.gz", GRID, "GTV*")
    np.testing.assert_array_equal(mask, ONE)
    assert warnings[0].startswith("MASK_UNNAMED")
    assert _code(tmp_path / "mask.nii.gz", "2") == "MASK_NO_MATCH"


def test_probabilities(tmp_path: Path) -> None:
    values = np.where(ONE, 0.5, np.where(TWO, 0.4999, 0.1)).astype(np.float32)
    write_image(values, GRID, tmp_path / "p.nii.gz")
    mask, warnings = image_mask(tmp_path / "p.nii.gz", GRID)
    np.testing.assert_array_equal(mask, ONE)
    assert warnings[0].startswith("MASK_PROBABILITY")
    write_image(values * 0.9, GRID, tmp_path / "low.nii.gz")
    assert _code(tmp_path / "low.nii.gz") == "MASK_EMPTY"
    for wrong in (values * 7, values - 0.3, np.where(ONE, np.nan, values)):
        write_image(wrong.astype(np.float32), GRID, tmp_path / "wrong.mha")
        assert _code(tmp_path / "wrong.mha") == "MASK_LABELS"


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_a_volume_a_label(tmp_path: Path, suffix: str) -> None:
    both = ONE | np.roll(TWO, -2, axis=0)  # overlaps ONE
    volumes = [ONE.astype(np.float32), both * np.float32(255), TWO * np.float32(0.7) + ONE * 0.2]
    images = [to_sitk(volume.astype(np.float32), GRID) for volume in volumes]
    path = tmp_path / f"several{suffix}"
    sitk.WriteImage(sitk.JoinSeries(images, 0.0, 1.0), str(path))
    for roi, expected in (("1", ONE), ("2", both), ("3", TWO), ("1,3", ONE | TWO)):
        np.testing.assert_array_equal(_mask(path, roi), expected)
    assert _code(path) == "MASK_LABELS"
    sitk.WriteImage(sitk.JoinSeries(images[:1], 0.0, 1.0), str(path))
    np.testing.assert_array_equal(_mask(path), ONE)
    labels = to_sitk(LABELS.astype(np.float32), GRID)
    sitk.WriteImage(sitk.JoinSeries([images[0], labels], 0.0, 1.0), str(path))
    assert _code(path, "1") == "MASK_LABELS"


def test_names_of_a_slicer_segmentation(tmp_path: Path) -> None:
    """Two overlapping segments in two layers, a third one empty, as 3D Slicer stores them."""
    overlap = ONE | np.roll(TWO, -2, axis=0)
    layers = [to_sitk(part.astype(np.uint8), GRID) for part in (ONE * 1 + TWO * 2, overlap)]
    image = sitk.Compose(layers)
    for k, (name, value, layer) in enumerate(
        [("GTV", 1, 0), ("Node", 2, 0), ("Organ", 1, 1), ("Empty", 9, 0)]
    ):
        image.SetMetaData(f"Segment{k}_Name", name)
        image.SetMetaData(f"Segment{k}_LabelValue", str(value))
        image.SetMetaData(f"Segment{k}_Layer", str(layer))
    path = tmp_path / "S.seg.nrrd"
    sitk.WriteImage(image, str(path))
    assert [label.name for label in read_labels(path).labels] == ["GTV", "Node", "Organ"]
    for roi, expected in (("gtv", ONE), ("node", TWO), ("Org*", overlap), ("2", TWO)):
        np.testing.assert_array_equal(_mask(path, roi), expected)
    assert _code(path) == "MASK_LABELS"


def test_five_dimensions_are_refused(tmp_path: Path) -> None:
    four = sitk.JoinSeries([to_sitk(SUV, GRID)] * 2, 0.0, 1.0)
    sitk.WriteImage(sitk.JoinSeries([four] * 2, 0.0, 1.0), str(tmp_path / "a.nrrd"))
    assert _code(tmp_path / "a.nrrd", "1") == "IMAGE_DIMENSIONS"


@pytest.mark.parametrize(
    ("values", "code"), [(-ONE.astype(np.int16), "MASK_LABELS"), (ONE * 0, "MASK_EMPTY")]
)
def test_no_mask(tmp_path: Path, values: np.ndarray, code: str) -> None:
    write_image(values.astype(np.int16), GRID, tmp_path / "m.nii.gz")
    assert _code(tmp_path / "m.nii.gz") == code


def test_size_is_judged(tmp_path: Path) -> None:
    write_image(SUV, GRID, tmp_path / "A_pet.nii.gz")
    path = tmp_path / "A_mask.nii.gz"
    full, large, tiny = np.ones(GRID.shape, bool), np.ones(GRID.shape, bool), ONE & ~ONE
    large[0, 0, 0], tiny[2, 3, 4] = False, True
    write_image(full, GRID, path)
    with pytest.raises(MaskError) as caught:
        read_study(find_one(tmp_path / "A_pet.nii.gz"))
    assert caught.value.code == "MASK_FULL"
    for mask, start in ((large, "MASK_LARGE"), (tiny, "MASK_TINY")):
        write_image(mask, GRID, path)
        study = read_study(find_one(tmp_path / "A_pet.nii.gz"))
        np.testing.assert_array_equal(study.mask, mask)
        assert study.warnings[0].startswith(start)
    assert judge_size(ONE) == ()


def test_cropped_to_the_lesion_is_no_other_grid() -> None:
    box = (slice(1, 3), slice(1, 5), slice(1, 5))
    x, y, z = GRID.index_to_world((1, 1, 1))
    own = Grid((2, 4, 4), GRID.spacing_mm, (float(x), float(y), float(z)))
    mask, warnings = onto_grid(ONE[box], own, GRID)
    np.testing.assert_array_equal(mask, ONE)
    assert warnings == ()


def test_partly_beyond_the_image() -> None:
    x, y, z = GRID.index_to_world((4, 0, 0))
    own = Grid(GRID.shape, GRID.spacing_mm, (float(x), float(y), float(z)))
    mask, warnings = onto_grid(ONE | TWO, own, GRID)
    np.testing.assert_array_equal(mask[4:], (ONE | TWO)[:2])
    assert warnings == ("MASK_BEYOND: 56 of 72 voxels of the mask lie beyond the image",)


def test_smaller_than_half_a_voxel() -> None:
    own = Grid((2, 2, 2), (0.1,) * 3, GRID.origin_mm)
    with pytest.raises(MaskError) as caught:
        onto_grid(
            np.asarray([[[True, False]] * 2] * 2),
            Grid((2, 2, 2), (0.1,) * 3, (3.0, 9.0, 75.0)),
            GRID,
        )
    assert caught.value.code == "MASK_EMPTY"
    with pytest.raises(MaskError) as caught:
        onto_grid(
            np.ones((2, 2, 2), bool), Grid(own.shape, own.spacing_mm, (900.0, 0.0, 0.0)), GRID
        )
    assert caught.value.code == "MASK_OUTSIDE"


@given(st.permutations([0, 1, 2]), st.tuples(*[st.booleans()] * 3), st.integers(0, 99))
def test_turned_and_flipped_masks_stay_where_they_are(
    order: list[int], flips: tuple[bool, ...], seed: int
) -> None:
    mask = np.random.default_rng(seed).random(GRID.shape) < 0.5
    start = [GRID.shape[a] - 1 if flips[a] else 0 for a in range(3)]
    signs = np.where(flips, -1.0, 1.0)
    axes = (GRID.axes * signs)[:, order]
    x, y, z = GRID.index_to_world(start)
    turned = np.flip(mask, [a for a in range(3) if flips[a]]).transpose(order)
    spacing = tuple(GRID.spacing_mm[a] for a in order)
    own = Grid(turned.shape, spacing, (float(x), float(y), float(z)), tuple(axes.ravel()))
    back, warnings = onto_grid(turned, own, GRID)
    np.testing.assert_array_equal(back, mask)
    assert warnings == ()


@given(
    st.integers(0, 99), st.tuples(*[st.floats(0.5, 2.0)] * 3), st.tuples(*[st.floats(-4, 4)] * 3)
)
def test_other_grids_by_an_independent_interpolation(
    seed: int, scale: tuple[float, ...], shift: tuple[float, ...]
) -> None:
    """Trilinear weights written out; centres within half a voxel of the border take its value."""
    mask = np.random.default_rng(seed).random(GRID.shape) < 0.6
    spacing = tuple(s * float(k) for s, k in zip(GRID.spacing_mm, scale, strict=True))
    x, y, z = np.add(GRID.origin_mm, shift)
    own = Grid(GRID.shape, spacing, (float(x), float(y), float(z)))
    index = own.world_to_index(GRID.index_to_world(np.moveaxis(np.indices(GRID.shape), 0, -1)))
    top = np.asarray(GRID.shape) - 1
    inside = ((index > -0.5) & (index < top + 0.5)).all(-1)
    place = np.clip(index, 0, top)
    low = np.minimum(np.floor(place).astype(int), top - 1)
    share = np.zeros(GRID.shape)
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(corner, place - low, 1 - (place - low)).prod(-1)
        share += weight * mask[tuple(np.moveaxis(low + corner, -1, 0))]
    share *= inside
    border = (np.abs(index + 0.5) < 1e-6) | (np.abs(index - top - 0.5) < 1e-6)
    clear = (np.abs(share - 0.5) > 1e-6) & ~border.any(-1)
    if not (share[clear] > 0.5).any():
        return
    np.testing.assert_array_equal(onto_grid(mask, own, GRID)[0][clear], (share >= 0.5)[clear])


@pytest.mark.real_data
def test_mask_image_beside_dicom(shared_data: Path) -> None:
    """The mask holds all but the air around: read in RAS it would reach into the air (SUV 0)."""
    folder = shared_data / "suv_dro" / "DRO_0_0"
    study = read_study(find_one(folder / "PT"), with_mask=False)
    (path,) = (folder / "mask").rglob("*.nii*")
    mask, warnings = image_mask(path, study.grid)
    inside = study.suv[mask]
    found = [round(float(value), 2) for value in (inside.min(), np.median(inside), inside.max())]
    assert found == [0.20, 1.00, 4.00]
    assert warnings == ()
    turned = np.flip(mask, (1, 2))
    assert study.suv[turned].min() == 0
