"""What a report says, free of where it comes from and of how it looks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pet_mtl.metrics import Interval
from pet_mtl.report.contents import Content

Row = tuple[str, ...]

FILLED, PARTLY, TO_WRITE = "filled", "partly", "to write"


@dataclass(frozen=True)
class Headline:
    """One number that a reader should take away.

    Attributes:
        title: What it is.
        interval: The number, or None.
        reason: Why there is none.
        lines: A few short facts beside it.
        too_few: Whether its ends say nothing and are not shown.
    """

    title: str
    interval: Interval | None
    reason: str = ""
    lines: tuple[str, ...] = ()
    too_few: bool = False


@dataclass(frozen=True)
class Statement:
    """What the numbers show, or do not show, in one sentence.

    Attributes:
        text: The sentence.
        shown: Whether there is evidence.
    """

    text: str
    shown: bool


@dataclass(frozen=True)
class Picture:
    """One figure.

    Attributes:
        name: Of its files, unique in a page.
        title: Above it.
        content: What it shows.
        alt: The same in words, for who does not see it.
        note: One or two sentences beside the title: groups, intervals, marks.
    """

    name: str
    title: str
    content: Content
    alt: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Above it.
        header: Names of the columns; empty for a list of names and values.
        rows: Cells.
        note: Below it.
        name: Of its file, unique in a page.
        folded: Whether a reader must open it first.
        columns: Names of the columns of its file, if that has others than the page.
        data: Rows of its file, if that has others than the page: numbers in full.
    """

    title: str
    header: Row
    rows: tuple[Row, ...]
    note: str = ""
    name: str = ""
    folded: bool = False
    columns: Row = ()
    data: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True)
class Check:
    """Something that was looked for.

    Attributes:
        title: What, in a few words.
        verdict: "passed", "failed", "suspicious" or "not checked".
        said: What was found, or why it was not checked.
    """

    title: str
    verdict: str
    said: str = ""


@dataclass(frozen=True)
class Volume:
    """A patient's volume for the viewer, each file a gzipped NIfTI.

    Attributes:
        suv: SUVbw.
        masks: Both masks as one, as `masks_bytes` writes them; None where there is none.
        known: Which masks there are, of "true" and "predicted".
        window_suv: Upper end of the grey scale, g/ml.
        centre_mm: World point (x, y, z), LPS, that is shown first.
        said: What part of the patient this is, and how fine.
    """

    suv: bytes
    masks: bytes | None
    known: tuple[str, ...]
    window_suv: float
    centre_mm: tuple[float, float, float]
    said: str = ""


@dataclass(frozen=True)
class Patient:
    """One patient of the gallery.

    Attributes:
        label: A pseudonym.
        why: Why this one is shown.
        picture: Images, outlines and curve.
        facts: Names and values.
        volume: For the viewer, or None.
    """

    label: str
    why: str
    picture: Picture
    facts: tuple[tuple[str, str], ...] = ()
    volume: Volume | None = None


@dataclass(frozen=True)
class Item:
    """One item of a checklist.

    Attributes:
        number: As the checklist counts.
        part: Which part of a paper it belongs to.
        text: What it asks for, in short.
        answer: What is known of it; may be empty.
        status: "filled", "partly" or "to write".
    """

    number: str
    part: str
    text: str
    answer: str
    status: str


@dataclass(frozen=True)
class Checklist:
    """A reporting checklist, filled as far as the numbers know.

    Attributes:
        name: Of its file.
        title: Its name.
        citation: Where it was published.
        doi: Of the publication.
        items: All of its items.
    """

    name: str
    title: str
    citation: str
    doi: str
    items: tuple[Item, ...]

    def count(self, status: str) -> int:
        """How many items have a status."""
        return sum(item.status == status for item in self.items)


@dataclass(frozen=True)
class Section:
    """One part of a page; what is empty is not shown.

    Attributes:
        key: Its place in links.
        title: Its heading.
        lead: Paragraphs below the heading.
        statements: What is shown and what not.
        checks: What was looked for.
        pictures: Figures, two beside each other where there is room.
        patients: The gallery.
        tables: Tables.
        checklists: Checklists.
    """

    key: str
    title: str
    lead: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    checks: tuple[Check, ...] = ()
    pictures: tuple[Picture, ...] = ()
    patients: tuple[Patient, ...] = ()
    tables: tuple[Table, ...] = ()
    checklists: tuple[Checklist, ...] = ()


@dataclass(frozen=True)
class Page:
    """The whole report.

    Attributes:
        title: The title.
        subtitle: One sentence: which patients, judged how.
        headlines: The numbers to take away.
        statements: What they show and what not.
        warnings: What the reader must know.
        sections: All else.
    """

    title: str
    subtitle: str
    headlines: tuple[Headline, ...] = ()
    statements: tuple[Statement, ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default_factory=tuple)

    def pictures(self) -> Iterator[Picture]:
        """Every figure, the patients' included, in order."""
        for section in self.sections:
            yield from section.pictures
            yield from (patient.picture for patient in section.patients)

    def tables(self) -> Iterator[Table]:
        """Every table, the lists that have their own look included, in order."""
        for section in self.sections:
            if section.checks:
                yield _of_checks(section)
            if section.patients:
                yield _of_patients(section)
            yield from section.tables
            yield from (_of_checklist(one) for one in section.checklists)


def _of_checks(section: Section) -> Table:
    """Checks as a table."""
    rows = tuple((one.title, one.verdict, one.said) for one in section.checks)
    return Table(section.title, ("check", "verdict", "said"), rows, name=section.key)


def _of_patients(section: Section) -> Table:
    """Facts of the gallery as a table, a patient a row."""
    names = tuple(dict.fromkeys(name for one in section.patients for name, _ in one.facts))
    rows = tuple(
        (one.label, one.why, *(dict(one.facts).get(name, "") for name in names))
        for one in section.patients
    )
    return Table(section.title, ("patient", "why", *names), rows, name=section.key)


def _of_checklist(one: Checklist) -> Table:
    """A checklist as a table."""
    rows = tuple((i.number, i.part, i.text, i.status, i.answer) for i in one.items)
    header = ("item", "part", "asks for", "status", "answer")
    return Table(one.title, header, rows, name=one.name)
