"""Layouts that file names make: each from small images, and each recognised."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pet_mtl.errors import PetMtlError
from pet_mtl.geometry import Grid
from pet_mtl.readers import Search, find_one, find_studies, read_study
from pet_mtl.readers.layouts import bids
from pet_mtl.writers.images import write_image

GRID = Grid((3, 4, 5), (3.0, 4.0, 5.0), (0.0, 0.0, 0.0))
SUV = np.arange(60, dtype=np.float32).reshape(GRID.shape) / 10
LABELS = (SUV > 3).astype(np.uint8) + (SUV > 5)


def image(path: Path, values: Any = SUV) -> None:
    write_image(np.asarray(values), GRID, path)


def text(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def table(search: Search) -> dict[str, tuple[str | None, str | None, str | None]]:
    """Name to the names of mask and CT, and the roi."""
    return {
        s.name: (s.mask_path and s.mask_path.name, s.ct_path and s.ct_path.name, s.roi)
        for s in search.sources
    }


def refused(search: Search) -> dict[str, str]:
    return {name: problem.code for name, problem in search.passed_over}


def codes(search: Search) -> dict[str, str]:
    return {name: problem.code for name, problem in search.ignored}


def test_hecktor(tmp_path: Path) -> None:
    for name in ("CHUM-001", "MDA-002"):
        image(tmp_path / "imagesTr" / f"{name}__PT.nii.gz")
        image(tmp_path / "imagesTr" / f"{name}__CT.nii.gz")
    image(tmp_path / "labelsTr" / "CHUM-001.nii.gz", LABELS)
    image(tmp_path / "imagesTr" / "CHUP-003__CT.nii.gz")
    image(tmp_path / "HMR-004" / "HMR-004__PT.nii.gz")
    image(tmp_path / "HMR-004" / "HMR-004.nii.gz", LABELS)
    image(tmp_path / "labelsTr" / "CHUS-005.nii.gz", LABELS)
    text(tmp_path / "notes.txt", "none")
    search = find_studies(tmp_path)
    assert table(search) == {
        "CHUM-001": ("CHUM-001.nii.gz", "CHUM-001__CT.nii.gz", "1,2"),
        "HMR-004": ("HMR-004.nii.gz", None, "1,2"),
        "MDA-002": (None, "MDA-002__CT.nii.gz", None),
    }
    assert refused(search) == {"CHUP-003": "LAYOUT_NO_PET"}
    assert codes(search) == {
        "labelsTr/CHUS-005.nii.gz": "IMAGE_UNUSED",
        "notes.txt": "SOURCE_LAYOUT",
    }
    assert find_one(tmp_path / "HMR-004").name == "HMR-004"
    np.testing.assert_array_equal(read_study(search.sources[2]).suv, SUV)


def test_nnunet(tmp_path: Path) -> None:
    for name, part in (("a_1", "Tr"), ("b", "Tr"), ("c", "Ts")):
        image(tmp_path / f"images{part}" / f"{name}_0000.nii.gz", SUV * 100)
        image(tmp_path / f"images{part}" / f"{name}_0001.nii.gz")
    image(tmp_path / "labelsTr" / "a_1.nii.gz", LABELS)
    image(tmp_path / "imagesTr" / "d_0000.nii.gz")
    labels = {"background": 0, "tumour": 1, "liver": 2, "ignore": 3}
    text(tmp_path / "dataset.json", {"channel_names": {"0": "CT", "1": "SUV"}, "labels": labels})
    search = find_studies(tmp_path)
    assert table(search) == {
        "a_1": ("a_1.nii.gz", "a_1_0000.nii.gz", "1"),
        "b": (None, "b_0000.nii.gz", None),
        "c": (None, "c_0000.nii.gz", None),
    }
    assert {s.path.name for s in search.sources} == {
        "a_1_0001.nii.gz", "b_0001.nii.gz", "c_0001.nii.gz",
    }  # fmt: skip
    assert refused(search) == {"d": "LAYOUT_NO_PET"}


@pytest.mark.parametrize(
    ("content", "roi"),
    [
        ({"modality": {"0": "PET"}, "labels": {"0": "background", "1": "anything"}}, "1"),
        ({"channel_names": {"0": "fdg_pet"}, "labels": {"background": 0, "a": 1, "b": 2}}, None),
        ({"channel_names": {"0": "PT"}, "labels": {"GTVp": 1, "GTVn": 2, "heart": 3}}, "1,2"),
        ({"channel_names": {"0": "PT"}, "labels": {"whole": [1, 2]}}, None),
    ],
)
def test_which_labels_of_nnunet_are_the_lesion(tmp_path: Path, content: Any, roi: str) -> None:
    image(tmp_path / "imagesTr" / "a_0000.nii.gz")
    image(tmp_path / "labelsTr" / "a.nii.gz", LABELS)
    text(tmp_path / "dataset.json", content)
    assert find_studies(tmp_path).sources[0].roi == roi


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"channel_names": {"0": "CT"}}, "NNUNET_CHANNELS"),
        ({"channel_names": {"0": "PET", "1": "SUV"}}, "NNUNET_CHANNELS"),
        ({"channel_names": {"0": "petrous"}}, "NNUNET_CHANNELS"),
        ({}, "NNUNET_CHANNELS"),
        ("no json", "JSON_UNREADABLE"),
    ],
)
def test_nnunet_without_a_pet_channel_is_refused(tmp_path: Path, content: Any, code: str) -> None:
    image(tmp_path / "imagesTr" / "a_0000.nii.gz")
    text(tmp_path / "dataset.json", content)
    with pytest.raises(PetMtlError) as caught:
        find_studies(tmp_path)
    assert caught.value.code == code


def test_moose(tmp_path: Path, pet_series: Any) -> None:
    image(tmp_path / "S1" / "PT_FDG_S1.nii.gz")
    image(tmp_path / "S1" / "CT_S1.nii.gz")
    image(tmp_path / "S1" / "moosez-clin_ct_organs-2024" / "segmentations" / "CT_S1_seg.nii.gz")
    image(tmp_path / "S2" / "PT_S2.nii.gz")
    image(tmp_path / "S2" / "lesion_mask.nii.gz", LABELS > 0)
    image(tmp_path / "S3" / "CT_S3.nii.gz")
    pet_series(tmp_path / "S4" / "PT_FDG")
    search = find_studies(tmp_path)
    assert table(search) == {
        "S1": (None, "CT_S1.nii.gz", None),
        "S2": ("lesion_mask.nii.gz", None, None),
        "S4": (None, None, None),
    }
    assert refused(search) == {"S3": "LAYOUT_NO_PET"}
    assert set(codes(search).values()) == {"LAYOUT_ORGANS"}
    assert read_study(search.sources[2]).suv.shape == (5, 6, 7)


def test_moose_segmentations_beside_dicom_are_no_lesions(tmp_path: Path, pet_series: Any) -> None:
    pet_series(tmp_path / "S1" / "PT_FDG")
    image(tmp_path / "S1" / "moosez-clin_ct_organs-2024" / "segmentations" / "CT_1_seg.nii.gz")
    assert find_studies(tmp_path).sources[0].mask_path is None


SIDECAR = {
    "Units": "Bq/mL", "TracerRadionuclide": "F18", "InjectedRadioactivity": 370,
    "InjectedRadioactivityUnits": "MBq", "InjectionStart": -3600, "ScanStart": 0,
    "ImageDecayCorrected": True, "ImageDecayCorrectionTime": 0, "PatientWeight": 70,
    "AttenuationCorrection": "CT-based",
}  # fmt: skip


def test_bids(tmp_path: Path) -> None:
    def pet(name: str, *, sidecar: Any = SIDECAR) -> Path:
        parts = [part for part in name.split("_") if part[:4] in ("sub-", "ses-")]
        stem = tmp_path.joinpath(*parts, "pet", f"{name}_pet")
        image(stem.with_suffix(".nii.gz"), SUV * 1e4)
        if sidecar:
            text(stem.with_suffix(".json"), sidecar)
        return stem.parent

    pet("sub-01")
    pet("sub-02_ses-a_trc-FDG")
    pet("sub-02_ses-b_trc-FDG")
    pet("sub-03", sidecar=None)
    image(tmp_path / "sub-01" / "ct" / "sub-01_ct.nii.gz")
    image(tmp_path / "sub-01" / "anat" / "sub-01_T1w.nii.gz")
    masks = tmp_path / "derivatives" / "lesions"
    image(masks / "sub-01" / "pet" / "sub-01_label-lesion_mask.nii.gz", LABELS > 0)
    image(masks / "sub-01" / "pet" / "sub-01_label-liver_mask.nii.gz", LABELS > 0)
    image(masks / "sub-02" / "ses-b" / "pet" / "sub-02_ses-b_dseg.nii.gz", LABELS)
    image(masks / "sub-01" / "pet" / "sub-01_desc-suv_pet.nii.gz")
    text(tmp_path / "participants.tsv", "participant_id\tage\nsub-01\t50\n")
    text(tmp_path / "dataset_description.json", {"Name": "x"})
    search = find_studies(tmp_path)
    assert table(search) == {
        "sub-01": ("sub-01_label-lesion_mask.nii.gz", "sub-01_ct.nii.gz", None),
        "sub-02_ses-a_trc-FDG": (None, None, None),
        "sub-02_ses-b_trc-FDG": ("sub-02_ses-b_dseg.nii.gz", None, None),
    }
    assert [s.patient for s in search.sources] == ["sub-01", "sub-02", "sub-02"]
    assert refused(search) == {"sub-03": "BIDS_NO_JSON"}
    study = read_study(search.sources[0])
    # 70000 g / (370e6 Bq * 2**(-3600 s / 6586.2 s)), by hand.
    expected = 70000 / (370e6 * 2 ** (-3600 / 6586.2))
    np.testing.assert_allclose(study.suv, SUV * 1e4 * expected, rtol=1e-6)
    assert study.suv_factor == pytest.approx(expected, rel=1e-9)


def test_a_refused_bids_image_keeps_its_subject(tmp_path: Path) -> None:
    for session in ("a", "b"):
        image(tmp_path / "sub-1" / f"ses-{session}" / "pet" / f"sub-1_ses-{session}_pet.nii.gz")
    image(tmp_path / "sub-2" / "pet" / "sub-2_pet.nii.gz")
    search = find_studies(tmp_path)
    assert search.refused_names == ("sub-1_ses-a", "sub-1_ses-b", "sub-2", "sub-1")


def test_subjects_are_searched_each_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work grows as the dataset does, not as its square."""
    looked: list[Path] = []
    real = bids._entities
    monkeypatch.setattr(bids, "_entities", lambda path: looked.append(path) or real(path))
    counts = []
    for subjects in (5, 20):
        root = tmp_path / str(subjects)
        for number in range(subjects):
            stem = root / f"sub-{number}" / "pet" / f"sub-{number}_pet"
            for path in (f"{stem}.nii.gz", str(stem).replace("_pet", "_ct") + ".nii.gz"):
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(b"")
            text(Path(f"{stem}.json"), SIDECAR)
        looked.clear()
        assert all(source.ct_path for source in find_studies(root).sources)
        counts.append(len(looked))
    assert counts[1] == 4 * counts[0]


