"""Simulated runs and prediction tables, small and with a known law."""

import json

import numpy as np
import pytest

from pet_mtl.evaluation import Known, Request, Settings, evaluate, to_document
from pet_mtl.files import write_csv
from pet_mtl.readers.clinical import ClinicalColumns

RUN_COLUMNS = (
    "sample_id", "fold", "time_days", "event", "response_true", "risk", "response", "dice",
    "volume_ml", "suv_max",
)  # fmt: skip
STUDY_COLUMNS = (
    "sample_id", "fold", "shard", "has_mask", "has_survival", "has_response", "time_days",
    "event", "response", "suv_max", "mtv_ml", "centre_source", "warnings", "cov_age",
)  # fmt: skip


def simulate(patients=200, seed=0, masks=1.0):
    """Rows with a hidden hazard, a model that knows half of it, MTV that knows a little."""
    rng = np.random.default_rng(seed)
    image, age = rng.normal(size=(2, patients))
    log_hazard = 1.1 * image + 0.5 * age
    lived = 800 * rng.exponential(size=patients) / np.exp(log_hazard)
    follow_up = rng.uniform(100, 2500, patients)
    logit = 1.6 * rng.normal(size=patients)
    rows = []
    for i in range(patients):
        has_mask = rng.random() < masks
        rows.append(
            {
                "name": f"PAT_{i:03d}",
                "sample_id": f"p{i:05x}",
                "fold": i % 5,
                "time_days": round(max(1.0, min(lived[i], follow_up[i])), 1),
                "event": int(lived[i] <= follow_up[i]),
                "response": int(rng.random() < 1 / (1 + np.exp(-logit[i]))),
                "risk": round(image[i] + 0.7 * rng.normal(), 6),
                "probability": round(1 / (1 + np.exp(-(logit[i] + 1.2 * rng.normal()))), 6),
                "dice": round(float(rng.beta(18, 3)), 4) if has_mask else None,
                "mtv": round(float(np.exp(3 + 0.4 * image[i] + 0.6 * rng.normal())), 3),
                "suv": round(float(np.exp(2 + 0.2 * logit[i] + 0.4 * rng.normal())), 3),
                "age": round(64 + 10 * age[i], 1),
                "has_mask": has_mask,
                "log_hazard": log_hazard[i],
                "log_hazard_image": 1.1 * image[i],
                "logit": logit[i],
            }
        )
    return rows


def _write_truth(folder, rows):
    write_csv(
        folder / "truth.csv",
        ("patient_id", "log_hazard", "log_hazard_image", "logit"),
        [
            {
                "patient_id": row["name"],
                **{key: row[key] for key in ("log_hazard", "log_hazard_image", "logit")},
            }
            for row in rows
        ],
    )


def _write_dataset(dataset, rows):
    studies = []
    for row in rows:
        cells = {
            key: row[key] for key in ("sample_id", "fold", "time_days", "event", "response")
        } | {"cov_age": row["age"], "has_mask": int(row["has_mask"])}
        if row["has_mask"]:
            cells |= {"suv_max": row["suv"], "mtv_ml": row["mtv"]}
        studies.append(cells)
    write_csv(dataset / "studies.csv", STUDY_COLUMNS, studies)
    write_csv(
        dataset.with_name(f"{dataset.name}.ids.csv"),
        ("sample_id", "name"),
        [{key: row[key] for key in ("sample_id", "name")} for row in rows],
    )


def _write_run(folder, rows, plan_names_dataset=True):
    _write_dataset(folder / "data", rows)
    _write_truth(folder, rows)
    run = folder / "run"
    columns = {"response_true": "response", "response": "probability"}
    write_csv(
        run / "out_of_fold.csv",
        RUN_COLUMNS,
        [{key: row.get(columns.get(key, key)) for key in RUN_COLUMNS} for row in rows],
    )
    plan = {"seed": 3, "versions": {"tensorflow": "2.21.0", "keras": "3.15.0"}}
    if plan_names_dataset:
        plan["dataset_path"] = "../data"
    (run / "plan.json").write_text(json.dumps(plan))
    (run / "dataset.json").write_text(json.dumps({"fingerprint": "0123456789abcdef" * 4}))
    return folder


@pytest.fixture(scope="session")
def rows():
    """200 simulated patients."""
    return simulate()


@pytest.fixture(scope="session")
def many_rows():
    """300 simulated patients."""
    return simulate(300, seed=1)


@pytest.fixture
def make_run(tmp_path):
    """Writes a run, its dataset and the truth; gives the folder that holds them."""

    def make(rows, plan_names_dataset=True):
        return _write_run(tmp_path, rows, plan_names_dataset)

    return make


@pytest.fixture(scope="session")
def judged(rows, tmp_path_factory):
    """The run of the 200 patients, judged beside its truth."""
    folder = _write_run(tmp_path_factory.mktemp("judged"), rows)
    known = Known(truth=folder / "truth.csv")
    return evaluate(Request(folder / "run", known, settings=Settings(samples=60)))


@pytest.fixture
def make_predictions(tmp_path):
    """Writes predictions, a clinical table and the truth; gives the folder that holds them."""

    def make(rows, truth=True):
        write_csv(
            tmp_path / "predictions" / "predictions.csv",
            ("id", "risk", "response", "volume_ml", "suv_max"),
            [
                {"id": row["name"], "risk": row["risk"], "response": row["probability"]}
                for row in rows
            ],
        )
        write_csv(
            tmp_path / "cohort" / "clinical.csv",
            ("patient_id", "age", "time_days", "event", "response"),
            [
                {"patient_id": row["name"]}
                | {key: row[key] for key in ("age", "time_days", "event", "response")}
                for row in rows
            ],
        )
        if truth:
            _write_truth(tmp_path / "cohort", rows)
        return tmp_path

    return make


@pytest.fixture
def judge_table(tmp_path):
    """Judges a predictions table of columns beside a clinical table of columns."""

    def judge(predicted, known, settings=None, **more):
        """Both by column; gives evaluation.json."""
        folder = tmp_path / f"table_{len(list(tmp_path.iterdir()))}"
        patients = len(next(iter(known.values())))
        names = [f"PAT_{i:04d}" for i in range(patients)]
        for path, key, columns in (
            (folder / "predictions.csv", "id", predicted),
            (folder / "clinical.csv", "who", known),
        ):
            rows = [
                {key: name} | {c: _cell(values[i]) for c, values in columns.items()}
                for i, name in enumerate(names)
            ]
            write_csv(path, (key, *columns), rows)
        outcomes = {name: name if name in known else None for name in ("time", "event", "response")}
        columns = ClinicalColumns("who", **outcomes)
        target = Request(
            folder / "predictions.csv",
            Known(folder / "clinical.csv", columns),
            settings=settings or Settings(samples=50),
            **more,
        )
        return json.loads(json.dumps(to_document(evaluate(target)), allow_nan=False))

    return judge


def _cell(value):
    """A number as it stands, nothing for NaN."""
    return "" if np.isnan(value) else repr(float(value))
