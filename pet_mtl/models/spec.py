"""What the data fix of a network."""

from dataclasses import dataclass

from pet_mtl.sample import GridPlan


@dataclass(frozen=True)
class ModelSpec:
    """What the data fix of the network.

    Attributes:
        plan: The two cubes.
        covariates: Names of the clinical inputs; empty for none.
        edges_days: Right ends of the survival intervals; empty for a model without that task.
        ct: Whether CT is an input.
    """

    plan: GridPlan
    covariates: tuple[str, ...]
    edges_days: tuple[float, ...]
    ct: bool = False
