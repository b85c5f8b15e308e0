"""The clinical table: one row a patient, outcomes and covariates by the column names given.

Bytes to text (`text`), text to header and rows (`sheet`), cells to numbers and flags (`numbers`,
`values`), columns to outcomes (`outcomes`) and covariates (`coding`), rows to studies (`table`).
"""

from pet_mtl.readers.clinical.columns import ClinicalColumns, split_names
from pet_mtl.readers.clinical.numbers import DAYS_PER, parse_number
from pet_mtl.readers.clinical.read import read_clinical
from pet_mtl.readers.clinical.table import ClinicalTable, no_study

__all__ = [
    "DAYS_PER",
    "ClinicalColumns",
    "ClinicalTable",
    "no_study",
    "parse_number",
    "read_clinical",
    "split_names",
]
