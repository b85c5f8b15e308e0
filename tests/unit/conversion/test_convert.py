"""convert: what it writes, what it refuses, and that it never does work twice."""

import csv
import dataclasses
import json
import shutil
import stat

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from pet_mtl.conversion import ConvertConfig, convert, work
from pet_mtl.conversion.folder import DatasetFolder
from pet_mtl.errors import ClinicalError, ConfigError, DatasetError, ReadError, UsageError
from pet_mtl.files import read_csv
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.pseudonym import pseudonym
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.tfrecords.dataset import load_samples, read_info


@pytest.fixture
def dataset(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def count_reads(monkeypatch):
    """Names of the studies that are read."""
    names = []
    real = work.read_study

    def counted(source, **options):
        names.append(source.name)
        return real(source, **options)

    monkeypatch.setattr(work, "read_study", counted)
    return names


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def names_of(dataset):
    return {row["sample_id"]: row["name"] for row in read_csv(dataset.with_name("set.ids.csv"))}


def test_everything_is_told(cohort, dataset, config):
    result = convert(cohort, dataset, config)
    assert result.exit_code == 0
    assert result.counts == {
        "studies": 11, "rejected": 0, "with_mask": 7, "with_survival": 10, "with_response": 9,
    }  # fmt: skip
    assert (result.unmatched_rows, result.unmatched_studies, result.folds) == (1, 1, 3)
    assert "CENTRE_GUESSED: 4 studies" in result.notices
    info = read_info(dataset)
    assert info.counts == result.counts
    assert info.covariates == ("age",)
    assert info.labels == {"time": "days", "event": "dead", "response": "resp"}
    assert json.loads((dataset / "dataset.json").read_text())["suv"].startswith("SUV")
    assert (dataset / "rejected.csv").read_text() == "study,code,what,expected,found,todo\n"


def test_studies_csv_is_the_records_and_the_table(cohort, dataset, config):
    convert(cohort, dataset, config)
    info, names = read_info(dataset), names_of(dataset)
    rows = info.studies()
    records = list(load_samples(info, range(info.folds)).as_numpy_iterator())
    assert [r["sample_id"] for r in rows] == [r["sample_id"].decode() for r in records]
    for row, record in zip(rows, records, strict=True):
        number = int(names[row["sample_id"]][-2:])
        assert int(row["fold"]) == int(record["fold"])
        assert row["shard"].startswith(f"pet_mtl-fold_{row['fold']}.")
        assert row["has_mask"] == str(int(number % 3 > 0)) == str(int(record["has_mask"]))
        assert row["centre_source"] == ("mask" if number % 3 else "uptake")
        assert ("CENTRE_GUESSED" in row["warnings"]) == (number % 3 == 0)
        assert bool(row["mtv_ml"]) == bool(row["suv_max"]) == (number % 3 > 0)
        if number == 4:
            assert row["time_days"] == row["event"] == row["response"] == row["cov_age"] == ""
            assert record["has_survival"] == record["has_response"] == record["time_days"] == 0
            assert record["clinical_known"] == [0]
            continue
        assert float(row["time_days"]) == record["time_days"] == 100 + number
        assert float(row["event"]) == record["event"] == number % 2
        assert float(row["cov_age"]) == record["clinical"][0] == 40 + number
        assert record["has_response"] == (number != 5)


def test_masks_lie_where_the_lesion_is(cohort, dataset, config):
    convert(cohort, dataset, config)
    info = read_info(dataset)
    for sample in load_samples(info, range(info.folds)).as_numpy_iterator():
        assert (sample["fine_valid"] * sample["context_valid"]).any()
        if sample["has_mask"]:
            inside = sample["fine"][sample["fine_mask"] > 0]
            # A voxel counts when half of it is lesion: background 1, lesion 7.
            assert inside.min() > 3
            assert inside.max() <= 12


def test_no_table_no_labels(cohort, dataset, config):
    result = convert(cohort, dataset, dataclasses.replace(config, clinical=None, columns=None))
    assert result.counts["with_survival"] == result.counts["with_response"] == 0
    assert (result.unmatched_rows, result.unmatched_studies) == (0, 0)
    assert read_info(dataset).labels == {}


def test_same_key_and_seed_same_bytes(cohort, dataset, config, tmp_path):
    convert(cohort, dataset, config)
    key = dataclasses.replace(config, key=tmp_path / "set.key")
    convert(cohort, tmp_path / "again", key)
    assert content(dataset) == content(tmp_path / "again")
    convert(cohort, tmp_path / "other", dataclasses.replace(key, seed=3))
    assert content(dataset) != content(tmp_path / "other")


def test_another_key_changes_names_but_not_folds(cohort, dataset, config, tmp_path):
    convert(cohort, dataset, config)
    other = tmp_path / "elsewhere" / "set"
    convert(cohort, other, config)
    folds = [
        {names_of(d)[row["sample_id"]]: row["fold"] for row in read_info(d).studies()}
        for d in (dataset, other)
    ]
    assert folds[0] == folds[1]
    assert not set(names_of(dataset)) & set(names_of(other))


def test_several_processes_write_the_same(cohort, dataset, config, tmp_path):
    convert(cohort, dataset, config)
    both = dataclasses.replace(config, jobs=2, key=tmp_path / "set.key")
    convert(cohort, tmp_path / "two", both)
    assert content(dataset) == content(tmp_path / "two")


def test_again_does_nothing(cohort, dataset, config, count_reads):
    first = convert(cohort, dataset, config)
    stamps = {p.name: p.stat().st_mtime_ns for p in dataset.iterdir()}
    count_reads.clear()
    again = convert(cohort, dataset, config)
    assert again.done_before and not first.done_before
    assert (again.counts, again.plan, again.exit_code) == (first.counts, first.plan, 0)
    assert count_reads == []
    assert {p.name: p.stat().st_mtime_ns for p in dataset.iterdir()} == stamps


def test_only_what_changed_is_read(cohort, dataset, config, count_reads, write_patient):
    convert(cohort, dataset, config)
    count_reads.clear()
    write_patient(cohort / "PAT_03", 77)
    write_patient(cohort / "PAT_50", 50)
    shutil.rmtree(cohort / "PAT_07")
    result = convert(cohort, dataset, config)
    assert sorted(count_reads) == ["PAT_03", "PAT_50"]
    assert result.read == 2
    assert result.counts["studies"] == 11
    assert len(list(DatasetFolder(dataset).work.glob("*.npz"))) == 11


def test_a_changed_table_reads_no_image(cohort, dataset, config, count_reads, tmp_path):
    convert(cohort, dataset, config)
    count_reads.clear()
    table = tmp_path / "clinical.csv"
    table.write_text(table.read_text().replace("PAT_00,100", "PAT_00,999"))
    assert not convert(cohort, dataset, config).done_before
    assert count_reads == []
    assert "999" in {row["time_days"] for row in read_info(dataset).studies()}


def test_without_the_work_folder_it_is_made_anew(cohort, dataset, config):
    convert(cohort, dataset, config)
    before = content(dataset)
    shutil.rmtree(DatasetFolder(dataset).work)
    assert not convert(cohort, dataset, config).done_before
    assert content(dataset) == before


def test_fewer_folds_leave_no_old_shard(cohort, dataset, config):
    convert(cohort, dataset, config)
    convert(cohort, dataset, dataclasses.replace(config, folds=2))
    assert read_info(dataset).folds == 2
    assert {p.name for p in dataset.glob("*.tfrecord-*")} == set(read_info(dataset).shards)


def test_a_bad_study_is_listed_and_the_rest_goes_on(cohort, dataset, config):
    (cohort / "PAT_02" / "PET_image.nii.gz").write_bytes(b"this is no image")
    (cohort / "EMPTY").mkdir()
    result = convert(cohort, dataset, config)
    assert result.exit_code == 8
    assert (result.counts["studies"], result.counts["rejected"]) == (10, 2)
    rows = read_csv(dataset / "rejected.csv")
    names = names_of(dataset)
    assert {names[row["study"]] for row in rows} == {"PAT_02", "EMPTY"}
    assert all(row["code"] and row["what"] and row["todo"] for row in rows)
    again = convert(cohort, dataset, config)
    assert again.done_before
    assert again.exit_code == 8


def test_what_a_library_raises_is_a_refusal_without_its_text(cohort, dataset, config, monkeypatch):
    def broken(source, **options):
        if source.name == "PAT_02":
            raise RuntimeError(f"cannot read {source.path}")
        return real(source, **options)

    real = work.read_study
    monkeypatch.setattr(work, "read_study", broken)
    assert convert(cohort, dataset, config).exit_code == 8
    (row,) = read_csv(dataset / "rejected.csv")
    assert (row["code"], row["found"]) == ("STUDY_UNREADABLE", "RuntimeError")


def test_nothing_works(tmp_path, dataset, config):
    for name in ("A", "B"):
        (tmp_path / "bad" / name).mkdir(parents=True)
        (tmp_path / "bad" / name / "PET_image.nii.gz").write_bytes(b"no image")
    with pytest.raises(DatasetError, match="not one of 2 studies") as caught:
        convert(tmp_path / "bad", dataset, dataclasses.replace(config, clinical=None, columns=None))
    assert caught.value.exit_code == 1
    assert len(read_csv(dataset / "rejected.csv")) == 2
    with pytest.raises(DatasetError) as caught:
        read_info(dataset)
    assert caught.value.code == "DATASET_MISSING"


def test_an_empty_folder(tmp_path, dataset):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ReadError, match="Give the folder"):
        convert(tmp_path / "nothing", dataset)
    assert not dataset.exists()


