"""How a product of matrices is cut into tiles, whose elements stay in registers.

A tile has some rows, and columns in vectors. A step along the terms reads the vectors of one operand, and from the other one
element for each row. Each element is summed up term by term, in order: what is decided here changes no bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lineara.backends.native.compile import Target, host
from lineara.backends.native.lanes import Dtype

VECTORS = 4
"""The vectors of a row of a tile at most."""
PANEL = 1 << 15
"""The bytes of a packed panel at most: it stays in the first-level cache."""
BLOCK = 1 << 19
"""The bytes of the rows that are multiplied by one panel after the other: they stay in the second-level cache."""
START, KIND = 12.0, 0.05
"""What a tile costs beside its steps, in cycles; what part of the time another kind of tiles, to be compiled, must save."""


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


@dataclass(frozen=True, slots=True)
class Kind:
    """The parts of one size, from number `first` to before `last`: part i begins at `i * size + offset`."""

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
    """The rows in tiles, and the vectors of columns, of so many lanes, in panels."""

    rows: Parts
    panels: Parts
    lanes: int

    def cost(self, terms: int) -> float:
        """The time that it takes, in cycles; of about equal ones, that of fewer kinds of tiles is less."""
        tiles = [(p, t) for p in self.panels.kinds() for t in self.rows.kinds()]
        steps = sum(p.count * t.count * (terms * _step(t.size, p.size) + START) for p, t in tiles)
        return steps * (1 + KIND * len(tiles))


def tiling(rows: int, terms: int, columns: int, dtype: Dtype) -> Tiling:
    """The cheapest tiles of a product."""
    machine = registers()
    lanes = machine.size // dtype.itemsize
    vectors = -(-columns // lanes)
    found = []
    for width in range(1, VECTORS + 1):
        panels = Parts(vectors, -(-vectors // width))
        most = machine.totals // width
        counts = {-(-rows // height) for height in range(most // 2, most + 1)}
        found += [Tiling(Parts(rows, count), panels, lanes) for count in sorted(counts)]
    return min(found, key=lambda t: t.cost(terms))


def _step(rows: int, vectors: int) -> float:
    """The time of one step of a tile: its operations or its loads, two at a time, and at least that of one operation."""
    return max(rows * vectors / 2, (rows + vectors) / 2, 4.0)


def block_of_terms(dtype: Dtype, width: int, terms: int) -> int:
    """The terms of a panel of so many columns."""
    most = max(8, PANEL // (width * dtype.itemsize))
    return -(-terms // -(-terms // most))
