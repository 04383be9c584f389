"""What it takes to keep a number on a tape and to compute it again, in nanoseconds, as measured.

The times are those of an AMD EPYC with AVX-512 (`scripts/tape_costs.py` measures them): what counts is their ratio, which
differs little between processors. The sizes of the caches are those of the machine, where the system tells them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

TRAFFIC = 0.025, 0.031, 0.037, 0.06
"""A byte that is stored and loaded again, when the whole tape fits into the first, second, last level, or none."""
SIZES = 1 << 15, 1 << 20, 1 << 25
"""The bytes of the levels, where the system does not tell."""
ON_LANES, ALONE = 0.021, 0.125
"""An operation on an element of an array, and on a single number."""
_DEVICES = Path("/sys/devices/system/cpu/cpu0/cache")


@cache
def caches() -> tuple[int, int, int]:
    """The bytes of the first, second and last level of the caches of data."""
    found: dict[int, int] = {}
    for index in sorted(_DEVICES.glob("index*")):
        try:
            level, kind, size = [
                (index / name).read_text().strip() for name in ("level", "type", "size")
            ]
            if kind != "Instruction":
                found[int(level)] = int(size.removesuffix("K")) << 10
        except (OSError, ValueError):
            return SIZES
    if not {1, 2} <= set(found):
        return SIZES
    return found[1], found[2], found[max(found)]


def keeping(row: int, total: int) -> float:
    """The time to store and load a row of a tape of so many bytes."""
    level = sum(total > size // 2 for size in caches())
    return row * TRAFFIC[level]


def computing(work: int, elements: int) -> float:
    """The time of so many operations that make so many elements."""
    return work * (ALONE if elements < 4 else ON_LANES)
