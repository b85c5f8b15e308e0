"""Nothing of the source that names a patient leaves it: identifiers are planted, then searched.

Every planted text looks like `zq12station9qz`, so that one expression finds them all, whatever
field they come from, in any file, compressed or encoded in the usual ways.
"""

import base64
import binascii
import copy
import csv
import datetime
import gzip
import io
import itertools
import json
import re
import stat
import subprocess
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from pet_mtl.cli import main
from pet_mtl.conversion import ConvertConfig, convert
from pet_mtl.errors import UsageError
from pet_mtl.files import read_csv
from pet_mtl.geometry import Grid
from pet_mtl.phantom.dicom import Scan, write_series
from pet_mtl.phantom.patient import PhantomPatient
from pet_mtl.phantom.rtstruct import write_rtstruct
from pet_mtl.phantom.scanner import SCANNERS
from pet_mtl.preprocess.plan import GridOptions
from pet_mtl.readers import find_studies

Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = "1.3.6.1.4.1.99731"
BIRTH, SCANNED = "19570409", datetime.datetime(2019, 7, 23, 10)
PLANTED = re.compile(
    rb"zq\d\d\w{1,12}?qz|" + ROOT.encode().replace(b".", rb"\.") + rb"|1957\D?04\D?09|"
    rb"2019\D?07\D?23|23\.07\.2019|J(?:\xc3\xb6|\xf6|\\u00f6|&#246;|&ouml;)rg",
    re.IGNORECASE,
)

ENCODED = re.compile(rb"[A-Za-z0-9+/]{400,}={0,2}")

# Text that a scanner, a clerk or a planning system writes about people.
TEXTS = (
    "PatientName PatientID OtherPatientIDs PatientBirthName PatientMotherBirthName PatientAddress "
    "PatientTelephoneNumbers EthnicGroup Occupation MilitaryRank PatientComments IssuerOfPatientID "
    "AdditionalPatientHistory MedicalRecordLocator AccessionNumber StudyID InstitutionName "
    "InstitutionAddress InstitutionalDepartmentName ReferringPhysicianName RequestingPhysician "
    "PerformingPhysicianName NameOfPhysiciansReadingStudy OperatorsName StationName AdmissionID "
    "StudyDescription SeriesDescription ProtocolName ImageComments DeviceSerialNumber "
    "SoftwareVersions RequestedProcedureDescription PerformedProcedureStepDescription Allergies "
    "BodyPartExamined DeidentificationMethod ReconstructionMethod StudyComments "
    "CurrentPatientLocation"
).split()
# Attributes that decide something; text in one leads to a refusal, or it is read as absent.
DECIDING = (
    "Units SUVType CorrectedImage DecayCorrection Modality SeriesType ImageType PatientWeight "
    "PatientSize PatientSex RescaleSlope RescaleIntercept NumberOfFrames PixelSpacing SeriesTime "
    "ImagePositionPatient ImageOrientationPatient SeriesDate AcquisitionTime AcquisitionDate "
    "FrameReferenceTime ActualFrameDuration DecayFactor FrameOfReferenceUID SOPClassUID "
    "SeriesInstanceUID Rows Columns BitsAllocated PixelRepresentation SamplesPerPixel "
    "PhotometricInterpretation SpecificCharacterSet TimezoneOffsetFromUTC PatientPosition"
).split()
DRUG = (
    "RadionuclideTotalDose RadionuclideHalfLife RadiopharmaceuticalStartTime "
    "RadiopharmaceuticalStartDateTime Radiopharmaceutical"
).split()


# --- Planting --------------------------------------------------------------------------------

_numbers = itertools.count(10)


def secret(about: str) -> str:
    """A text that is nowhere else."""
    return f"zq{next(_numbers) % 90 + 10}{re.sub('[^a-z0-9]', '', about.lower())[:7]}qz"


