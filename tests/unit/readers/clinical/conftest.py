from collections.abc import Callable
from pathlib import Path

import pytest

from pet_mtl.readers.clinical import ClinicalColumns, ClinicalTable, read_clinical


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ClinicalTable]:
    """Writes a table and reads it."""

    def write_and_read(text: str | bytes, *names, schema=None, **columns) -> ClinicalTable:
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_clinical(path, ClinicalColumns(*names or ("id",), **columns), schema)

    return write_and_read


@pytest.fixture
def codes() -> Callable[[ClinicalTable], list[str]]:
    """The codes of a table's warnings."""
    return lambda table: [text.partition(":")[0] for text in table.warnings]
