"""Masks, from files or a run's table to evaluation.json, against SimpleITK and by hand."""

import dataclasses
import json

import numpy as np
import pytest
import SimpleITK as sitk

from pet_mtl.errors import UsageError
from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document
from pet_mtl.evaluation.foretold import MASK_COLUMNS
from pet_mtl.files import read_csv, write_csv
from pet_mtl.training.oof import COLUMNS, SURFACE_DICE

FEW = Settings(samples=40)
SPACING = (2.0, 2.5, 4.0)  # x, y, z


def ball(shape, centre, radius):
    """Ellipsoids of the same radius in voxels."""
    grid = np.indices(shape).astype(float)
    return sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2


def cohort(seed=0, patients=12):
    """SUV, true mask, predicted mask: a shifted ball, sometimes none, sometimes a false one."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(patients):
        shape = (16, 20, 22)
        centre, radius = rng.uniform(6, 10, 3), rng.uniform(2.5, 4.5)
        truth = ball(shape, centre, radius)
        guess = ball(shape, centre + rng.uniform(-1, 1, 3), radius * rng.uniform(0.8, 1.2))
        if i == 3:
            guess[:] = False
        if i == 5:
            guess |= ball(shape, (13, 17, 19), 1.2)
        suv = rng.uniform(0.5, 2.0, shape) + 6 * truth
        found.append((suv.astype(np.float32), truth, guess))
    return found


def image(array):
    found = sitk.GetImageFromArray(
        np.asarray(array, np.float32 if array.dtype.kind == "f" else np.uint8)
    )
    found.SetSpacing(SPACING)
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    patients = cohort()
    for i, (suv, truth, guess) in enumerate(patients):
        study, predicted = folder / "studies" / f"S{i:02d}", folder / "predictions" / f"S{i:02d}"
        for path in (study, predicted):
            path.mkdir(parents=True)
        sitk.WriteImage(image(suv), str(study / "pet.nii.gz"))
        sitk.WriteImage(image(truth), str(study / "mask.nii.gz"))
        sitk.WriteImage(image(guess), str(predicted / "mask.nii.gz"))
    write_csv(
        folder / "predictions" / "predictions.csv",
        ("id", "risk", "response"),
        [{"id": f"S{i:02d}", "risk": i} for i in range(len(patients))],
    )
    return folder, patients


def judged(folder, **more):
    known = Known(studies=folder / "studies", **more)
    evaluation = evaluate(Request(folder / "predictions", known, settings=FEW))
    return json.loads(json.dumps(to_document(evaluation), allow_nan=False))


def itk_volume(suv, mask):
    """Volume in ml, and mean uptake times it, by SimpleITK."""
    peer = sitk.LabelIntensityStatisticsImageFilter()
    peer.Execute(image(mask), image(suv))
    ml = peer.GetPhysicalSize(1) / 1000.0
    return ml, peer.GetMean(1) * ml


def itk_surfaces(one, other):
    """Of the border voxels of one to those of the other, mm, by SimpleITK."""
    borders = []
    for mask in (one, other):
        label = image(mask)
        eroded = sitk.BinaryErode(label, [1, 1, 1], sitk.sitkCross)
        borders.append(sitk.Subtract(label, eroded))
    far = sitk.SignedMaurerDistanceMap(borders[1], squaredDistance=False, useImageSpacing=True)
    return np.abs(sitk.GetArrayFromImage(far))[sitk.GetArrayFromImage(borders[0]) > 0]


def test_distances_and_volumes_equal_simpleitk(files):
    folder, patients = files
    found = judged(folder)["metrics"]["mask"]
    drawn = [p for p in patients if p[2].any()]
    far, near = [], []
    for _, truth, guess in drawn:
        there, back = itk_surfaces(guess, truth), itk_surfaces(truth, guess)
        far.append(max(np.percentile(there, 95), np.percentile(back, 95)))
        close = np.concatenate([there, back]) <= 2.0 + 1e-5
        near.append(close.mean())
    assert found["hd95_mm"]["value"] == pytest.approx(np.mean(far), abs=1e-4)
    assert found["hd95_mm"]["median"] == pytest.approx(np.median(far), abs=1e-4)
    assert found["hd95_mm"]["undefined"] == 1 and found["hd95_mm"]["patients"] == 11
    assert found["surface_dice"]["value"] == pytest.approx(np.mean(near), abs=1e-6)
    assert found["surface_tolerance_mm"] == 2.0
    ours = np.array([itk_volume(suv, guess) for suv, _, guess in drawn])
    true = np.array([itk_volume(suv, truth) for suv, truth, _ in drawn])
    for k, key in enumerate(("mtv", "tlg")):
        ratio = np.log(ours[:, k] / true[:, k])
        bias = found[f"{key}_ratio"]
        assert bias["value"] == pytest.approx(np.exp(ratio.mean()), rel=1e-5)
        spread = 1.96 * ratio.std(ddof=1)
        limits = (bias["lower_limit"]["value"], bias["upper_limit"]["value"])
        assert limits == pytest.approx(
            (np.exp(ratio.mean() - spread), np.exp(ratio.mean() + spread)), rel=1e-3
        )
        assert (bias["patients"], bias["missed"]) == (11, 1)
        a, b = ours[:, k], true[:, k]
        lin = 2 * np.cov(a, b, ddof=0)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
        assert found[f"{key}_concordance"]["value"] == pytest.approx(lin, rel=1e-5)


def test_lesions_are_counted_by_hand(files):
    folder, _ = files
    found = judged(folder)["metrics"]["mask"]
    lesions = found["lesion_sensitivity"]
    assert (lesions["value"], lesions["lesions"]) == (pytest.approx(11 / 12), 12)
    assert lesions["false_positives_per_patient"] == pytest.approx(1 / 12)
    assert found["centre_found"]["value"] == pytest.approx(11 / 12)
    assert found["centre_found"]["low"] < 11 / 12 < found["centre_found"]["high"]


def test_the_tolerance_is_the_users(files):
    folder, _ = files
    strict, kind = (judged(folder, tolerance_mm=t)["metrics"]["mask"] for t in (0.0, 50.0))
    assert strict["surface_dice"]["value"] < kind["surface_dice"]["value"] == 1.0
    assert kind["surface_tolerance_mm"] == 50.0


def test_without_true_masks_all_say_why(files, judge_table):
    rng = np.random.default_rng(0)
    document = judge_table(
        {"risk": rng.normal(size=30), "response": np.full(30, np.nan)},
        {"time": rng.exponential(size=30), "event": np.ones(30)},
    )
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "mask" not in document["metrics"] and "--studies" in reasons["metrics.mask.hd95_mm"]


def with_columns(rows, folder):
    """A run whose table tells the masks, as trainings write it."""
    path = folder / "run" / "out_of_fold.csv"
    table = read_csv(path)
    rng = np.random.default_rng(0)
    for row in table:
        true, ours = rng.uniform(10, 90), rng.uniform(10, 90)
        row |= {
            "volume_ml": ours, "tlg": 5 * ours, "true_volume_ml": true, "true_tlg": 6 * true,
            "hd95_mm": rng.uniform(2, 12), SURFACE_DICE: rng.random(), "lesions_found": 1,
            "lesions_missed": 0, "lesions_false": 0, "centre_found": 1,
        }  # fmt: skip
    for name in ("true_volume_ml", "true_tlg", "hd95_mm", SURFACE_DICE, "centre_found"):
        table[0][name] = ""  # a patient of an older fold
    write_csv(path, list(table[0]), table)
    return read_csv(path)[1:]


def test_a_runs_table_is_read_back(rows, make_run):
    folder = make_run(rows[:60])
    table = with_columns(rows, folder)
    document = to_document(evaluate(Request(folder / "run", settings=FEW)))
    found = document["metrics"]["mask"]
    assert found["hd95_mm"]["value"] == pytest.approx(np.mean([float(r["hd95_mm"]) for r in table]))
    ratio = [float(r["volume_ml"]) / float(r["true_volume_ml"]) for r in table]
    assert found["mtv_ratio"]["value"] == pytest.approx(np.exp(np.mean(np.log(ratio))))
    assert found["mtv_ratio"]["patients"] == 59
    assert found["tlg_ratio"]["value"] == pytest.approx(found["mtv_ratio"]["value"] * 5 / 6)
    assert found["lesion_sensitivity"]["lesions"] == 59
    assert found["dice"]["patients"] == 60
    assert any("1 patient has Dice only" in text for text in document["warnings"])


def test_what_the_evaluation_reads_is_what_training_writes():
    assert {*MASK_COLUMNS.values(), SURFACE_DICE} <= set(COLUMNS)


def test_a_run_of_before_says_so(rows, make_run):
    document = to_document(evaluate(Request(make_run(rows[:60]) / "run", settings=FEW)))
    assert set(document["metrics"]["mask"]) == {"dice"}
    reasons = {item["what"]: item["reason"] for item in document["absent"]}
    assert "train it again" in reasons["metrics.mask.mtv_ratio"]


def test_a_tolerance_for_a_run_is_refused(rows, make_run):
    request = Request(make_run(rows[:20]) / "run", Known(tolerance_mm=1.0))
    with pytest.raises(UsageError, match="EVALUATE_OPTIONS"):
        evaluate(request)
    evaluate(dataclasses.replace(request, known=Known(), settings=FEW))
