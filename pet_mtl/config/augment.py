"""What `augment` can be told."""

from dataclasses import dataclass

from pet_mtl.config.checks import check_range


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes that keep the meaning of SUV.

    Attributes:
        flip: Flip left-right, front-back and head-feet, each with probability 0.5.
        shift_voxels: Largest shift of both cubes, voxels along each axis.
        turn: Turn by 0, 90, 180 or 270 degrees about one axis drawn at random; exact.
        rotate_degrees: Largest angle about each axis of a rotation; costs an interpolation.
        scale: Largest relative change of size, the same along all axes; 0.1 is +-10 %, which is
            +-30 % of the lesion's volume.
        elastic_mm: Standard deviation of smooth displacements, mm, drawn on a grid of 4 x 4 x 4
            points and the same in both cubes.
        deform: Probability that a patient is rotated, scaled and deformed at all.
        calibration: Standard deviation of the log of one factor on the whole study.
        noise: Standard deviation of added noise, relative to the square root of SUV.
        blur_mm: Largest standard deviation of a Gaussian blur, mm: another scanner's resolution.
        hide_blocks: Largest share of both cubes that is hidden from the network in blocks, whose
            uptake the reconstruction must fill in; 0 hides nothing. Features computed from SUV
            see the holes, too.
        hide_ct: Probability to hide a patient's CT, so that the model also learns to do without.
        elsewhere: Probability that the mask stage shows, in place of a patient's context cube, one
            cut away from the lesion; 0 where masks leave out lesions that are there.
    """

    flip: bool = True
    shift_voxels: int = 4
    turn: bool = False
    rotate_degrees: float = 0.0
    scale: float = 0.0
    elastic_mm: float = 0.0
    deform: float = 0.5
    calibration: float = 0.03
    noise: float = 0.05
    blur_mm: float = 0.0
    hide_blocks: float = 0.0
    hide_ct: float = 0.1
    elsewhere: float = 0.5

    def __post_init__(self) -> None:
        check_range(self, 0, 64, "shift_voxels")
        check_range(self, 0, 180, "rotate_degrees")
        check_range(self, 0, 0.5, "scale")
        check_range(self, 0, 50, "elastic_mm", "blur_mm")
        check_range(self, 0, 2, "calibration", "noise")
        check_range(self, 0, 1, "hide_ct", "deform", "elsewhere")
        check_range(self, 0, 0.9, "hide_blocks")
