"""The one-page report: numbers with intervals, figures, counts, provenance."""

from pet_mtl.report.page import (
    Comparison,
    Dot,
    Headline,
    Page,
    Response,
    Survival,
    Table,
)
from pet_mtl.report.render import render

__all__ = ["Comparison", "Dot", "Headline", "Page", "Response", "Survival", "Table", "render"]
