"""The files of a report, and the PDF."""

import csv
import re
import zlib
from dataclasses import replace

from pet_mtl.files import read_csv
from pet_mtl.report import Page, Picture, Section, Table, write_report
from pet_mtl.report.pdf import pdf_of


def _files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_table_and_figure_lies_beside_the_page(page, tmp_path, hostile):
    report = write_report(page, tmp_path)
    assert report == tmp_path / "report.html"
    names = {one.name for one in page.pictures()}
    figures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert figures == {f"{n}.{kind}" for n in names for kind in ("svg", "png")} | {"index.csv"}
    tables = {path.name for path in (tmp_path / "tables").iterdir()}
    assert tables == {
        *("all.csv", "numbers.csv", "cohort.csv", "folded.csv", "claim_2024.csv", "index.csv")
    }
    assert not (tmp_path / "report.pdf").exists()
    (row,) = read_csv(tmp_path / "tables" / "numbers.csv")
    assert row == {"key": "model", "value": "0.7123456"}
    told = {row["file"]: row for row in read_csv(tmp_path / "figures" / "index.csv")}
    assert told["roc.svg"]["title"] == "Title roc" and told["roc.png"]["note"] == "Note roc"
    with (tmp_path / "tables" / "claim_2024.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 44 and any(hostile in row["answer"] for row in rows)


def test_checks_and_patients_have_tables_of_their_own(page):
    first, second = list(page.tables())[:2]
    assert first.rows[1] == ("Sites", "not checked", "none")
    assert second.header == ("patient", "why", "Dice") and second.rows[0][2] == "0.40"


def test_the_same_page_gives_the_same_files(page, tmp_path):
    part = replace(page.sections[0], pictures=page.sections[0].pictures[:2])
    few = replace(page, sections=(part,))
    write_report(few, tmp_path / "a", pdf=True)
    write_report(few, tmp_path / "b", pdf=True)
    assert _files(tmp_path / "a") == _files(tmp_path / "b")


def test_what_an_earlier_report_left_is_removed_and_nothing_else(contents, tmp_path):
    def page(name):
        picture = Picture(name, "T", contents["known"], "A")
        table = Table("T", ("a",), (("b",),), name=name)
        return Page("P", "s", sections=(Section("x", "X", pictures=(picture,), tables=(table,)),))

    write_report(page("old"), tmp_path, pdf=True)
    (tmp_path / "figures" / "mine.svg").write_text("mine")
    index = tmp_path / "tables" / "index.csv"
    index.write_text(index.read_text() + "../../elsewhere.csv,x,\n")
    outside = tmp_path.parent / "elsewhere.csv"
    outside.write_text("kept")
    write_report(page("new"), tmp_path)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        *("new.svg", "new.png", "mine.svg", "index.csv")
    }
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"new.csv", "index.csv"}
    assert outside.read_text() == "kept" and not (tmp_path / "report.pdf").exists()


def _pages(pdf):
    return len(re.findall(rb"/Type /Page\b", pdf))


def _streams(pdf):
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            yield zlib.decompress(stream)
        except zlib.error:
            continue


def test_the_pdf_holds_the_figures_as_lines_and_not_as_pixels(page):
    pdf = pdf_of(page)
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert 5 <= _pages(pdf) <= 9
    assert b"/CreationDate" not in pdf
    drawn = b"".join(_streams(pdf))
    assert drawn.count(b" l\n") > 500
    assert b"/Subtype /Type3" not in pdf  # text that can be searched


def test_a_long_table_goes_on_over_pages():
    rows = tuple((str(number), "word " * 30) for number in range(200))
    page = Page("P", "s", sections=(Section("x", "X", tables=(Table("T", ("a", "b"), rows),)),))
    assert _pages(pdf_of(page)) > 5