def test_a_missing_column_stops_before_any_work(cohort, dataset, config):
    columns = ClinicalColumns("who", "dayz", "dead")
    with pytest.raises(ClinicalError) as caught:
        convert(cohort, dataset, dataclasses.replace(config, columns=columns))
    assert caught.value.exit_code == 2
    assert not dataset.exists()
    assert not DatasetFolder(dataset).work.exists()


def test_a_table_of_other_patients_stops_before_any_work(cohort, dataset, config, count_reads):
    (cohort.parent / "clinical.csv").write_text("who,days,dead,resp,age\nX1,1,1,1,1\nX2,2,0,0,2\n")
    with pytest.raises(ClinicalError, match=r"'who'.*--id-column") as caught:
        convert(cohort, dataset, config)
    assert (caught.value.code, caught.value.exit_code) == ("CLINICAL_NO_STUDY", 2)
    assert "X1" not in str(caught.value)
    assert count_reads == []
    assert not any(p.name.startswith("set") for p in dataset.parent.iterdir())


def test_the_private_list_names_what_does_not_meet(cohort, dataset, config):
    (cohort / "PAT_02" / "PET_image.nii.gz").write_bytes(b"this is no image")
    (cohort / "PAT_99").mkdir()
    table = cohort.parent / "clinical.csv"
    table.write_text(table.read_text() + "PAT_77,1,1,1,1\n")
    result = convert(cohort, dataset, config)
    assert (result.unmatched_rows, result.unmatched_studies) == (1, 1)
    private = DatasetFolder(dataset).unmatched
    rows = [tuple(row.values()) for row in read_csv(private)]
    assert [row[:2] for row in rows] == [
        ("row_without_study", "PAT_77"), ("study_without_row", "PAT_04"),
        ("refused", "PAT_02"), ("refused", "PAT_99"),
    ]  # fmt: skip
    assert rows[2][3] == "PET_image.nii.gz"
    assert rows[3][2:] == ("STUDY_EMPTY", "")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "PAT_" not in "".join(p.read_text() for p in dataset.glob("*.csv"))
    assert convert(cohort, dataset, config).done_before
    private.unlink()
    assert not convert(cohort, dataset, config).done_before
    assert private.exists()


