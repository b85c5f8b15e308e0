"""The page in a browser: nothing is asked for, nothing complains, the viewer shows the volume."""

import io

import numpy as np
import pytest
from browser import WITHOUT_WEBGL, chromium, tab
from matplotlib.image import imread

from pet_mtl.report import write_report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is here to look at the page with"),
]

BOTH, TRUE_ONLY, PREDICTED_ONLY = (0, 158, 115), (0, 114, 178), (213, 94, 0)


@pytest.fixture(scope="module")
def report(page, tmp_path_factory):
    return write_report(page, tmp_path_factory.mktemp("report"))


def _quiet(tab, report):
    """Nothing but the file itself was asked for, and nobody complained."""
    assert tab.complaints() == []
    assert tab.requests() == []
    assert tab.files() == {report.as_uri()}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_is_quiet(report, width):
    with tab() as window:
        window.open(report, width)
        window.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert window.run("document.documentElement.scrollWidth <= innerWidth")
        drawn = "[...document.images].map((one) => one.naturalWidth > 0 && one.width <= innerWidth)"
        shown = window.run(drawn)
        assert len(shown) == 14 and all(shown)
        assert window.run("document.querySelector('[data-volume]').hidden") is False
        _quiet(window, report)


def _tints(window):
    """Share of the canvas's pixels that lean towards each mask's colour, seen through it."""
    place = window.run(
        "(() => { const r = document.querySelector('[data-part=canvas]').getBoundingClientRect();"
        " return [r.left, r.top, r.right, r.bottom]; })()"
    )
    left, top, right, bottom = (round(edge) for edge in place)
    pixels = imread(io.BytesIO(window.picture()))[top:bottom, left:right, :3]
    grey = pixels.mean(axis=-1, keepdims=True)
    tint = (pixels - grey)[np.ptp(pixels, axis=-1) > 0.15]
    colours = np.array([BOTH, TRUE_ONLY, PREDICTED_ONLY], float) / 255
    colours -= colours.mean(axis=-1, keepdims=True)
    colours /= np.linalg.norm(colours, axis=-1, keepdims=True)
    nearest = (tint @ colours.T).argmax(axis=-1)
    return np.bincount(nearest, minlength=3) / grey.size


@pytest.mark.parametrize("width", [1280, 390])
def test_the_viewer_shows_both_masks_when_it_is_asked_for(report, width):
    with tab() as window:
        window.open(report, width)
        assert window.run("typeof niivue") == "undefined"  # nothing is unpacked before
        window.run("document.querySelector('[data-volume]').click()")
        window.until("document.getElementById('viewer').dataset.shown")
        assert window.run("document.querySelector('[data-part=said]').textContent") == ""
        masked = _tints(window)
        assert masked.min() > 0.0005
        window.run("document.querySelector('[data-part=masks]').click()")
        assert _tints(window).sum() < 0.1 * masked.sum()
        window.run("document.querySelector('[data-part=close]').click()")
        assert window.run("document.getElementById('viewer').open") is False
        # Once more: the same viewer is used again.
        window.run("document.querySelector('[data-volume]').click()")
        window.until("document.querySelector('[data-part=said]').textContent === ''")
        assert _tints(window) == pytest.approx(masked, abs=0.002)
        _quiet(window, report)


def test_without_webgl_a_message_stands_in_its_place(report):
    with tab(WITHOUT_WEBGL) as window:
        window.open(report, 1280)
        window.run("document.querySelector('[data-volume]').click()")
        said = window.run("document.querySelector('[data-part=said]').textContent")
        assert "WebGL 2" in said
        _quiet(window, report)


def test_on_paper_everything_is_unfolded(report):
    with tab() as window:
        window.open(report, 1280)
        assert window.run("document.querySelectorAll('details:not([open])').length") == 2
        printed = window.ask("Page.printToPDF")["data"]
        assert len(printed) > 10_000
        assert window.run("document.querySelectorAll('details:not([open])').length") == 0
        _quiet(window, report)
