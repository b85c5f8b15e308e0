"""What outlines a lesion in DICOM: a region of an RTSTRUCT or a segment of a SEG."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pet_mtl.geometry import Grid

Mask = NDArray[np.bool_]
Warnings = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Outline(ABC):
    """One outlined structure, not drawn yet.

    Attributes:
        name: ROIName or SegmentLabel: free text, for the user's eyes only.
        number: ROINumber or SegmentNumber; None where the file gives none.
        path: The file that holds it.
        object_uid: SOPInstanceUID of that file, or "".
        frame_uid: Frame of reference its points are in, or "".
        series_uids: Series the file says it was drawn on.
    """

    name: str
    number: int | None
    path: Path
    object_uid: str
    frame_uid: str
    series_uids: frozenset[str]

    @property
    @abstractmethod
    def is_empty(self) -> bool:
        """Whether the file lists it without drawing anything of it."""

    @abstractmethod
    def draw(self, grid: Grid) -> tuple[Mask, Warnings]:
        """Its voxels on a grid.

        Args:
            grid: The PET's grid.

        Returns:
            (z, y, x) bool mask with at least one voxel, and warnings.

        Raises:
            MaskError: It cannot be drawn there.
        """

    def in_frame(self, frame_uid: str) -> bool:
        """Whether it claims a frame of reference, or either claims none.

        Args:
            frame_uid: FrameOfReferenceUID of the PET, or "".

        Returns:
            False where both name one and they differ.
        """
        return not self.frame_uid or not frame_uid or self.frame_uid == frame_uid
