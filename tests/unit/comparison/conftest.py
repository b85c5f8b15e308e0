"""Three models of the same 120 patients, as runs and as predictions."""

import numpy as np
import pytest

from pet_mtl.files import write_csv

DAYS = (200, 500, 1000)


@pytest.fixture(scope="session")
def truth():
    """Outcomes, and what a model may know of them."""
    rng = np.random.default_rng(0)
    image, logit = rng.normal(size=120), 1.6 * rng.normal(size=120)
    lived = 800 * rng.exponential(size=120) / np.exp(image)
    follow_up = rng.uniform(100, 2500, 120)
    return {
        "image": image,
        "logit": logit,
        "time_days": np.maximum(1.0, np.minimum(lived, follow_up)).round(1),
        "event": (lived <= follow_up).astype(int),
        "response": (rng.random(120) < 1 / (1 + np.exp(-logit))).astype(int),
    }


@pytest.fixture(scope="session")
def model(truth):
    """Rows of one model that sees through some noise."""

    def rows(noise, seed):
        rng = np.random.default_rng(seed)
        risk = truth["image"] + noise * rng.normal(size=120)
        score = truth["logit"] + 2 * noise * rng.normal(size=120)
        found = []
        for i in range(120):
            hazard = np.exp(risk[i]) / 1000
            found.append(
                {
                    "sample_id": f"p{i:03d}",
                    "fold": i % 4,
                    "time_days": truth["time_days"][i],
                    "event": truth["event"][i],
                    "response_true": truth["response"][i],
                    "risk": round(risk[i], 6),
                    "response": round(1 / (1 + np.exp(-score[i])), 6),
                    "dice": round(0.9 - 0.2 * noise * rng.random(), 4) if i % 3 else "",
                }
                | {f"survival_{d}": round(float(np.exp(-hazard * d)), 6) for d in DAYS}
            )
        return found

    return rows


@pytest.fixture
def write_run(tmp_path):
    """Writes a run; gives its path."""

    def write(name, rows):
        write_csv(tmp_path / name / "out_of_fold.csv", list(rows[0]), rows)
        return tmp_path / name

    return write


@pytest.fixture
def three(model, write_run):
    """Name to run of a poor, a middling and a good model."""
    return {
        name: write_run(name, model(noise, seed))
        for seed, (name, noise) in enumerate({"poor": 1.6, "middling": 1.0, "good": 0.5}.items())
    }


@pytest.fixture
def write_predictions(tmp_path, truth):
    """Writes a folder of predictions, and the clinical table of all; gives the folder."""

    def write(name, rows):
        cells = ("risk", "response", *(f"survival_{d}" for d in DAYS))
        table = [{"id": row["sample_id"]} | {key: row[key] for key in cells} for row in rows]
        write_csv(tmp_path / name / "predictions.csv", ("id", *cells), table)
        outcomes = ("time_days", "event", "response")
        patients = [
            {"id": f"p{i:03d}"} | {key: truth[key][i] for key in outcomes} for i in range(120)
        ]
        write_csv(tmp_path / "clinical.csv", ("id", *outcomes), patients)
        return tmp_path / name

    return write
