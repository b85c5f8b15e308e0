"""What the data fix of a network."""

from dataclasses import dataclass
from typing import Any

from pet_mtl.classes import class_count
from pet_mtl.sample import GridPlan


@dataclass(frozen=True)
class ModelSpec:
    """What the data fix of the network.

    Attributes:
        plan: The two cubes.
        covariates: Names of the clinical inputs; empty for none.
        edges_days: Right ends of the survival intervals; empty for a model without that task.
        ct: Whether CT is an input.
        response_classes: Names of the classes of the response in their order; empty for two
            classes without a name, and for a model without that task.
    """

    plan: GridPlan
    covariates: tuple[str, ...]
    edges_days: tuple[float, ...]
    ct: bool = False
    response_classes: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """Number of classes of the response."""
        return class_count(self.response_classes)

    def to_json(self) -> dict[str, Any]:
        """Plain data, as `bundle.json` has it; names of classes only where there are any."""
        return {
            "size": self.plan.size,
            "fine_mm": self.plan.fine_mm,
            "context_mm": self.plan.context_mm,
            "covariates": list(self.covariates),
            "ct": self.ct,
            "edges_days": list(self.edges_days),
            **({"response_classes": list(self.response_classes)} if self.response_classes else {}),
        }
