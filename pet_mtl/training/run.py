"""A run: one or all folds of a dataset, their out-of-fold predictions, one exported model."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pet_mtl.config import TrainConfig, from_dict, to_dict
from pet_mtl.errors import ConfigError, DatasetError, ModelError, UsageError
from pet_mtl.export import NO_CALIBRATION, export_bundle, versions
from pet_mtl.files import read_csv, write_csv, write_json
from pet_mtl.models import Calibration, ModelSpec, edges_of, load_model
from pet_mtl.processes import cores, only_one
from pet_mtl.tfrecords.dataset import DatasetInfo, read_info
from pet_mtl.training.calibration import fit_calibration
from pet_mtl.training.children import Child, one_at_a_time, run_child, side_by_side
from pet_mtl.training.determinism import prepare_tensorflow
from pet_mtl.training.fold import FoldJob, train_fold
from pet_mtl.training.plan import RunPlan, check_plan
from pet_mtl.training.progress import Report
from pet_mtl.training.trust import fit_trust

_SHARE_OF_FOLDS = 0.5


@dataclass(frozen=True)
class Selection:
    """What of a run is trained now.

    Attributes:
        folds: Folds to hold out, one model each; None for all.
        jobs: Folds trained side by side, each with its share of the cores.
    """

    folds: tuple[int, ...] | None = None
    jobs: int = 1


@dataclass(frozen=True)
class TrainResult:
    """What a run holds now.

    Attributes:
        run: The run directory.
        folds: Folds that are trained.
        skipped: Of those, the ones that had been trained before.
    """

    run: Path
    folds: tuple[int, ...]
    skipped: tuple[int, ...]


def train(
    dataset: Path, run: Path, config: TrainConfig, selection: Selection, report: Report
) -> TrainResult:
    """Trains folds of a dataset; a killed run goes on where it stood.

    Args:
        dataset: From `pet-mtl convert`.
        run: Run directory; made, or continued if its plan is the same.
        config: The configuration.
        selection: Which folds, and how many side by side.
        report: Called with a line now and then, and with the steps between.

    Returns:
        What was done.

    Raises:
        UsageError: A fold that the dataset does not have, or a run with another plan.
        DatasetError: The dataset is missing or has no labels.
        ModelError: The training process died.
    """
    info = read_info(dataset)
    wanted = tuple(range(info.folds)) if selection.folds is None else selection.folds
    _check_folds(info, wanted)
    _channels(info, config)
    schema = tuple(covariate.to_json() for covariate in info.schema)
    plan = RunPlan(to_dict(config), info.fingerprint, config.seed, versions(), schema)
    check_plan(run, plan, dataset)
    done = tuple(fold for fold in wanted if _is_done(run, fold))
    for fold in done:
        report(f"fold {fold}: already trained")
    todo = [fold for fold in wanted if fold not in done]
    jobs = max(1, min(selection.jobs, len(todo)))
    threads = max(1, cores() // jobs) if jobs > 1 else 0
    children = [_Child(dataset, run, to_dict(config), fold, threads) for fold in todo]
    told = one_at_a_time(report)
    side_by_side([partial(_in_own_process, child, told) for child in children], jobs)
    _collect(run, info, config, report)
    return TrainResult(run, wanted, done)


def fold_folder(run: Path, fold: int) -> Path:
    """Where the results of one fold lie."""
    return run / f"fold_{fold}"


def _check_folds(info: DatasetInfo, folds: tuple[int, ...]) -> None:
    wrong = [fold for fold in folds if not 0 <= fold < info.folds]
    if wrong:
        raise UsageError(
            "FOLD_UNKNOWN",
            "the dataset has no such fold",
            expected=f"0 to {info.folds - 1}, or all",
            found=", ".join(map(str, wrong)),
        )


def _channels(info: DatasetInfo, config: TrainConfig) -> DatasetInfo:
    """The dataset with the channels that the model reads; refuses CT where there is none."""
    if not config.model.ct:
        return info.without_ct()
    if not info.counts.get("with_ct"):
        raise ConfigError(
            "MODEL_CT",
            "model.ct is true, but the dataset has no patient with CT",
            expected="a dataset made by `pet-mtl convert --ct` from studies with CT",
            found=f"channels {', '.join(info.channels)}",
            todo="Did you mean model.ct = false? Otherwise convert again with --ct",
        )
    return info


def _is_done(run: Path, fold: int) -> bool:
    """A fold's predictions are written last."""
    return (fold_folder(run, fold) / "predictions.csv").is_file()


