"""The clinical inputs of new patients, read as the model's training data were."""

from dataclasses import replace
from pathlib import Path

from pet_mtl.prediction.model import Predictor
from pet_mtl.readers import Search
from pet_mtl.readers.clinical import ClinicalColumns, ClinicalTable, no_study, read_clinical


def read_inputs(
    path: Path | None, columns: ClinicalColumns, predictor: Predictor, search: Search
) -> ClinicalTable | None:
    """Reads the model's covariates of new patients; the model's schema says what they are.

    Args:
        path: The clinical table, or None.
        columns: Its identifiers and decimal sign; covariates need not be named.
        predictor: The model.
        search: The studies to be predicted.

    Returns:
        The table, with warnings of what is unknown; None where no table is given.

    Raises:
        ClinicalError: The table cannot be used, or not one of its rows belongs to a study.
    """
    if path is None:
        return None
    if not predictor.schema:
        said = "CLINICAL_NOT_USED: the model has no clinical inputs; the table changes nothing"
        return ClinicalTable({}, warnings=(said,))
    sources = search.sources
    table = read_clinical(path, columns, predictor.schema).bound_to(sources, search.refused_names)
    alone = sum(table.row_of(source) is None for source in sources)
    if sources and alone == len(sources):
        without = "the model's clinical inputs count as unknown"
        raise no_study(table, len(sources), columns.id, without)
    if not alone:
        return table
    said = f"CLINICAL_NO_ROW: {alone} studies have no row; their clinical inputs count as unknown"
    return replace(table, warnings=(*table.warnings, said))
