"""How a product of matrices is cut into tiles, whose elements stay in registers.

A tile has some rows, and columns in vectors. A step along the terms reads the vectors of one operand, and from the other one
element for each row. Each element is summed up term by term, in order: what is decided here changes no bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from lineara.backends.native.compile import Target, host
from lineara.backends.native.lanes import Dtype
from lineara.backends.native.views import View

VECTORS = 4
"""The vectors of a row of a tile at most."""
PANEL = 1 << 15
"""The bytes of a packed panel at most: it stays in the first-level cache."""
BLOCK = 1 << 19
"""The bytes of the rows that are multiplied by one panel after the other: they stay in the second-level cache."""
START, STORE, PACK, TURN = 12.0, 1.0, 0.25, 1.0
"""What a tile costs beside its steps, an element that is stored alone, and one that is copied to a panel, or turned around;
in steps of half a vector operation."""


@dataclass(frozen=True, slots=True)
class Registers:
    """The vector registers of a processor: their bytes, how many there are, whether it multiplies and adds at once."""

    size: int
    count: int
    fused: bool

    @property
    def totals(self) -> int:
        """How many of them hold totals; the others hold operands."""
        return self.count * 3 // 4


@cache
def registers(target: Target | None = None) -> Registers:
    """The registers of a processor, by default of the one that runs this."""
    target = target or host()
    features = set(target.features.split(","))
    if target.triple.startswith(("aarch64", "arm64")):
        return Registers(16, 32, True)
    fused = "+fma" in features
    if "+avx512f" in features:
        return Registers(64, 32, fused)
    return Registers(32, 16, fused) if "+avx" in features else Registers(16, 16, fused)


class Kind(NamedTuple):
    """The parts of one size, by number from first to last: part i begins at `i * size + offset`."""

    first: int
    last: int
    size: int
    offset: int

    @property
    def count(self) -> int:
        """How many there are."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Parts:
    """A length in so many parts: the first ones have one more than the others, or all are of one size."""

    length: int
    count: int

    @property
    def size(self) -> int:
        """The size of the first parts."""
        return -(-self.length // self.count)

    @property
    def large(self) -> int:
        """How many have that size; the others have one less."""
        return self.length - self.count * (self.size - 1)

    def kinds(self) -> Iterator[Kind]:
        """The parts of each size."""
        yield Kind(0, self.large, self.size, 0)
        if self.large < self.count:
            yield Kind(self.large, self.count, self.size - 1, self.large)


@dataclass(frozen=True, slots=True)
class Tiling:
    """The tiles of a product, the rows of each, the vectors of each, and whether rows and columns changed places."""

    rows: Parts
    panels: Parts
    lanes: int
    turned: bool
    cost: float


def tiling(x: View, y: View, z: View) -> Tiling:
    """The cheapest tiles for z = x y."""
    plain = _best(x, y, z, turned=False)
    turned = _best(y.swapped(), x.swapped(), z.swapped(), turned=True)
    return min(plain, turned, key=lambda t: t.cost)


def _best(x: View, y: View, z: View, *, turned: bool) -> Tiling:
    (_, rows, terms), columns = x.shape, y.shape[2]
    machine, size = registers(), x.dtype.itemsize
    lanes = machine.size // size
    vectors = -(-columns // lanes)
    packing = (PACK if y.strides[2] == size else TURN) * terms * columns
    if y.strides[2] == size and columns % lanes == 0:
        packing = 0.0
    storing = 0.0 if z.strides[2] == size else STORE * rows * columns
    found = []
    for width in range(1, VECTORS + 1):
        panels = Parts(vectors, -(-vectors // width))
        tiles = Parts(rows, -(-rows // (machine.totals // width)))
        cost = sum(
            panel.count * tile.count * (terms * _step(tile.size, panel.size) + START)
            for panel in panels.kinds()
            for tile in tiles.kinds()
        )
        found.append(Tiling(tiles, panels, lanes, turned, cost + packing + storing))
    return min(found, key=lambda t: t.cost)


def _step(rows: int, vectors: int) -> float:
    """The time of one step of a tile: its operations or its loads, two at a time, and at least that of one operation."""
    return max(rows * vectors / 2, (rows + vectors) / 2, 4.0)


def block_of_terms(dtype: Dtype, width: int, terms: int) -> int:
    """The terms of a panel of so many columns."""
    most = max(8, PANEL // (width * dtype.itemsize))
    return -(-terms // -(-terms // most))
