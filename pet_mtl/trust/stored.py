"""What a model carries to say how far its predictions can be trusted."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pet_mtl.trust.conformal import ResponseSets
from pet_mtl.trust.reference import Reference


@dataclass(frozen=True)
class Trust:
    """Fitted on out-of-fold predictions, stored in run.json and the bundle.

    Attributes:
        sets: Conformal sets of the response; None where too few patients were there.
        reference: What is usual among the training patients; None where nothing is known.
        said: A line about each, such as why it is absent.
    """

    sets: ResponseSets | None = None
    reference: Reference | None = None
    said: tuple[str, ...] = ()

    @property
    def stamp(self) -> str:
        """Tells models apart that differ in their limits alone; "" if there are none."""
        if self == NO_TRUST:
            return ""
        text = json.dumps(self.to_json(), sort_keys=True)
        return "-" + hashlib.sha256(text.encode()).hexdigest()[:8]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "response_sets": self.sets.to_json() if self.sets else None,
            "reference": self.reference.to_json() if self.reference else None,
            "said": list(self.said),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Trust":
        """The inverse of `to_json`; what is not there is absent.

        Raises:
            KeyError, TypeError, ValueError: Damaged.
        """
        sets, reference = plain.get("response_sets"), plain.get("reference")
        return cls(
            ResponseSets.from_json(sets) if sets else None,
            Reference.from_json(reference) if reference else None,
            tuple(plain.get("said", ())),
        )


NO_TRUST = Trust()
