"""The page: self-contained, escaped, repeatable, and whole whatever is missing."""

import base64
import gzip
import hashlib
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from importlib import resources

import pytest

from pet_mtl.report import Headline, Page, Section, Table, render
from pet_mtl.report.drawing import drawn


@pytest.fixture(scope="module")
def drawings(page):
    return {one.name: drawn(one.content) for one in page.pictures()}


@pytest.fixture(scope="module")
def html(page, drawings):
    return render(page, drawings)


class _Tags(HTMLParser):
    """Collects tags and attributes, and checks that tags are balanced."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not set(self.open) & {"script", "style"}:
            self.text.append(data)


def _parsed(html):
    parser = _Tags()
    parser.feed(html)
    assert parser.open == []
    return parser


def _tags(html):
    return _parsed(html).seen


def _said(html):
    return re.sub(r"\s+", " ", "".join(_parsed(html).text))


def test_nothing_is_loaded_from_anywhere(html):
    tags = _tags(html)
    images = [attrs["src"] for tag, attrs in tags if tag == "img"]
    assert len(images) == 14
    svgs = [uri for uri in images if uri.startswith("data:image/svg+xml;base64,")]
    assert len(svgs) == 13 and sum(uri.startswith("data:image/png;base64,") for uri in images) == 1
    for uri in svgs:
        ET.fromstring(base64.b64decode(uri.split(",")[1]))
    links = {attrs["href"] for _, attrs in tags if "href" in attrs}
    assert all(link.startswith(("#", "https://doi.org/")) for link in links)
    assert not {tag for tag, _ in tags} & {"link", "iframe", "object", "embed", "base", "form"}
    assert not [attrs for tag, attrs in tags if tag == "script" and "src" in attrs]
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    assert "@import" not in style and "url(" not in style


def test_the_browser_is_told_to_load_nothing(html):
    (policy,) = [
        attrs["content"]
        for tag, attrs in _tags(html)
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    allowed = {"'none'", "'unsafe-inline'", "data:", "blob:"}
    assert {value for rule in rules.values() for value in rule.split()} <= allowed


def test_links_inside_lead_somewhere(html):
    tags = _tags(html)
    places = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(places) == len(set(places))
    inner = {attrs["href"][1:] for _, attrs in tags if attrs.get("href", "").startswith("#")}
    assert inner == {"all", "nothing"} and inner <= set(places)


def test_says_what_must_be_said(html):
    text = _said(html)
    for told in (
        "Not a medical device.", "95 % interval 0.60 to 0.80", "Not computed: only one class",
        "95 % interval: too few patients", "Few patients.", "A note.", "Shown.C lies above",
        "Not shown.AUC includes", "failed", "not checked", "Not judged: no mask.", "Patient 1",
        "Note roc", "Open the volume", "filled",
    ):  # fmt: skip
        assert told in text
    assert all(attrs.get("alt") for tag, attrs in _tags(html) if tag == "img")


def test_hostile_names_stay_text(html, hostile):
    tags = _tags(html)
    assert not [attrs for _, attrs in tags if any(key.startswith("on") for key in attrs)]
    assert not [attrs for tag, attrs in tags if tag == "img" and attrs["src"] == "x"]
    assert _said(html).count(re.sub(r"\s+", " ", hostile)) >= 4
    assert "<run>" not in html and "&lt;run&gt;" in html


def test_volumes_and_the_viewer_travel_inside(html, page):
    stored = {
        name: base64.b64decode(content)
        for name, content in re.findall(
            r'<script type="text/plain" id="([\w-]+)">\s*([\w+/=]+)\s*</script>', html
        )
    }
    assert set(stored) == {"viewer-code", "patient-suv", "patient-masks"}
    volume = page.sections[0].patients[0].volume
    assert stored["patient-suv"] == volume.suv and stored["patient-masks"] == volume.masks
    assert b"Niivue" in gzip.decompress(stored["viewer-code"])


def test_no_viewer_without_volumes():
    html = render(Page("Plain", "0 patients."))
    assert len(html) < 30_000
    assert not [attrs for tag, attrs in _tags(html) if attrs.get("id") in ("viewer", "viewer-code")]


def test_the_vendored_viewer_is_the_one_that_is_documented():
    folder = resources.files("pet_mtl.report").joinpath("vendor")
    packed = folder.joinpath("niivue.umd.js.gz").read_bytes()
    readme = folder.joinpath("README.md").read_text("utf-8")
    for content in (packed, gzip.decompress(packed)):
        assert f"`{hashlib.sha256(content).hexdigest()}`" in readme
    assert "BSD 2-Clause" in folder.joinpath("LICENSE.niivue").read_text("utf-8")
    version = re.search(r"\| version \| ([\d.]+) \|", readme)[1]
    assert version.encode() in gzip.decompress(packed)


def test_same_page_same_bytes(page, drawings, html):
    assert render(page, drawings) == html


def test_an_empty_page_is_still_a_page():
    html = render(Page("Nothing", "0 patients.", (Headline("C", None, "no event"),)))
    assert not [tag for tag, _ in _tags(html) if tag in ("img", "figure", "table")]
    assert "Not a medical device." in html


def test_folded_tables_are_whole():
    table = Table("Keys", ("key", "value"), (("a", "1"),), name="keys", folded=True)
    html = render(Page("T", "s", sections=(Section("x", "X", tables=(table,)),)))
    assert [tag for tag, _ in _tags(html)].count("details") == 1 and "<td>a</td>" in html
