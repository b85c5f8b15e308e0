"""JSON files beside images."""

import json
from pathlib import Path
from typing import Any

from pet_mtl.errors import ReadError


def read_json(path: Path) -> dict[str, Any]:
    """The fields of a JSON file.

    Args:
        path: The file.

    Returns:
        Its object.

    Raises:
        ReadError: JSON_UNREADABLE.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    if not isinstance(content, dict):
        raise _unreadable(path)
    return content


def _unreadable(path: Path) -> ReadError:
    return ReadError(
        "JSON_UNREADABLE",
        "a JSON file that describes the images cannot be read",
        expected="a JSON object",
        todo="Write it again, or remove it if the PET beside it already is in SUVbw",
        subject=path.name,
    )
