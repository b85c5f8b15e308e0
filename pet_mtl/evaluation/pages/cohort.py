"""Who is judged: flow, what is known, what the patients are like."""

import textwrap
from collections.abc import Iterator, Mapping

import numpy as np

from pet_mtl.classes import BINARY
from pet_mtl.evaluation.cohort import Floats, Patients
from pet_mtl.evaluation.judging import Judged
from pet_mtl.evaluation.pages.material import Material
from pet_mtl.evaluation.pages.words import is_run, number
from pet_mtl.evaluation.results import Evaluation, counts
from pet_mtl.evaluation.wording import counted
from pet_mtl.report import Flow, Known, Leaf, Picture, Section, Step, Table

_COUNTS = {
    "patients": "Patients with a prediction",
    "with_survival": "with survival",
    "events": "events among them",
    "with_response": "with response",
    "responders": "responders among them",
    "with_dice": "with a compared mask",
    "with_mtv": "with MTV and SUVmax under the true mask",
}
_LINE_LETTERS = 38


def section(evaluation: Evaluation, material: Material) -> Section:
    """Flow, missingness, counts and characteristics."""
    flow, known = flow_of(evaluation, material), known_of(evaluation)
    steps = "; ".join(f"{step.label} {step.count}" for step in flow.steps)
    leaves = "; ".join(f"{leaf.label} {leaf.count}" for leaf in flow.leaves)
    missing = "; ".join(f"{name} {count} of {total}" for name, count, total in known.rows)
    return Section(
        "cohort",
        "Cohort",
        pictures=(
            Picture("cohort_flow", "Flow of the patients", flow, f"{steps}; judged: {leaves}"),
            Picture(
                "missingness",
                "What is known",
                known,
                missing,
                "Of patients with a prediction; what is missing is left out, never made up",
            ),
        ),
        tables=tuple(_tables(evaluation, material)),
    )


def flow_of(evaluation: Evaluation, material: Material) -> Flow:
    """Boxes from the studies to the numbers."""
    cohort, told = evaluation.cohort, material.dataset.get("counts", {})
    predicted = len(cohort.patients)
    refused = sum((material.refused or {}).values()) or int(told.get("rejected", 0))
    steps = []
    if "studies" in told:
        studies = int(told["studies"])
        given = studies + int(told.get("rejected", 0))
        steps.append(Step("Studies given", given, _refused_lines(refused, material.refused)))
        rest = studies - predicted
        leaving = (f"{rest} without a prediction:", "of folds that are not trained") if rest else ()
        steps.append(Step("In the dataset", studies, leaving))
    elif material.refused is not None:
        lines = _refused_lines(refused, material.refused)
        steps.append(Step("Studies given", predicted + refused, lines))
    steps.append(Step("With a prediction", predicted, _withheld_lines(evaluation)))
    return Flow(tuple(steps), tuple(_leaves(evaluation)))


def _refused_lines(refused: int, codes: Mapping[str, int] | None) -> tuple[str, ...]:
    """How many were refused, and for which codes."""
    if not refused:
        return ()
    told = [f"{code} {count}" for code, count in (codes or {}).items()]
    return (f"{refused} refused{':' if told else ''}", *_broken(told))


def _withheld_lines(evaluation: Evaluation) -> tuple[str, ...]:
    """Whose outcomes the model withheld."""
    doubts = evaluation.cohort.doubts
    if not doubts.withheld:
        return ()
    told = [f"{code} {count}" for code, count in doubts.counts.items()]
    return (f"outcomes of {doubts.withheld} withheld:", *_broken(told))


def _broken(parts: list[str]) -> list[str]:
    """A list in lines that fit into a box."""
    return textwrap.wrap(", ".join(parts), _LINE_LETTERS)


def _leaves(evaluation: Evaluation) -> Iterator[Leaf]:
    """Who is judged on what."""
    for judged in evaluation.endpoints:
        yield _leaf(judged)
    yield Leaf("Mask", evaluation.dice.patients, "compared")


