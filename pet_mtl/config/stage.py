"""What the schedule of a training, and what becomes of its outputs, can be told."""

from dataclasses import dataclass

from pet_mtl.config.checks import check_choice, check_range

SCHEDULES = ("staged", "joint", "sequential")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True)
class StageConfig:
    """The schedule.

    Attributes:
        schedule: "staged": mask and reconstruction, then the heads on frozen features, then all
            together. "joint": all losses at once from the start, for as many steps in all, then
            the heads once more. "sequential": mask and reconstruction, then encoder and decoders
            frozen, and the outcomes alone.
        batch_size: Patients a batch.
        mask_steps: Steps on mask and reconstruction, patients with masks only. The outcomes are
            read under that mask, and gain from its last per cent (docs/adr/0012-outline.md).
        mask_rate: Peak learning rate of those steps, and of the schedule "joint".
        joint_steps: Steps on all losses together (or, "sequential", on the outcomes), all patients.
            0, since the heads' own fit has not been shown to gain from them.
        joint_rate: Peak learning rate of those steps.
        weight_decay: Decoupled weight decay.
        clip_norm: Largest global norm of the gradient.
        accumulate: Batches whose gradients are averaged into one step.
        average: Share of the running average of the weights kept at each step, such as 0.99; the
            averaged weights are validated and kept. 0 for none.
        precision: What the convolutions compute in while training: "float32", "mixed_float16"
            (with a loss scale that adapts) or "mixed_bfloat16". Weights, heads, statistics,
            outputs and the exported model are float32.
        validate_every: Steps between validations.
        patience: Validations without improvement before a stage stops.
    """

    schedule: str = "staged"
    batch_size: int = 8
    mask_steps: int = 960
    mask_rate: float = 4e-3
    joint_steps: int = 0
    joint_rate: float = 1e-3
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    accumulate: int = 1
    average: float = 0.0
    precision: str = "float32"
    validate_every: int = 60
    patience: int = 8

    def __post_init__(self) -> None:
        check_choice(self, "schedule", SCHEDULES)
        check_choice(self, "precision", PRECISIONS)
        check_range(self, 1, 1e9, "batch_size", "mask_steps", "validate_every", "patience")
        check_range(self, 0, 1e9, "joint_steps")
        check_range(self, 1e-9, 10, "mask_rate", "joint_rate")
        check_range(self, 1e-9, 1e9, "clip_norm")
        check_range(self, 0, 1, "weight_decay")
        check_range(self, 1, 4096, "accumulate")
        check_range(self, 0, 0.99999, "average")


@dataclass(frozen=True)
class OutputConfig:
    """What is made of the network's outputs.

    Attributes:
        tta: Whether out-of-fold predictions average the eight mirrored views of a patient; takes
            eight times as long. `predict --tta` does so for new patients.
        calibrate: Whether response and survival are recalibrated on the out-of-fold predictions
            once most folds are trained. Ranks do not change.
        coverage: Probability with which the response set of a new patient holds the true class.
    """

    tta: bool = False
    calibrate: bool = True
    coverage: float = 0.9

    def __post_init__(self) -> None:
        check_range(self, 0.5, 0.99, "coverage")
