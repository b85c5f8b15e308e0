"""Pseudonyms and private files."""

import stat

import pytest

from pet_mtl.errors import UsageError
from pet_mtl.pseudonym import load_or_make_key, pseudonym, write_private


def test_pseudonyms_need_the_key():
    assert pseudonym(b"a", "x") == pseudonym(b"a", "x")
    assert len({pseudonym(b"a", "x"), pseudonym(b"b", "x"), pseudonym(b"a", "y")}) == 3
    assert len(pseudonym(b"a", "Jürgen")) == 16
    assert int(pseudonym(b"a", "x"), 16) >= 0


def test_the_key_is_made_once_and_private(tmp_path):
    path = tmp_path / "deep" / "set.key"
    key = load_or_make_key(path)
    assert len(key) == 32
    assert load_or_make_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 8])
def test_what_is_no_key(tmp_path, content):
    (tmp_path / "k").write_text(content)
    with pytest.raises(UsageError):
        load_or_make_key(tmp_path / "k")


def test_private_files_replace_open_ones(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["names.csv"]
