"""What the network is made of."""

from dataclasses import dataclass

from pet_mtl.config.checks import check_choice, check_range
from pet_mtl.errors import ConfigError

TASKS = ("mask", "reconstruction", "survival", "response")
# Learned beside them, if asked for: no output that anybody reads.
AUXILIARY = ("radiomics",)
OUTCOMES = ("survival", "response")
REGIONS = ("lesion", "ring", "all")
SURVIVAL_HEADS = ("logistic_hazard", "cox")
STATISTICS = ("mean", "sd", "max")
_SCALES = {"both": ("fine", "context"), "fine": ("fine",), "context": ("context",)}


@dataclass(frozen=True)
class ModelConfig:
    """The network. What the paper leaves open is chosen here (docs/adr/0004-the-paper.md).

    Attributes:
        tasks: What is learned: any of "mask", "reconstruction", "survival", "response"; and
            "radiomics", to predict the statistics under the mask from the encoder's pooled
            features, which is for the encoder's sake alone.
        scales: Cubes that reach the outcome heads: "both", "fine" or "context". Mask and
            reconstruction are of both cubes: the lesion is found in one, outlined in the other.
        encoder: "residual", "plain", "se_residual" (squeeze and excitation) or "convnext".
        filters: Filters of each encoder level, finest first; the first level has stride 2.
        blocks: Blocks of each encoder level.
        norm: "group", "instance" or "layer" normalisation (batches are too small for BatchNorm).
        groups: Groups of the group normalisation.
        deep_supervision: Whether coarser levels of the mask decoder are trained on the mask, too,
            the k-th with 2^-k of the weight of the finest; predictions have the finest alone.
        segmenter: The best.keras of a run, or the run itself (each fold then takes that of the
            same fold): its mask, frozen, is read in place of the model's own; empty for none.
        learned: Whether pooled features of the encoder go to the outcome heads. Off, since beside
            the statistics they have not been shown to help (docs/adr/0010-outcome-heads.md).
        pool: Regions that the encoder's features are pooled over: any of "lesion", "ring" (both
            of the predicted mask) and "all", the whole cube.
        pool_statistics: What is taken of each region: any of "mean", "sd" and "max" (smooth).
        ring_mm: Inner and outer distance from the lesion's border of the peritumoural ring, mm.
        radiomics: Whether in-graph statistics of lesion and surroundings go to the outcome heads;
            of the ring only if `pool` names it.
        radiomics_dims: Most dimensions that each family of these statistics is reduced to.
        clinical: Whether the dataset's covariates are inputs.
        clinical_missing: Whether the heads also read which covariates are missing.
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
    encoder: str = "residual"
    filters: tuple[int, ...] = (8, 16, 32)
    blocks: int = 1
    norm: str = "group"
    groups: int = 4
    deep_supervision: bool = False
    segmenter: str = ""
    learned: bool = False
    pool: tuple[str, ...] = REGIONS
    pool_statistics: tuple[str, ...] = ("mean", "sd")
    ring_mm: tuple[float, float] = (0.0, 20.0)
    radiomics: bool = True
    radiomics_dims: int = 6
    clinical: bool = True
    clinical_missing: bool = False
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
        check_choice(self, "tasks", (*TASKS, *AUXILIARY))
        check_choice(self, "scales", tuple(_SCALES))
        check_choice(self, "encoder", ("residual", "plain", "se_residual", "convnext"))
        check_choice(self, "norm", ("group", "instance", "layer"))
        check_choice(self, "pool", REGIONS)
        check_choice(self, "pool_statistics", STATISTICS)
        check_choice(self, "survival", SURVIVAL_HEADS)
        check_range(self, 1, 4096, "filters", "groups", "embedding", "radiomics_dims")
        check_range(self, 0, 200, "ring_mm")
        check_range(self, 1, 32, "blocks")
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
        """Whether anything is computed under a mask."""
        under_mask = self.radiomics or (self.learned and self.pool != ("all",))
        return (bool(self.outcomes) and under_mask) or "radiomics" in self.tasks