@dataclass(frozen=True)
class _Child:
    """What the process of one fold is told.

    Attributes:
        dataset: The dataset.
        run: Run directory.
        config: The configuration as plain data.
        fold: The fold that is held out.
        threads: Cores it may use; 0 for all.
    """

    dataset: Path
    run: Path
    config: dict[str, Any]
    fold: int
    threads: int


def _in_own_process(told: _Child, report: Report) -> None:
    """One process a fold."""
    report(f"fold {told.fold}: training")
    died = ModelError(
        "TRAIN_DIED",
        "the training process ended without finishing",
        todo="See above for its last words; if it lacked memory, give a smaller "
        "stage.batch_size. The same command goes on where it stood",
        subject=f"fold {told.fold}",
    )
    run_child(Child(f"fold {told.fold}", _train_one, (told,), died), report)


def _train_one(told: _Child, report: Report) -> None:
    """What the process of one fold does."""
    fold = told.fold
    folder = fold_folder(told.run, fold)
    busy = UsageError(
        "RUN_BUSY",
        "another `pet-mtl train` is training this fold",
        todo="Wait for it, or give another -o",
        subject=f"fold {fold}",
    )
    with only_one(folder / "state" / "lock", busy):
        settings = from_dict(TrainConfig, told.config)
        prepare_tensorflow(told.threads, settings.deterministic)
        info = _channels(read_info(told.dataset), settings)
        train_fold(FoldJob(info, settings, fold, folder), report)


def _collect(run: Path, info: DatasetInfo, config: TrainConfig, report: Report) -> None:
    """Joins the folds: out-of-fold table, and one model that averages them."""
    folds = [fold for fold in range(info.folds) if _is_done(run, fold)]
    tables = [read_csv(fold_folder(run, fold) / "predictions.csv") for fold in folds]
    rows = [row for table in tables for row in table]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    filled = [{name: row.get(name, "") for name in columns} for row in rows]
    write_csv(run / "out_of_fold.csv", columns, sorted(filled, key=lambda r: r["sample_id"]))
    models = [load_model(fold_folder(run, f) / "best.keras") for f in folds]
    if not models:
        raise DatasetError("RUN_EMPTY", "no fold is trained")
    edges = edges_of(models[0])
    facts: dict[str, Any] = {"folds": folds, "dataset_fingerprint": info.fingerprint}
    covariates = info.covariates if "clinical" in models[0].input else ()
    schema = info.schema if covariates else ()
    facts["covariate_schema"] = [covariate.to_json() for covariate in schema]
    classes = info.response_classes if "response" in models[0].output else ()
    spec = ModelSpec(info.plan, covariates, edges, "fine_ct" in models[0].input, classes)
    calibration = NO_CALIBRATION
    if config.output.calibrate:
        calibration = _calibration(rows, spec, len(folds) / info.folds, report)
    trust = fit_trust(rows, info.studies(), calibration, config.output.coverage)
    for line in trust.said:
        report(f"trust: {line}")
    facts["trust"] = trust.to_json()
    export_bundle(models, spec, run / "saved_model", facts, calibration)
    about = {"folds": folds, "patients": len(rows), "versions": versions()}
    about |= {"calibration": asdict(calibration), "trust": trust.to_json()}
    if classes:
        about["response_classes"] = list(classes)
    write_json(run / "run.json", about)


def _calibration(
    rows: list[dict[str, str]], spec: ModelSpec, share: float, report: Report
) -> Calibration:
    """Fitted to the out-of-fold predictions of most folds; says what was fitted, and what not."""
    if share < _SHARE_OF_FOLDS:
        report("calibration: none, as fewer than half of the folds are trained")
        return NO_CALIBRATION
    calibration, lines = fit_calibration(rows, spec.edges_days)
    for line in lines:
        report(f"calibration: {line}")
    return calibration
