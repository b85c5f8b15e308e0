"""The comparison as one HTML file that needs nothing else."""

import base64
from importlib import resources

import jinja2

from pet_mtl.comparison.figure import drawn
from pet_mtl.comparison.results import Comparison
from pet_mtl.comparison.wording import number, p_of, span
from pet_mtl.evaluation.wording import counted


def render_page(found: Comparison) -> str:
    """Renders the page.

    Args:
        found: What was found.

    Returns:
        HTML; figure, styles and text are inside it, and nothing is loaded from anywhere.
    """
    template = resources.files("pet_mtl").joinpath("templates").joinpath("comparison.html")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    picture = base64.b64encode(drawn(found, "svg")).decode() if found.has_numbers else ""
    return environment.from_string(template.read_text("utf-8")).render(
        found=found,
        patients=counted(found.common, "patient"),
        picture=picture,
        number=number,
        span=span,
        p_of=p_of,
    )