def test_both_formats_of_a_cohort_have_the_same_folds(cohort, dataset, config, tmp_path):
    convert(cohort, dataset, config)
    for path in cohort.glob("*/PET_image.nii.gz"):
        image = sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkFloat64) * 1.000001
        sitk.WriteImage(image, str(path))
    other = tmp_path / "copy"
    convert(cohort, other, dataclasses.replace(config, key=tmp_path / "set.key"))
    folds = [{r["sample_id"]: r["fold"] for r in read_info(d).studies()} for d in (dataset, other)]
    assert folds[0] == folds[1]


def test_equal_images_share_a_fold_and_a_warning(cohort, dataset, config):
    shutil.copytree(cohort / "PAT_01", cohort / "COPY")
    result = convert(cohort, dataset, config)
    assert "DUPLICATE_IMAGE: 2 studies" in result.notices
    names = names_of(dataset)
    twins = [r for r in read_info(dataset).studies() if "DUPLICATE_IMAGE" in r["warnings"]]
    assert {names[row["sample_id"]] for row in twins} == {"PAT_01", "COPY"}
    assert len({row["fold"] for row in twins}) == 1


def test_fewer_patients_than_folds(cohort, dataset, config):
    for number in range(2, 11):
        shutil.rmtree(cohort / f"PAT_{number:02d}")
    result = convert(cohort, dataset, config)
    assert result.folds == 2
    assert any("only 2 folds" in notice for notice in result.notices)


def test_other_files_are_not_mixed_with_a_dataset(cohort, dataset, config):
    dataset.mkdir()
    (dataset / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError) as caught:
        convert(cohort, dataset, config)
    assert caught.value.code == "DATASET_FOREIGN"
    assert (dataset / "thesis.txt").read_text() == "mine"


