"""Reducing families of features to few dimensions that weigh alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Columns of which the base explains more than 99 % say nothing of their own.
_OWN_SHARE = 0.1
# Axes along which patients differ this little, relative to the first, are noise.
_SMALLEST_AXIS = 0.02


@keras.saving.register_keras_serializable("pet_mtl")
class GroupReduction(keras.layers.Layer):
    """Few principal axes of every family of features, scaled so that no family rules.

    With few patients the penalty of a linear head decides what can be learned. It treats all of
    its inputs alike, so a family of twenty correlated columns would be believed twenty times as
    much as one of two. Here each family is freed of what the base (such as volume and mean
    uptake, with which nearly all radiomics features are confounded) explains linearly, turned to
    its principal axes, cut to the first few, and divided by the deviation along the first one.

    | | shape |
    |---|---|
    | input: standardised features | (batch, features) |
    | output | (batch, reduced), -limit .. limit |

    Args:
        groups: Family to its number of columns, in the order of the input.
        dims: Most dimensions a family keeps.
        base: Families that pass unchanged and are taken out of the others.
        limit: Largest absolute value of an output.

    Source:
        Escofier and Pages 1994, doi:10.1016/0167-9473(94)90135-X (multiple factor analysis);
        Welch et al. 2019, doi:10.1016/j.radonc.2018.10.027 (confounding with volume).
    """

    def __init__(
        self,
        groups: Mapping[str, int],
        dims: int,
        base: Sequence[str] = (),
        limit: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.groups = {name: int(size) for name, size in groups.items()}
        self.dims, self.base, self.limit = dims, tuple(base), limit

    @property
    def features(self) -> int:
        """Number of input columns."""
        return sum(self.groups.values())

    @property
    def reduced(self) -> dict[str, int]:
        """Family to its number of output columns, in their order."""
        return {
            name: size if name in self.base else min(size, self.dims)
            for name, size in self.groups.items()
        }

    def build(self, input_shape: Any) -> None:
        """Makes the map; until `fit` it keeps the first columns of every family."""
        start = np.zeros((self.features, sum(self.reduced.values())), np.float32)
        for name, (rows, columns) in self._places().items():
            start[rows, columns] = np.eye(self.groups[name], self.reduced[name])
        kernel = keras.initializers.Constant(start)
        self.kernel = self.add_weight(
            name="kernel", shape=start.shape, initializer=kernel, trainable=False
        )
        self.offset = self.add_weight(
            name="offset", shape=start.shape[1:], initializer="zeros", trainable=False
        )
        super().build(input_shape)

    def fit(self, features: NDArray[Any]) -> None:
        """Takes the axes of the training patients.

        Args:
            features: (patients, features), standardised.
        """
        values = np.asarray(features, np.float64)
        values_mean = values.mean(axis=0)
        centred = values - values_mean
        places = self._places()
        known = [k for name in self.base for k in range(*places[name][0].indices(self.features))]
        kernel = np.zeros(self.kernel.shape)
        for name, (rows, columns) in places.items():
            if name in self.base:
                kernel[rows, columns] = np.eye(self.groups[name])
                continue
            coefficients = np.linalg.lstsq(centred[:, known], centred[:, rows], rcond=None)[0]
            own = centred[:, rows] - centred[:, known] @ coefficients
            axes = _axes(own, self.reduced[name])
            kernel[rows, columns] = axes
            kernel[np.asarray(known, int), columns] = -coefficients @ axes
        self.kernel.assign(kernel)
        self.offset.assign(-values_mean @ kernel)

    def call(self, features: Any) -> Any:
        """Reduced features."""
        reduced = ops.matmul(features, self.kernel) + self.offset
        return ops.clip(reduced, -self.limit, self.limit)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """(batch, reduced)."""
        return (input_shape[0], sum(self.reduced.values()))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        ours = {
            "groups": self.groups,
            "dims": self.dims,
            "base": list(self.base),
            "limit": self.limit,
        }
        return {**super().get_config(), **ours}

    def _places(self) -> dict[str, tuple[slice, slice]]:
        """Family to its columns of the input and of the output."""
        places, first, column = {}, 0, 0
        for name, width in self.reduced.items():
            size = self.groups[name]
            places[name] = (slice(first, first + size), slice(column, column + width))
            first, column = first + size, column + width
        return places


def _axes(own: Floats, count: int) -> Floats:
    """A map (columns, count) to the first principal axes, the first of deviation 1.

    Columns count alike, whatever of them the base explained; axes of next to no spread are 0.
    """
    deviation = own.std(axis=0)
    scale = np.where(deviation > _OWN_SHARE, 1.0 / np.maximum(deviation, _OWN_SHARE), 0.0)
    _, lengths, directions = np.linalg.svd(own * scale, full_matrices=False)
    spread = lengths / np.sqrt(max(1, len(own)))
    kept = min(count, int((spread > _SMALLEST_AXIS * max(spread[0], 1e-9)).sum()))
    axes = np.zeros((own.shape[1], count))
    if spread[0] > 0:
        # The sign of a principal axis is arbitrary; fix it, so that reruns agree.
        chosen = directions[:kept]
        signs = np.sign(chosen[np.arange(kept), np.abs(chosen).argmax(axis=1)])
        axes[:, :kept] = (chosen * signs[:, None]).T * scale[:, None] / spread[0]
    return axes
