"""convert --ct: who has a CT, what the tables say, and that nothing changes without it."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.conversion import ConvertConfig, convert, work
from pet_mtl.conversion.work import load_cutout, save_cutout
from pet_mtl.files import read_csv
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import UprightVolume
from pet_mtl.preprocess.ct import CtVolume
from pet_mtl.preprocess.pipeline import Labels, StudyFacts, study_to_sample
from pet_mtl.preprocess.plan import Fingerprint, GridOptions
from pet_mtl.readers import find_one, read_study
from pet_mtl.study import StudySource
from pet_mtl.tfrecords.dataset import load_samples, read_info

CONFIG = ConvertConfig(folds=2, grids=GridOptions(8, 2.0, 4.0), jobs=1, ct=True)


@pytest.fixture
def cohort(tmp_path, pet_series, ct_series):
    """Four patients: with CT, without, with a broken one, with one elsewhere."""
    src = tmp_path / "studies"
    for name in "ABCD":
        uids = pet_series(src / name / "PET", change=lambda d, i, n=name: _own(d, n))
        if name != "B":
            frame = "1.2.3" if name == "D" else uids[2]
            change = lambda d, i, n=name: _ct_of(d, n)  # noqa: E731
            ct_series(src / name / "CT", (*uids[:2], frame), change=change)
    return src


def _own(dataset, name):
    """Another image for everybody."""
    pixels = np.frombuffer(dataset.PixelData, "<i2") + ord(name)
    dataset.PixelData, dataset.PatientID = pixels.astype("<i2").tobytes(), name


def _ct_of(dataset, name):
    """The same patient's; that of C lacks its slope."""
    dataset.PatientID = name
    if name == "C":
        del dataset.RescaleSlope


def by_name(dataset, rows):
    names = {r["sample_id"]: r["name"] for r in read_csv(dataset.with_name("set.ids.csv"))}
    return {names[row["sample_id"]]: row for row in rows}


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_patient_by_patient(cohort, tmp_path):
    dataset = tmp_path / "set"
    result = convert(cohort, dataset, CONFIG)
    assert result.exit_code == 0 and result.counts["with_ct"] == 1
    told = json.loads((dataset / "dataset.json").read_text())
    assert told["channels"] == ["suv", "ct_hu"] and "Hounsfield" in told["ct_hu"]
    assert [f["name"] for f in told["features"]][-1] == "has_ct"
    info = read_info(dataset)
    assert info.has_ct and info.counts["with_ct"] == 1
    rows = by_name(dataset, info.studies())
    assert {name: row["has_ct"] for name, row in rows.items()} == dict(
        zip("ABCD", "1000", strict=True)
    )
    codes = {name: set(row["warnings"].split()) - {"CENTRE_GUESSED"} for name, row in rows.items()}
    assert codes == {"A": set(), "B": set(), "C": {"CT_RESCALE"}, "D": {"CT_FRAME"}}
    assert "CT_RESCALE: 1 studies" in result.notices


def test_the_records_hold_it_at_its_place(cohort, tmp_path, hu_of):
    dataset = tmp_path / "set"
    convert(cohort, dataset, CONFIG)
    info = read_info(dataset)
    records = [
        {**r, "sample_id": r["sample_id"].decode()}
        for r in load_samples(info, range(info.folds)).as_numpy_iterator()
    ]
    found = by_name(dataset, records)
    for name in "BCD":
        assert not any(found[name][n].any() for n in ("has_ct", "fine_ct", "context_ct_valid"))
    record = found["A"]
    assert record["has_ct"] == 1
    for scale in ("fine", "context"):
        grid = info.plan.grid(scale, tuple(float(c) for c in record["centre_mm"]))
        world = grid.index_to_world(np.stack(np.meshgrid(*[np.arange(8)] * 3, indexing="ij"), -1))
        # Linear in the world, up to the rounding to whole HU, where no air and no border is near.
        tissue = (world[..., 1] > -25) & (world[..., 1] < -9) & (abs(world[..., 0] + 5) < 13)
        tissue &= (world[..., 2] > 102) & (world[..., 2] < 111)
        assert tissue.any() and record[f"{scale}_ct_valid"][..., 0][tissue].all()
        expected = hu_of(world)[tissue]
        np.testing.assert_allclose(record[f"{scale}_ct"][..., 0][tissue], expected, atol=1.01)


