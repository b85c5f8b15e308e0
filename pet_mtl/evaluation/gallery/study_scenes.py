"""Chosen patients of a table of predictions: the studies themselves, or their pictures."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from matplotlib.image import imread
from numpy.typing import NDArray

from pet_mtl.errors import StudyError
from pet_mtl.evaluation.gallery.scene import Layer, Scene
from pet_mtl.evaluation.predictions import Known
from pet_mtl.evaluation.studies import MASK_FILE
from pet_mtl.geometry import Grid
from pet_mtl.preprocess.crop import upright
from pet_mtl.readers import find_studies, read_study
from pet_mtl.readers.images import read_image
from pet_mtl.study import StudySource

OVERVIEW = "overview.png"

_SAME_MM = 0.1
# The top of an overview names the study, as its owner does; a report names nobody.
_TITLE_SHARE = 0.08


def study_scenes(folder: Path, known: Known, names: Collection[str]) -> Iterator[tuple[str, Scene]]:
    """Reads studies with their true and predicted masks.

    Args:
        folder: Where `pet-mtl predict` wrote.
        known: Where the studies are.
        names: Ids of the predictions wanted.

    Yields:
        Id and scene; a study that cannot be read is left out.
    """
    if known.studies is None:
        return
    sources = {one.name: one for one in find_studies(known.studies, known.layout).sources}
    for name in names:
        if name in sources:
            try:
                yield name, _scene(sources[name], folder / name / MASK_FILE, known.roi)
            except StudyError:
                continue


def _scene(source: StudySource, predicted: Path, roi: str | None) -> Scene:
    """One study, turned upright."""
    study = read_study(source, roi=roi)
    volume = upright(study.suv, study.grid, study.mask)
    true = None if volume.mask is None else volume.mask >= 0.5
    outline = _outline(predicted, study.grid)
    drawn = None
    if outline is not None:
        turned = upright(study.suv, study.grid, outline).mask
        drawn = None if turned is None else turned >= 0.5
    layer = Layer(volume.suv, volume.grid, true, drawn)
    return Scene(layer, layer, "Part of the study around the lesion")


def _outline(path: Path, grid: Grid) -> NDArray[np.bool_] | None:
    """The predicted mask, if it is there and belongs to the study."""
    if not path.is_file():
        return None
    array, own = read_image(path)
    return np.asarray(array > 0) if own.matches(grid, tolerance_mm=_SAME_MM) else None


def overview(folder: Path, name: str) -> NDArray[np.uint8] | None:
    """The picture that `pet-mtl predict` drew, without its title; None where there is none.

    Args:
        folder: Where `pet-mtl predict` wrote.
        name: Id of the prediction.

    Returns:
        (rows, columns, 3) of 0 to 255.
    """
    path = folder / name / OVERVIEW
    if Path(name).name != name or not path.is_file():
        return None
    try:
        pixels = imread(path)[..., :3]
    except (OSError, SyntaxError, ValueError):
        return None
    below = pixels[int(np.ceil(_TITLE_SHARE * len(pixels))) :]
    return np.rint(np.asarray(below, np.float64) * 255).astype(np.uint8)
