"""The page: self-contained, escaped, repeatable, and whole whatever is missing."""

import base64
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

from pet_mtl.metrics import Interval
from pet_mtl.report import (
    Comparison,
    Dot,
    Headline,
    Page,
    Response,
    Survival,
    Table,
    render,
)


@pytest.fixture
def page():
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2.0
    risk = rng.normal(size=60)
    return Page(
        title="Evaluation of <run>",
        subtitle="60 patients.",
        headlines=(
            Headline("Survival", Interval(0.71, 0.6, 0.8), lines=("60 patients",)),
            Headline("Response", None, "only one class"),
        ),
        comparisons=(
            Comparison(
                "Survival",
                "C",
                0.5,
                (
                    Dot("This model", "model", Interval(0.71, 0.6, 0.8)),
                    Dot("Oracle", "oracle", Interval(0.8, 0.7, 0.9)),
                    Dot("MTV", "baseline", Interval(0.6, 0.5, 0.7)),
                ),
            ),
        ),
        survival=Survival(rng.exponential(500, 60), (rng.random(60) < 0.6).astype(float), risk),
        response=Response(label, {("This model", "model"): label + rng.normal(size=60)}),
        dice=rng.beta(9, 2, 60),
        dice_where="the patient's own geometry",
        warnings=("Few patients.",),
        tables=(
            Table("All", ("", "value"), (("This model", "0.71"),), "A note."),
            Table("Cohort", (), (("Patients", "60"),)),
        ),
    )


class _Tags(HTMLParser):
    """Collects tags and attributes, and checks that tags are balanced."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _tags(html):
    parser = _Tags()
    parser.feed(html)
    assert parser.open == []
    return parser.seen


def test_nothing_is_loaded_from_anywhere(page):
    html = render(page)
    tags = _tags(html)
    sources = [attrs[key] for _, attrs in tags for key in ("src", "href") if key in attrs]
    assert len(sources) == 4
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not {tag for tag, _ in tags} & {"script", "link", "iframe"}
    assert "@import" not in html and "url(" not in html
    for source in sources:
        ET.fromstring(base64.b64decode(source.split(",")[1]))


def test_says_what_must_be_said(page):
    html = render(page)
    text = re.sub(r"\s+", " ", html)
    assert "Not a medical device." in text
    assert "95 % interval 0.60 to 0.80" in text
    assert "Not computed: only one class" in text
    assert "Few patients." in text and "A note." in text
    assert all(attrs.get("alt") for tag, attrs in _tags(html) if tag == "img")


def test_text_is_escaped(page):
    html = render(page)
    assert "<run>" not in html and "&lt;run&gt;" in html


def test_same_page_same_bytes(page):
    assert render(page) == render(page)


def test_an_empty_page_is_still_a_page():
    html = render(Page("Nothing", "0 patients.", (Headline("C", None, "no event"),)))
    assert not [tag for tag, _ in _tags(html) if tag in ("img", "figure")]
    assert "Not a medical device." in html


@pytest.mark.parametrize("risk", [np.zeros(8), np.array([0, 0, 0, 0, 0, 0, 0, 1.0])])
def test_tied_risks_and_one_class_do_not_break_the_figures(risk):
    time, event = np.arange(1.0, 9.0), np.zeros(8)
    page = Page(
        "Odd",
        "8 patients.",
        (),
        survival=Survival(time, event, risk),
        response=Response(np.ones(8), {("This model", "model"): risk}),
        dice=np.array([0.0]),
    )
    images = [attrs for tag, attrs in _tags(render(page)) if tag == "img"]
    assert len(images) == 2  # no ROC of one class
