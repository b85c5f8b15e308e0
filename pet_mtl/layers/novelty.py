"""How far a patient's features lie from those of the training patients."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray


@keras.saving.register_keras_serializable("pet_mtl")
class Novelty(keras.layers.Layer):
    """Mahalanobis distance from the training patients, with a stored mean and covariance.

    | | shape |
    |---|---|
    | input: features | (batch, features) |
    | output | (batch,), from 0; about the root of the number of features for a usual patient |

    Source:
        Lee et al. 2018, NeurIPS 31, 7167-7177, with one class.
    """

    def build(self, input_shape: Any) -> None:
        """Makes mean and whitening; the plain distance from 0 until `store`."""
        size = input_shape[-1]
        self.mean = self.add_weight(
            name="mean", shape=(size,), initializer="zeros", trainable=False
        )
        self.whitening = self.add_weight(
            name="whitening", shape=(size, size), initializer="identity", trainable=False
        )
        super().build(input_shape)

    def store(self, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> None:
        """Takes what the training patients are like.

        Args:
            mean: (features,).
            covariance: (features, features), positive definite.
        """
        # (x - m)' C^-1 (x - m) = |(x - m) W|^2 with W = L^-T, C = L L'.
        factor = np.linalg.cholesky(covariance)
        self.mean.assign(mean)
        self.whitening.assign(np.linalg.inv(factor).T)

    def call(self, features: Any) -> Any:
        """The distance."""
        white = ops.matmul(features - self.mean, self.whitening)  # (batch, features)
        return ops.sqrt(ops.sum(ops.square(white), axis=-1))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None]:
        """(batch,)."""
        return (input_shape[0],)
