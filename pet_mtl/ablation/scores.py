"""Scores of arms and opponents: written once each, read together."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pet_mtl.errors import ModelError
from pet_mtl.files import read_csv, write_csv

Floats = NDArray[np.float64]
COLUMNS = ("sample_id", "risk", "response")


def write_scores(path: Path, samples: list[str], scores: dict[str, Floats]) -> None:
    """Writes the scores of some patients.

    Args:
        path: The CSV file.
        samples: Pseudonyms.
        scores: Any of "risk" and "response" to (patients,), NaN where there is none.
    """
    rows = []
    for i, sample in enumerate(samples):
        cells = {name: float(values[i]) for name, values in scores.items()}
        known = {name: cell for name, cell in cells.items() if np.isfinite(cell)}
        rows.append({"sample_id": sample, **known})
    write_csv(path, COLUMNS, rows)


def read_scores(paths: list[Path], samples: tuple[str, ...]) -> dict[str, Floats]:
    """Scores of all patients, from one file a fold.

    Args:
        paths: Files that `write_scores` wrote.
        samples: Pseudonyms, in the order wanted.

    Returns:
        "risk" and "response", each (patients,), NaN where there is none.

    Raises:
        ModelError: A patient occurs twice or is a stranger: files of two ablations were mixed.
    """
    found: dict[str, Floats] = {name: np.full(len(samples), np.nan) for name in COLUMNS[1:]}
    place = {sample: i for i, sample in enumerate(samples)}
    seen: set[str] = set()
    for path in paths:
        for row in read_csv(path):
            sample = row["sample_id"]
            if sample in seen or sample not in place:
                raise ModelError(
                    "ABLATE_SCORES",
                    "scores of other patients, or of a patient twice",
                    todo="Remove the file; the same command makes it again",
                    subject=path.name,
                )
            seen.add(sample)
            for name, values in found.items():
                values[place[sample]] = float(row[name]) if row[name] else np.nan
    return found
