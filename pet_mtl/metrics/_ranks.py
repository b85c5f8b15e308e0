"""Ranks in which equal values share the middle of their places."""

import numpy as np
from numpy.typing import NDArray

from pet_mtl.metrics._checks import Floats


def middle_ranks(rows: Floats) -> Floats:
    """The rank of every value in its row, from 1; equal values share their mean rank.

    Args:
        rows: (rows, values).

    Returns:
        (rows, values) ranks, in O(values log values) a row.
    """
    order = np.argsort(rows, axis=1, kind="stable")
    ascending = np.take_along_axis(rows, order, axis=1)
    changes = np.diff(ascending, axis=1) != 0
    edge = np.ones((len(rows), 1), dtype=bool)
    place = np.broadcast_to(np.arange(rows.shape[1]), rows.shape)
    first = _last_marked(place, np.hstack([edge, changes]))
    # The last of a run is the first of it when read backwards.
    behind = _last_marked(place, np.hstack([changes, edge])[:, ::-1])
    last = rows.shape[1] - 1 - behind[:, ::-1]
    ranks = np.empty(rows.shape)
    np.put_along_axis(ranks, order, (first + last) / 2.0 + 1.0, axis=1)
    return ranks


def _last_marked(place: NDArray[np.intp], marked: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(rows, values) the place of the last mark at or before each place."""
    return np.maximum.accumulate(np.where(marked, place, 0), axis=1)