def test_a_second_run_at_the_same_time_is_refused(cohort, dataset, config):
    with DatasetFolder(dataset).locked(), pytest.raises(DatasetError) as caught:
        convert(cohort, dataset, config)
    assert caught.value.code == "DATASET_BUSY"


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 0},
        {"seed": -1},
        {"jobs": 0},
        {"columns": None},
        {"columns": ClinicalColumns("who", "days")},
        {"columns": ClinicalColumns("who", None, "dead")},
    ],
)
def test_wrong_settings(config, wrong):
    with pytest.raises(ConfigError):
        dataclasses.replace(config, **wrong)


def test_two_scans_of_one_patient_stay_in_one_fold(tmp_path, dataset, pet_series):
    for i in range(6):

        def change(data, index, i=i):
            data.PatientID = f"P{i // 2}"
            data.PixelData = np.random.default_rng(i).integers(1, 999, 42).astype("<i2").tobytes()

        pet_series(tmp_path / "src" / f"visit{i}", slices=3, change=change)
    config = ConvertConfig(folds=5, grids=GridOptions(8), jobs=1)
    assert convert(tmp_path / "src", dataset, config).folds == 3
    names = names_of(dataset)
    fold = {names[row["sample_id"]]: row["fold"] for row in read_info(dataset).studies()}
    assert all(fold[f"visit{i}"] == fold[f"visit{i + 1}"] for i in (0, 2, 4))


def test_one_patient_id_is_one_patient_whatever_rows_there_are(tmp_path, dataset, pet_series):
    patients = {"A": "P1", "B": "P1", "C": "P2", "D": "P3"}
    for i, (name, patient) in enumerate(patients.items()):

        def change(data, _index, i=i, patient=patient):
            data.PatientID = patient
            data.PixelData = np.random.default_rng(i).integers(1, 999, 42).astype("<i2").tobytes()

        pet_series(tmp_path / "src" / name, slices=3, change=change)
    columns = ClinicalColumns("who", covariates=("age",))
    for rows in ("A,1\nC,2\n", "A,1\nB,2\nC,3\n"):
        (tmp_path / "t.csv").write_text("who,age\n" + rows)
        config = ConvertConfig(
            clinical=tmp_path / "t.csv", columns=columns, folds=4, grids=GridOptions(8), jobs=1
        )
        assert convert(tmp_path / "src", dataset, config).folds == 3
        names = names_of(dataset)
        fold = {names[row["sample_id"]]: row["fold"] for row in read_info(dataset).studies()}
        assert fold["A"] == fold["B"]


def test_a_changed_grouping_deals_anew(cohort, dataset, config, count_reads):
    table = cohort / "studies.csv"
    names = [f"PAT_{i:02d}" for i in range(4)]

    def write(*patients):
        rows = [f"{n},{n}/PET_image.nii.gz,{p}" for n, p in zip(names, patients, strict=True)]
        table.write_text("\n".join(["id,path,patient", *rows]))

    write("", "", "", "")
    assert convert(table, dataset, config).folds == 3
    count_reads.clear()
    write("one", "one", "two", "two")
    again = convert(table, dataset, config)
    assert (again.done_before, again.folds, count_reads) == (False, 2, [])


def test_two_studies_in_one_folder_share_row_and_fold(tmp_path, dataset, pet_series):
    def on(day, patient):
        def change(image, _index):
            image.StudyDate, image.PatientID = day, patient
            image.PixelData = np.roll(image.pixel_array, int(day) % 7).tobytes()

        return change

    for index, name in enumerate(("A", "A", "B", "C")):
        pet_series(tmp_path / "src" / name / str(index), change=on(f"2024010{index + 1}", name * 2))
    (tmp_path / "src" / "A" / "letter.txt").write_text("dear colleague")
    (tmp_path / "t.csv").write_text("who,days\nA,11\nB,12\nA_9,13\n")
    columns = ClinicalColumns("who", covariates=("days",))
    config = ConvertConfig(
        clinical=tmp_path / "t.csv", columns=columns, folds=3, grids=GridOptions(size=8), jobs=1
    )
    result = convert(tmp_path / "src", dataset, config)
    assert (result.exit_code, result.unmatched_rows, result.unmatched_studies) == (0, 1, 1)
    folder = DatasetFolder(dataset)
    names = names_of(dataset)
    rows = {names[row["sample_id"]]: row for row in read_info(dataset).studies()}
    assert {name: row["cov_days"] for name, row in rows.items()} == {
        "A": "11", "A_2": "11", "B": "12", "C": "",
    }  # fmt: skip
    assert rows["A"]["fold"] == rows["A_2"]["fold"] != rows["B"]["fold"]
    private = folder.unmatched.read_text().splitlines()
    assert "no_study,A/letter.txt,SOURCE_OTHER," in private
    assert b"letter" not in b"".join(p.read_bytes() for p in dataset.iterdir())


