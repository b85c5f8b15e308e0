"""The files of a dataset and the private ones beside it: names, lock, tidying."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.errors import DatasetError, UsageError
from pet_mtl.processes import only_one
from pet_mtl.tfrecords.shards import SHARD_PATTERN

_TEMPORARY = re.compile(r"\.tmp-.*")
_OWN = ("dataset.json", "dataset_info.json", "features.json", "studies.csv", "rejected.csv")


@dataclass(frozen=True)
class DatasetFolder:
    """A dataset directory and what lies beside it.

    The directory itself may be given away: it holds no name. The key, the lists of names and the
    work folder (cut-outs of the studies, by which an interrupted run goes on) stay beside it.

    Attributes:
        path: The dataset directory.
    """

    path: Path

    @property
    def done(self) -> Path:
        """dataset.json: written last, so its presence means that the dataset is complete."""
        return self.path / "dataset.json"

    @property
    def key(self) -> Path:
        """The secret key of the pseudonyms."""
        return self._beside(".key")

    @property
    def names(self) -> Path:
        """The private list of pseudonyms and names."""
        return self._beside(".ids.csv")

    @property
    def unmatched(self) -> Path:
        """The private list of rows without study, studies without row, and refused studies."""
        return self._beside(".unmatched.csv")

    @property
    def work(self) -> Path:
        """Cut-outs of the studies; may be removed at any time, and is then made anew."""
        return self._beside(".work")

    def _beside(self, suffix: str) -> Path:
        # Of `x/..` the mere absolute path would lie inside the folder.
        absolute = Path(os.path.abspath(self.path))
        return absolute.with_name(absolute.name + suffix)

    def check(self) -> None:
        """Refuses a folder that holds anything but a dataset.

        Raises:
            UsageError: The path is a file, or other files lie there.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UsageError("DATASET_NO_FOLDER", "DATASET is a file", subject=str(self.path))
        others = sorted(p.name for p in self.path.iterdir() if not _is_own(p.name))
        if others:
            raise UsageError(
                "DATASET_FOREIGN",
                "the folder holds files that are not of a dataset",
                expected="an empty or new folder, or an earlier dataset",
                found=f"{len(others)} other entries",
                todo="Give another folder",
                subject=str(self.path),
            )

    def check_key(self, key: Path) -> None:
        """Refuses a key that would be given away with the dataset.

        Args:
            key: The key file.

        Raises:
            UsageError: It lies in the dataset directory.
        """
        if key.resolve().is_relative_to(self.path.resolve()):
            raise UsageError(
                "KEY_INSIDE",
                "the key lies in the dataset, where it would tell who the patients are",
                todo="Move the key file out of the dataset, then give it with --key",
            )

    def prepare(self) -> None:
        """Makes the folders and removes what a killed run left half written."""
        self.path.mkdir(parents=True, exist_ok=True)
        for folder in (self.path, self.work):
            for path in folder.iterdir():
                if _TEMPORARY.fullmatch(path.name):
                    path.unlink()

    def drop_shards(self, keep: Iterable[str]) -> None:
        """Removes shards of an earlier dataset that the new one does not have."""
        wanted = set(keep)
        for path in self.path.iterdir():
            if SHARD_PATTERN.fullmatch(path.name) and path.name not in wanted:
                path.unlink()

    def drop_cutouts(self, keep: Iterable[Path]) -> None:
        """Removes cut-outs of studies that are gone or have changed."""
        wanted = {path.name for path in keep}
        for path in self.work.glob("*.npz"):
            if path.name not in wanted:
                path.unlink()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the work folder and keeps a second run out of it.

        Raises:
            DatasetError: Another run is at work.
        """
        self.work.mkdir(parents=True, exist_ok=True, mode=0o700)
        busy = DatasetError(
            "DATASET_BUSY",
            "another `pet-mtl convert` is writing this dataset",
            todo="Wait for it, or give another folder",
            subject=str(self.path),
        )
        with only_one(self.work / "lock", busy):
            yield


def _is_own(name: str) -> bool:
    """Whether a file name is one that a dataset has."""
    return bool(name in _OWN or SHARD_PATTERN.fullmatch(name) or _TEMPORARY.fullmatch(name))
