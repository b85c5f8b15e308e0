"""What `pet-mtl ablate` writes is what the report reads, to the last digit it shows."""

import pytest

from pet_mtl.ablation.arms import COMPARISONS
from pet_mtl.ablation.judging import Judged
from pet_mtl.ablation.results import Ablation, Part, Row
from pet_mtl.ablation.tables import write_tables
from pet_mtl.evaluation.pages import ablation, read_material
from pet_mtl.files import read_csv, write_csv
from pet_mtl.metrics import Interval

FACTS = {
    "seeds": 2, "own_outcomes_a_seed": False, "training_patients": 80, "judged_patients": 40,
    "judged_on": "a test set", "resamples": 50, "dice": 0.8,
}  # fmt: skip


def _judged(value):
    around = Interval(value, value - 0.1, value + 0.1)
    return Judged(around, (value, value), 40, None, Interval(0.01, -0.02, 0.04))


@pytest.fixture
def folder(tmp_path):
    gains = (Interval(0.05, 0.01, 0.09), Interval(-0.06, -0.09, -0.02), Interval(0.0, -0.1, 0.1))
    parts = tuple(
        Part(one, {"survival": gain, "response": None})
        for one, gain in zip(COMPARISONS, gains, strict=False)
    )
    rows = (
        Row("base", "Base", "arm", {"survival": _judged(0.7), "response": _judged(0.8)}),
        Row("mtv", "MTV", "opponent", {"survival": _judged(0.6), "response": "not learned"}),
        Row("oracle", "Oracle", "oracle", {"survival": _judged(0.75), "response": _judged(0.9)}),
    )
    write_tables(Ablation(rows, parts, ("survival", "response"), FACTS), tmp_path)
    write_csv(tmp_path / "p" / "predictions.csv", ("id", "risk"), [{"id": "a", "risk": 0}])
    return tmp_path


def test_the_section_tells_what_the_table_told(folder):
    material = read_material(folder / "p", ablation=folder)
    section = ablation.section(material.ablation)
    assert section.lead[0].startswith("2 seeds; 80 patients learned from, 40 judged on a test set")
    told = {(row["key"], row["outcome"]): row for row in read_csv(folder / "ablation.csv")}
    gained, survival, response = section.pictures
    assert [dot.role for dot in gained.content.dots] == ["helps", "hurts", "not shown"]
    for dot, one in zip(gained.content.dots, COMPARISONS, strict=False):
        row = told[one.part, "survival"]
        assert dot.label == row["label"] and dot.role == row["verdict"]
        assert dot.interval.value == pytest.approx(float(row["difference"]))
    roles = [(dot.label, dot.role) for dot in survival.content.dots]
    assert roles == [("Base", "model"), ("MTV", "baseline"), ("Oracle", "oracle")]
    assert [dot.label for dot in response.content.dots] == ["Base", "Oracle"]
    parts, arms = section.tables
    assert len(parts.rows) == 3 and len(arms.rows) == 3
    assert arms.rows[1][3:] == ("-", "-")


def test_no_ablation_is_no_section():
    assert ablation.section({}) is None
