"""What the evaluation knows of the items of reporting checklists, a sentence or two each."""

from collections.abc import Callable

import numpy as np

from pet_mtl._version import __version__
from pet_mtl.evaluation.baselines import fit_said
from pet_mtl.evaluation.pages.cohort import flow_of
from pet_mtl.evaluation.pages.headlines import NAMES, statements
from pet_mtl.evaluation.pages.making_facts import MAKING
from pet_mtl.evaluation.pages.material import Material
from pet_mtl.evaluation.pages.words import (
    is_ours,
    is_run,
    joined,
    nameless,
    number,
    percent,
    said,
    short,
    span,
)
from pet_mtl.evaluation.results import Evaluation, counts, versions, warnings_of
from pet_mtl.evaluation.wording import counted
from pet_mtl.report import Checklist, filled

_CHECKLISTS = ("tripod_ai", "claim_2024")


def checklists(evaluation: Evaluation, material: Material) -> tuple[Checklist, ...]:
    """Both checklists, filled as far as is known."""
    facts = facts_of(evaluation, material)
    return tuple(filled(name, facts) for name in _CHECKLISTS)


def facts_of(evaluation: Evaluation, material: Material) -> dict[str, str]:
    """Key of a fact to what is known of it; what is not known is absent."""
    found = {key: tell(evaluation, material) for key, tell in _TELLERS.items()}
    return {key: text for key, text in found.items() if text}


def _design(evaluation: Evaluation, _: Material) -> str:
    if is_run(evaluation):
        return "Development of a multi-task prediction model, and its internal validation."
    return "Evaluation of a finished prediction model."


def _technology(evaluation: Evaluation, _: Material) -> str:
    if not is_ours(evaluation):
        return ""
    return "Deep learning: a multi-task 3-D convolutional network on PET."


def _outcome(evaluation: Evaluation, material: Material) -> str:
    labels = material.dataset.get("labels")
    told = []
    if any(judged.model.interval for judged in evaluation.endpoints):
        names = [NAMES[j.endpoint.key].lower() for j in evaluation.endpoints if j.model.interval]
        told.append(f"Outcomes judged: {joined(names)}; time in days from the clinical table.")
    if labels:
        told.append(f"Columns of the table: {said(labels)}.")
    return " ".join(told)


def _horizons(evaluation: Evaluation, _: Material) -> str:
    found = evaluation.findings.survival
    if found is None or not found.horizons_days:
        return ""
    days = joined([f"{day:g}" for day in found.horizons_days])
    return f"Survival is judged at {days} days ({found.horizons_said})."


def _data(evaluation: Evaluation, material: Material) -> str:
    fingerprint = evaluation.cohort.provenance.get("dataset_fingerprint")
    patients = counted(len(evaluation.cohort.patients), "patient")
    if fingerprint:
        return f"Dataset {said(fingerprint)}: {patients} judged."
    return f"{patients} judged; the predictions' fingerprint stands under Provenance."


def _refused(_: Evaluation, material: Material) -> str:
    if material.refused is None:
        return ""
    count = sum(material.refused.values())
    if not count:
        return "No study was refused for technical reasons."
    noun = "study" if count == 1 else "studies"
    return f"{count} {noun} refused for technical reasons: {said(dict(material.refused))}."


def _counts(evaluation: Evaluation, _: Material) -> str:
    told = counts(evaluation.cohort)
    rest = {key.replace("_", " "): value for key, value in told.items()}
    return f"Judged: {said(rest)}."


def _missing(evaluation: Evaluation, _: Material) -> str:
    covariates = evaluation.cohort.patients.covariates
    told = "Patients without an outcome or a mask are left out of the numbers on it."
    if is_ours(evaluation):
        told += " In training they add nothing to its loss; nothing is imputed."
    if covariates:
        told += " Missing covariates are marked as unknown; simple rules take their median."
    return told


def _flow(evaluation: Evaluation, material: Material) -> str:
    steps = [f"{step.label.lower()} {step.count}" for step in flow_of(evaluation, material).steps]
    return f'Figure "Flow of the patients": {", ".join(steps)}.'


def _follow_up(evaluation: Evaluation, _: Material) -> str:
    patients = evaluation.cohort.patients
    known = patients.time_days[patients.has_survival]
    if not len(known):
        return ""
    middle, last = float(np.median(known)), float(known.max())
    return f"Median time to event or censoring {middle:.0f} days, the longest {last:.0f} days."


def _characteristics(_: Evaluation, __: Material) -> str:
    return 'Table "Characteristics".'


def _numbers(evaluation: Evaluation, _: Material) -> str:
    told = [
        f"{judged.endpoint.title} {number(judged.model.interval.value)} "
        f"({span(judged.model.interval, judged.model.too_few)})"
        for judged in evaluation.endpoints
        if judged.model.interval
    ]
    dice = evaluation.dice
    if dice.interval:
        told.append(
            f"mean Dice {number(dice.interval.value)} ({span(dice.interval, dice.too_few)})"
        )
    return f"{'; '.join(told)}." if told else ""


