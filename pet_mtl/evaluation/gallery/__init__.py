"""The gallery: a few patients by rule, with images, outlines, curves and volumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import PetMtlError
from pet_mtl.evaluation.gallery.cards import curve_of, facts_of, said_of, seen_of
from pet_mtl.evaluation.gallery.choosing import RULE, Chosen, choose
from pet_mtl.evaluation.gallery.scene import Scene, views_of, volume_of
from pet_mtl.evaluation.gallery.study_scenes import overview, study_scenes
from pet_mtl.evaluation.pages.material import Material
from pet_mtl.evaluation.pages.words import is_run
from pet_mtl.evaluation.predictions import Known
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.report import Bitmap, Patient, PatientPicture, Picture, Volume

# Bytes of all volumes, before they become text; the page stays below 15 MB.
MOST_BYTES = 7_000_000

_NOTE = "Blue, solid: true mask; vermillion, dashed: predicted mask; dark is high uptake"


@dataclass(frozen=True)
class Place:
    """Where the patients of the gallery are to be found.

    Attributes:
        target: A run, or a folder or table of predictions.
        dataset: A run's dataset directory, or None.
        known: Studies of predictions.
    """

    target: Path
    dataset: Path | None
    known: Known


def gallery_of(
    evaluation: Evaluation, material: Material, place: Place, count: int
) -> tuple[tuple[Patient, ...], str]:
    """Chooses patients and draws what is known of them.

    Args:
        evaluation: What was found.
        material: What lies beside the predictions.
        place: Where images are.
        count: At most so many patients; 0 for none.

    Returns:
        The patients, and how they were chosen, or why a part of them is missing.
    """
    chosen = choose(evaluation, count) if count > 0 else ()
    if not chosen:
        return (), ""
    ids = evaluation.cohort.patients.ids
    names = [ids[one.place] for one in chosen]
    said = [RULE]
    try:
        scenes = _scenes(evaluation, material, place, names)
    except PetMtlError as error:
        # The numbers stand without the images.
        scenes, why = {}, error.problem.sentence().rstrip(".")
        said.append(f"Images are missing: {why}.")
    if is_run(evaluation) and _records(place) is None:
        said.append("Images are missing: the run's dataset was not found.")
    teller = _Teller(evaluation, material, _folder(place.target), scenes)
    told = (teller.patient(one, number) for number, one in enumerate(chosen, 1))
    patients = tuple(one for one in told if one.picture.content != PatientPicture())
    if not patients:
        return (), ""
    if teller.left_out:
        said.append(f"Without volume, to keep the page small: {teller.left_out}.")
    return patients, " ".join(said)


def _folder(target: Path) -> Path:
    """Where `pet-mtl predict` wrote."""
    return target if target.is_dir() else target.parent


def _scenes(
    evaluation: Evaluation, material: Material, place: Place, names: Sequence[str]
) -> dict[str, Scene]:
    """Id to scene, of those that can be read."""
    if not is_run(evaluation):
        return dict(study_scenes(_folder(place.target), place.known, names))
    dataset = _records(place)
    if dataset is None:
        return {}
    # TensorFlow is loaded only where cubes are read.
    from pet_mtl.evaluation.gallery.run_scenes import run_scenes

    patients = evaluation.cohort.patients
    fold_of = dict(zip(patients.ids, patients.fold, strict=True))
    folds = {name: int(fold_of[name]) for name in names}
    tta = bool(material.config.get("output", {}).get("tta"))
    return dict(run_scenes(place.target, dataset, folds, tta))


def _records(place: Place) -> Path | None:
    """The run's dataset, if it is there with its records."""
    dataset = place.dataset
    return dataset if dataset and (dataset / "dataset.json").is_file() else None


class _Teller:
    """Tells of one patient after the other, as long as there is room for volumes."""

    def __init__(
        self, evaluation: Evaluation, material: Material, folder: Path, scenes: Mapping[str, Scene]
    ) -> None:
        self.left_out = 0
        self._evaluation = evaluation
        self._material = material
        self._folder = folder
        self._scenes = scenes
        self._room = MOST_BYTES

    def patient(self, one: Chosen, number: int) -> Patient:
        """One patient."""
        name = self._evaluation.cohort.patients.ids[one.place]
        row, scene = self._material.rows.get(name, {}), self._scenes.get(name)
        facts = facts_of(self._evaluation, one.place, row)
        content = self._picture(one, row, scene)
        alt = said_of(content, facts, one.why)
        shown: PatientPicture | Bitmap = content
        if scene is None and (drawn := self._bitmap(name)) is not None:
            shown, alt = drawn, f"Overview of the prediction, patient of {one.why}"
        elif not content.views and content.days == ():
            shown = PatientPicture()
        note = _NOTE if content.views else ""
        label = self._label(one)
        picture = Picture(f"patient_{number}", f"{label}: {one.why}", shown, alt, note)
        return Patient(label, one.why, picture, facts, self._volume(scene) if scene else None)

    def _label(self, one: Chosen) -> str:
        """A pseudonym: the dataset's, or the row of the predictions, whose names are the user's."""
        if is_run(self._evaluation):
            return f"Patient {self._evaluation.cohort.patients.ids[one.place]}"
        return f"Patient in row {one.place + 1} of the predictions"

    def _picture(self, one: Chosen, row: Mapping[str, str], scene: Scene | None) -> PatientPicture:
        """Images and curve."""
        views = views_of(scene) if scene else ()
        return PatientPicture(views, *curve_of(row), seen_of(self._evaluation, one.place))

    def _bitmap(self, name: str) -> Bitmap | None:
        """The picture of `pet-mtl predict`."""
        if is_run(self._evaluation):
            return None
        pixels = overview(self._folder, name)
        return None if pixels is None else Bitmap(pixels)

    def _volume(self, scene: Scene) -> Volume | None:
        """The volume, if there is room for it."""
        volume = volume_of(scene)
        size = len(volume.suv) + len(volume.masks or b"")
        if size > self._room:
            self.left_out += 1
            return None
        self._room -= size
        return volume
