"""Patients of the gallery: chosen by rule, cut and packed right, and without a name."""

import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.image import imsave

from pet_mtl.evaluation import Known, Outputs, Request, Settings, evaluate, write_evaluation
from pet_mtl.evaluation.gallery.choosing import choose
from pet_mtl.evaluation.gallery.scene import Layer, Scene, views_of, volume_of
from pet_mtl.evaluation.gallery.study_scenes import overview
from pet_mtl.files import read_csv, write_csv
from pet_mtl.geometry import Grid, grid_of, isotropic_grid
from pet_mtl.readers.clinical import ClinicalColumns
from pet_mtl.writers.images import write_image
from pet_mtl.writers.overview import Overview, overview_planes, write_overview

FEW = Settings(samples=40)


def test_ends_and_middles_are_chosen_once_each(judged):
    chosen = choose(judged, 10)
    dice, risk = judged.cohort.dice, judged.cohort.risk
    assert chosen[0].place == np.nanargmin(dice) and chosen[0].why == "lowest Dice"
    assert chosen[1].place == np.argmin(risk) and chosen[1].why == "lowest risk"
    assert chosen[2].place == np.nanargmax(dice) and chosen[3].place == np.argmax(risk)
    places = [one.place for one in chosen]
    assert len(places) == len(set(places)) == 10
    known = np.sort(dice[np.isfinite(dice)])
    middle = next(one for one in chosen if one.why == "median Dice")
    assert dice[middle.place] == known[round((len(known) - 1) / 2)]
    assert choose(judged, 3) == chosen[:3] and choose(judged, 0) == ()


def test_one_patient_may_stand_for_two_reasons(rows, make_run):
    same = [row | {"dice": row["risk"]} for row in rows]
    chosen = choose(evaluate(Request(make_run(same) / "run", settings=FEW)), 4)
    assert chosen[0].why == "lowest Dice, lowest risk" and len(chosen) == 4


def test_equal_scores_choose_the_same_patients(rows, make_run):
    alike = [row | {"dice": 0.5, "risk": 0.0} for row in rows]
    evaluation = evaluate(Request(make_run(alike) / "run", settings=FEW))
    first = choose(evaluation, 2)
    ids = evaluation.cohort.patients.ids
    assert ids[first[0].place] == min(ids)


def _layer(shape=(30, 28, 26), spacing=(3.0, 4.0, 4.0)):
    grid = Grid(shape, spacing, (-50.0, 20.0, 100.0))
    z, y, x = np.indices(shape)
    true = (z - 12) ** 2 + (y - 15) ** 2 + (x - 8) ** 2 < 20
    predicted = np.roll(true, 2, axis=0)
    suv = (1 + 9 * true + 0.01 * z).astype(np.float32)
    return Layer(suv, grid, true, predicted)


def test_views_show_the_patient_as_radiology_does():
    layer = _layer()
    projection, axial = views_of(Scene(layer, layer, "part"))
    assert projection.letters == ("S", "I", "R", "L") and axial.letters == ("A", "P", "R", "L")
    assert np.array_equal(projection.suv[::-1], layer.suv.max(axis=1))
    assert np.array_equal(projection.true[::-1], layer.true.any(axis=1))
    assert projection.spacing_mm == (3.0, 4.0) and axial.spacing_mm == (4.0, 4.0)
    # The slice where the true outline is largest, in the middle of its box.
    assert axial.true.sum() == layer.true.sum(axis=(1, 2)).max()


def _stored(content, path):
    path.write_bytes(content)
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image), grid_of(image)


def test_the_volume_is_the_study_around_both_outlines(tmp_path):
    layer = _layer()
    volume = volume_of(Scene(layer, layer, "Part of it"))
    suv, grid = _stored(volume.suv, tmp_path / "suv.nii.gz")
    labels, same = _stored(volume.masks, tmp_path / "masks.nii.gz")
    assert same.matches(grid) and volume.known == ("true", "predicted")
    assert np.count_nonzero(labels & 1) == layer.true.sum()
    assert np.count_nonzero(labels & 2) == layer.predicted.sum()
    # Every voxel lies where it lay in the study.
    start = np.rint(layer.grid.world_to_index(grid.index_to_world((0, 0, 0)))).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, grid.shape, strict=True))
    assert np.abs(suv - layer.suv[box]).max() <= 0.026
    inside = np.rint(grid.world_to_index(volume.centre_mm)).astype(int)
    assert labels[tuple(inside)] & 1
    assert volume.window_suv > 9 and "4 x 4 x 3 mm" in volume.said


