"""A trained model's mask path by itself, also as a frozen part of another model.

With it a model of fewer tasks reads its features under the same masks as the one that learned them.
"""

from pathlib import Path
from typing import Any

import keras
from keras import layers

from pet_mtl.errors import ConfigError

SEGMENTER = "segmenter"


def mask_path(model: keras.Model) -> keras.Model:
    """From one cube, and its CT where the model reads it, to the lesion's logits.

    | | shape |
    |---|---|
    | input `suv` | (batch, size, size, size, 1) raw SUVbw |
    | input `ct` | (batch, size, size, size, 2), only with CT: HU, and 1 where known |
    | output | (batch, size, size, size, 1) logits |

    Args:
        model: From `build_model`, with the mask task or a segmenter of its own.

    Returns:
        A model of the same layers and weights; the given model's own segmenter, if it has one.

    Raises:
        ConfigError: The model outlines nothing.
    """
    names = {layer.name for layer in model.layers}
    if SEGMENTER in names:
        return model.get_layer(SEGMENTER)
    if "mask_decoder" not in names:
        raise ConfigError(
            "MODEL_SEGMENTER",
            "the segmenter has no mask task",
            expected="a model that was trained with the mask task",
            todo="Give another model.segmenter",
        )
    size = model.input["fine"].shape[1]
    inputs = {"suv": keras.Input((size,) * 3 + (1,), name="suv")}
    image = model.get_layer("log_suv")(inputs["suv"])
    if "ct_window" in names:
        inputs["ct"] = keras.Input((size,) * 3 + (2,), name="ct")
        image = layers.Concatenate()([image, model.get_layer("ct_window")(inputs["ct"])])
    logits = model.get_layer("mask_decoder")([*model.get_layer("encoder")(image), image])
    finest = logits[0] if isinstance(logits, list) else logits
    return keras.Model(inputs, finest, name=SEGMENTER)


def frozen(segmenter: keras.Model, size: int, ct: bool) -> keras.Model:
    """A copy of a model's mask path whose weights no training changes.

    Args:
        segmenter: A trained model.
        size: Voxels of the cubes along each axis.
        ct: Whether CT is to be had.

    Returns:
        The copy; the given model stays as it is.

    Raises:
        ConfigError: It outlines nothing, is of another size, or reads CT that is not to be had.
    """
    whole = keras.models.clone_model(segmenter)
    whole.set_weights(segmenter.get_weights())
    path = mask_path(whole)
    theirs = path.input["suv"].shape[1]
    if theirs != size or ("ct" in path.input and not ct):
        raise ConfigError(
            "MODEL_SEGMENTER",
            "the segmenter does not fit the data",
            expected=f"cubes of {size} voxels {'with or ' if ct else ''}without CT",
            found=f"cubes of {theirs} voxels with{'' if 'ct' in path.input else 'out'} CT",
            todo="Give one that was trained on the same dataset",
        )
    path.trainable = False
    return path


def segmented(path: keras.Model, cubes: Any, ct: Any) -> Any:
    """Logits of all cubes: (batch, size, size, size, scales).

    Args:
        path: From `mask_path`.
        cubes: Scale to raw SUV.
        ct: `<scale>_ct` to CT; may be empty.
    """
    each = []
    for scale, cube in cubes.items():
        inputs = {"suv": cube}
        if "ct" in path.input:
            inputs["ct"] = ct[f"{scale}_ct"]
        each.append(path(inputs))
    return layers.Concatenate(name="segmented")(each)


def segmenter_file(name: str, fold: int) -> Path:
    """The file that `model.segmenter` means in one fold: of a run, that of the same fold."""
    path = Path(name)
    return path / f"fold_{fold}" / "best.keras" if path.is_dir() else path
