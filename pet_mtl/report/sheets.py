"""Text, tables and figures set on A4 pages, one below the other."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from pet_mtl.report.contents import Content
from pet_mtl.report.drawing import place
from pet_mtl.report.figures import BLACK, GREY, STYLE, WIDTH_IN, height_in

_PAGE_IN = (8.27, 11.69)
_MARGIN_IN = 0.75
_POINTS = 72.0
_LEADING = 1.38
_CELL_GAP_IN = 0.14
_BESIDE_GAP_IN = 0.2

TEXT_IN = _PAGE_IN[0] - 2 * _MARGIN_IN


@dataclass(frozen=True)
class Look:
    """How a text looks.

    Attributes:
        size: Points.
        bold: Or not.
        colour: Of the letters.
    """

    size: float = 9.0
    bold: bool = False
    colour: str = BLACK

    @property
    def line_in(self) -> float:
        """From one line to the next, inches."""
        return self.size * _LEADING / _POINTS


BODY, SMALL, STRONG = Look(), Look(7.6, colour=GREY), Look(9.0, bold=True)
_CELL, _HEAD = Look(7.4), Look(7.4, bold=True, colour="#444444")


class Sheets:
    """A PDF that is filled from the top of its first page on.

    Args:
        title: Of the document; stands at the foot of every page, too.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._buffer = io.BytesIO()
        # Without dates, the same numbers give the same bytes.
        about = {"Title": title, "Creator": "pet-mtl", "Producer": None, "CreationDate": None}
        self._pdf = PdfPages(self._buffer, metadata=about)
        self._pages = 0
        self._y = _MARGIN_IN
        self._turn()

    def finish(self) -> bytes:
        """Ends the document; nothing can be set after it."""
        self._end_page()
        with mpl.rc_context(STYLE):
            self._pdf.close()
        return self._buffer.getvalue()

    def heading(self, text: str, size: float, follows_in: float = 1.4) -> None:
        """A heading, never alone at the foot of a page."""
        look = Look(size, bold=True)
        lines = wrapped(text, look, TEXT_IN)
        self._need(len(lines) * look.line_in + 0.18 + follows_in)
        self._skip(0.18)
        self._lines(lines, look)
        self._skip(0.05)

    def paragraph(self, text: str, look: Look = BODY, mark: str = "") -> None:
        """A paragraph; with a mark in front it hangs behind it."""
        indent = width_in(mark, look) + 0.06 if mark else 0.0
        for number, line in enumerate(wrapped(text, look, TEXT_IN - indent)):
            self._need(look.line_in)
            if mark and not number:
                self._text(_MARGIN_IN, mark, look)
            self._text(_MARGIN_IN + indent, line, look)
            self._skip(look.line_in)
        self._skip(0.05)

    def picture(self, content: Content, title: str, note: str) -> None:
        """A figure at its size, its title and note beside it."""
        height = height_in(content)
        room = TEXT_IN - WIDTH_IN - _BESIDE_GAP_IN
        heads, notes = wrapped(title, STRONG, room), wrapped(note, SMALL, room)
        beside = len(heads) * STRONG.line_in + len(notes) * SMALL.line_in + 0.1
        self._need(max(height, beside) + 0.2)
        top, left = self._y, _MARGIN_IN + WIDTH_IN + _BESIDE_GAP_IN
        box = (
            _MARGIN_IN / _PAGE_IN[0],
            1 - (top + height) / _PAGE_IN[1],
            WIDTH_IN / _PAGE_IN[0],
            height / _PAGE_IN[1],
        )
        with mpl.rc_context(STYLE):
            place(self._figure, content, box)
        self._lines(heads, STRONG, left)
        self._lines(notes, SMALL, left)
        self._y = top + max(height, beside) + 0.2

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table; its header is repeated on every page it reaches."""
        widths = column_widths([*([header] if header else []), *rows])
        if header:
            self._row(header, widths, _HEAD)
        for row in rows:
            if self._row(row, widths, _CELL, peek=True) and header:
                self._turn()
                self._row(header, widths, _HEAD)
            self._row(row, widths, _CELL)
        self._skip(0.1)

    def _row(
        self, cells: Sequence[str], widths: Sequence[float], look: Look, peek: bool = False
    ) -> bool:
        """One row and a line below it; of peek nothing but whether it needs another page."""
        texts = [wrapped(cell, look, width) for cell, width in zip(cells, widths, strict=True)]
        height = max(1, *map(len, texts)) * look.line_in + 0.05
        full = self._y + height > _PAGE_IN[1] - _MARGIN_IN
        if peek:
            return full
        self._need(height)
        top, left = self._y, _MARGIN_IN
        for lines, width in zip(texts, widths, strict=True):
            self._y = top
            self._lines(lines, look, left)
            left += width + _CELL_GAP_IN
        self._y = top + height
        self._rule()
        return full

    def _lines(self, lines: Sequence[str], look: Look, left: float = _MARGIN_IN) -> None:
        """Lines below each other."""
        for line in lines:
            self._text(left, line, look)
            self._skip(look.line_in)

    def _text(self, left: float, text: str, look: Look) -> None:
        """A line whose top is at the present height."""
        self._figure.text(
            left / _PAGE_IN[0], 1 - self._y / _PAGE_IN[1], text, fontsize=look.size,
            fontweight="bold" if look.bold else "normal", color=look.colour, va="top",
            family="DejaVu Sans", parse_math=False,
        )  # fmt: skip

    def _rule(self) -> None:
        """A thin line across the page, just above the present height."""
        y = 1 - (self._y - 0.02) / _PAGE_IN[1]
        ends = [_MARGIN_IN / _PAGE_IN[0], 1 - _MARGIN_IN / _PAGE_IN[0]]
        self._figure.add_artist(Line2D(ends, [y, y], color="#DDDDDD", linewidth=0.5))

    def _skip(self, inches: float) -> None:
        self._y += inches

    def _need(self, inches: float) -> None:
        """Turns the page if so much room is not left."""
        if self._y + inches > _PAGE_IN[1] - _MARGIN_IN and self._y > _MARGIN_IN:
            self._turn()

    def _turn(self) -> None:
        """Begins a page."""
        if self._pages:
            self._end_page()
        self._pages += 1
        self._figure = Figure(figsize=_PAGE_IN)
        self._y = _MARGIN_IN

    def _end_page(self) -> None:
        """Sets the foot of a page and writes it."""
        room = TEXT_IN - 0.6
        title = wrapped(self._title, SMALL, room)[:1]
        self._y = _PAGE_IN[1] - 0.5
        for line in title:
            self._text(_MARGIN_IN, line, SMALL)
        number = str(self._pages)
        self._text(_PAGE_IN[0] - _MARGIN_IN - width_in(number, SMALL), number, SMALL)
        with mpl.rc_context(STYLE):
            self._pdf.savefig(self._figure)


def wrapped(text: str, look: Look, room_in: float) -> list[str]:
    """A text broken into lines that fit; a word that does not fit alone is broken, too."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if width_in(longer, look) <= room_in:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, look, room_in)
        lines += whole
    return [*lines, line] if line else lines