def _metrics(evaluation: Evaluation, _: Material) -> str:
    names = [judged.endpoint.title for judged in evaluation.endpoints if judged.model.interval]
    names += ["mean Dice"] if evaluation.dice.interval else []
    found = evaluation.findings
    for part in (found.survival, found.response, found.mask):
        if part is not None:
            names += [short(one.title) for one in part.measures if one.interval]
    return f"Measures: {', '.join(dict.fromkeys(names))}." if names else ""


def _uncertainty(evaluation: Evaluation, _: Material) -> str:
    settings = evaluation.settings
    return (
        f"95 % intervals: percentile bootstrap over patients, {settings.samples} resamples, seed "
        f"{settings.seed}, unless a table says otherwise; differences are paired."
    )


def _baselines(evaluation: Evaluation, _: Material) -> str:
    labels = {
        score.label
        for judged in evaluation.endpoints
        for score in judged.scores
        if score.role == "baseline" and score.interval
    }
    fitted = fit_said(evaluation.cohort.training)
    return f"Beside {', '.join(sorted(labels))}, {fitted}." if labels else ""


def _subgroups(evaluation: Evaluation, _: Material) -> str:
    names = dict.fromkeys(group.variable for group in evaluation.findings.subgroups)
    return f"Numbers in groups by {joined(list(names))}." if names else ""


def _within_folds(evaluation: Evaluation, _: Material) -> str:
    for judged in evaluation.endpoints:
        if judged.within_folds is not None:
            title, value = judged.endpoint.title, judged.within_folds
            return f"{title} from pairs of patients inside one fold only: {value:.3f}."
    return ""


def _threshold(evaluation: Evaluation, _: Material) -> str:
    found = evaluation.findings.response
    if found is None or found.accuracy is None:
        return ""
    rule = found.accuracy.threshold.rule
    return f"A response is called from a threshold on: {rule}."


def _accuracy(evaluation: Evaluation, _: Material) -> str:
    found = evaluation.findings.response
    if found is None or found.accuracy is None:
        return ""
    accuracy = found.accuracy
    return (
        f"Sensitivity {percent(accuracy.sensitivity)}, specificity {percent(accuracy.specificity)}."
    )


def _evidence(evaluation: Evaluation, _: Material) -> str:
    return " ".join(one.text for one in statements(evaluation))


def _warnings(evaluation: Evaluation, _: Material) -> str:
    return nameless(evaluation, " ".join(warnings_of(evaluation)))


def _failures(_: Evaluation, material: Material) -> str:
    return "The gallery shows patients of low overlap beside others." if material.patients else ""


def _internal(evaluation: Evaluation, _: Material) -> str:
    if not is_run(evaluation):
        return "Not part of this evaluation: a finished model is judged."
    return "All numbers are of out-of-fold predictions."


def _external(evaluation: Evaluation, _: Material) -> str:
    return "" if is_run(evaluation) else "The predictions are of a finished model."


def _robustness(evaluation: Evaluation, material: Material) -> str:
    return "An ablation tells what each part adds." if material.ablation else ""


def _device(_: Evaluation, __: Material) -> str:
    return "Research software and no medical device: nothing here may guide the care of a patient."


def _software(evaluation: Evaluation, _: Material) -> str:
    trained = evaluation.cohort.provenance.get("training_versions")
    told = f"Evaluated with {said(versions())}."
    return f"Trained with {said(trained)}. {told}" if trained else told


def _code(_: Evaluation, __: Material) -> str:
    return f"pet-mtl {__version__}, Apache-2.0."


def _subsets(evaluation: Evaluation, _: Material) -> str:
    withheld = evaluation.cohort.doubts.withheld
    if withheld:
        said_of = counted(withheld, "patient")
        return f"The model withheld the outcomes of {said_of}, who are not in C-index and AUC."
    return "All patients with a prediction are judged on every outcome that is known of them."


Teller = Callable[[Evaluation, Material], str]

_TELLERS: dict[str, Teller] = {
    "accuracy": _accuracy,
    "baselines": _baselines,
    "characteristics": _characteristics,
    "code": _code,
    "counts": _counts,
    "data": _data,
    "design": _design,
    "device": _device,
    "evidence": _evidence,
    "external": _external,
    "failures": _failures,
    "flow": _flow,
    "follow_up": _follow_up,
    "horizons": _horizons,
    "internal": _internal,
    "metrics": _metrics,
    "missing": _missing,
    "numbers": _numbers,
    "outcome": _outcome,
    "refused": _refused,
    "robustness": _robustness,
    "software": _software,
    "subgroups": _subgroups,
    "subsets": _subsets,
    "technology": _technology,
    "threshold": _threshold,
    "uncertainty": _uncertainty,
    "warnings": _warnings,
    "within_folds": _within_folds,
    **MAKING,
}
