"""Signatures by which an image is known again after another export.

A signature is the uptake of the context cube in coarse blocks, as logarithm, less its own smooth
part: what is left is where uptake begins and ends. It hardly changes with a factor of the SUV, with
rounding, smoothing or resampling, and moves along when the outline that the cube is centred on was
drawn anew, so that two of them are compared at every small shift.

Measured: different patients reach a likeness of 0.66 (561 pairs of sarcoma patients) and of 0.87
(23 067 pairs of simulated ones, who are more alike). An image rounded, scaled, resampled, smoothed
or outlined more generously stays above 0.94, mostly above 0.99; centred on another part of its
lesion, it falls to 0.85 to 1.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

SAME = 0.92

# Blocks along an axis, and the width of the smooth part in blocks: the first are cheap enough for
# all pairs and all shifts, the second decide, on what both cubes show.
_COARSE, _COARSE_SIGMA = 16, 1.0
_DETAIL, _DETAIL_SIGMA = 24, 1.5
_WORTH_A_LOOK = 0.7
_REACH = 5  # blocks of the first: a third of the cube
_AXES = (-3, -2, -1)
_EVEN = 1e-6

Cubes = NDArray[np.float32]
Spectra = NDArray[np.complex64]


@dataclass(frozen=True)
class Signatures:
    """Signatures of several images.

    Attributes:
        coarse: (images, z, y, x) spectra of the coarse blocks, of unit power.
        detail: (images, z, y, x) the finer blocks themselves.
    """

    coarse: Spectra
    detail: Cubes

    def __len__(self) -> int:
        return len(self.coarse)


@dataclass(frozen=True)
class Twins:
    """Two images that are nearly the same.

    Attributes:
        first: Place of the one.
        second: Place of the other.
        likeness: Correlation of their signatures, up to 1.
    """

    first: int
    second: int
    likeness: float


def signatures(cubes: Iterable[Cubes]) -> Signatures:
    """Signatures of context cubes.

    Args:
        cubes: Each (z, y, x) SUV; all of one dataset, so of one size and voxel edge. Taken one by
            one: a whole dataset of them would not fit the memory.
    """
    coarse, detail = [], []
    for cube in cubes:
        coarse.append(_spectrum(_edges(cube, _COARSE, _COARSE_SIGMA)))
        detail.append(_edges(cube, _DETAIL, _DETAIL_SIGMA))
    return Signatures(np.array(coarse, np.complex64), np.array(detail, np.float32))


def twins_among(images: Signatures) -> list[Twins]:
    """Pairs of images that are nearly the same."""
    return [
        twins
        for place in range(len(images) - 1)
        for twins in _twins(images, place, images, place + 1)
    ]


def twins_between(first: Signatures, second: Signatures) -> list[Twins]:
    """Pairs of an image of the first and one of the second that are nearly the same."""
    return [twins for place in range(len(first)) for twins in _twins(first, place, second, 0)]


def _twins(own: Signatures, place: int, others: Signatures, start: int) -> Iterator[Twins]:
    """The twins of one image among the others from a place on."""
    if start >= len(others):
        return
    alike, shifts = _best_shifts(own.coarse[place], others.coarse[start:])
    for number in np.flatnonzero(alike > _WORTH_A_LOOK):
        other = start + int(number)
        likeness = _likeness(own.detail[place], others.detail[other], shifts[number])
        if likeness > SAME:
            yield Twins(place, other, min(1.0, likeness))


def _best_shifts(one: Spectra, others: Spectra) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Highest correlation with each of the others, and the shift (z, y, x) it is at, in blocks."""
    size = one.shape[0]
    correlation = fft.irfftn(one * np.conj(others), s=(size,) * 3, axes=_AXES)
    reach = min(_REACH, (size - 1) // 2)
    steps = np.arange(-reach, reach + 1)
    window = correlation[:, steps][:, :, steps][:, :, :, steps].reshape(len(others), -1)
    best = window.argmax(axis=1)
    places = np.stack(np.unravel_index(best, (len(steps),) * 3), axis=1)
    return window[np.arange(len(others)), best], steps[places]


def _likeness(one: Cubes, other: Cubes, shift: NDArray[Any]) -> float:
    """Highest correlation near a shift, of the part that both cubes show."""
    scale = one.shape[0] / min(_COARSE, one.shape[0])
    nearest = np.round(np.asarray(shift) * scale).astype(int)
    near = itertools.product((-1, 0, 1), repeat=len(_AXES))
    return max(_overlap(one, other, nearest + np.asarray(step)) for step in near)


def _overlap(one: Cubes, other: Cubes, shift: NDArray[Any]) -> float:
    """Correlation of the common part of two cubes, the second moved by a shift; 0 without one."""
    size = one.shape[0]
    first = tuple(slice(max(0, int(d)), size + min(0, int(d))) for d in shift)
    second = tuple(slice(max(0, -int(d)), size + min(0, -int(d))) for d in shift)
    a, b = one[first].ravel(), other[second].ravel()
    a, b = a - a.mean(), b - b.mean()
    power = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(a @ b) / power if power > 0 else 0.0


def _spectrum(edges: Cubes) -> Spectra:
    """Spectrum of unit power; zeros of what has no detail."""
    power = float(np.linalg.norm(edges))
    spectrum: Spectra = fft.rfftn(edges / power if power > 0 else edges, axes=_AXES)
    return spectrum


def _edges(cube: Cubes, blocks: int, sigma: float) -> Cubes:
    """Blocks of a cube as logarithm, less their smooth part and their mean."""
    coarse = np.log1p(np.maximum(_blocks(cube, min(blocks, cube.shape[0])), 0.0))
    edges: NDArray[np.float64] = coarse - ndimage.gaussian_filter(coarse, sigma)
    # What rounding leaves of an even cube is no detail.
    if np.ptp(edges) < _EVEN:
        return np.zeros(edges.shape, np.float32)
    return (edges - edges.mean()).astype(np.float32)


def _blocks(cube: Cubes, count: int) -> NDArray[np.float64]:
    """Means over (nearly) equal blocks along every axis."""
    values: NDArray[np.float64] = cube.astype(np.float64)
    for axis, size in enumerate(cube.shape):
        edges = np.round(np.linspace(0, size, count + 1)).astype(int)
        shape = [1, 1, 1]
        shape[axis] = count
        values = np.add.reduceat(values, edges[:-1], axis=axis) / np.diff(edges).reshape(shape)
    return values
