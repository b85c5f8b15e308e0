"""The plan of a run."""

import json

from pet_mtl.training.plan import RunPlan, check_plan


def test_the_plan_holds_the_covariates_and_older_ones_go_on(tmp_path):
    dataset, run = tmp_path / "data", tmp_path / "run"
    dataset.mkdir()
    (dataset / "dataset.json").write_text("{}")
    schema = ({"name": "age", "kind": "numeric", "known": 9, "features": ["age"]},)
    plan = RunPlan({"seed": 1}, "f", 1, {}, schema)
    check_plan(run, plan, dataset)
    written = json.loads((run / "plan.json").read_text())
    assert written["covariate_schema"] == list(schema)
    del written["covariate_schema"]
    (run / "plan.json").write_text(json.dumps(written))
    check_plan(run, plan, dataset)
    assert json.loads((run / "plan.json").read_text()) == written