def test_without_the_option_the_bytes_are_those_of_a_cohort_without_ct(cohort, tmp_path):
    plain = dataclasses.replace(CONFIG, ct=False)
    convert(cohort, tmp_path / "set", plain)
    for name in "ACD":
        for path in (cohort / name / "CT").iterdir():
            path.unlink()
    again = dataclasses.replace(plain, key=tmp_path / "set.key")
    convert(cohort, tmp_path / "again", again)
    assert content(tmp_path / "set") == content(tmp_path / "again")
    told = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert told["channels"] == ["suv"] and "ct_hu" not in told and "with_ct" not in told["counts"]
    assert "has_ct" not in (tmp_path / "set" / "studies.csv").read_text()


def test_turning_ct_on_reads_again_and_back_again(cohort, tmp_path, monkeypatch):
    names = []
    real = work.read_study
    monkeypatch.setattr(
        work, "read_study", lambda s, **options: names.append(s.name) or real(s, **options)
    )
    for ct, read in ((False, 4), (True, 4), (True, 0), (False, 4)):
        names.clear()
        convert(cohort, tmp_path / "set", dataclasses.replace(CONFIG, ct=ct))
        assert len(names) == read
        assert read_info(tmp_path / "set").has_ct == ct


def test_several_processes_write_the_same(cohort, tmp_path):
    convert(cohort, tmp_path / "set", CONFIG)
    both = dataclasses.replace(CONFIG, jobs=2, key=tmp_path / "set.key")
    convert(cohort, tmp_path / "two", both)
    assert content(tmp_path / "set") == content(tmp_path / "two")


def test_the_key_of_a_study_follows_ct_and_its_file(tmp_path):
    (tmp_path / "pet.nii").write_bytes(b"pet")
    source = StudySource("A", "image", tmp_path / "pet.nii", ct_path=tmp_path / "ct.nii")
    plain, wanted = (work.input_key(source, None, 1.0, ct) for ct in (False, True))
    assert plain == work.input_key(source, None, 1.0) != wanted
    (tmp_path / "ct.nii").write_bytes(b"ct")
    assert work.input_key(source, None, 1.0) == plain
    assert work.input_key(source, None, 1.0, True) != wanted


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_kept_of_a_ct_comes_back(tmp_path, whole):
    grid = Grid((4, 5, 6), (2.0, 1.0, 1.5), (1.0, 2.0, 3.0))
    hu = np.random.default_rng(0).normal(0, 300, grid.shape).astype(np.float32)
    hu = np.rint(hu) if whole else hu
    hu[0] = np.nan
    suv = UprightVolume(np.ones(grid.shape, np.float32), grid, None, CtVolume(hu, grid))
    facts = StudyFacts(Fingerprint(grid.spacing_mm), (0.0, 0.0, 0.0), "uptake", "x", has_ct=True)
    save_cutout(tmp_path / "a.npz", [suv], facts)
    (volume,), again = load_cutout(tmp_path / "a.npz")
    assert again == facts and volume.ct.grid == grid and volume.ct.hu.dtype == np.float32
    np.testing.assert_array_equal(volume.ct.hu, hu)
    with np.load(tmp_path / "a.npz") as stored:
        assert stored["ct0"].dtype == (np.int16 if whole else np.float32)


@pytest.mark.real_data
def test_the_real_patients_with_ct(shared_data, tmp_path):
    """Three patients of the cohort have a CT; the records hold what is cut from it."""
    cohort, src = shared_data / "sts_cohort", tmp_path / "studies"
    names = ("STS_002", "STS_019", "STS_025")
    for name in names:
        parts = [*(cohort / "dicom" / name).rglob("*.dcm")]
        parts += (cohort / "ct_dicom" / name / "CT" / "image").iterdir()
        (src / name).mkdir(parents=True)
        for number, path in enumerate(parts):
            (src / name / f"{number}.dcm").symlink_to(path)
    dataset = tmp_path / "set"
    result = convert(src, dataset, ConvertConfig(folds=1, grids=GridOptions(24), jobs=1, ct=True))
    assert result.counts == {
        "studies": 3, "rejected": 0, "with_mask": 3, "with_survival": 0, "with_response": 0,
        "with_ct": 3,
    }  # fmt: skip
    info = read_info(dataset)
    records = [
        {**r, "sample_id": r["sample_id"].decode()}
        for r in load_samples(info, [0]).as_numpy_iterator()
    ]
    for name, record in by_name(dataset, records).items():
        study = read_study(find_one(src / name), with_ct=True)
        sample = study_to_sample(study, info.plan, Labels(name))
        for patch, scale in ((sample.fine, "fine"), (sample.context, "context")):
            np.testing.assert_array_equal(record[f"{scale}_ct_valid"][..., 0], patch.ct_valid)
            # float32 sums in another order: the kept part of the CT begins elsewhere.
            np.testing.assert_allclose(record[f"{scale}_ct"][..., 0], patch.ct, atol=5e-3)
