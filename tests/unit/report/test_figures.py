"""Every figure draws, repeats itself, and stands odd patients."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure

from pet_mtl.metrics import Interval, bland_altman, calibration_groups
from pet_mtl.report import (
    CalibrationCurve,
    Comparison,
    Curve,
    Dot,
    Flow,
    Forest,
    ForestRow,
    Known,
    Overlap,
    PatientPicture,
    Ratios,
    Response,
    Step,
    Survival,
    Training,
    View,
)
from pet_mtl.report.drawing import DPI, drawn, place
from pet_mtl.report.figures import WIDTH_IN, draw, height_in

KINDS = (
    *("flow", "known", "comparison", "gains", "forest", "kaplan_meier", "roc", "calibration"),
    *("decision", "ratios", "dice", "training", "patient", "bitmap"),
)


def test_all_kinds_are_tried(contents):
    assert set(contents) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_repeats_itself_at_its_size(contents, kind):
    first = drawn(contents[kind])
    assert drawn(contents[kind]) == first
    root = ET.fromstring(first.svg)
    width, height = (float(root.attrib[name].removesuffix("pt")) for name in ("width", "height"))
    assert width == pytest.approx(72 * WIDTH_IN)
    assert height == pytest.approx(72 * height_in(contents[kind]), abs=0.01)
    pixels = [int.from_bytes(first.png[at : at + 4], "big") for at in (16, 20)]
    assert pixels == pytest.approx([DPI * WIDTH_IN, DPI * height_in(contents[kind])], abs=1)
    assert b"<dc:date>" not in first.svg


@pytest.mark.parametrize("kind", ["kaplan_meier", "patient", "flow"])
def test_a_part_of_a_page_looks_like_the_figure_alone(contents, kind):
    page = Figure(figsize=(8.0, 11.0))
    height = height_in(contents[kind])
    place(page, contents[kind], (0.5 / 8, 2.0 / 11, WIDTH_IN / 8, height / 11))
    alone = Figure(figsize=(WIDTH_IN, height), layout=None if kind == "flow" else "constrained")
    draw(alone, contents[kind])
    alone.draw_without_rendering()
    page.draw_without_rendering()
    for there, here in zip(page.subfigs[0].axes, alone.axes, strict=True):
        found = there.get_window_extent().transformed(page.dpi_scale_trans.inverted())
        wanted = here.get_window_extent().transformed(alone.dpi_scale_trans.inverted())
        assert np.allclose(found.extents - [0.5, 2.0, 0.5, 2.0], wanted.extents, atol=0.02)


ALIKE = np.full(8, 0.5)
ODD = {
    "risks that do not vary": Survival(np.arange(1.0, 9.0), np.zeros(8), np.zeros(8)),
    "one of high risk": Survival(np.arange(1.0, 9.0), np.ones(8), np.eye(8)[0]),
    "scores that are unknown": Response(
        np.arange(8) % 2.0, {("Model", "model"): np.where(np.arange(8) > 5, np.nan, 0.5)}
    ),
    "one group": CalibrationCurve(calibration_groups(np.arange(8) % 2.0, ALIKE, 3), "response"),
    "equal volumes": Ratios("MTV", "ml", ALIKE, ALIKE, bland_altman(ALIKE, ALIKE, ratio=True)),
    "volumes over decades": Ratios(
        "MTV", "ml", np.logspace(-1, 4, 8), np.logspace(1, 4, 8),
        bland_altman(np.logspace(1, 4, 8), np.logspace(-1, 4, 8), ratio=True),
    ),
    "one Dice": Overlap(np.array([0.0])),
    "nobody left": Flow((Step("Studies given", 0),), ()),
    "no patient at all": Known((("Survival", 0, 0),)),
    "a score of chance": Comparison("C", (Dot("M", "model", Interval(0.5, 0.5, 0.5)),)),
    "a group without a number": Forest("C", (ForestRow("", "All", 9, Interval(0.7, 0.6, 0.8)),
                                             ForestRow("a", "b", 1, None))),
    "one validation": Training({"joint": (Curve(0, *[np.ones(1)] * 2, np.full(1, np.nan)),)}),
    "no image": PatientPicture((), (100.0,), (0.5,)),
    "no curve": PatientPicture(
        (View("MIP", np.ones((4, 300), np.float32), (2.0, 2.0), tuple("SIRL")),)
    ),
    "nothing": PatientPicture(),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_patients_do_not_break_a_figure(name):
    ET.fromstring(drawn(ODD[name]).svg)
