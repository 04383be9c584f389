"""Sums of outer products: sums over an index along which each total has an element of its own, that is made of few.

    t[i, j] += a[n, i] * b[n, j]       for each n there are as many products as totals, and few elements that they are made of

Such a sum is best made block by block of n, tile by tile of totals (`lineara.backends.native.blocks`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import prod

from lineara.backends.native.flat import Value
from lineara.backends.native.lanes import Dtype
from lineara.backends.native.order import order_of
from lineara.backends.native.places import Position
from lineara.backends.native.products.tiling import Parts, registers
from lineara.backends.native.steps import Step
from lineara.ir import ArrayType
from lineara.ir.nest import Along, Nest

MANY, REUSED = 64, 2
"""The totals from which on a sum is one of these, and how often an element that it reads is in a product at least."""
BLOCK = 64
"""The trips of a block at most."""
START = 12.0
"""What a tile costs beside its steps, in steps of one product."""
Full = dict[int, Position]


@dataclass(frozen=True, slots=True)
class Reading:
    """How an operand is read: the axis that differs from trip to trip, if there is one, and where axes are that are bound."""

    axis: int | None
    fixed: Full


@dataclass(frozen=True, eq=False)
class Product:
    """A sum over index k, in a loop where the indices of `at` are bound."""

    step: Step
    k: int
    at: Full

    @cached_property
    def nest(self) -> Nest:
        """Its loops."""
        assert isinstance(self.step.loops, Nest)
        return self.step.loops

    @cached_property
    def extents(self) -> dict[int, int]:
        """The indices of the totals."""
        return {j: n for j, n in enumerate(self.step.extents) if j != self.k and j not in self.at}

    @property
    def dtype(self) -> Dtype:
        """The dtype of the totals."""
        return dtype_of(self.step.output)

    @cached_property
    def read_along(self) -> list[set[int]]:
        """The indices of the totals along which each operand is read."""
        found = []
        for access in self.nest.operands:
            indices = {x.index for x in access if isinstance(x, Along)}
            found.append({j for j in self.extents if j in indices})
        return found

    @property
    def readings(self) -> Iterator[Reading]:
        """How the operands are read."""
        for access in self.nest.operands:
            indices = [x.index for x in access if isinstance(x, Along)]
            axis = indices.index(self.k) if self.k in indices else None
            yield Reading(axis, {a: self.at[j] for a, j in enumerate(indices) if j in self.at})

    @property
    def totals(self) -> int:
        """How many totals there are."""
        return prod(self.extents.values())

    @property
    def counts(self) -> list[int]:
        """The elements of each operand that a trip reads."""
        return [prod([self.extents[j] for j in indices]) for indices in self.read_along]

    @cached_property
    def tile(self) -> dict[int, Parts]:
        """How the indices are cut for the totals of a tile to stay in registers, at the least cost."""
        return min(self._tiles(), key=self._cost)

    @property
    def title(self) -> str:
        """What its tiles are, in words."""
        return f"tiles of {' x '.join([str(parts.size) for parts in self.tile.values()])}, block by block"

    def _tiles(self) -> Iterator[dict[int, Parts]]:
        size = order_of(self.nest, self.k).width * self.dtype.itemsize
        most = max(1, registers().totals * registers().size // size // 2)
        for pair in combinations(self.extents, min(2, len(self.extents))):
            sizes = [range(1, min(most, self.extents[j]) + 1) for j in pair]
            for n in sizes[0]:
                for m in [m for m in sizes[-1] if n * m <= most] if len(pair) > 1 else [n]:
                    cut = zip(pair, (n, m), strict=False)
                    yield {
                        j: Parts(self.extents[j], -(-self.extents[j] // size)) for j, size in cut
                    }

    def _cost(self, tile: dict[int, Parts]) -> float:
        sizes = {j: parts.size for j, parts in tile.items()}
        loads = sum(prod([sizes.get(j, 1) for j in indices]) for indices in self.read_along)
        products = prod(sizes.values())
        kinds = prod(len(list(parts.kinds())) for parts in tile.values())
        count = prod(parts.count for parts in tile.values())
        rest = prod(n for j, n in self.extents.items() if j not in tile)
        steps = max(products, loads, 4) * BLOCK / 8 + START
        return count * rest * steps * (1 + kinds / 20)


def dtype_of(v: Value) -> Dtype:
    """The dtype of an array."""
    assert isinstance(v.type, ArrayType)
    return v.type.dtype


def is_sum(s: Step, k: int, bound: Collection[int], lanes: int) -> bool:
    """Whether a step sums up over index k alone, on so many lanes, where others are bound."""
    nest = s.loops
    if not isinstance(nest, Nest) or nest.combine is None or nest.element is None:
        return False
    if [j for j in nest.reduced if j not in bound] != [k] or order_of(nest, k).width != lanes:
        return False
    return all(isinstance(x, Along) and x.aligned for access in nest.operands for x in access)


def is_outer(s: Step, k: int, bound: Collection[int], lanes: int) -> bool:
    """Whether a step sums up outer products over index k."""
    if not is_sum(s, k, bound, lanes):
        return False
    p = Product(s, k, dict.fromkeys(bound, Position()))
    return p.totals >= max(MANY, REUSED * sum(p.counts))
