"""Matched arms: what each part of the network adds, and how simple rules do."""

from pet_mtl.ablation.arms import ARMS, COMPARISONS, Arm, Comparison
from pet_mtl.ablation.run import AblateRequest, Outside, ablate
from pet_mtl.ablation.tables import summary_lines, write_tables

__all__ = [
    "ARMS",
    "COMPARISONS",
    "AblateRequest",
    "Arm",
    "Comparison",
    "Outside",
    "ablate",
    "summary_lines",
    "write_tables",
]
