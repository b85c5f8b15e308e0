"""The report's files: the page, its tables and figures beside it, and a PDF if asked for."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pet_mtl.files import atomic_path, read_csv, write_csv, write_text
from pet_mtl.report.drawing import Drawn, drawn
from pet_mtl.report.page import Page, Table
from pet_mtl.report.pdf import pdf_of
from pet_mtl.report.render import render

REPORT, PDF = "report.html", "report.pdf"
TABLES, FIGURES, INDEX = "tables", "figures", "index.csv"

_INDEX_COLUMNS = ("file", "title", "note")


def write_report(page: Page, out: Path, pdf: bool = False) -> Path:
    """Writes a report.

    Args:
        page: What to show.
        out: Folder; made if absent. It gets report.html; tables/ with every table as CSV;
            figures/ with every figure as SVG and as PNG of 300 dpi; in both index.csv with
            titles and captions. What an earlier report left there and this one lacks is removed.
        pdf: Whether report.pdf is written, too; without, an older one is removed.

    Returns:
        The page.
    """
    drawings = {one.name: drawn(one.content) for one in page.pictures()}
    _write_tables(page, out / TABLES)
    _write_figures(page, drawings, out / FIGURES)
    if pdf:
        _write_bytes(out / PDF, pdf_of(page))
    else:
        (out / PDF).unlink(missing_ok=True)
    report = out / REPORT
    write_text(report, render(page, drawings))
    return report


def _write_tables(page: Page, folder: Path) -> None:
    """Every table as CSV."""
    index = []
    for table in page.tables():
        name = f"{table.name}.csv"
        write_text(folder / name, _csv(table))
        index.append((name, table.title, table.note))
    _write_index(folder, index)


def _csv(table: Table) -> str:
    """A table as text; a list of names and values gets a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns or table.header or ("name", "value"))
    writer.writerows(table.data or table.rows)
    return text.getvalue()


def _write_figures(page: Page, drawings: Mapping[str, Drawn], folder: Path) -> None:
    """Every figure as SVG and as PNG."""
    index = []
    for picture in page.pictures():
        drawing = drawings[picture.name]
        for suffix, content in (("svg", drawing.svg), ("png", drawing.png)):
            name = f"{picture.name}.{suffix}"
            _write_bytes(folder / name, content)
            index.append((name, picture.title, picture.note or picture.alt))
    _write_index(folder, index)


def _write_index(folder: Path, index: Sequence[tuple[str, str, str]]) -> None:
    """Says what each file is; removes files of an earlier index that are no more."""
    path = folder / INDEX
    before = _named(read_csv(path)) if path.is_file() else set()
    for name in before - {name for name, _, _ in index}:
        (folder / name).unlink(missing_ok=True)
    rows = [dict(zip(_INDEX_COLUMNS, one, strict=True)) for one in index]
    write_csv(path, _INDEX_COLUMNS, rows)


def _named(rows: Iterable[Mapping[str, str]]) -> set[str]:
    """Files of an index; never one outside its folder."""
    names = {row.get("file") or "" for row in rows}
    return {name for name in names if name and Path(name).name == name}


def _write_bytes(path: Path, content: bytes) -> None:
    """Writes a file, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
