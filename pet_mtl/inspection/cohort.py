"""What a validated cohort is like, and the whole validation as plain data."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from pet_mtl.classes import BINARY
from pet_mtl.conversion.tables import has_survival
from pet_mtl.errors import code_of
from pet_mtl.inspection.validation import ACCEPTED, REFUSED, WARNED, Validation, Verdict
from pet_mtl.readers.describe import Scanner
from pet_mtl.study import Outcome

REPORT_COLUMNS = (
    "study", "status", "codes", "what", "expected", "found", "todo", "file", "fold", "has_mask",
    "has_ct", "has_survival", "has_response", "suv_max", "volume_ml", "voxel_z_mm", "voxel_y_mm",
    "voxel_x_mm", "warnings",
)  # fmt: skip

Plain = dict[str, Any]


def study_entry(verdict: Verdict) -> Plain:
    """One study as plain data.

    Args:
        verdict: What would become of it.

    Returns:
        `study`, `status`, `codes`, `warnings`, and `problem` (refused) or what was found.
    """
    codes = list(dict.fromkeys(map(code_of, verdict.warnings)))
    entry: Plain = {"study": verdict.name, "status": verdict.status}
    if verdict.problem is not None:
        problem = asdict(verdict.problem)
        return entry | {"codes": [verdict.problem.code], "file": verdict.file, "problem": problem}
    return entry | {"codes": codes, "warnings": list(verdict.warnings)} | _found(verdict)


def _found(verdict: Verdict) -> Plain:
    facts, outcome = verdict.facts, verdict.outcome or Outcome()
    if facts is None:
        return {}
    return {
        "fold": verdict.fold,
        "has_mask": facts.has_mask,
        "has_ct": facts.has_ct,
        "has_survival": has_survival(outcome),
        "has_response": outcome.response is not None,
        "suv_max": facts.suv_max,
        "volume_ml": facts.mtv_ml,
        "voxel_mm": list(facts.fingerprint.spacing_mm),
    }


def cohort(validation: Validation) -> Plain:
    """Counts and ranges over the usable studies; scanners also of the refused ones.

    Args:
        validation: What `convert` would do.

    Returns:
        Plain data; a range is [smallest, median, largest], or null without a value.
    """
    usable = [v for v in validation.verdicts if v.facts is not None]
    facts = [v.facts for v in usable if v.facts is not None]
    outcomes = [v.outcome or Outcome() for v in usable]
    scanners = Counter(v.scanner for v in validation.verdicts)
    voxels = Counter(tuple(round(edge, 2) for edge in f.fingerprint.spacing_mm) for f in facts)
    return {
        "usable": len(usable),
        "with_mask": sum(f.has_mask for f in facts),
        "with_ct": sum(f.has_ct for f in facts),
        "with_survival": sum(map(has_survival, outcomes)),
        "events": sum(bool(o.event) for o in outcomes if has_survival(o)),
        "with_response": sum(o.response is not None for o in outcomes),
        "responders": sum(o.response == 1 for o in outcomes),
        **_per_class(outcomes),
        "volume_ml": _range(f.mtv_ml for f in facts),
        "suv_max": _range(f.suv_max for f in facts),
        "time_days": _range(o.time_days for o in outcomes if has_survival(o)),
        "voxels_mm": [{"zyx": list(v), "studies": n} for v, n in voxels.most_common()],
        "scanners": [
            asdict(s) | {"studies": n} for s, n in scanners.most_common() if s != Scanner()
        ],
    }


def _per_class(outcomes: Iterable[Outcome]) -> Plain:
    """Studies of each class that somebody has, where there are more than two."""
    counts = Counter(o.response for o in outcomes if o.response is not None)
    if max(counts, default=0) < BINARY:
        return {}
    return {"per_class": {str(k): counts[k] for k in sorted(counts)}}


def notices(validation: Validation) -> list[str]:
    """What to know of the cohort as a whole, a sentence each."""
    told, counts = list(validation.table_warnings), cohort(validation)
    if 0 < validation.folds < validation.wanted_folds:
        told.append(f"only {validation.folds} folds: there are no more patients")
    for label, first, second in (
        ("with_survival", "events", "censored"),
        ("with_response", "responders", "non-responders"),
    ):
        cases, labelled = counts[first], counts[label]
        if label == "with_response" and "per_class" in counts:
            told += _rare_classes(counts["per_class"], validation.folds)
        elif labelled and min(cases, labelled - cases) < validation.folds:
            told.append(
                f"{cases} {first}, {labelled - cases} {second}: too few for one of each in every "
                f"one of {validation.folds} folds"
            )
    if validation.ignored:
        codes = Counter(problem.code for _, problem in validation.ignored)
        kinds = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
        told.append(f"{len(validation.ignored)} entries are no study: {kinds}")
    if validation.rows_without_study:
        told.append(f"{len(validation.rows_without_study)} rows of the table match no study")
    if validation.studies_without_row:
        told.append(f"{len(validation.studies_without_row)} studies have no row: no labels")
    return told


def _rare_classes(per_class: dict[str, int], folds: int) -> list[str]:
    """A sentence a class that is too rare for every fold."""
    return [
        f"{cases} of class {name}: too few for one in every one of {folds} folds"
        for name, cases in per_class.items()
        if cases < folds
    ]


def as_json(validation: Validation) -> Plain:
    """The whole validation as plain data (docs/how-to/check-data.md)."""
    plan, table = validation.plan, validation.table
    statuses = (ACCEPTED, WARNED, REFUSED)
    return {
        "exit_code": validation.exit_code,
        "counts": {status: len(validation.of_status(status)) for status in statuses},
        "refused": validation.codes(REFUSED),
        "warnings": validation.codes(WARNED),
        "table": None if table is None else asdict(table.problem),
        "cohort": cohort(validation),
        "grids": None if plan is None else asdict(plan),
        "folds": validation.folds,
        "notices": notices(validation),
        "ignored": [{"entry": n, "code": p.code, "what": p.what} for n, p in validation.ignored],
        "rows_without_study": list(validation.rows_without_study),
        "studies_without_row": list(validation.studies_without_row),
        "studies": [study_entry(verdict) for verdict in validation.verdicts],
    }


def report_rows(verdicts: Sequence[Verdict]) -> list[Plain]:
    """Rows of the report, columns `REPORT_COLUMNS`."""
    rows = []
    for entry in map(study_entry, verdicts):
        row = dict.fromkeys(REPORT_COLUMNS, "")
        row |= {key: value for key, value in entry.items() if key in row}
        row |= {key: v for key, v in entry.get("problem", {}).items() if key in row}
        edges = zip("zyx", entry.get("voxel_mm", ()), strict=False)
        row |= {f"voxel_{axis}_mm": f"{edge:.6g}" for axis, edge in edges}
        row |= {"codes": " ".join(entry["codes"])}
        row |= {"warnings": "; ".join(entry.get("warnings", ()))}
        rows.append({key: _cell(value) for key, value in row.items()})
    return rows


def _cell(value: Any) -> Any:
    """Flags as 0 and 1, numbers without binary noise."""
    if isinstance(value, bool):
        return int(value)
    return f"{value:.9g}" if isinstance(value, float) else value


def _range(values: Iterable[float | None]) -> list[float] | None:
    known = sorted(v for v in values if v is not None)
    return [known[0], float(median(known)), known[-1]] if known else None
