"""The page as a PDF, made without a browser."""

from pet_mtl.report.figures import height_in
from pet_mtl.report.page import Checklist, Headline, Page, Patient, Section, Statement, Table
from pet_mtl.report.sheets import BODY, SMALL, STRONG, Sheets

_DEVICE = (
    "Not a medical device. Research software: nothing in this document may guide the care of a "
    "patient."
)


def pdf_of(page: Page) -> bytes:
    """Sets the report as a PDF of A4 pages; volumes and folding are left to the HTML.

    Args:
        page: What to show.

    Returns:
        The file; the same page gives the same bytes.
    """
    sheets = Sheets(page.title)
    sheets.heading(page.title, 16, follows_in=0.5)
    sheets.paragraph(page.subtitle, SMALL)
    sheets.paragraph(_DEVICE, STRONG)
    if page.headlines:
        sheets.table(("", "value", "95 % interval", ""), [_headline(h) for h in page.headlines])
    _statements(sheets, page.statements)
    if page.warnings:
        sheets.heading("Read these numbers with care", 11.5, follows_in=0.3)
        for warning in page.warnings:
            sheets.paragraph(warning, mark="•")
    for section in page.sections:
        _section(sheets, section)
    return sheets.finish()


def _headline(head: Headline) -> tuple[str, str, str, str]:
    """One of the main numbers as a row."""
    if head.interval is None:
        return head.title, "-", "", f"not computed: {head.reason}"
    span = f"{head.interval.low:.2f} to {head.interval.high:.2f}"
    shown = "too few patients" if head.too_few else span
    return head.title, f"{head.interval.value:.2f}", shown, "; ".join(head.lines)


def _section(sheets: Sheets, section: Section) -> None:
    """One part."""
    sheets.heading(section.title, 13, _follows_in(section))
    for paragraph in section.lead:
        sheets.paragraph(paragraph)
    _statements(sheets, section.statements)
    if section.checks:
        rows = [(one.title, one.verdict, one.said) for one in section.checks]
        sheets.table(("looked for", "verdict", "found"), rows)
    for picture in section.pictures:
        sheets.picture(picture.content, picture.title, picture.note)
    for patient in section.patients:
        _patient(sheets, patient)
    for table in section.tables:
        _table(sheets, table)
    for checklist in section.checklists:
        _checklist(sheets, checklist)


def _follows_in(section: Section) -> float:
    """Room for what a heading should not be parted from: the lead, and a figure behind it."""
    lead = 0.35 * (1 + len(section.lead))
    first = [*section.pictures, *(one.picture for one in section.patients)][:1]
    plain = bool(section.checks or section.statements)
    return lead if plain or not first else lead + height_in(first[0].content) + 0.2


def _statements(sheets: Sheets, statements: tuple[Statement, ...]) -> None:
    """What is shown and what not."""
    for one in statements:
        sheets.paragraph(f"{'Shown.' if one.shown else 'Not shown.'} {one.text}", mark="•")


def _patient(sheets: Sheets, patient: Patient) -> None:
    """One patient, the facts beside the picture."""
    facts = "; ".join(f"{name}: {value}" for name, value in patient.facts)
    sheets.picture(patient.picture.content, patient.label, f"{patient.why}. {facts}")


def _table(sheets: Sheets, table: Table) -> None:
    """A table and what stands below it."""
    sheets.heading(table.title, 10, follows_in=0.6)
    sheets.table(table.header, table.rows)
    if table.note:
        sheets.paragraph(table.note, SMALL)


def _checklist(sheets: Sheets, one: Checklist) -> None:
    """A checklist as a table."""
    sheets.heading(one.title, 10)
    sheets.paragraph(f"{one.citation} doi:{one.doi}", SMALL)
    sheets.paragraph(
        f"{one.count('filled')} items are filled, {one.count('partly')} partly, "
        f"{one.count('to write')} are to be written by the authors.",
        BODY,
    )
    rows = [(i.number, f"{i.part}: {i.text}", i.status, i.answer) for i in one.items]
    sheets.table(("item", "asks for", "status", "what is known here"), rows)
