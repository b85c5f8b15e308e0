"""What the network is made of."""

from dataclasses import dataclass

from pet_mtl.config.checks import check_choice, check_range
from pet_mtl.errors import ConfigError

TASKS = ("mask", "reconstruction", "survival", "response")
OUTCOMES = ("survival", "response")
REGIONS = ("lesion", "ring", "all")
SURVIVAL_HEADS = ("logistic_hazard", "cox")
_SCALES = {"both": ("fine", "context"), "fine": ("fine",), "context": ("context",)}


@dataclass(frozen=True)
class ModelConfig:
    """The network. What the paper leaves open is chosen here (docs/adr/0004-the-paper.md).

    Attributes:
        tasks: What is learned: any of "mask", "reconstruction", "survival", "response".
        scales: Cubes that reach the outcome heads: "both", "fine" or "context". Mask and
            reconstruction are of both cubes: the lesion is found in one, outlined in the other.
        filters: Filters of each encoder level, finest first; the first level has stride 2.
        groups: Groups of the group normalisation (batches are too small for BatchNorm).
        learned: Whether pooled features of the encoder go to the outcome heads.
        pool: Regions that the encoder's features are pooled over: any of "lesion", "ring" (both
            of the predicted mask) and "all", the whole cube.
        ring_mm: Inner and outer distance from the lesion's border of the peritumoural ring, mm.
        radiomics: Whether in-graph statistics of lesion and surroundings go to the outcome heads;
            of the ring only if `pool` names it.
        radiomics_dims: Most dimensions that each family of these statistics is reduced to.
        clinical: Whether the dataset's covariates are inputs.
        embedding: Dimensions the pooled learned features are projected to, per scale.
        dropout: Dropout in front of the outcome heads.
        survival: "logistic_hazard", the discrete-time head; or "cox", one log hazard a patient on
            a stored Breslow baseline. Curves and risk come out of both alike.
        intervals: Most days at which survival is told: the discrete-time head's intervals.
        suv_clip: SUV above this is cut inside the model (hot spots, infiltrated injections).
        ct: Whether CT is read, too; the dataset must have it, a patient need not.
        ct_window: Lowest and highest Hounsfield units told apart.
    """

    tasks: tuple[str, ...] = TASKS
    scales: str = "both"
    filters: tuple[int, ...] = (8, 16, 32)
    groups: int = 4
    learned: bool = True
    pool: tuple[str, ...] = REGIONS
    ring_mm: tuple[float, float] = (0.0, 20.0)
    radiomics: bool = True
    radiomics_dims: int = 6
    clinical: bool = True
    embedding: int = 4
    dropout: float = 0.2
    survival: str = "logistic_hazard"
    intervals: int = 12
    suv_clip: float = 30.0
    ct: bool = False
    ct_window: tuple[float, float] = (-1000.0, 1000.0)

    def __post_init__(self) -> None:
        if not self.filters or self.ring_mm[0] >= self.ring_mm[1]:
            raise ConfigError(
                "CONFIG_RANGE",
                "model.filters needs a level, and model.ring_mm an inner below an outer distance",
                found=f"filters {self.filters}, ring_mm {self.ring_mm}",
            )
        check_choice(self, "tasks", TASKS)
        check_choice(self, "scales", tuple(_SCALES))
        check_choice(self, "pool", REGIONS)
        check_range(self, 1, 4096, "filters", "groups", "embedding", "radiomics_dims")
        check_range(self, 0, 200, "ring_mm")
        check_choice(self, "survival", SURVIVAL_HEADS)
        check_range(self, 3, 200, "intervals")
        check_range(self, 0, 0.95, "dropout")
        check_range(self, 1, 1e4, "suv_clip")
        check_range(self, -1024, 1e5, "ct_window")
        if self.ct_window[0] >= self.ct_window[1]:
            raise ConfigError(
                "CONFIG_RANGE",
                "model.ct_window needs a lower below an upper end",
                found=f"{self.ct_window[0]:g} to {self.ct_window[1]:g} HU",
            )

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The tasks that are a patient's outcome, in the order of the heads."""
        return tuple(task for task in OUTCOMES if task in self.tasks)

    @property
    def outcome_scales(self) -> tuple[str, ...]:
        """The cubes that reach the outcome heads."""
        return _SCALES[self.scales]

    @property
    def reads_mask(self) -> bool:
        """Whether the outcome heads' features are made under a mask."""
        under_mask = self.radiomics or (self.learned and self.pool != ("all",))
        return bool(self.outcomes) and under_mask