def _pieces(word: str, look: Look, room_in: float) -> list[str]:
    """A word in as many parts as it takes."""
    pieces, piece = [], ""
    for letter in word:
        if piece and width_in(piece + letter, look) > room_in:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]


def column_widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """Widths of the columns of a table, inches, which fill at most the width of the text.

    Columns get what their longest cell takes, if all have room; else their longest word and a
    share of the rest.
    """
    columns = list(zip(*rows, strict=True))
    room = TEXT_IN - _CELL_GAP_IN * (len(columns) - 1)
    whole = [max(width_in(cell, _HEAD) for cell in column) + 0.02 for column in columns]
    if sum(whole) <= room:
        return whole
    least = [
        min(max((width_in(w, _HEAD) for cell in column for w in cell.split()), default=0.1), 2.0)
        for column in columns
    ]
    if sum(least) >= room:
        return [one * room / sum(least) for one in least]
    asked = [max(w - own, 0.0) for w, own in zip(whole, least, strict=True)]
    share = (room - sum(least)) / sum(asked)
    return [own + share * more for own, more in zip(least, asked, strict=True)]


def width_in(text: str, look: Look) -> float:
    """Width of a text, inches."""
    return _width(text, look.size, look.bold)


@lru_cache(maxsize=65536)
def _width(text: str, size: float, bold: bool) -> float:
    """Measured once for each text: tables repeat themselves."""
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / _POINTS