def phantom(seed: int, shape=(10, 12, 12), edge_mm=10.0) -> PhantomPatient:
    """A warm block with a hot one in it."""
    suv = np.random.default_rng(seed).gamma(4.0, 0.25, shape).astype(np.float32)
    mask = np.zeros(shape, bool)
    middle = [n // 2 for n in shape]
    mask[tuple(slice(m - 1, m + 1 + seed % 2) for m in middle)] = True
    suv[mask] += 4 + seed
    grid = Grid(shape, (edge_mm,) * 3, (-50.0, -40.0, 100.0))
    nothing = np.zeros((0, 3))
    return PhantomPatient(suv, grid, mask, {}, 50.0, SCANNERS[0], nothing, nothing)


def write_dicom(folder: Path, seed: int, outlined: bool = True, **shape: Any) -> str:
    """A study in which every field that can name somebody does; returns its PatientID."""
    patient, pid = phantom(seed, **shape), secret("pid")
    injection = SCANNED - datetime.timedelta(hours=1)
    scan = Scan(pid, seed, SCANNED, injection, 300_000_000, 75.0)
    write_series(folder / secret("series"), patient, scan)
    if outlined:
        write_rtstruct(folder / secret("contours") / f"{secret('file')}.dcm", patient, scan)
    for path in sorted(folder.rglob("*.dcm")):
        change(path, lambda data: _plant(data, pid))
        path.rename(path.with_name(f"{secret('slice')}_{path.name}"))
    return pid


def change(path: Path, how: Callable[[Dataset], None]) -> None:
    """Changes a DICOM file and writes it again, standard or not."""
    with pydicom.config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(path)
        how(data)
        pydicom.dcmwrite(path, data)


def _plant(data: Dataset, pid: str) -> None:
    for name in TEXTS:
        text = secret(name)
        setattr(data, name, text.upper() if name == "BodyPartExamined" else text)
    data.PatientName, data.PatientID, data.PatientBirthDate = f"{secret('name')}^Jörg", pid, BIRTH
    private = data.private_block(0x0011, secret("creator"), create=True)
    private.add_new(0x01, "LO", secret("private"))
    for item in data.get("StructureSetROISequence", []):
        item.ROIName, item.ROIDescription = secret("roi"), secret("roitext")
    if "StructureSetLabel" in data:
        data.StructureSetLabel, data.StructureSetName = secret("label"), secret("setname")
    for item in data.get("RadiopharmaceuticalInformationSequence", []):
        item.Radiopharmaceutical = secret("drug")
    data.walk(_own_root)
    _own_root(data.file_meta, data.file_meta["MediaStorageSOPInstanceUID"])


def _own_root(_data: Dataset, element: DataElement) -> None:
    if element.VR == "UI" and str(element.value).startswith("2.25."):
        element.value = f"{ROOT}.{str(element.value)[5:35]}"


def write_images(folder: Path, seed: int, suffix: str) -> None:
    """PET and mask as image files whose headers hold free text, and a talkative sidecar."""
    patient = phantom(seed)
    folder.mkdir(parents=True)
    for role, array in (("PET_image", patient.suv), ("PET_mask", patient.mask.astype(np.uint8))):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(patient.grid.spacing_mm)
        for key in ("descrip", "aux_file", "intent_name", "comment", "PatientName"):
            image.SetMetaData(key, secret(key))
        sitk.WriteImage(image, str(folder / f"{role}{suffix}"))
        if suffix == ".nii":
            _nifti_texts(folder / f"{role}{suffix}")
    told = {"PatientName": secret("json"), "PatientBirthDate": BIRTH, "StudyUID": ROOT}
    (folder / "PET_image.json").write_text(json.dumps(told))
    (folder / f"{secret('notes')}.txt").write_text(secret("note"))


def _nifti_texts(path: Path) -> None:
    """db_name, descrip, aux_file and intent_name of the header."""
    data = bytearray(path.read_bytes())
    for place, size in ((14, 18), (148, 80), (228, 24), (328, 16)):
        data[place : place + size] = secret("nii").encode().ljust(size, b"\0")
    path.write_bytes(bytes(data))


def write_table(path: Path, ids: list[str]) -> Path:
    """Outcomes and an age, among columns that say who it is."""
    header = ["who", "days", "dead", "resp", "age", "name", "born", "remarks"]
    rows = [
        [key, 100 + 10 * i, i % 2, (i // 2) % 2, 40 + i, f"{secret('row')}, Jörg", "1957-04-09",
         f"seen by Dr. {secret('doctor')}"]
        for i, key in enumerate(ids)
    ]  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


# --- Searching -------------------------------------------------------------------------------


def views(data: bytes, depth: int = 3) -> Iterator[bytes]:
    """The bytes, and what they hold when unpacked or decoded."""
    yield data
    yield data.replace(b"\0", b"")
    if depth:
        for inner in itertools.chain(_unpacked(data), _decoded(data)):
            yield from views(inner, depth - 1)


def _unpacked(data: bytes) -> Iterator[bytes]:
    """gzip, zip (.keras, .npz), and zlib streams anywhere (records, PNG)."""
    if data[:2] == b"\x1f\x8b":
        yield zlib.decompressobj(31).decompress(data)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode() + b" " + packed.read(name)
                yield packed.read(name)
    for begin in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            yield zlib.decompressobj().decompress(data[begin.start() :])
        except zlib.error:
            continue


def _decoded(data: bytes) -> Iterator[bytes]:
    """base64, wherever in four it begins, and hexadecimal digits."""
    for run in re.finditer(rb"[A-Za-z0-9+/]{16,}", data):
        for shift in range(4):
            text = run[0][shift:]
            yield base64.b64decode(text + b"A" * (-len(text) % 4))
    for run in re.finditer(rb"(?:[0-9a-f]{2}){12,}", data, re.IGNORECASE):
        yield binascii.unhexlify(run[0])


def planted(data: bytes) -> set[str]:
    """Everything planted that some bytes hold.

    Long base64, which looks like anything somewhere, counts by what it says when decoded.
    """
    texts = (ENCODED.sub(b"", view) for view in views(data))
    found = (match[0] for text in texts for match in PLANTED.finditer(text))
    return {text.decode("latin-1").lower() for text in found}


def leaks(*places: Path | str, allowed: set[str] = frozenset()) -> dict[str, set[str]]:
    """What is planted in files below folders, in their names, and in texts."""
    found: dict[str, set[str]] = {}
    for place in places:
        if isinstance(place, str):
            found["what is said"] = found.get("what is said", set()) | planted(place.encode())
            continue
        assert place.exists(), place
        for path in [p for p in (place, *place.rglob("*")) if p.is_file()]:
            name = str(path.relative_to(place))
            found[f"{place.name}/{name}"] = planted(path.read_bytes()) | planted(name.encode())
    found = {name: texts - allowed for name, texts in found.items()}
    return {name: texts for name, texts in found.items() if texts}


TOKEN = b"zq12station9qz"


@pytest.mark.parametrize(
    "hidden",
    [
        b"..%s.." % TOKEN,
        TOKEN.upper(),
        TOKEN.decode().encode("utf-16"),
        gzip.compress(b"x" + TOKEN),
        b"head" + zlib.compress(TOKEN * 3) + b"tail",
        b"src='data:;base64," + base64.b64encode(b"a" + TOKEN) + b"'",
        b"src='data:;base64," + base64.b64encode(gzip.compress(TOKEN)) + b"'",
        base64.b64encode(b"abc" + TOKEN),
        TOKEN.hex().encode(),
        f"uid {ROOT}.77".encode(),
        b"born 1957-04-09",
        b"on 2019-07-23T10:00",
        json.dumps("Jörg").encode(),
        "Jörg".encode("latin-1"),
    ],
    # Compressed bytes hold the time they were made at: no name for a test.
    ids=range(14),
)
def test_the_search_finds(hidden):
    assert planted(hidden)
    assert not planted(hidden[: len(hidden) // 2])


def test_the_search_finds_in_archives_and_records(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", notes=np.array(TOKEN.decode()))
    assert leaks(tmp_path) == {f"{tmp_path.name}/a.npz": {TOKEN.decode()}}
    assert leaks(tmp_path, allowed={TOKEN.decode()}) == {}
    (tmp_path / "a.npz").rename(tmp_path / "zq34pathqz.npz")
    assert {TOKEN.decode(), "zq34pathqz"} in leaks(tmp_path).values()


# --- The source ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten studies, DICOM, NIfTI and NRRD, and their table."""
    base = tmp_path_factory.mktemp("privacy")
    src, ids = base / "studies", []
    for seed in range(6):
        folder = src / secret("folder")
        pid = write_dicom(folder, seed, outlined=seed != 2)
        ids.append(pid if seed % 2 else folder.name)
    for seed, suffix in enumerate((".nii", ".nii.gz", ".nrrd", ".mha"), 6):
        folder = src / secret("folder")
        write_images(folder, seed, suffix)
        ids.append(folder.name)
    write_table(base / "clinical.csv", [*ids, secret("absent")])
    return src


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Studies that are refused, as many ways as there are, and a good one."""
    src = tmp_path_factory.mktemp("broken") / "studies"
    write_images(src / secret("good"), 20, ".nii.gz")
    for name in (*DECIDING, *DRUG):
        folder = _small(src, name)
        text = secret(name)  # the same in all slices: nothing else is wrong with them
        for path in sorted(folder.rglob("*.dcm")):
            change(path, lambda data, name=name, text=text: _text_in(data, name, text))
    for path in sorted(_small(src, "cut").rglob("*.dcm"))[:2]:
        path.write_bytes(path.read_bytes()[:-60])
    for path in sorted(_small(src, "head").rglob("*.dcm"))[:1]:
        path.write_bytes(path.read_bytes()[:300])
    sorted(_small(src, "lost").rglob("*.dcm"))[2].unlink()
    twice = sorted(_small(src, "twice").rglob("*.dcm"))[1]
    twice.with_name(f"{secret('copy')}.dcm").write_bytes(twice.read_bytes())
    write_dicom(_small(src, "second"), 31, shape=(5, 8, 8))
    _bad_contours(src)
    _bad_images(src)
    return src


def _small(src: Path, about: str) -> Path:
    folder = src / secret(about)
    write_dicom(folder, 30, outlined=False, shape=(5, 8, 8))
    return folder


def _text_in(data: Dataset, name: str, text: str) -> None:
    """Text where something else belongs."""
    place = data.RadiopharmaceuticalInformationSequence[0] if name in DRUG else data
    tag = pydicom.datadict.tag_for_keyword(name)
    place[tag] = DataElement(tag, "LO", text)


def _bad_contours(src: Path) -> None:
    """Structure sets with two regions, of another frame, far away, and with an odd type."""

    for how in (_twice, _elsewhere, _far, _odd, _no_points):
        folder = src / secret(how.__name__)
        write_dicom(folder, 32, shape=(5, 8, 8))
        for path in folder.rglob("*.dcm"):
            if pydicom.dcmread(path, stop_before_pixels=True).Modality == "RTSTRUCT":
                change(path, how)


def _twice(data: Dataset) -> None:
    for sequence in (data.StructureSetROISequence, data.ROIContourSequence):
        sequence.append(copy.deepcopy(sequence[0]))
    data.StructureSetROISequence[1].ROINumber = data.ROIContourSequence[1].ReferencedROINumber = 2
    data.StructureSetROISequence[1].ROIName = secret("roi")


def _elsewhere(data: Dataset) -> None:
    data.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = f"{ROOT}.1"
    data.ReferencedFrameOfReferenceSequence = []


def _far(data: Dataset) -> None:
    for contour in data.ROIContourSequence[0].ContourSequence:
        contour.ContourData = [float(value) + 900 for value in contour.ContourData]


def _odd(data: Dataset) -> None:
    for contour in data.ROIContourSequence[0].ContourSequence:
        contour.ContourGeometricType = secret("type").upper()


def _no_points(data: Dataset) -> None:
    contour = data.ROIContourSequence[0].ContourSequence[0]
    contour["ContourData"] = DataElement(0x30060050, "LO", secret("points"))


def _bad_images(src: Path) -> None:
    folder = src / secret("bytes")
    folder.mkdir()
    (folder / "PET_image.nii.gz").write_bytes(secret("junk").encode())
    for about, scale in (("hot", 1e5), ("nan", float("nan")), ("zero", 0.0)):
        folder = src / secret(about)
        write_images(folder, 40, ".nrrd")
        image = sitk.ReadImage(str(folder / "PET_image.nrrd"))
        array = sitk.GetArrayFromImage(image) * np.float32(scale)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / "PET_image.nrrd"))
    folder = src / secret("labels")
    write_images(folder, 41, ".mha")
    labels = np.arange(1440, dtype=np.int16).reshape(10, 12, 12)
    sitk.WriteImage(sitk.GetImageFromArray(labels), str(folder / "PET_mask.mha"))
    folder = src / secret("two")
    write_images(folder, 42, ".nii")
    (folder / f"{secret('other')}_PET.nii").write_bytes((folder / "PET_image.nii").read_bytes())
    (src / secret("empty")).mkdir()
    (src / secret("text")).mkdir()
    (src / sorted(p.name for p in src.iterdir())[-1] / f"{secret('memo')}.txt").write_text("hello")


# --- What may be where -----------------------------------------------------------------------

COLUMNS = ["--id-column", "who", "--time", "days", "--event", "dead", "--response", "resp"]
SMALL = ["--folds", 2, "--size", 16, "--fine-mm", 5, "--context-mm", 10, "--jobs", 1]


def names_in(src: Path) -> set[str]:
    """What is planted in the names that the studies of a folder are given."""
    search = find_studies(src)
    names = [source.name for source in search.sources] + [name for name, _ in search.passed_over]
    return {text for name in names for text in planted(name.encode())}


def file_names_in(src: Path) -> set[str]:
    """What is planted in the names of files and folders."""
    return {text for path in src.rglob("*") for text in planted(path.name.encode())}


def check_dataset(dataset: Path, said: str) -> None:
    """Names are in the private files only, and nothing else is anywhere."""
    beside = {name: dataset.with_name(f"{dataset.name}.{name}") for name in ("key", "work")}
    assert leaks(dataset, *beside.values(), said) == {}
    for name in ("key", "ids.csv", "unmatched.csv"):
        path = dataset.with_name(f"{dataset.name}.{name}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(beside["work"].stat().st_mode) == 0o700
    others = {p.name for p in dataset.parent.iterdir() if p.name.startswith(f"{dataset.name}.")}
    assert others == {f"{dataset.name}.{n}" for n in ("key", "work", "ids.csv", "unmatched.csv")}


def run_here(capsys, *arguments: object) -> tuple[Any, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return ended.value.code, said.out + said.err


def test_no_dataset_of_good_studies_names_anybody(source, tmp_path, capsys):
    assert planted((source.parent / "clinical.csv").read_bytes())
    table = ["--clinical", source.parent / "clinical.csv", *COLUMNS, "--covariates", "age"]
    code, said = run_here(capsys, "convert", source, tmp_path / "set", *SMALL, *table)
    assert code == 0, said
    check_dataset(tmp_path / "set", said)
    ids = tmp_path / "set.ids.csv"
    assert planted(ids.read_bytes()) == names_in(source)
    rows = read_csv(tmp_path / "set.unmatched.csv")
    assert ["absent" in r["name"] for r in rows if r["kind"] != "no_study"] == [True]


def test_no_refusal_names_anybody(broken, tmp_path, pet_mtl: Run):
    """In processes of their own: libraries log where a test's own handlers do not hide it."""
    done = pet_mtl("convert", broken, tmp_path / "set", *SMALL[:-1], 2, code=8)
    check_dataset(tmp_path / "set", done.stdout + done.stderr)
    codes = {row["code"] for row in read_csv(tmp_path / "set" / "rejected.csv")}
    assert len(codes) >= 15, codes


def test_no_refusal_names_anybody_where_nothing_is_usable(broken, tmp_path, capsys):
    for folder in broken.iterdir():
        if "units" in folder.name or "bytes" in folder.name:
            (tmp_path / "studies").mkdir(exist_ok=True)
            (tmp_path / "studies" / folder.name).symlink_to(folder)
    code, said = run_here(capsys, "convert", tmp_path / "studies", tmp_path / "set", *SMALL)
    assert code == 1
    assert leaks(tmp_path / "set", said) == {}


def _table(lines: str) -> Callable[[Path, str], None]:
    return lambda path, key: path.write_text(lines.format(key=key), encoding="utf-8")


BAD_TABLES = {
    "value": _table("who,days,dead,resp,age\n{key},zq11valueqz,1,0,50\n"),
    "flag": _table("who,days,dead,resp,age\n{key},5,zq11valueqz,0,50\n"),
    "covariate": _table("who,days,dead,resp,age\n{key},5,1,0,50\nx,5,1,0,zq11valueqz\n"),
    "twice": _table("who,days,dead,resp,age\n{key},5,1,0,50\n{key},6,1,0,50\n"),
    "ragged": _table("who,days,dead,resp,age\n{key},5,1,0,50,zq11extraqz,zq12extraqz\n"),
    "strangers": _table("who,days,dead,resp,age\nzq11strangerqz,5,1,0,50\n"),
    "headless": _table("zq11headqz,zq12nameqz,5,1,0,50\n{key},zq13nameqz,6,0,1,51\n"),
    "dated": _table("zq11headqz,1957-04-09\n{key},1957-04-09\n"),
    "nobody": _table("who,days,dead,resp,age\n,5,1,0,50\n"),
}


NAMING = {
    "names": ("zq11nameqz", "zq12nameqz", "zq13nameqz"),
    "births": ("19570409", "19570409", "19570409"),
    "births of a spreadsheet": ("19570409.0", "19570409.0", ""),
}


@pytest.mark.parametrize("kind", NAMING)
def test_covariates_that_name_somebody_are_refused(source, tmp_path, capsys, kind):
    """Three rows are enough: neither names nor dates without signs become covariates."""
    keys = sorted(p.name for p in source.iterdir())
    rows = "".join(f"{key},5,1,0,{cell}\n" for key, cell in zip(keys, NAMING[kind], strict=False))
    (tmp_path / "bad.csv").write_text(f"who,days,dead,resp,x\n{rows}")
    table = ["--clinical", tmp_path / "bad.csv", *COLUMNS, "--covariates", "x"]
    code, said = run_here(capsys, "convert", source, tmp_path / "set", *SMALL, *table)
    assert code == 2 and "CLINICAL_" in said
    assert leaks(said) == {}
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("kind", BAD_TABLES)
def test_no_refused_table_names_anybody(source, tmp_path, capsys, kind):
    BAD_TABLES[kind](tmp_path / "bad.csv", sorted(p.name for p in source.iterdir())[0])
    table = ["--clinical", tmp_path / "bad.csv", *COLUMNS, "--covariates", "age"]
    code, said = run_here(capsys, "convert", source, tmp_path / "set", *SMALL, *table)
    assert code == 2 and "CLINICAL_" in said
    assert leaks(said) == {}
    assert not (tmp_path / "set").exists()


def test_info_names_nobody(source, tmp_path, capsys):
    regions = set()
    for folder in source.iterdir():
        for options in ([], ["--json"]):
            code, said = run_here(capsys, "info", folder, *options)
            assert code == 0, said
            regions |= planted(said.encode())
    # The names of regions are shown on purpose, and the day the dose was decayed to.
    assert {re.sub(r"\d", "", text) for text in regions} <= {"zqroiqz", "--"}
    code, said = run_here(capsys, "info", source)
    assert code == 0 and leaks(said) == {}


def test_validate_names_studies_and_nothing_else(source, broken, tmp_path, capsys):
    table = ["--clinical", source.parent / "clinical.csv", *COLUMNS]
    for src, options in ((source, table), (broken, [])):
        report = tmp_path / f"{src.parent.name}.csv"
        told = names_in(src) | file_names_in(src)
        for extra in (["--json"], ["-o", report]):
            _, said = run_here(capsys, "validate", src, *SMALL, *options, *extra)
            found = planted(said.encode()) | (
                planted(report.read_bytes()) if report.exists() else set()
            )
            # A row of the table without study is named, too: the user must find it.
            odd = found - told - {f for f in found if "absent" in f}
            assert odd == set()


# --- The key ---------------------------------------------------------------------------------


def quick(**changes: Any) -> ConvertConfig:
    return ConvertConfig(folds=2, jobs=1, grids=GridOptions(size=8), **changes)


def pseudonyms(dataset: Path) -> set[str]:
    return {row["sample_id"] for row in read_csv(dataset / "studies.csv")}


@pytest.fixture(scope="module")
def images(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image files of the source alone, which convert quickly."""
    src = tmp_path_factory.mktemp("images") / "studies"
    src.mkdir()
    for image in source.glob("*/PET_image*"):
        if image.suffix != ".json":
            (src / image.parent.name).symlink_to(image.parent)
    return src


def test_the_key_is_made_once_and_makes_the_pseudonyms(images, tmp_path):
    convert(images, tmp_path / "a", quick())
    key = tmp_path / "a.key"
    made = key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(made.decode().strip())) >= 32
    convert(images, tmp_path / "a", quick(seed=1))
    assert key.read_bytes() == made
    convert(images, tmp_path / "b", quick(key=key))
    assert not (tmp_path / "b.key").exists()
    convert(images, tmp_path / "c", quick())
    assert pseudonyms(tmp_path / "a") == pseudonyms(tmp_path / "b")
    assert not pseudonyms(tmp_path / "a") & pseudonyms(tmp_path / "c")


@pytest.mark.parametrize("name", ["my.key", "studies.csv", "folder/my.key"])
def test_a_key_in_the_dataset_is_refused(images, tmp_path, name):
    convert(images, tmp_path / "set", quick())
    inside = tmp_path / "set" / name
    inside.parent.mkdir(exist_ok=True)
    inside.write_bytes((tmp_path / "set.key").read_bytes())
    with pytest.raises(UsageError) as refused:
        convert(images, tmp_path / "set", quick(key=inside, seed=1))
    assert refused.value.code == "KEY_INSIDE"
    (tmp_path / "link.key").symlink_to(inside)
    with pytest.raises(UsageError) as refused:
        convert(images, tmp_path / "set", quick(key=tmp_path / "link.key", seed=1))
    assert refused.value.code == "KEY_INSIDE"


def test_a_folder_given_by_dots_keeps_its_key_outside(images, tmp_path, monkeypatch):
    (tmp_path / "set" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "set" / "inner")
    with pytest.raises(UsageError):  # a folder is in it
        convert(images, Path(".."), quick())
    monkeypatch.chdir(tmp_path / "set")
    (tmp_path / "set" / "inner").rmdir()
    convert(images, Path("inner/.."), quick())
    assert (tmp_path / "set.key").exists()
    assert not [p for p in (tmp_path / "set").iterdir() if "key" in p.name]


# --- The whole way ---------------------------------------------------------------------------


TABLE = ["--id-column", "who"]


@pytest.fixture(scope="module")
def run_dir(source: Path, tmp_path_factory: pytest.TempPathFactory, pet_mtl: Run) -> Path:
    """A run of one fold, the shortest there is, with all that was said in `said.txt` beside it."""
    base = tmp_path_factory.mktemp("way")
    table = ("--clinical", source.parent / "clinical.csv", *COLUMNS, "--covariates", "age")
    steps = [f"--set=stage.{n}=1" for n in ("mask_steps", "joint_steps", "validate_every")]
    keys = ("filters=[4,8]", "groups=2", "scales=fine", "radiomics=false", "learned=true")
    model = (*(f"--set=model.{key}" for key in keys), "--set=stage.batch_size=2")
    done = [
        pet_mtl("convert", source, base / "set", *SMALL, *table),
        pet_mtl("train", base / "set", "-o", base / "run", "--fold", 0, *model, *steps),
    ]
    (base / "said.txt").write_text("".join(one.stdout + one.stderr for one in done))
    return base / "run"


@pytest.mark.slow
def test_no_run_names_anybody(run_dir, tmp_path, pet_mtl: Run):
    base = run_dir.parent
    check_dataset(base / "set", (base / "said.txt").read_text())
    done = [
        pet_mtl("evaluate", run_dir, "-o", tmp_path / "judged", "--samples", 20),
        pet_mtl("info", run_dir),
    ]
    said = [one.stdout + one.stderr for one in done]
    assert leaks(run_dir, tmp_path / "judged", *said) == {}
    kinds = {path.suffix for path in run_dir.rglob("*")}
    assert {".keras", ".pb", ".v2", ".csv", ".json", ".npz"} <= kinds
    assert {".html", ".json"} <= {path.suffix for path in (tmp_path / "judged").rglob("*")}


@pytest.mark.slow
def test_predictions_name_studies_and_nothing_else(run_dir, source, tmp_path, pet_mtl: Run):
    out, table = tmp_path / "out", ("--clinical", source.parent / "clinical.csv", *TABLE)
    done = [
        pet_mtl("predict", run_dir, source, "-o", out, *table, "--use-mask", "--no-abstain"),
        pet_mtl("evaluate", out, *table, *COLUMNS[2:], "-o", tmp_path / "judged", "--samples", 20),
    ]
    said = [one.stdout + one.stderr for one in done]
    assert {path.suffix for path in out.rglob("*")} >= {".gz", ".json", ".png", ".csv"}
    passed = out / "passed_over.csv"  # names files, since the user must find them
    if passed.exists():
        assert planted(passed.read_bytes()) <= names_in(source) | file_names_in(source)
        passed.unlink()
    assert leaks(out, tmp_path / "judged", *said, allowed=names_in(source)) == {}


@pytest.mark.slow
def test_refused_predictions_name_studies_and_nothing_else(run_dir, broken, tmp_path, pet_mtl: Run):
    out = tmp_path / "out"
    options = ("--use-mask", "--no-overview")
    done = pet_mtl("predict", run_dir, broken, "-o", out, *options, code=8)
    (out / "passed_over.csv").unlink(missing_ok=True)
    assert leaks(out, done.stdout + done.stderr, allowed=names_in(broken)) == {}
    assert len(read_csv(out / "rejected.csv")) > 10
