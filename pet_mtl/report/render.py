"""The page as one HTML file that needs nothing else."""

import base64
from collections.abc import Mapping
from importlib import resources

import jinja2
from markupsafe import Markup

from pet_mtl.report.contents import Bitmap
from pet_mtl.report.drawing import Drawn, drawn
from pet_mtl.report.page import FILLED, PARTLY, TO_WRITE, Page, Picture

# A sign beside each verdict, for who does not see its colour.
_MARKS = {
    "passed": "✓",
    "failed": "✗",
    "suspicious": "!",
    "not checked": "?",
    FILLED: "✓",
    PARTLY: "◐",
    TO_WRITE: "✎",
}
_VIEWER = "niivue.umd.js.gz"


def render(page: Page, drawings: Mapping[str, Drawn] | None = None) -> str:
    """Renders the report.

    Args:
        page: What to show.
        drawings: Name of each figure to what it looks like; drawn here if None.

    Returns:
        HTML; figures, volumes, styles, scripts and text are inside it, and nothing is loaded from
        anywhere.
    """
    if drawings is None:
        drawings = {one.name: drawn(one.content) for one in page.pictures()}
    volumes = [
        (one.picture.name, one.volume)
        for section in page.sections
        for one in section.patients
        if one.volume
    ]
    return _environment().get_template("report.html").render(
        page=page,
        images={one.name: _uri(one, drawings[one.name]) for one in page.pictures()},
        marks=_MARKS,
        volumes=volumes,
        css=_own("report.css"),
        script=_own("report.js"),
        niivue=_base64(_vendored()) if volumes else "",
    )  # fmt: skip


def _environment() -> jinja2.Environment:
    """Templates of the package; whatever they are given is text, and is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["base64"] = _base64
    return environment


def _text(name: str) -> str:
    """A file of the folder templates."""
    return resources.files("pet_mtl").joinpath("templates", name).read_text("utf-8")


def _own(name: str) -> Markup:
    """A file of the folder templates that is part of the page as it is."""
    return Markup(_text(name))


def _vendored() -> bytes:
    """The viewer, compressed."""
    return resources.files("pet_mtl.report").joinpath("vendor", _VIEWER).read_bytes()


def _uri(picture: Picture, drawing: Drawn) -> str:
    """A figure as a data URI: isolated, so that two figures' ids never meet."""
    if isinstance(picture.content, Bitmap):
        return f"data:image/png;base64,{_base64(drawing.png)}"
    return f"data:image/svg+xml;base64,{_base64(drawing.svg)}"


def _base64(content: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(content).decode("ascii")
