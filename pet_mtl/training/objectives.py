"""The losses that a configuration asks for, one a task."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import keras

from pet_mtl.classes import BINARY
from pet_mtl.config import LossConfig
from pet_mtl.losses import MaskLoss, ReconstructionLoss, ResponseLoss, balanced_weights


def task_losses(
    model: keras.Model,
    names: Iterable[str],
    config: LossConfig,
    class_weights: Sequence[float] | None = None,
) -> dict[str, keras.losses.Loss]:
    """The loss of each output.

    Args:
        model: The whole network, whose survival head says which likelihood is its own.
        names: The outputs: "mask", "reconstruction", "radiomics", "survival", "response".
        config: Kinds of the losses.
        class_weights: Of the response, from `response_weights`; None for 1.

    Returns:
        Output to loss; each takes labels, predictions and a weight for every patient.
    """
    known: dict[str, Callable[[], keras.losses.Loss]] = {
        "mask": lambda: MaskLoss(config.mask_kind, config.focal_gamma),
        "reconstruction": ReconstructionLoss,
        # Of errors in standard deviations, whose target is computed in the network.
        "radiomics": lambda: keras.losses.Huber(reduction="mean_with_sample_weight"),
        "survival": lambda: model.get_layer("survival").loss(config.ties),
        "response": lambda: ResponseLoss(config.smooth_response, class_weights),
    }
    return {name: known[name]() for name in names}


def response_weights(
    config: LossConfig, rows: Iterable[Mapping[str, str]], classes: int = BINARY
) -> tuple[float, ...] | None:
    """Weights of the classes of the response, if the configuration asks for balance.

    Args:
        config: Whether they are balanced.
        rows: Rows of studies.csv of the training patients.
        classes: Number of classes.

    Returns:
        (classes,) weights, or None.
    """
    if not config.balance_response:
        return None
    labels = [int(row["response"]) for row in rows if row["has_response"] == "1"]
    return balanced_weights(labels, classes)
