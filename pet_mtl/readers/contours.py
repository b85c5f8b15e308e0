"""Filling closed contours: a pixel belongs to the region if its centre lies within."""

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


def fill_contour(contour: NDArray[np.float64], shape: tuple[int, int]) -> Bools:
    """Fills one contour by the even-odd rule.

    Every edge toggles, in each row it crosses, all pixels whose centre lies before the crossing.
    A row through a corner counts the edge above it only, so that corners count once. Edges are
    taken from their upper end, whatever the sense of the contour: regions that share an edge share
    no pixel and leave none out.

    Args:
        contour: (points, 2) as (row, column) in pixels.
        shape: (rows, columns).

    Returns:
        (rows, columns) bool.

    Source: Shimrat, Algorithm 112, CACM 1962.
    """
    rows, columns = shape
    following = np.roll(contour, -1, axis=0)
    downwards = (contour[:, 0] <= following[:, 0])[:, None]
    start, end = np.where(downwards, contour, following), np.where(downwards, following, contour)
    lines = np.arange(rows)[:, None]  # (rows, 1)
    crossed = (start[:, 0] <= lines) != (end[:, 0] <= lines)  # (rows, edges)
    row, edge = np.nonzero(crossed)
    y0, x0 = start[edge].T
    y1, x1 = end[edge].T
    crossing = x0 + (row - y0) * (x1 - x0) / (y1 - y0)  # column at which the edge is met
    upto = np.clip(np.ceil(crossing), 0, columns).astype(np.int64)
    toggles = np.zeros((rows, columns + 1), dtype=np.int64)
    np.add.at(toggles, (row, upto), 1)
    # Pixel x lies before all crossings with upto > x.
    later = toggles[:, ::-1].cumsum(axis=1)[:, ::-1]  # (rows, columns + 1)
    return later[:, 1:] % 2 == 1