def test_several_masks_of_a_bids_image_are_refused(tmp_path: Path) -> None:
    image(tmp_path / "sub-1" / "pet" / "sub-1_pet.nii.gz")
    text(tmp_path / "sub-1" / "pet" / "sub-1_pet.json", SIDECAR)
    for reader in ("a", "b"):
        image(tmp_path / "derivatives" / reader / "sub-1" / "pet" / "sub-1_mask.nii.gz")
    assert refused(find_studies(tmp_path)) == {"sub-1": "LAYOUT_TWICE"}


def test_autopet_prefers_the_file_in_suv(tmp_path: Path) -> None:
    for name in ("SUV", "PET", "CT", "CTres", "SEG"):
        image(tmp_path / "p1" / f"{name}.nii.gz", LABELS > 0 if name == "SEG" else SUV)
    source = find_studies(tmp_path).sources[0]
    assert (source.name, source.path.name) == ("p1", "SUV.nii.gz")
    assert (source.mask_path, source.ct_path) == (
        tmp_path / "p1" / "SEG.nii.gz", tmp_path / "p1" / "CT.nii.gz",
    )  # fmt: skip


def test_layout_overrides_and_is_checked(tmp_path: Path) -> None:
    image(tmp_path / "a__PT.nii.gz")
    image(tmp_path / "a.nii.gz", LABELS)
    assert [s.name for s in find_studies(tmp_path).sources] == ["a"]
    assert len(find_studies(tmp_path, "pairs").sources) == 2, "two images of their own"
    for layout, code in (("manifest", "LAYOUT_MANIFEST"), ("bits", "LAYOUT_UNKNOWN")):
        with pytest.raises(PetMtlError) as caught:
            find_studies(tmp_path, layout)
        assert caught.value.code == code
        assert caught.value.exit_code == 2