def test_no_name_enters_the_dataset(tmp_path, dataset, pet_series):
    planted = ["QXNAME", "QXID", "QXFOLDER", "QXPLACE", "QXSERIES"]

    def change(data, index):
        data.PatientName, data.PatientID = "QXNAME^Planted", "QXID-7"
        data.InstitutionName, data.SeriesDescription = "QXPLACE", "QXSERIES"

    for i in range(2):
        pet_series(tmp_path / "src" / f"QXFOLDER_{i}", change=change)
    bad = tmp_path / "src" / "QXFOLDER_1"
    for file in bad.glob("*.dcm"):
        data = pydicom.dcmread(file)
        data.Units = "PROPCPS"
        data.save_as(file)
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "days", "dead"], ["QXID-7", 5, 1]])
    columns = ClinicalColumns("id", "days", "dead")
    config = ConvertConfig(
        clinical=tmp_path / "t.csv", columns=columns, grids=GridOptions(8), jobs=1
    )
    result = convert(tmp_path / "src", dataset, config)
    assert (result.counts["studies"], result.counts["rejected"]) == (1, 1)
    for name, data in content(dataset).items():
        for word in planted:
            assert word.encode() not in data, (name, word)
            assert word not in name
    key = bytes.fromhex(dataset.with_name("set.key").read_text())
    assert names_of(dataset)[pseudonym(key, "QXFOLDER_0")] == "QXFOLDER_0"
    for private in ("set.key", "set.ids.csv", "set.unmatched.csv"):
        assert stat.S_IMODE(dataset.with_name(private).stat().st_mode) == 0o600
    assert stat.S_IMODE(dataset.with_name("set.work").stat().st_mode) == 0o700


def test_tfds_opens_what_convert_writes(cohort, dataset, config):
    tfds = pytest.importorskip("tensorflow_datasets")
    convert(cohort, dataset, config)
    builder = tfds.builder_from_directory(dataset)
    assert sorted(builder.info.splits) == ["fold_0", "fold_1", "fold_2"]
    ids = [
        example["sample_id"].numpy().decode()
        for fold in range(3)
        for example in builder.as_dataset(split=f"fold_{fold}")
    ]
    assert sorted(ids) == sorted(row["sample_id"] for row in read_info(dataset).studies())


@pytest.mark.real_data
@pytest.mark.slow
def test_the_real_cohort_is_accepted_whole_and_the_same_from_both_formats(
    shared_data, dataset, tmp_path
):
    folder = shared_data / "sts_cohort"
    columns = ClinicalColumns("patient_id", "os_days", "os_event", "lung_mets", ("age",))
    config = ConvertConfig(clinical=folder / "clinical.csv", columns=columns)
    result = convert(folder / "dicom", dataset, config)
    assert (result.counts["studies"], result.counts["rejected"], result.folds) == (34, 0, 5)
    with (folder / "expected_native_mask_stats.csv").open() as file:
        expected = {row["patient_id"]: row for row in csv.DictReader(file)}
    names = names_of(dataset)
    for row in read_info(dataset).studies():
        stats = expected[names[row["sample_id"]]]
        assert float(row["suv_max"]) == pytest.approx(float(stats["suv_max_roi"]), rel=1e-3)
        assert float(row["mtv_ml"]) == pytest.approx(float(stats["vol_ml"]), abs=0.06)

    other = tmp_path / "nifti"
    convert(folder / "nifti", other, dataclasses.replace(config, key=tmp_path / "set.key"))
    left, right = (
        {s["sample_id"]: s for s in load_samples(read_info(d), range(5)).as_numpy_iterator()}
        for d in (dataset, other)
    )
    assert left.keys() == right.keys()
    assert {n: s["fold"] for n, s in left.items()} == {n: s["fold"] for n, s in right.items()}
    for name, sample in left.items():
        for scale in ("fine", "context"):
            for exact in (f"{scale}_mask", f"{scale}_valid"):
                np.testing.assert_array_equal(sample[exact], right[name][exact])
            np.testing.assert_allclose(sample[scale], right[name][scale], atol=1e-5)


def test_a_dataset_among_the_studies_is_refused(cohort, config):
    before = sorted(cohort.iterdir())
    with pytest.raises(UsageError, match="among the studies"):
        convert(cohort, cohort / "set", config)
    assert sorted(cohort.iterdir()) == before
