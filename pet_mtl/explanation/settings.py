"""How a study is explained."""

from dataclasses import dataclass

from pet_mtl.errors import UsageError

INTEGRATED, CAM = "integrated_gradients", "grad_cam"
METHODS = (INTEGRATED, CAM)
BASELINES = ("tissue", "blur", "zero")
_MOST_STEPS = 4096


@dataclass(frozen=True)
class Settings:
    """How a study is explained.

    Attributes:
        method: "integrated_gradients", or "grad_cam" for a model with learned features.
        baseline: What the study is compared with, of integrated gradients: "tissue" cuts uptake
            to that of soft tissue, "blur" smooths the study, "zero" takes all uptake away.
        response_class: Of a response with more than two classes, the name of the one whose log
            odds are explained; "" for the last one.
        steps: Points of the path from baseline to study at which gradients are taken, 2 to 4096.

    Raises:
        UsageError: Another method or baseline, or steps out of range.
    """

    method: str = INTEGRATED
    baseline: str = "tissue"
    steps: int = 64
    response_class: str = ""

    def __post_init__(self) -> None:
        for name, found, known in (
            ("method", self.method, METHODS),
            ("baseline", self.baseline, BASELINES),
        ):
            if found not in known:
                raise UsageError(
                    "EXPLAIN_CHOICE",
                    f"there is no such {name}",
                    expected=" or ".join(known),
                    found=found,
                )
        if not 2 <= self.steps <= _MOST_STEPS:
            raise UsageError(
                "EXPLAIN_STEPS",
                "the number of steps is out of range",
                expected=f"2 to {_MOST_STEPS}",
                found=str(self.steps),
            )
