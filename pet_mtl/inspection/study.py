"""A study in numbers: what a physicist asks, and nothing that names the patient."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from pet_mtl.errors import MaskError, StudyError
from pet_mtl.geometry import Grid
from pet_mtl.readers import Search, list_regions, read_study
from pet_mtl.readers.describe import Protocol, headers_of, protocol_of, series_counts
from pet_mtl.readers.headers import Header
from pet_mtl.study import Study, StudySource

Plain = dict[str, Any]
Headers = tuple[Header, ...]


def study_facts(source: StudySource) -> Plain:
    """Tells what one study is, as far as it can be read.

    Args:
        source: The study.

    Returns:
        `series`, `pet`, `grid`, `suv`, `mask`, `regions`, `ct`, `passed_over` (other PET series,
        and why), `warnings`; `refused` where `convert` would not take it.
    """
    facts: Plain = {"kind": "study", "layout": source.layout}
    refusals: list[StudyError] = []
    warnings: tuple[str, ...] = ()
    study, headers = None, Headers()
    try:
        if source.layout == "dicom":
            headers = headers_of(source)
            facts |= _headers(headers, source.series, refusals)
        study, warnings = _read(source, headers)
    except StudyError as error:
        refusals.append(error)
    if study is not None:
        facts |= _volume(study)
        facts["ct"] = _ct(study) or facts.get("ct")
    facts["regions"] = _regions(source, headers)
    facts["passed_over"] = [problem.sentence() for problem in study.passed_over] if study else []
    facts["warnings"] = [*(study.warnings if study else ()), *warnings]
    facts["refused"] = asdict(refusals[-1].problem) if refusals else None
    return facts


def studies_facts(search: Search) -> Plain:
    """Counts the studies of a folder.

    Args:
        search: What was found.

    Returns:
        `studies`, `layouts`, `with_mask_file`, and `passed_over` and `ignored` by code.
    """
    return {
        "kind": "studies",
        "studies": len(search.sources),
        "layouts": dict(Counter(source.layout for source in search.sources)),
        "with_mask_file": _mask_files(search),
        "passed_over": dict(Counter(problem.code for _, problem in search.passed_over)),
        "ignored": dict(Counter(problem.code for _, problem in search.ignored)),
        "next": "`pet-mtl validate` judges each of them",
    }


def _mask_files(search: Search) -> int | None:
    """How many image studies have a mask file; None of DICOM alone, whose outlines are not read."""
    masks = sum(source.mask_path is not None for source in search.sources)
    is_dicom = all(source.layout == "dicom" for source in search.sources)
    return None if is_dicom and not masks else masks


def _headers(headers: Headers, number: int | None, refusals: list[StudyError]) -> Plain:
    """What the headers tell, also of a study that is refused for something else."""
    counts = series_counts(headers)
    series = {m: {"series": n, "files": files} for m, (n, files) in counts.items()}
    facts: Plain = {"series": series}
    if "CT" in series:
        facts["ct"] = series["CT"]
    try:
        protocol = protocol_of(headers, number)
        facts["pet"] = _pet(protocol)
        facts["grid"] = grid_facts(protocol.grid)
    except StudyError as error:
        refusals.append(error)
    return facts


def _pet(protocol: Protocol) -> Plain:
    facts = asdict(protocol)
    scanner = facts.pop("scanner")
    for name in ("grid", "warnings"):
        del facts[name]
    return scanner | {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()}


def _read(source: StudySource, headers: Headers) -> tuple[Study, tuple[str, ...]]:
    """The study; a mask that cannot be used becomes a warning."""
    try:
        return read_study(source, with_ct=True, headers=headers), ()
    except MaskError as error:
        warning = f"{error.code}: {error.problem.sentence()}"
        return read_study(source, with_mask=False, with_ct=True, headers=headers), (warning,)


def _volume(study: Study) -> Plain:
    suv: Plain = {
        "factor": study.suv_factor,
        "reference_time": study.reference_time or None,
        "rule": study.suv_rule or None,
        "max": float(study.suv.max()),
    }
    facts: Plain = {"grid": grid_facts(study.grid), "suv": suv, "mask": None}
    if study.mask is not None:
        inside = study.suv[study.mask].astype(np.float64)
        facts["mask"] = {
            "voxels": inside.size,
            "volume_ml": inside.size * study.grid.voxel_ml,
            "suv_max": float(inside.max()),
            "suv_mean": float(inside.mean()),
        }
    return facts


def _ct(study: Study) -> Plain | None:
    return None if study.ct_grid is None else grid_facts(study.ct_grid)


def _regions(source: StudySource, headers: Headers) -> list[str]:
    try:
        return list(list_regions(source, headers))
    except StudyError:
        return []


def grid_facts(grid: Grid) -> Plain:
    """A grid as people speak of it.

    Args:
        grid: The grid.

    Returns:
        `shape_zyx`, `voxel_zyx_mm`, `field_of_view_zyx_mm`, `origin_xyz_mm`, and `axes`: where
        each array axis points, by the nearest of Left, Posterior, Superior and their opposites.
    """
    extent = [n * edge for n, edge in zip(grid.shape, grid.spacing_mm, strict=True)]
    return {
        "shape_zyx": list(grid.shape),
        "voxel_zyx_mm": list(grid.spacing_mm),
        "field_of_view_zyx_mm": extent,
        "origin_xyz_mm": list(grid.origin_mm),
        "axes": "".join(_points_to(grid.axes[:, axis].tolist()) for axis in range(3)),
    }


def _points_to(direction: list[float]) -> str:
    largest = max(range(3), key=lambda i: abs(direction[i]))
    return ("LPS" if direction[largest] > 0 else "RAI")[largest]
