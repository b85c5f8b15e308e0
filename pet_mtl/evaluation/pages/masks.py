"""Predicted masks beside true ones."""

from collections.abc import Iterator

import numpy as np

from pet_mtl.evaluation.findings import Agreement, MaskFindings
from pet_mtl.evaluation.pages.words import measure_table, percent, span
from pet_mtl.evaluation.results import Evaluation
from pet_mtl.evaluation.wording import counted
from pet_mtl.metrics import Interval
from pet_mtl.report import Overlap, Picture, Ratios, Section, Table

_LEAST_FOR_HISTOGRAM = 1


def section(evaluation: Evaluation) -> Section:
    """Dice, agreement of volumes, lesions found, all measures."""
    cohort, found = evaluation.cohort, evaluation.findings.mask
    dice = cohort.dice[np.isfinite(cohort.dice)]
    if not len(dice) and found is None:
        return Section("mask", "Mask", lead=(f"Not judged: {evaluation.dice.reason}.",))
    pictures = [_histogram(evaluation)] if len(dice) >= _LEAST_FOR_HISTOGRAM else []
    tables: list[Table] = []
    if found is not None:
        pictures += [_bland_altman(one) for one in found.agreements]
        tables = list(_tables(found))
    lead = f"Masks are compared in {cohort.dice_where}."
    return Section("mask", "Mask", (lead,), pictures=tuple(pictures), tables=tuple(tables))


def _histogram(evaluation: Evaluation) -> Picture:
    """Distribution of Dice."""
    values = evaluation.cohort.dice[np.isfinite(evaluation.cohort.dice)]
    low, middle, high = np.percentile(values, (25, 50, 75))
    alt = (
        f"Histogram of Dice of {counted(len(values), 'patient')}: mean {values.mean():.2f}, "
        f"median {middle:.2f}, quartiles {low:.2f} and {high:.2f}, lowest {values.min():.2f}"
    )
    note = f"Dice of predicted and true mask, {counted(len(values), 'patient')}"
    return Picture("dice", "Overlap", Overlap(values), alt, note)


def _bland_altman(one: Agreement) -> Picture:
    """Predicted over true volume or glycolysis."""
    name, unit = name_and_unit(one.title)
    shown = (one.true > 0) & (one.predicted > 0)
    limits = one.ratio
    alt = (
        f"Bland-Altman plot of {name}: predicted over true {limits.bias.value:.2f} on average "
        f"({span(limits.bias)}), limits of agreement {limits.lower.value:.2f} and "
        f"{limits.upper.value:.2f}"
    )
    missed = f"; {counted(one.missed, 'patient')} with an empty mask left out" if one.missed else ""
    note = f"Ratio of both, {counted(limits.patients, 'patient')}{missed}; bands: 95 % intervals"
    content = Ratios(name, unit, one.true[shown], one.predicted[shown], limits)
    return Picture(f"agreement_{one.key}", f"{name}: agreement", content, alt, note)


def name_and_unit(title: str) -> tuple[str, str]:
    """A title that ends in its unit, in two."""
    name, _, unit = title.rpartition(", ")
    return (name, unit) if name else (title, "no unit")


def _tables(found: MaskFindings) -> Iterator[Table]:
    """Measures, agreement, detection."""
    if found.measures:
        yield measure_table("Measures", "mask_measures", found.measures)
    rows = tuple(_agreement_row(one) for one in found.agreements)
    if rows:
        header = (
            "",
            "patients",
            "predicted / true",
            "limits of agreement",
            "concordance",
            "missed",
        )
        note = "Geometric mean ratio with its interval; concordance: Lin's, with its interval."
        yield Table("Agreement of volumes", header, rows, note, "agreement")
    if found.detection is not None:
        rates = found.detection
        yield Table(
            "Lesions",
            (),
            (
                ("true lesions", f"{rates.lesions} in {counted(rates.patients, 'patient')}"),
                ("found", percent(rates.sensitivity)),
                ("false lesions a patient", f"{rates.false_positives:.2f}"),
            ),
            name="lesions",
        )


def _agreement_row(one: Agreement) -> tuple[str, ...]:
    """One volume."""
    limits = one.ratio
    return (
        one.title,
        str(limits.patients),
        _with_span(limits.bias),
        f"{limits.lower.value:.3g} to {limits.upper.value:.3g}",
        _with_span(one.concordance) if one.concordance else "-",
        str(one.missed),
    )


def _with_span(interval: Interval) -> str:
    """A number and its interval."""
    return f"{interval.value:.3f} ({span(interval)})"


def gaps(found: MaskFindings | None) -> Iterator[tuple[str, str]]:
    """What of the masks could not be computed, and why."""
    if found is None:
        return
    for one in found.measures:
        if one.interval is None:
            yield f"Mask: {one.title}", one.reason
    for key, reason in found.gaps.items():
        yield f"Mask: {key}", reason
    for agreement in found.agreements:
        if agreement.concordance_reason:
            yield f"Mask: concordance of {agreement.key}", agreement.concordance_reason