def _leaf(judged: Judged) -> Leaf:
    """One endpoint."""
    model = judged.model
    if judged.endpoint.key == "survival":
        return Leaf("Survival", model.patients, counted(model.positives, "event"))
    if judged.endpoint.measure == "auc":
        return Leaf("Response", model.patients, counted(model.positives, "responder"))
    return Leaf("Response", model.patients, f"rarest class {model.positives}")


def known_of(evaluation: Evaluation) -> Known:
    """Of how many patients each thing is known."""
    cohort = evaluation.cohort
    patients, total = cohort.patients, len(cohort.patients)
    rows = [
        ("Survival", int(patients.has_survival.sum())),
        ("Response", int(patients.has_response.sum())),
        ("True mask", int(np.isfinite(patients.mtv_ml).sum())),
        ("Compared mask", int(np.isfinite(cohort.dice).sum())),
    ]
    rows += [(name, int(np.isfinite(v).sum())) for name, v in patients.covariates.items()]
    return Known(tuple((name, count, total) for name, count in rows))


def _tables(evaluation: Evaluation, material: Material) -> Iterator[Table]:
    """Characteristics, refusals and counts."""
    yield Table(
        "Characteristics",
        ("", "patients", "median", "quartiles", "range", "mean (SD)"),
        tuple(_characteristics(evaluation.cohort.patients)),
        _follow_up(evaluation.cohort.patients),
        "characteristics",
    )
    cells = counts(evaluation.cohort)
    rows = tuple((_count_of(key), str(value)) for key, value in cells.items())
    data = tuple(cells.items())
    yield Table("Counts", (), rows, name="counts", folded=True, columns=("key", "value"), data=data)
    if material.refused:
        said = "dataset" if is_run(evaluation) else "prediction"
        rows = tuple((code, str(count)) for code, count in material.refused.items())
        note = f"By the {said}; docs/errors.md says what each code means."
        yield Table("Refused studies", (), rows, note, "refused", columns=("code", "studies"))


def _count_of(key: str) -> str:
    """What a count is called."""
    return _COUNTS.get(key, f"{key.replace('_', ' ')} among them")


def _characteristics(patients: Patients) -> Iterator[tuple[str, ...]]:
    """Image values and covariates, as numbers, and the classes of the response."""
    columns = {
        "MTV under the true mask (ml)": patients.mtv_ml,
        "SUVmax under the true mask (g/ml)": patients.suv_max,
        "Time to event or censoring (days)": patients.time_days,
        **patients.covariates,
    }
    for name, values in columns.items():
        known = values[np.isfinite(values)]
        if len(known):
            yield (name, *_described(known))
    label = patients.response[patients.has_response]
    for one in range(patients.classes if len(label) else 0):
        share = np.count_nonzero(label == one) / len(label)
        name = f"Response {one}" if patients.classes == BINARY else f"Response, class {one}"
        yield name, f"{np.count_nonzero(label == one)} ({share:.0%})", "", "", "", ""


def _described(known: Floats) -> tuple[str, ...]:
    """Number, median, quartiles, range, mean and deviation."""
    low, first, middle, third, high = (
        number(float(value)) for value in np.percentile(known, (0, 25, 50, 75, 100))
    )
    deviation = number(float(known.std(ddof=1))) if len(known) > 1 else "-"
    mean = f"{number(float(known.mean()))} ({deviation})"
    return (str(len(known)), middle, f"{first} to {third}", f"{low} to {high}", mean)


def _follow_up(patients: Patients) -> str:
    """Follow-up in words; censored patients are those without the event."""
    known = patients.has_survival
    if not known.any():
        return ""
    censored = known & (patients.event == 0)
    if not censored.any():
        return "Everybody had the event."
    middle = float(np.median(patients.time_days[censored]))
    said = counted(int(censored.sum()), "patient")
    return f"Median follow-up of the {said} without the event: {middle:.0f} days."
