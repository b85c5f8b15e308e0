"""Context cubes cut away from the lesion: who has them, and that nothing changes without them."""

import dataclasses
import json

import numpy as np
import pytest

from pet_mtl.conversion import convert
from pet_mtl.files import read_csv
from pet_mtl.preprocess.crop import cut_patch
from pet_mtl.preprocess.elsewhere import places_elsewhere
from pet_mtl.preprocess.pipeline import examine
from pet_mtl.readers import find_one, read_study
from pet_mtl.tfrecords.dataset import load_samples, read_info
from pet_mtl.tfrecords.decode import decode_record, sample_of
from pet_mtl.tfrecords.frames import read_frames

ELSEWHERE = ("elsewhere", "elsewhere_valid", "elsewhere_mask", "has_elsewhere")


def small(config, **changes):
    return dataclasses.replace(config, clinical=None, columns=None, **changes)


def samples(info):
    return {
        s["sample_id"].decode(): s
        for s in load_samples(info, range(info.folds)).as_numpy_iterator()
    }


def test_outlined_patients_have_them_and_the_rest_is_unchanged(cohort, config, tmp_path):
    for name, count in (("with", 2), ("without", 0)):
        key = {"key": tmp_path / "with.key"} if count == 0 else {}
        convert(cohort, tmp_path / name, small(config, elsewhere=count, **key))
    more, bare = read_info(tmp_path / "with"), read_info(tmp_path / "without")
    assert (more.elsewhere, bare.elsewhere) == (2, 0)
    assert json.loads((tmp_path / "with" / "dataset.json").read_text())["elsewhere"] == 2
    assert "elsewhere" not in json.loads((tmp_path / "without" / "dataset.json").read_text())
    one, other = samples(more), samples(bare)
    assert one.keys() == other.keys()
    for name, sample in one.items():
        assert set(sample) - set(other[name]) == set(ELSEWHERE)
        for feature, value in other[name].items():
            np.testing.assert_array_equal(sample[feature], value)
        assert (sample["has_elsewhere"] == sample["has_mask"]).all()
        assert sample["elsewhere_valid"].any() == bool(sample["has_mask"])


def test_they_are_cut_from_the_whole_study(cohort, config, tmp_path):
    """Not from what is kept around the lesion."""
    grids = dataclasses.replace(config.grids, fine_mm=1.0, context_mm=2.0)
    convert(cohort, tmp_path / "set", small(config, grids=grids))
    info = read_info(tmp_path / "set")
    names = {r["name"]: r["sample_id"] for r in read_csv(tmp_path / "set.ids.csv")}
    study = read_study(find_one(cohort / "PAT_02"))
    volume, _ = examine(study)
    expected = [
        cut_patch(volume, info.plan.grid("context", place)) for place in places_elsewhere(volume, 3)
    ]
    found = samples(info)[names["PAT_02"]]
    assert len(expected) == 3
    for number, patch in enumerate(expected):
        np.testing.assert_allclose(found["elsewhere"][number, ..., 0], patch.suv, atol=1e-5)
        np.testing.assert_array_equal(found["elsewhere_mask"][number, ..., 0] > 0, patch.mask)
        np.testing.assert_array_equal(found["elsewhere_valid"][number, ..., 0] > 0, patch.valid)


def test_a_cohort_without_masks_has_no_such_features(tmp_path, write_patient, config):
    for i in range(3):
        write_patient(tmp_path / "studies" / f"P{i}", i, masked=False)
    convert(tmp_path / "studies", tmp_path / "set", small(config))
    info = read_info(tmp_path / "set")
    assert info.elsewhere == 0
    record = next(iter(read_frames(tmp_path / "set" / next(iter(info.shards)))))
    assert sample_of(decode_record(record, info.dimensions)).elsewhere == ()


@pytest.mark.parametrize("count", [1, 4])
def test_another_number_is_another_dataset(cohort, config, tmp_path, count):
    assert convert(cohort, tmp_path / "set", small(config)).read == 11
    result = convert(cohort, tmp_path / "set", small(config, elsewhere=count))
    assert not result.done_before and result.read == 11
    assert read_info(tmp_path / "set").elsewhere == count