def test_a_large_volume_is_made_coarser_and_stays_in_place(tmp_path):
    shape = (140, 140, 140)
    z, y, x = np.indices(shape)
    true = (z > 10) & (z < 130) & (y > 10) & (y < 130) & (x > 10) & (x < 130)
    layer = Layer(
        np.where(true, 5, 1).astype(np.float32), isotropic_grid((5, 6, 7), 140, 2.0), true
    )
    volume = volume_of(Scene(layer, layer, "p"))
    suv, grid = _stored(volume.suv, tmp_path / "suv.nii.gz")
    labels, _ = _stored(volume.masks, tmp_path / "masks.nii.gz")
    assert suv.size <= 900_000 and grid.spacing_mm == pytest.approx((4.0, 4.0, 4.0))
    assert np.count_nonzero(labels) * grid.voxel_ml == pytest.approx(
        true.sum() * layer.grid.voxel_ml, rel=0.03
    )
    middle = grid.index_to_world(np.argwhere(labels).mean(axis=0))
    assert np.allclose(middle, layer.grid.index_to_world(np.argwhere(true).mean(axis=0)), atol=2.0)


def test_without_an_outline_the_middle_is_shown():
    layer = _layer()
    bare = Layer(layer.suv, layer.grid)
    volume = volume_of(Scene(bare, bare, "p"))
    assert volume.masks is None and volume.known == ()
    projection, axial = views_of(Scene(bare, bare, "p"))
    assert projection.true is None and axial.predicted is None


def _study(folder, name, shift):
    """One NIfTI study with its outline, and a prediction of it."""
    layer = _layer()
    mask = np.roll(layer.true, shift, axis=0)
    write_image(layer.suv, layer.grid, folder / "studies" / name / "pet.nii.gz")
    write_image(layer.true, layer.grid, folder / "studies" / name / "mask.nii.gz")
    write_image(mask, layer.grid, folder / "predictions" / name / "mask.nii.gz")
    planes = overview_planes(layer.suv, mask, layer.grid, layer.grid.centre_mm, 80.0)
    drawn = Overview(f"{name} secret", planes, (100.0, 200.0), (0.9, 0.5), (("Risk", "1"),))
    write_overview(drawn, folder / "predictions" / name / "overview.png")


@pytest.fixture
def predicted(tmp_path):
    """Three studies, predicted and outlined, with outcomes; the folder, and what is known."""
    rows = []
    for number in range(3):
        _study(tmp_path, f"NAME_{number}", number)
        rows.append(
            {"id": f"NAME_{number}", "risk": number, "response": 0.2 * number, "volume_ml": 20.5,
             "survival_100": 0.9, "survival_200": 0.5, "time_days": 50 + 90 * number,
             "event": number % 2}
        )  # fmt: skip
    columns = ("id", "risk", "response", "volume_ml", "survival_100", "survival_200")
    told = [{name: row[name] for name in columns} for row in rows]
    write_csv(tmp_path / "predictions" / "predictions.csv", columns, told)
    columns = ("id", "time_days", "event")
    told = [{name: row[name] for name in columns} for row in rows]
    write_csv(tmp_path / "clinical.csv", columns, told)
    named = ClinicalColumns("id", "time_days", "event")
    return tmp_path, Known(tmp_path / "clinical.csv", named, tmp_path / "studies")


