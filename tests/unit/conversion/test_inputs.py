"""Whatever is read of a study changes its key, so that a corrected file is read anew."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.conversion import work
from pet_mtl.conversion.matching import rows_without_study
from pet_mtl.readers import find_studies
from pet_mtl.readers.clinical import ClinicalTable
from pet_mtl.study import Outcome, StudySource


@pytest.fixture
def bids(tmp_path):
    """A BIDS study, and the files beside it that its SUV hangs on."""
    pet = tmp_path / "sub-1" / "ses-a" / "pet" / "sub-1_ses-a_pet.nii.gz"
    pet.parent.mkdir(parents=True)
    pet.write_bytes(b"pet")
    pet.with_name("sub-1_ses-a_pet.json").write_text('{"Units": "Bq/mL"}')
    (tmp_path / "pet.json").write_text("{}")
    (tmp_path / "participants.tsv").write_text("participant_id\tweight\nsub-1\t70\n")
    (tmp_path / "sub-1" / "sub-1_sessions.json").write_text("{}")
    return find_studies(tmp_path, "bids").sources[0]


@pytest.mark.parametrize(
    "name",
    [
        "pet.json", "participants.tsv", "participants.json", "sub-1/sub-1_sessions.json",
        "sub-1/sub-1_sessions.tsv", "sub-1/sub-1_pet.json",
        "sub-1/ses-a/pet/sub-1_ses-a_pet.json", "sub-1/ses-a/pet/sub-1_ses-a_pet.nii.gz",
    ],
)  # fmt: skip
def test_what_a_bids_study_is_read_from(bids, tmp_path, name):
    before = work.input_key(bids, None, 1.0)
    assert before == work.input_key(bids, None, 1.0)
    with (tmp_path / name).open("a") as file:
        file.write(" corrected")
    assert work.input_key(bids, None, 1.0) != before


@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr", "a.mha"])
@pytest.mark.parametrize("part", ["pet", "mask"])
def test_voxels_in_a_file_of_their_own(tmp_path, name, part):
    paths = {}
    for one in ("pet", "mask"):
        (tmp_path / one).mkdir()
        paths[one] = tmp_path / one / name
        sitk.WriteImage(sitk.GetImageFromArray(np.ones((2, 3, 4), np.float32)), str(paths[one]))
    source = StudySource("A", "image", paths["pet"], paths["mask"])
    before = work.input_key(source, None, 1.0)
    data = next((p for p in _beside(paths[part]) if p != paths[part]), paths[part])
    with data.open("ab") as file:
        file.write(b"0")
    assert work.input_key(source, None, 1.0) != before


def _beside(path: Path) -> list[Path]:
    return sorted(path.parent.iterdir())


def test_the_series_that_a_manifest_chooses(tmp_path):
    (tmp_path / "1.dcm").write_bytes(b"1")
    one, two = (
        StudySource("A", "dicom", tmp_path, files=(tmp_path / "1.dcm",), series=number)
        for number in (1, 2)
    )
    assert work.input_key(one, None, 1.0) != work.input_key(two, None, 1.0)


def test_a_row_whose_studies_are_all_refused_is_theirs(bids, tmp_path):
    for session in ("a", "b"):
        pet = tmp_path / "sub-2" / f"ses-{session}" / "pet" / f"sub-2_ses-{session}_pet.nii.gz"
        pet.parent.mkdir(parents=True)
        pet.write_bytes(b"pet")
    (tmp_path / "pet.json").unlink()
    search = find_studies(tmp_path, "bids")
    assert [source.name for source in search.sources] == [bids.name]
    for name in ("sub-2", "SUB-2"):
        table = ClinicalTable({key: Outcome() for key in ("sub-1", name, "sub-3")})
        table = table.bound_to(search.sources, search.refused_names)
        assert rows_without_study(table, search) == ("sub-3",)
