"""The bytes of a table as text, whatever program saved them."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import ClinicalError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
# First bytes of what is no text: zip (xlsx, ods), OLE (xls), gzip, PDF.
_NO_TEXT = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF")
_SAMPLE = 4096


@dataclass(frozen=True)
class Text:
    """A table's text.

    Attributes:
        content: The text.
        warnings: What was odd, each starting with a stable code.
    """

    content: str
    warnings: tuple[str, ...] = ()


def read_text(path: Path) -> Text:
    """Reads a table's text: UTF-8, UTF-16 or UTF-32 with or without a mark, or Windows-1252.

    Windows-1252 is what spreadsheets save as "CSV" in Western Europe. It is read only where the
    file holds not one non-ASCII character in UTF-8, for then it is no damaged UTF-8.

    Args:
        path: The file.

    Returns:
        The text without a mark.

    Raises:
        ClinicalError: No such file, a spreadsheet or another file that is no text, or text in an
            encoding that cannot be told.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable("no file" if not path.exists() else "no readable file") from error
    if content.startswith(_NO_TEXT):
        raise ClinicalError(
            "CLINICAL_SPREADSHEET",
            "the clinical table is a spreadsheet or an archive, not a text file",
            expected="a CSV file",
            todo="Open it and save the sheet as CSV UTF-8",
        )
    try:
        text = _decoded(content)
    except UnicodeDecodeError as error:
        raise _unreadable("a file in another encoding") from error
    if "\0" in text.content:
        raise _unreadable("a file that is no text")
    return text


def _decoded(content: bytes) -> Text:
    """The text, by mark, by where its zeros are, as UTF-8, or as Windows-1252."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Text(content.decode(encoding))
    wide = _unmarked(content[:_SAMPLE])
    if wide:
        return Text(content.decode(wide))
    try:
        return Text(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        if not content.decode("utf-8", errors="ignore").isascii():
            raise
        line = content.count(b"\n", 0, error.start) + 1
        warning = (
            "CLINICAL_ENCODING: the table is not in UTF-8 and was read as Windows-1252; check the "
            f"letters of line {line}, or save it as CSV UTF-8"
        )
        return Text(content.decode("cp1252"), (warning,))


def _unmarked(sample: bytes) -> str:
    """UTF-16 without a mark: in text of mostly Latin letters every other byte is zero."""
    low, high = sample[0::2], sample[1::2]
    if len(high) and high.count(0) > len(high) // 2 and not low.count(0):
        return "utf-16-le"
    if len(low) and low.count(0) > len(low) // 2 and not high.count(0):
        return "utf-16-be"
    return ""


def _unreadable(found: str) -> ClinicalError:
    return ClinicalError(
        "CLINICAL_UNREADABLE",
        "the clinical table cannot be read",
        expected="a CSV file in UTF-8",
        found=found,
        todo="Check the path, or save the table as CSV UTF-8",
    )
