"""A zoo: a folder of bundles, an index with the hash of every file, and a card beside each."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pet_mtl.errors import ModelError
from pet_mtl.export import Predictor, load_predictor

INDEX = "index.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Zoo:
    """A folder of models.

        index.json                     name -> version and SHA-256 of every file
        NAME/card.json                 what the model is, and what it is not
        NAME/VERSION/saved_model.pb    the bundle, in the layout of TF Serving

    Attributes:
        root: The folder.
    """

    root: Path

    def names(self) -> tuple[str, ...]:
        """The models of the index, in alphabetical order.

        Raises:
            ModelError: The index is damaged or of another format.
        """
        return tuple(sorted(self._index()))

    def card(self, name: str) -> dict[str, Any]:
        """What a model is: intended use, training data, numbers with intervals, SUV, grids.

        Raises:
            ModelError: No such model, or its card is missing or altered.
        """
        self.verify(name)
        card: dict[str, Any] = json.loads((self.root / name / "card.json").read_text("utf-8"))
        return card

    def load(self, name: str) -> Predictor:
        """Loads a model after checking every file of it.

        Raises:
            ModelError: No such model, or a file is missing, altered or not in the index.
        """
        entry = self.verify(name)
        return load_predictor(self.root / name / str(entry["version"]))

    def verify(self, name: str) -> dict[str, Any]:
        """Compares every file of a model with the index.

        A SavedModel is a program: one altered byte may be another program.

        Args:
            name: The model.

        Returns:
            Its entry in the index.

        Raises:
            ModelError: No such model, or a file is missing, altered, a link, or not in the index.
        """
        entry = self._entry(name)
        folder = self.root / name
        expected = dict(entry["sha256"])
        if "card.json" not in expected:
            raise _damaged(name, "the index lists no card.json for it")
        found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if not p.is_dir()}
        if extra := sorted(set(found) - set(expected)):
            raise _damaged(name, f"{extra[0]} is not in the index")
        for file, digest in sorted(expected.items()):
            path = found.get(file)
            if path is None or path.is_symlink():
                raise _damaged(name, f"{file} is missing or a link")
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise _damaged(name, f"{file} was altered")
        return entry

    def _entry(self, name: str) -> dict[str, Any]:
        models = self._index()
        if name not in models:
            raise ModelError(
                "ZOO_UNKNOWN",
                "the zoo has no such model",
                expected=", ".join(sorted(models)) or "no model is shipped yet",
                found=repr(name),
            )
        return dict(models[name])

    def _index(self) -> dict[str, Any]:
        try:
            content = json.loads((self.root / INDEX).read_text(encoding="utf-8"))
            if content["format_version"] == FORMAT_VERSION:
                return dict(content["models"])
            problem = f"format {content['format_version']}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = type(error).__name__
        raise ModelError(
            "ZOO_INDEX",
            "the zoo's index cannot be read",
            expected=f"{INDEX} of format {FORMAT_VERSION}",
            found=problem,
            todo="Install pet-mtl again, or restore the folder",
        )


def _damaged(name: str, found: str) -> ModelError:
    return ModelError(
        "ZOO_DAMAGED",
        "the model's files are not those of the index",
        found=found,
        todo="Do not use this copy; install or copy the model again",
        subject=name,
    )
