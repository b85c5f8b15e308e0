"""JSON files beside images."""

from pathlib import Path
from typing import Any

from pet_mtl.errors import ReadError
from pet_mtl.files import read_object


def read_json(path: Path) -> dict[str, Any]:
    """The fields of a JSON file.

    Args:
        path: The file.

    Returns:
        Its object.

    Raises:
        ReadError: JSON_UNREADABLE.
    """
    content = read_object(path)
    if content is None:
        raise ReadError(
            "JSON_UNREADABLE",
            "a JSON file that describes the images cannot be read",
            expected="a JSON object",
            todo="Write it again, or remove it if the PET beside it already is in SUVbw",
            subject=path.name,
        )
    return content
