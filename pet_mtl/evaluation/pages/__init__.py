"""The evaluation as a page: the sections of the report."""

from collections.abc import Iterator

from pet_mtl.classes import BINARY
from pet_mtl.evaluation.pages import (
    ablation,
    beside,
    cohort,
    endpoints,
    groups,
    making,
    masks,
)
from pet_mtl.evaluation.pages.facts import checklists
from pet_mtl.evaluation.pages.headlines import headlines, judged_on, statements
from pet_mtl.evaluation.pages.material import NOTHING, Material, dataset_of, read_material
from pet_mtl.evaluation.pages.words import nameless, short
from pet_mtl.evaluation.results import NO_TRUTH, Evaluation, warnings_of
from pet_mtl.evaluation.wording import counted
from pet_mtl.report import Page, Section, Table

__all__ = ["NOTHING", "Material", "dataset_of", "read_material", "to_page"]

_KINDS = {
    "run": "out-of-fold predictions: no patient was predicted by a model trained on them",
    "predictions": "predictions of a finished model",
}


def to_page(evaluation: Evaluation, material: Material = NOTHING) -> Page:
    """The evaluation as a page to be rendered.

    Args:
        evaluation: What was found.
        material: What lies beside the predictions.

    Returns:
        The page; a part of which nothing is known is left out, or says why.
    """
    cohort_of = evaluation.cohort
    return Page(
        title=f"Evaluation of {cohort_of.name}",
        subtitle=f"{counted(len(cohort_of.patients), 'patient')}; {_KINDS[cohort_of.kind]}.",
        headlines=tuple(headlines(evaluation)),
        statements=tuple(statements(evaluation)),
        warnings=tuple(nameless(evaluation, text) for text in warnings_of(evaluation)),
        sections=tuple(section for section in _sections(evaluation, material) if section),
    )


def _sections(evaluation: Evaluation, material: Material) -> Iterator[Section | None]:
    """All parts, in the order of reading."""
    yield cohort.section(evaluation, material)
    yield groups.leaks(evaluation)
    if any(judged.model.interval for judged in evaluation.endpoints):
        yield beside.section(evaluation)
    yield endpoints.survival(evaluation)
    yield endpoints.response(evaluation)
    yield masks.section(evaluation)
    yield groups.subgroups(evaluation)
    yield ablation.section(material.ablation)
    yield _gallery(material)
    yield making.training(material)
    yield making.section(evaluation, material, _missing_table(evaluation))
    yield Section(
        "checklists",
        "Reporting checklists",
        ("Filled as far as the evaluation knows; what is marked must be written by the authors.",),
        checklists=checklists(evaluation, material),
    )


def _gallery(material: Material) -> Section | None:
    """Chosen patients, or why there are none."""
    if not material.patients and not material.gallery_said:
        return None
    lead = (material.gallery_said,) if material.gallery_said else ()
    return Section("patients", "Patients", lead, patients=material.patients)


def _missing_table(evaluation: Evaluation) -> Table | None:
    """What could not be computed; None if everything could."""
    rows = tuple(_missing(evaluation))
    return Table("Not computed", (), rows, name="not_computed") if rows else None


def _missing(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """What could not be computed, one row a reason."""
    scores = [(j.endpoint.title, s) for j in evaluation.endpoints for s in j.scores]
    scores.append(("Dice", evaluation.dice))
    reasons: dict[str, dict[str, list[str]]] = {}
    for title, score in scores:
        if score.interval is None:
            reasons.setdefault(score.reason.rstrip("."), {}).setdefault(title, []).append(
                short(score.label)
            )
        if score.no_share:
            reasons.setdefault(score.no_share.rstrip("."), {}).setdefault(title, []).append(
                f"share of oracle, {short(score.label)}"
            )
    if not evaluation.cohort.oracle:
        yield "Oracle", NO_TRUTH
    if judged_on(evaluation, "response") and evaluation.cohort.patients.classes > BINARY:
        yield "ROC curves", "drawn of a response of two classes only"
    for reason, titles in reasons.items():
        yield "; ".join(f"{title}: {', '.join(names)}" for title, names in titles.items()), reason
    yield from endpoints.gaps(evaluation.findings)
    yield from masks.gaps(evaluation.findings.mask)
