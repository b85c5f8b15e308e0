"""The one feature table of a record. Writer, reader and TFDS metadata all iterate it.

A record is a `tf.train.Example` of one patient. Labels that are absent are stored as zeros with
their `has_*` flag off, because TFDS wants every feature present; `None` in a `Sample` is that
flag, and no zero is ever read as a value.
"""

from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 1

CUBE: tuple[str | int, ...] = ("size", "size", "size", 1)


@dataclass(frozen=True)
class Dimensions:
    """The sizes that symbolic shapes stand for.

    Attributes:
        size: Voxels along each axis of both cubes.
        covariates: Number of clinical covariates, >= 0.
        ct: Whether the records hold CT.
        elsewhere: Cubes cut away from the lesion that a record has room for.
    """

    size: int
    covariates: int
    ct: bool = False
    elsewhere: int = 0


@dataclass(frozen=True)
class Feature:
    """One feature of a record.

    Attributes:
        name: Key in the `tf.train.Example`.
        dtype: "float32", "uint8", "int32", "bool" or "string".
        shape: Sizes; a word is a field of `Dimensions`.
        encoding: "none" (a list of numbers), "bytes" (raw little-endian) or "zlib" (the same,
            compressed).
        unit: Physical unit, "" for pure numbers.
        doc: What it means.
        since: Schema version that introduced it.
    """

    name: str
    dtype: str
    shape: tuple[str | int, ...] = ()
    encoding: str = "none"
    unit: str = ""
    doc: str = ""
    since: int = field(default=1)

    def resolved(self, dimensions: Dimensions) -> tuple[int, ...]:
        """The shape in numbers."""
        return tuple(s if isinstance(s, int) else getattr(dimensions, s) for s in self.shape)


FEATURES: tuple[Feature, ...] = (
    Feature("sample_id", "string", doc="Pseudonym of the study: a keyed hash."),
    Feature("fold", "int32", doc="Fold the patient belongs to, from 0."),
    Feature("fine", "float32", CUBE, "bytes", "g/ml", "SUVbw, lesion detail; 0 beyond the image."),
    Feature("context", "float32", CUBE, "bytes", "g/ml", "SUVbw, wider and coarser; same centre."),
    Feature("fine_valid", "uint8", CUBE, "zlib", "", "1 where the fine cube lies in the image."),
    Feature("context_valid", "uint8", CUBE, "zlib", "", "1 where the context cube does."),
    Feature("fine_mask", "uint8", CUBE, "zlib", "", "1 in the lesion; zeros without a mask."),
    Feature("context_mask", "uint8", CUBE, "zlib", "", "1 in the lesion; zeros without a mask."),
    Feature("has_mask", "bool", doc="Whether the lesion is outlined."),
    Feature("centre_mm", "float32", (3,), "none", "mm", "World point (x, y, z), LPS, of both."),
    Feature("time_days", "float32", (), "none", "d", "Time to event or censoring."),
    Feature("has_time", "bool", doc="Whether time_days is known."),
    Feature("event", "bool", doc="True: event seen at time_days; False: censored then."),
    Feature("has_event", "bool", doc="Whether event is known."),
    Feature("response", "int32", doc="Response class, 0 or 1."),
    Feature("has_response", "bool", doc="Whether response is known."),
    Feature("clinical", "float32", ("covariates",), doc="Covariates, order of dataset.json."),
    Feature("clinical_known", "bool", ("covariates",), doc="Whether each covariate is known."),
)

# Only in records of datasets with CT. Compressed: patients without one then cost nothing.
CT_FEATURES: tuple[Feature, ...] = (
    Feature("fine_ct", "float32", CUBE, "zlib", "HU", "CT of the fine cube; 0 where unknown."),
    Feature("context_ct", "float32", CUBE, "zlib", "HU", "CT of the context cube, likewise."),
    Feature("fine_ct_valid", "uint8", CUBE, "zlib", "", "1 where the CT reaches the fine cube."),
    Feature("context_ct_valid", "uint8", CUBE, "zlib", "", "1 where it reaches the context cube."),
    Feature("has_ct", "bool", doc="Whether there is a CT."),
)

PLACES: tuple[str | int, ...] = ("elsewhere", *CUBE)
# Only in records of datasets with such cubes. Compressed, for patients without a mask have none.
ELSEWHERE_FEATURES: tuple[Feature, ...] = (
    Feature("elsewhere", "float32", PLACES, "zlib", "g/ml", "SUVbw away from the lesion."),
    Feature("elsewhere_valid", "uint8", PLACES, "zlib", "", "1 where they lie in the image."),
    Feature("elsewhere_mask", "uint8", PLACES, "zlib", "", "1 in the lesion; usually nowhere."),
    Feature("has_elsewhere", "bool", ("elsewhere",), doc="Which of them there are."),
)

# Only in records of datasets with both.
ELSEWHERE_CT_FEATURES: tuple[Feature, ...] = (
    Feature("elsewhere_ct", "float32", PLACES, "zlib", "HU", "CT of these; 0 where unknown."),
    Feature("elsewhere_ct_valid", "uint8", PLACES, "zlib", "", "1 where the CT reaches them."),
)

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def features_of(dimensions: Dimensions) -> tuple[Feature, ...]:
    """The features that records of a dataset have, in order."""
    ct = CT_FEATURES if dimensions.ct else ()
    if not dimensions.elsewhere:
        return (*FEATURES, *ct)
    both = ELSEWHERE_CT_FEATURES if dimensions.ct else ()
    return (*FEATURES, *ct, *ELSEWHERE_FEATURES, *both)


def table(dimensions: Dimensions | None = None) -> list[dict[str, Any]]:
    """The table as plain data, for dataset.json and the documentation.

    Args:
        dimensions: Resolves the symbolic sizes, if given.

    Returns:
        One mapping a feature, in the order of the table.
    """
    return [
        {
            "name": feature.name,
            "dtype": feature.dtype,
            "shape": list(feature.resolved(dimensions) if dimensions else feature.shape),
            "encoding": feature.encoding,
            "unit": feature.unit,
            "doc": feature.doc,
            "since": feature.since,
        }
        for feature in (features_of(dimensions) if dimensions else FEATURES)
    ]
