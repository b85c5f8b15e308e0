"""A whole evaluation takes seconds."""

import time

import numpy as np
import pytest

from pet_mtl.evaluation import Known, Request, Settings, write_evaluation
from pet_mtl.evaluation import evaluate as judge
from pet_mtl.files import read_csv, write_csv

PATIENTS, SAMPLES, SECONDS = 300, 2000, 60


@pytest.mark.slow
def test_300_patients_and_2000_resamples(make_run, many_rows, tmp_path):
    """Seconds of one processor, so that a busy machine does not fail it."""
    folder = make_run(many_rows)
    path = folder / "run" / "out_of_fold.csv"
    table = read_csv(path)
    for row in table:
        for day in (100, 300, 700, 2400):
            row[f"survival_{day}"] = float(np.exp(-day / 900 * np.exp(0.8 * float(row["risk"]))))
    write_csv(path, list(table[0]), table)
    begun = time.process_time()
    request = Request(folder / "run", Known(truth=folder / "truth.csv"), settings=Settings(SAMPLES))
    write_evaluation(judge(request), tmp_path / "out")
    assert time.process_time() - begun < SECONDS
