"""Reads the clinical table: outcomes and covariates of each row, by the column names given."""

from collections.abc import Sequence
from pathlib import Path

from pet_mtl.covariates import Covariate, encode
from pet_mtl.errors import ClinicalError
from pet_mtl.readers.clinical.coding import Coded, Value, fit, read_by
from pet_mtl.readers.clinical.columns import (
    CATEGORY,
    ClinicalColumns,
    all_wanted,
    check_twice,
    check_unit,
    parse_asked,
)
from pet_mtl.readers.clinical.groups import read_groups
from pet_mtl.readers.clinical.outcomes import read_outcomes
from pet_mtl.readers.clinical.sheet import Column, Sheet, read_sheet
from pet_mtl.readers.clinical.table import ClinicalTable
from pet_mtl.readers.clinical.text import read_text
from pet_mtl.readers.clinical.values import Numbers
from pet_mtl.study import Outcome


def read_clinical(
    path: Path, columns: ClinicalColumns, schema: Sequence[Covariate] | None = None
) -> ClinicalTable:
    """Reads the clinical table.

    Args:
        path: CSV with a header; comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows-1252.
        columns: Which column holds what.
        schema: Covariates that are known already, from a dataset or a model: the columns are
            read as these, those that `columns` names or else all. None finds out what they are.

    Returns:
        The table.

    Raises:
        ClinicalError: The file cannot be read, a column is missing, a value cannot be used, or
            two rows contradict each other; the message names the column and the line.
    """
    try:
        text = read_text(path)
        sheet = read_sheet(text.content, columns.named())
        table = _read(sheet, columns, schema)
    except ClinicalError as error:
        raise error.about(path.name) from error.__cause__
    return ClinicalTable(table.outcomes, table.schema, (*text.warnings, *table.warnings))


def _read(
    sheet: Sheet, columns: ClinicalColumns, schema: Sequence[Covariate] | None
) -> ClinicalTable:
    """Turns the rows into outcomes."""
    numbers = Numbers(sheet, columns.sign)
    ids = sheet.column(sheet.require(columns.id)).hinting(
        "a row without a patient is to be removed"
    )
    told = read_outcomes(sheet, columns, numbers)
    if schema is None:
        wanted = all_wanted(columns.covariates, sheet)
        coded = [fit(sheet.column(one.index), one, numbers) for one in wanted]
        missing: tuple[str, ...] = ()
    else:
        coded, missing = _by_schema(sheet, _chosen(columns, schema), numbers)
    found = tuple(one.covariate for one in coded)
    check_twice(found)
    groups, respelled = read_groups(sheet, columns)
    used = (*told.columns, *((one.covariate.name, one.values) for one in coded), *groups.items())
    kept, merged = _rows_kept(ids, used)
    values: list[list[Value]] = [[one.values[i] for one in coded] for i in range(len(ids.cells))]
    outcomes = {
        key: Outcome(
            told.time_days[i],
            told.event[i],
            told.response[i],
            encode(found, values[i]),
            {name: group for name, each in groups.items() if (group := each[i]) is not None},
        )
        for key, i in kept.items()
    }
    of_covariates = (text for one in coded for text in one.warnings)
    odd = (*told.warnings, *respelled, *missing, *of_covariates, *merged)
    return ClinicalTable(outcomes, found, odd)


def _chosen(columns: ClinicalColumns, schema: Sequence[Covariate]) -> Sequence[Covariate]:
    """Those covariates of the schema that the user names; all without a name."""
    if not columns.covariates:
        return schema
    by_name = {covariate.name: covariate for covariate in schema}
    chosen = []
    for asked in columns.covariates:
        name, bracket, _ = parse_asked(asked)
        found = by_name.get(asked) or by_name.get(name)
        if found is None:
            raise ClinicalError(
                "CLINICAL_NOT_IN_SCHEMA",
                f"the training data have no covariate {name!r}",
                expected=f"some of {', '.join(by_name) or 'none'}",
                todo="Name covariates as the training data do",
            )
        if bracket != CATEGORY:
            check_unit(asked, bracket, found.unit)
        chosen.append(found)
    return list(dict.fromkeys(chosen))


def _by_schema(
    sheet: Sheet, schema: Sequence[Covariate], numbers: Numbers
) -> tuple[list[Coded], tuple[str, ...]]:
    """The columns of known covariates; a column that is not there is unknown in every row."""
    coded, missing = [], []
    for covariate in schema:
        index = sheet.find_loosely(covariate.name)
        if index is None:
            missing.append(_absent(sheet, covariate))
            coded.append(Coded(covariate, [None] * len(sheet.rows)))
        else:
            coded.append(read_by(sheet.column(index), covariate, numbers))
    if schema and len(missing) == len(schema):
        sheet.require(schema[0].name)
    return coded, tuple(missing)


def _absent(sheet: Sheet, covariate: Covariate) -> str:
    """A warning of a missing column; refused where one of another spelling may be meant."""
    near = sheet.nearest(covariate.name)
    if near:
        raise ClinicalError(
            "CLINICAL_COLUMN_NEAR",
            f"the table has no column {covariate.name!r}, but one called {near!r}",
            expected=repr(covariate.name),
            todo="Rename that column if it is meant; if not, add an empty column of the right name",
        )
    return (
        f"CLINICAL_COLUMN_ABSENT: the table has no column {covariate.name!r}; it counts as unknown "
        "for every patient"
    )


def _rows_kept(
    ids: Column, used: Sequence[tuple[str, Sequence[object]]]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Identifier to row; rows of one identifier must say the same in all columns used."""
    kept: dict[str, int] = {}
    merged = 0
    for i, (line, key) in enumerate(zip(ids.lines, ids.cells, strict=True)):
        if key is None:
            raise ids.bad(line, "an identifier in every row")
        first = kept.setdefault(key, i)
        differ = [name for name, values in used if values[first] != values[i]]
        if differ:
            raise ClinicalError(
                "CLINICAL_TWICE",
                f"lines {ids.lines[first]} and {line} have the same identifier, but differ in "
                f"column {differ[0]!r}",
                expected="one row a patient, or one a study by the study's folder name",
                todo="Remove or correct one of them, or name a column that tells the studies apart",
            )
        merged += first != i
    if not merged:
        return kept, ()
    return kept, (
        f"CLINICAL_ROWS_MERGED: {merged} rows repeat an identifier and say the same; each counts "
        "once",
    )
