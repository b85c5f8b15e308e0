"""A stamp of all that is read of a study, by which kept results are known as still good."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pet_mtl.readers.companions import image_files
from pet_mtl.readers.sidecar import sidecar_files
from pet_mtl.study import StudySource


def input_stamp(
    source: StudySource, roi: str | None = None, with_mask: bool = True, with_ct: bool = False
) -> str:
    """Changes when `read_study` with the same arguments may give something else.

    Args:
        source: The study.
        roi: As in `read_study`.
        with_mask: As in `read_study`.
        with_ct: As in `read_study`.

    Returns:
        16 hexadecimal digits of the rules and of every file's path, size and time of change.
    """
    rules = (source.layout, source.series, with_mask and (roi or source.roi), with_mask, with_ct)
    digest = hashlib.sha256(repr(rules).encode())
    for path in _files(source, with_mask, with_ct):
        status = path.stat()
        digest.update(f"{path.absolute()} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _files(source: StudySource, mask: bool, ct: bool) -> Iterator[Path]:
    """All files that are read of a study, in a stable order."""
    beside = (source.mask_path if mask else None, source.ct_path if ct else None)
    yield from source.files
    if source.sidecar_path is not None:
        yield from sidecar_files(source.path, source.sidecar_path)
    for path in beside if source.files else (source.path, *beside):
        if path is None or not path.exists():
            continue
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file())
        else:
            yield from image_files(path)
