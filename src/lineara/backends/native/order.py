"""The order in which a reduction joins its elements: it follows from its nest alone, whatever else runs in the same loops.

    sum x[i] over 0 … n        element i goes to sub-total i mod width; the sub-totals are joined halves first
    in chunks                  the same for each chunk of the loop; what they give is joined in order
    over several indices       the first index outermost: what the loop inside gives is an element of the loop outside

A width of one is for sums along which memory does not run, as those of columns: lanes then run along the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from lineara.ir.nest import Access, Along, Nest

NARROW, MIDDLE, BROAD = 4, 8, 32
"""The widths beside one; each is a divisor of the next, and of a chunk."""
ALIGNED = 32
"""Chunks begin at multiples of this."""
LARGE = 1 << 14
"""The elements from which on a reduction is cut into chunks."""
FEWEST = 64
"""The trips from which on a loop is."""
LONG, MILLION = 1 << 14, 1 << 20
"""The trips from which on chunks are longer: of 2048 trips at least, and up to 256 of them instead of 64."""
TALL = 16
"""How many times as long as the result a sum across memory is whose lanes run along the sum."""


@dataclass(frozen=True, slots=True)
class Order:
    """How many sub-totals there are, and the trips of a chunk; the number of all trips where there is one chunk."""

    width: int
    chunk: int


def order_of(nest: Nest, k: int) -> Order:
    """The order along a reduced index."""
    n = nest.extents[k]
    return Order(max(1, min(n, _width(nest, k))), _chunk(nest, k))


def may_bind(nest: Nest, k: int, bound: frozenset[int]) -> bool:
    """Whether a loop may run over an index inside of loops over others: reduced ones follow each other."""
    return k in nest.result or all(j in bound for j in nest.reduced if j < k)


def _width(nest: Nest, k: int) -> int:
    n = nest.extents[k]
    across = _across(nest)
    if across:
        return MIDDLE if across < TALL <= n // across and n >= FEWEST else 1
    if (len(nest.operands) > 1 and n < 16) or n < 5:
        return 1
    if n < ALIGNED:
        return NARROW
    return MIDDLE if n < 2 * ALIGNED or k != nest.reduced[-1] else BROAD


def _across(nest: Nest) -> int:
    """The longest axis of the result along which an operand lies in memory; 0 if all lie along what is reduced."""
    ends = [_last(nest, access) for access in nest.operands]
    return max([nest.extents[k] for k in ends if k in nest.result], default=0)


def _last(nest: Nest, access: Access) -> int | None:
    """The index along which neighbours in memory are read."""
    read = [x.index for x in access if isinstance(x, Along) and x.index is not None]
    return next((k for k in reversed(read) if nest.extents[k] > 1), None)


def _chunk(nest: Nest, k: int) -> int:
    n = nest.extents[k]
    inside = [j for j in nest.reduced if j >= k] if not _across(nest) else range(len(nest.extents))
    if n < FEWEST or prod([nest.extents[j] for j in inside]) < LARGE:
        return max(1, n)
    unit, least = (ALIGNED, ALIGNED) if n < 16 * ALIGNED else (ALIGNED, 2 * ALIGNED)
    if n >= LONG:
        unit, least = 8 * ALIGNED, 64 * ALIGNED
    size = max(least, -(-n // (256 if n > MILLION else 64)))
    return -(-size // unit) * unit
