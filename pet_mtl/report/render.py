"""The page as one HTML file that needs nothing else."""

from importlib import resources

import jinja2
import numpy as np

from pet_mtl.report import figures
from pet_mtl.report.page import Page

_LEAST_FOR_CURVES = 4


def render(page: Page) -> str:
    """Renders the report.

    Args:
        page: What to show.

    Returns:
        HTML; figures, styles and text are inside it, and nothing is loaded from anywhere.
    """
    folder = resources.files("pet_mtl").joinpath("templates")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html").render(
        page=page,
        comparisons=[(one, figures.comparison(one)) for one in page.comparisons],
        kaplan_meier=_kaplan_meier(page),
        roc=_roc(page),
        dice=figures.dice_histogram(page.dice) if len(page.dice) else "",
    )


def _kaplan_meier(page: Page) -> str:
    """The curves, where there are enough patients to split."""
    if page.survival is None or len(page.survival.time_days) < _LEAST_FOR_CURVES:
        return ""
    return figures.kaplan_meier(page.survival)


def _roc(page: Page) -> str:
    """The curves, where both classes are there."""
    if page.response is None or len(np.unique(page.response.label)) < len(("0", "1")):
        return ""
    return figures.roc(page.response)