def test_studies_are_shown_with_both_outlines(predicted, tmp_path):
    folder, known = predicted
    request = Request(folder / "predictions", known, settings=FEW)
    evaluation = evaluate(request)
    assert evaluation.cohort.dice.tolist() == sorted(evaluation.cohort.dice, reverse=True)
    report = write_evaluation(evaluation, tmp_path / "out", request, Outputs(gallery=4))
    html = report.read_text()
    assert html.count("Open the volume") == 3 and 'id="viewer-code"' in html
    told = read_csv(tmp_path / "out" / "tables" / "patients.csv")
    assert told[0]["why"] == "lowest Dice, highest risk"
    assert told[0]["patient"] == "Patient in row 3 of the predictions"
    assert told[0]["Seen"] == "censored on day 230" and told[0]["Predicted volume"] == "20.5 ml"
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.name != "evaluation.json":
            content = path.read_bytes()
            place = content.find(b"NAME_")
            assert place < 0, (path.name, content[max(0, place - 150) : place + 50])


def test_volumes_that_would_make_the_page_too_large_are_left_out(predicted, tmp_path, monkeypatch):
    folder, known = predicted
    request = Request(folder / "predictions", known, settings=FEW)
    evaluation, one = evaluate(request), volume_of(Scene(_layer(), _layer(), "p"))
    room = len(one.suv) + len(one.masks or b"") + 200
    monkeypatch.setattr("pet_mtl.evaluation.gallery.MOST_BYTES", room)
    report = write_evaluation(evaluation, tmp_path / "out", request, Outputs(gallery=3))
    html = report.read_text()
    assert html.count("Open the volume") == 1
    assert "Without volume, to keep the page small: 2." in html


def test_without_the_studies_the_pictures_are_shown_without_their_title(predicted, tmp_path):
    folder, known = predicted
    alone = Known(known.clinical, known.columns)
    request = Request(folder / "predictions", alone, settings=FEW)
    report = write_evaluation(evaluate(request), tmp_path / "out", request, Outputs(gallery=2))
    html = report.read_text()
    assert "Overview of the prediction" in html and "Open the volume" not in html
    assert len(html) < 2_500_000


def test_an_overview_loses_its_title_and_nothing_else(tmp_path):
    layer = _layer()
    planes = overview_planes(layer.suv, layer.true, layer.grid, layer.grid.centre_mm, 80.0)
    for name, title in (("a", "Erika Mustermann Ägjpq_|"), ("b", "")):
        drawn = Overview(title, planes, (100.0,), (0.9,), (("Risk", "1"),))
        write_overview(drawn, tmp_path / name / "overview.png")
    named, nameless = (overview(tmp_path, name) for name in ("a", "b"))
    assert np.array_equal(named, nameless) and named.dtype == np.uint8
    assert len(named) > 0.9 * 660 and not np.all(named[:30] == 255)  # titles of the images stay


@pytest.mark.parametrize("name", ["../a", "absent", "broken"])
def test_no_overview_where_there_is_none(tmp_path, name):
    (tmp_path / "inside" / "broken").mkdir(parents=True)
    (tmp_path / "inside" / "broken" / "overview.png").write_bytes(b"no picture")
    (tmp_path / "a").mkdir()
    imsave(tmp_path / "a" / "overview.png", np.zeros((20, 20, 3)))
    assert overview(tmp_path / "inside", name) is None


def test_a_run_whose_dataset_is_gone_shows_curves_alone(rows, make_run, tmp_path):
    folder = make_run(rows)
    path = folder / "run" / "out_of_fold.csv"
    cells = [dict(cell, survival_365="0.8", survival_730="0.5") for cell in read_csv(path)]
    write_csv(path, [*cells[0]], cells)
    request = Request(folder / "run", settings=FEW)
    report = write_evaluation(evaluate(request), tmp_path / "out", request, Outputs(gallery=2))
    html = report.read_text()
    assert "Images are missing: the run" in html and "predicted survival curve" in html
    told = read_csv(tmp_path / "out" / "tables" / "patients.csv")
    assert [row["patient"].split()[0] for row in told] == ["Patient", "Patient"]


def test_nothing_to_show_is_no_gallery(rows, make_run, tmp_path):
    request = Request(make_run(rows) / "run", settings=FEW)
    report = write_evaluation(evaluate(request), tmp_path / "out", request, Outputs(gallery=2))
    assert 'id="patients"' not in report.read_text()
