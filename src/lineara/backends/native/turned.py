"""Results of which each lane of a loop makes a row: kept beside each other for a trip, then turned and written row by row.

    on lanes   a₀ a₁ a₂ …   b₀ b₁ b₂ …   c₀ c₁ c₂ …        in memory   a₀ b₀ c₀   a₁ b₁ c₁   a₂ b₂ c₂   …

Otherwise each element of each lane would be written on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Number
from lineara.backends.native.places import Buffer, Machine, Position, pointer_at
from lineara.backends.native.steps import Step

if TYPE_CHECKING:
    from lineara.backends.native.emitter import Emitter

MOST = 128
"""The elements of a row at most."""
SIDE = 8
"""The rows and columns of a square that is turned at once."""
DENSE = 6
"""The elements of rows that follow each other in memory up to which a vector is put together of all of them."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the rows of a result go, and where they are kept until then."""

    value: Value
    home: Buffer
    kept: Buffer
    positions: tuple[Position, ...]
    count: int

    def column(self, m: Machine, i: int) -> Number:
        """An element of each row."""
        lanes, dtype = self.kept.lanes, self.kept.dtype
        return m.load(m.at(self.kept.pointer, i * lanes, dtype), dtype, lanes)


@contextmanager
def rows(emitter: Emitter, at: dict[Step, dict[int, Position]]) -> Iterator[None]:
    """Keep the rows that a trip on lanes makes, and write them in the end."""
    found = [r for s in at for r in _rows(emitter, s, at[s])] if emitter.lanes > 1 else []
    for r in found:
        emitter.homes[r.value] = r.kept
    yield
    for r in found:
        emitter.homes[r.value] = r.home
        pointer, stride = pointer_at(emitter.m, r.home, r.positions)
        write(emitter.m, pointer, stride, [r.column(emitter.m, i) for i in range(r.count)])


def _rows(emitter: Emitter, s: Step, at: dict[int, Position]) -> Iterator[_Rows]:
    """The results of a step of which each lane makes a short row."""
    stays = [k is None or k not in at for k in s.places]
    positions = tuple([Position() if k is None else at.get(k, Position()) for k in s.places])
    for v in s.outputs:
        home = emitter.homes.get(v)
        count = prod([n for n, on in zip(v.shape, stays, strict=True) if on])
        if home is None or home.lanes > 1 or home.dtype.kind not in "fiu" or not 1 < count <= MOST:
            continue
        beyond = any(p.count is not None for p in positions)
        if (
            not beyond
            and sum(p.step for p in positions) == 1
            and _is_dense(v.shape, stays, home.strides)
        ):
            strides = [n if on else None for n, on in zip(home.strides, stays, strict=True)]
            kept = emitter.array(home.dtype, v.shape, stays, emitter.lanes)
            kept = replace(kept, strides=tuple(strides))
            yield _Rows(v, home, kept, positions, count)


def _is_dense(shape: Sequence[int], stays: Sequence[bool], strides: Sequence[int | None]) -> bool:
    """Whether the axes that stay are a piece of memory, in some order."""
    inside = [(s or 0, n) for n, on, s in zip(shape, stays, strides, strict=True) if on and n > 1]
    size = 1
    for stride, n in sorted(inside):
        if stride != size:
            return False
        size *= n
    return True


def write(m: Machine, pointer: Any, stride: int, columns: Sequence[Number]) -> None:
    """Write one element of each column after the other, for each lane a row of them, a stride apart."""
    count, lanes = len(columns), columns[0].lanes
    if count == stride and count <= DENSE:
        for i, x in enumerate(_interleaved(m, columns)):
            m.store(m.at(pointer, i * lanes, x.dtype), x)
        return
    side = SIDE
    while lanes % side or side > count:
        side //= 2
    for start in sorted({*range(0, count - side, side), count - side}):
        for first in range(0, lanes, side):
            part = [m.shuffle(x, range(first, first + side)) for x in columns[start : start + side]]
            for i, row in enumerate(turned(m, part)):
                m.store(m.at(pointer, (first + i) * stride + start, row.dtype), row)


def turned(m: Machine, square: Sequence[Number]) -> list[Number]:
    """The rows whose columns are given, as many as there are lanes, a power of two."""
    made, side, step = list(square), len(square), 1
    while step < side:
        for i in [i for i in range(side) if not i & step]:
            x, y = made[i], made[i | step]
            low = [side + j - step if j & step else j for j in range(side)]
            high = [side + j if j & step else j + step for j in range(side)]
            made[i], made[i | step] = m.mixed(x, y, low), m.mixed(x, y, high)
        step *= 2
    return made


def _interleaved(m: Machine, columns: Sequence[Number]) -> Iterator[Number]:
    """Vectors of the elements of all columns in turn."""
    count, lanes = len(columns), columns[0].lanes
    for start in range(0, count * lanes, lanes):
        places = [divmod(start + j, count) for j in range(lanes)]
        made = m.shuffle(columns[0], [lane for lane, _ in places])
        for number, x in enumerate(columns[1:], 1):
            mask = [lanes + lane if n == number else j for j, (lane, n) in enumerate(places)]
            made = m.mixed(made, x, mask)
        yield made
