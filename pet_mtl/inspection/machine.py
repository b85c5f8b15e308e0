"""What this process may use of the machine: cores, memory, disk, with the limits of containers."""

import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pet_mtl.processes import cores

_KIB = 1024
# What a control group of the first kind says where nothing is limited.
_NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Machine:
    """What there is; None where the system does not tell.

    Attributes:
        cores: Cores of the machine.
        usable_cores: Cores this process may run on at once, by affinity and control group.
        memory_bytes: Memory of the machine, or of the control group if that is less.
        available_bytes: What of it is free.
        disk_free_bytes: Free space where the current folder lies.
        nvidia: Whether an NVIDIA driver is loaded.
    """

    cores: int
    usable_cores: int
    memory_bytes: int | None
    available_bytes: int | None
    disk_free_bytes: int | None
    nvidia: bool


def look_around(root: Path = Path("/")) -> Machine:
    """Looks at the machine.

    Args:
        root: Where `proc` and `sys` are; another than `/` in tests.

    Returns:
        What this process may use.
    """
    groups = list(_groups(root))
    shares = [share for group in groups if (share := _cpu_share(group)) is not None]
    total, free = _memory(root)
    for limit, used in filter(None, map(_memory_limit, groups)):
        total = limit if total is None else min(total, limit)
        free = limit - used if free is None else min(free, limit - used)
    return Machine(
        cores=os.cpu_count() or 1,
        usable_cores=max(1, min([cores(), *(math.ceil(share) for share in shares)])),
        memory_bytes=total,
        available_bytes=None if free is None else max(0, free),
        disk_free_bytes=_disk_free(),
        nvidia=(root / "proc/driver/nvidia/version").exists(),
    )


def _groups(root: Path) -> Iterator[Path]:
    """The control groups of this process, each with those it lies in."""
    base = root / "sys/fs/cgroup"
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(",") if controllers else [""]:
            place = base / controller / path.lstrip("/")
            yield from (p for p in (place, *place.parents) if p.is_relative_to(base / controller))


def _cpu_share(group: Path) -> float | None:
    """Cores that a control group grants (cpu.max, or cpu.cfs_* of the first kind)."""
    words = (_text(group / "cpu.max") or "").split()
    quota, period = (*map(_number, words), None, None)[:2]
    if not words:
        quota, period = (_number(_text(group / f"cpu.cfs_{n}_us")) for n in ("quota", "period"))
    return quota / period if quota and period and quota > 0 else None


def _memory_limit(group: Path) -> tuple[int, int] | None:
    """Limit and use of a control group's memory, bytes; None if there is no limit."""
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        limit, used = _number(_text(group / limit_file)), _number(_text(group / used_file))
        if limit is not None and limit < _NO_LIMIT:
            return limit, used or 0
    return None


def _memory(root: Path) -> tuple[int | None, int | None]:
    """MemTotal and MemAvailable, bytes."""
    told = {}
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        name, _, rest = line.partition(":")
        told[name] = _number(rest.split()[0] if rest.split() else None)
    sizes = [told.get(name) for name in ("MemTotal", "MemAvailable")]
    total, free = (None if size is None else size * _KIB for size in sizes)
    return total, free


def _disk_free() -> int | None:
    try:
        return shutil.disk_usage(Path.cwd()).free
    except OSError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None
