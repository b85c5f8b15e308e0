import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest

from pet_mtl.errors import ReadError
from pet_mtl.readers import find_studies, read_study
from pet_mtl.readers.layouts.inventory import take_inventory

Write = Callable[..., tuple[str, str, str]]


def listed(root: Path) -> tuple[set[str], dict[str, str]]:
    """Files and notes, by path below the root."""
    found = take_inventory(root)
    files = {path.relative_to(root).as_posix() for path in found.below()}
    return files, {n.path.relative_to(root).as_posix(): n.problem.code for n in found.notes}


def test_links_archives_and_leftovers(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for path in ("a/1", "a/.hidden", ".git/x", "__MACOSX/a/._1", "b.zip", "c.tar.gz", "d.nii.gz"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep" / "2").touch()
    (root / "a" / "up").symlink_to(root)
    (root / "e").symlink_to(elsewhere)
    (root / "f").symlink_to(elsewhere / "deep")
    (root / "g").symlink_to(tmp_path / "nowhere")
    (root / "h").symlink_to("h")
    (root / "i").symlink_to(elsewhere / "deep" / "2")
    files, notes = listed(root)
    assert files == {"a/1", "d.nii.gz", "e/deep/2", "i"}
    assert notes == {
        "__MACOSX": "SOURCE_LEFTOVER",
        "a/up": "SOURCE_LINK",
        "b.zip": "SOURCE_ARCHIVE",
        "c.tar.gz": "SOURCE_ARCHIVE",
        "f": "SOURCE_LINK",
        "g": "SOURCE_NO_FILE",
        "h": "SOURCE_NO_FILE",
    }


def test_links_to_patients_are_followed(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "store" / "x" / "PET")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Anna").symlink_to(tmp_path / "store" / "x")
    search = find_studies(tmp_path / "src")
    assert [s.name for s in search.sources] == ["Anna"]
    assert read_study(search.sources[0]).suv.shape == (5, 6, 7)


def test_a_folder_that_may_not_be_read(
    tmp_path: Path, pet_series: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("A", "B"):
        pet_series(tmp_path / name / "PET")
    closed = tmp_path / "A" / "RT"
    closed.mkdir()
    scan = os.scandir

    def guarded(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(13, "denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    search = find_studies(tmp_path)
    assert [s.name for s in search.sources] == ["B"]
    assert [(n, p.code) for n, p in search.passed_over] == [("A", "SOURCE_FORBIDDEN")]


def test_suffixes_of_any_case_and_files_without_preamble(tmp_path: Path, pet_series: Write) -> None:
    for name in ("A", "B"):
        pet_series(tmp_path / name)
    for number, path in enumerate(sorted((tmp_path / "A").iterdir())):
        path.rename(path.with_name(f"{number}.DCM"))
    for number, path in enumerate(sorted((tmp_path / "B").iterdir())):
        # A data set in implicit VR as old archives store it: without preamble and meta group.
        dataset = pydicom.dcmread(path)
        del dataset.file_meta
        dataset.preamble = None
        bare = tmp_path / "B" / f"IM{number}"
        dataset.save_as(bare, implicit_vr=True, little_endian=True, enforce_file_format=False)
        path.unlink()
        assert bare.read_bytes()[128:132] != b"DICM"
    search = find_studies(tmp_path)
    assert [len(s.files) for s in search.sources] == [5, 5]
    assert (search.passed_over, search.ignored) == ((), ())


def test_a_folder_of_archives_says_so(tmp_path: Path, pet_series: Write) -> None:
    pet_series(tmp_path / "A")
    (tmp_path / "B").mkdir()
    shutil.make_archive(str(tmp_path / "B" / "study"), "zip", tmp_path / "A")
    search = find_studies(tmp_path)
    assert [(n, p.code) for n, p in search.passed_over] == [("B", "STUDY_PACKED")]
    assert [(n, p.code) for n, p in search.ignored] == [("B/study.zip", "SOURCE_ARCHIVE")]


def test_nothing_but_notes_is_an_empty_source(tmp_path: Path) -> None:
    (tmp_path / "a.zip").touch()
    (tmp_path / "b.txt").touch()
    with pytest.raises(ReadError) as caught:
        find_studies(tmp_path)
    assert caught.value.code == "SOURCE_EMPTY"
