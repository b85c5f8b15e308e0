"""A small page with one of everything."""

import numpy as np
import pytest

from pet_mtl.geometry import isotropic_grid
from pet_mtl.metrics import (
    Interval,
    bland_altman,
    calibration_groups,
    decision_curve,
)
from pet_mtl.report import (
    Bitmap,
    CalibrationCurve,
    Check,
    Comparison,
    Curve,
    Dot,
    Flow,
    Forest,
    ForestRow,
    Headline,
    Known,
    Leaf,
    NetBenefit,
    Overlap,
    Page,
    Patient,
    PatientPicture,
    Picture,
    Ratios,
    Response,
    Section,
    Statement,
    Step,
    Survival,
    Table,
    Training,
    View,
    Volume,
    filled,
    masks_bytes,
    suv_bytes,
)

HOSTILE = "<img src=x onerror=alert(1)>\"'&$\\frac{1}{0}$"


def _view(title):
    y, x = np.mgrid[:20, :16]
    inside = (y - 10) ** 2 + (x - 8) ** 2 < 16
    suv = np.where(inside, 8, 1).astype(np.float32)
    return View(title, suv, (4.0, 4.0), ("S", "I", "R", "L"), inside, np.roll(inside, 1, axis=0))


def _volume():
    grid = isotropic_grid((0.0, 0.0, 0.0), 12, 4.0)
    z, y, x = np.mgrid[:12, :12, :12]
    true = (z - 6) ** 2 + (y - 6) ** 2 + (x - 6) ** 2 < 9
    predicted = np.roll(true, 1, axis=2)
    masks = masks_bytes(true, predicted, grid)
    return Volume(suv_bytes(6.0 * true + 0.5, grid), masks, ("true", "predicted"), 6.0, (0, 0, 0))


@pytest.fixture(scope="session")
def contents():
    """Name to one content of every kind."""
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2.0
    probability = np.clip(0.5 + 0.3 * (label - 0.5) + rng.normal(0, 0.15, 60), 0.01, 0.99)
    time, event = rng.exponential(500, 60), (rng.random(60) < 0.6).astype(float)
    true = np.exp(rng.normal(3, 1, 40))
    predicted = true * np.exp(rng.normal(0, 0.2, 40))
    curve = decision_curve(label, probability, [0.1, 0.2, 0.3, 0.4])
    half = Interval(0.71, 0.6, 0.8)
    epochs = np.arange(1.0, 5.0)
    return {
        "flow": Flow(
            (Step("Studies given", 63, ("3 refused:", HOSTILE)), Step("Predicted", 60)),
            (Leaf("Survival", 60, "36 events"), Leaf("Response", 60, "30 responders")),
        ),
        "known": Known((("Survival", 60, 60), (HOSTILE, 12, 60))),
        "comparison": Comparison(
            "C",
            (
                Dot("This model", "model", half),
                Dot("Oracle", "oracle", Interval(0.8, 0.7, 0.9)),
                Dot(HOSTILE, "baseline", Interval(0.6, 0.5, 0.7), too_few=True),
            ),
        ),
        "gains": Comparison(
            "gain", (Dot("Part", "helps", Interval(0.02, 0.01, 0.03)),), 0.0, "none", signed=True
        ),
        "forest": Forest(
            "C",
            (
                ForestRow("", "All patients", 60, half),
                ForestRow("sex", HOSTILE, 30, half),
                ForestRow("sex", "1", 3, None),
            ),
            0.5,
        ),
        "kaplan_meier": Survival(time, event, rng.normal(size=60)),
        "roc": Response(label, {("This model", "model"): probability}),
        "calibration": CalibrationCurve(calibration_groups(label, probability, 4), "response"),
        "decision": NetBenefit({"this model": curve, HOSTILE: curve}, "response"),
        "ratios": Ratios("MTV", "ml", true, predicted, bland_altman(predicted, true, ratio=True)),
        "dice": Overlap(rng.beta(9, 2, 60)),
        "training": Training(
            {"mask": (Curve(0, epochs, 1 / epochs, 2 / epochs), Curve(1, *[epochs[:1]] * 3))}
        ),
        "patient": PatientPicture((_view("Axial"),), (100, 200), (0.9, 0.4), (150.0, True)),
        "bitmap": Bitmap(np.full((20, 40, 3), 200, np.uint8)),
    }  # fmt: skip


@pytest.fixture(scope="session")
def page(contents):
    pictures = {name: Picture(name, f"Title {name}", one, f"Alt {name}", f"Note {name}")
                for name, one in contents.items()}  # fmt: skip
    patient = Patient("Patient 1", f"lowest Dice {HOSTILE}", pictures.pop("patient"),
                      (("Dice", "0.40"),), _volume())  # fmt: skip
    return Page(
        title="Evaluation of <run>",
        subtitle="60 patients.",
        headlines=(
            Headline("Survival", Interval(0.71, 0.6, 0.8), lines=("60 patients",)),
            Headline("Response", None, "only one class"),
            Headline("Mask", Interval(0.8, 0.8, 0.8), too_few=True),
        ),
        statements=(Statement("C lies above 0.5.", True), Statement("AUC includes 0.5.", False)),
        warnings=("Few patients.",),
        sections=(
            Section(
                "all",
                "All of it",
                lead=("A paragraph.",),
                checks=(Check("Twins", "failed", HOSTILE), Check("Sites", "not checked", "none")),
                pictures=tuple(pictures.values()),
                patients=(patient,),
                tables=(
                    Table("Numbers", ("", "value"), ((HOSTILE, "0.71"),), "A note.", "numbers",
                          columns=("key", "value"), data=(("model", 0.7123456),)),
                    Table("Cohort", (), (("Patients", "60"),), name="cohort"),
                    Table("Folded", ("a",), (("b",),), name="folded", folded=True),
                ),
                checklists=(filled("claim_2024", {"technology": HOSTILE, "model": "A network."}),),
            ),
            Section("nothing", "Nothing", lead=("Not judged: no mask.",)),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def hostile():
    return HOSTILE
