"""Products of tangents as plain ones, and a look at what comes of them: only 0·∞, which is 0 there, makes a difference.

    c *. x       =  c·x + 0,   and 0 where that is nan and one of them is 0
    c·x + 0      takes one operation, and where it is nan, so is what is added up of it

What is computed of products by arithmetic alone is nan where they are. So only the last of such values are looked at, and where
one is nan, the kernel ends: the strict one, in which each product looks for zeros, runs in its place. Both give the same bits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import Any

from llvmlite import ir

from lineara.backends.native.executable import AGAIN
from lineara.backends.native.flat import Node, Value
from lineara.backends.native.lanes import Number
from lineara.backends.native.places import Machine
from lineara.backends.native.steps import Step
from lineara.ir import Add, Apply, ArrayType
from lineara.ir.nest import Access, Along, Join, Nest, Update
from lineara.primitives.arithmetic import mul, neg, scale, sub
from lineara.primitives.nests import added
from lineara.primitives.shape import reduce_sum, split

WORTH = 2
"""The products for each element that is looked at from which on they are plain; one number alone counts twice as a product."""
ARITHMETIC = (scale, mul, neg, sub, reduce_sum)
"""What gives nan wherever an operand is nan."""


class Trust:
    """Which products of a function are plain, and the values that are still to be looked at."""

    def __init__(self, m: Machine) -> None:
        self.m = m
        self.allowed = False
        self.products: set[Step] = set()
        self.watched: set[Step] = set()
        self.open: list[_Look] = []

    def plan(
        self, steps: Sequence[Step], again: Collection[Step], literals: Collection[Value]
    ) -> None:
        """Make the products among the steps of a level plain, but for those that are computed where they are read."""
        if not self.allowed:
            return
        plain = [s for s in steps if s not in again and _is_product(s, literals)]
        if plain:
            flow = _Flow([s for s in steps if s not in again], plain)
            if sum(map(_size, plain)) > WORTH * sum([prod(s.output.shape) for s in flow.last]):
                self.products.update(plain)
                self.watched.update(flow.last)

    @contextmanager
    def only(self, *, within: bool) -> Iterator[None]:
        """Whether products that are emitted inside are plain."""
        before, self.m.trusting = self.m.trusting, within
        yield
        self.m.trusting = before

    def note(self, s: Step, x: Number) -> Number:
        """An element of a step, which is looked at, with others in one go, if the step is one of the last."""
        if s in self.watched:
            block, last = self.m.builder.block, self.open[-1] if self.open else None
            if last is None or (last.block, last.lanes) != (block, x.lanes):
                self.open.append(_Look(block, x.lanes, []))
            self.open[-1].add(self.m, x)
        return x

    def settle(self, first: int = 0) -> None:
        """End the kernel if there is a nan in what was looked at since the first look: all code ran that leads to here."""
        looks, m = self.open[first:], self.m
        del self.open[first:]
        found = [m.reduce_or(test) for look in looks for test in look.tests(m)]
        if found:
            with m.builder.if_then(reduce(m.bit_or, found).value, likely=False):
                m.builder.ret(ir.Constant(ir.IntType(32), AGAIN))


@dataclass(slots=True, eq=False)
class _Look:
    """A look at the values of one block of code, on so many lanes: whether there is a nan, but for the last one."""

    block: Any
    lanes: int
    single: list[Number]
    found: Number | None = None

    def add(self, m: Machine, x: Number) -> None:
        """Look at one value more: at two of them in one comparison."""
        if self.single and self.single[0].dtype != x.dtype:
            self._test(m, self.single[0], self.single.pop())
        self.single.append(x)
        if len(self.single) == 2:
            self._test(m, self.single.pop(), self.single.pop())

    def tests(self, m: Machine) -> list[Number]:
        """Where there is a nan."""
        if self.single:
            self._test(m, self.single[0], self.single.pop())
        return [self.found] if self.found is not None else []

    def _test(self, m: Machine, x: Number, y: Number) -> None:
        test = m.unordered(x, y)
        self.found = test if self.found is None else m.bit_or(self.found, test)


class _Flow:
    """Where the values of products go: through `last` all of them."""

    def __init__(self, steps: Sequence[Step], products: Collection[Step]) -> None:
        self.tainted = {s.output for s in products}
        self.readers: dict[Value, list[Step]] = defaultdict(list)
        self.parted: dict[Value, Node] = {}
        for s in steps:
            for v in self._handed_on(s):
                self.readers[v].append(s)
                if v in self.tainted:
                    self.tainted.add(s.output)
        self.seen: set[Value] = set()
        self.last: set[Step] = set()
        for s in reversed(steps):
            if s.loops is None or s.output not in self.tainted:
                continue
            if self._is_seen(s.output):
                self.seen.add(s.output)
            elif _is_arithmetic(s):
                self.last.add(s)

    def _handed_on(self, s: Step) -> list[Value]:
        if isinstance(s.node.op, Apply) and s.node.op.primitive is split:
            self.parted[s.inputs[0]] = s.node
            self.tainted.update(s.outputs if s.inputs[0] in self.tainted else ())
            return []
        return [s.inputs[i] for i in _handed_on(s)]

    def _is_seen(self, v: Value) -> bool:
        """Whether a nan of a value is one in a value that is looked at."""
        if any(_is_arithmetic(t) or t.output in self.seen for t in self.readers[v]):
            return True
        return v in self.parted and all(part in self.seen for part in self.parted[v].outputs)


def _is_product(s: Step, literals: Collection[Value]) -> bool:
    """Whether a step is a product of real tangents that looks for zeros."""
    if not isinstance(s.node.op, Apply) or s.node.op.primitive is not scale:
        return False
    return _is_real(s.output) and literals.isdisjoint(s.inputs)  # type: ignore[attr-defined]


def _size(s: Step) -> int:
    """How many products a step is, in products of vectors."""
    return s.work if s.output.shape else 2


def _is_real(v: Value) -> bool:
    return isinstance(v.type, ArrayType) and v.type.dtype.kind == "f"


def _is_arithmetic(s: Step) -> bool:
    """Whether an element of the result is nan where one of the operands is."""
    op = s.node.op
    if not isinstance(s.loops, Nest) or not all(map(_is_real, (*s.inputs, s.output))):
        return False
    return isinstance(op, Add) or (isinstance(op, Apply) and op.primitive in ARITHMETIC)


def _handed_on(s: Step) -> list[int]:
    """The operands all of whose elements are in the result, as they are, added to something, or times something."""
    match s.loops:
        case Nest() as nest if s.is_view and nest.contiguous:
            return [0]
        case Nest() as nest if s.is_view or _is_arithmetic(s):
            shapes = [v.shape for v in s.inputs]
            pairs = enumerate(zip(nest.operands, shapes, strict=True))
            return [i for i, (access, n) in pairs if _is_whole(access, n, nest.extents)]
        case Join(parts=parts):
            return [number for number, _, _ in parts]
        case Update(join=join, value=int() as value) if join is added:
            return [0, 1 + value]
    return []


def _is_whole(access: Access, shape: tuple[int, ...], extents: tuple[int, ...]) -> bool:
    """Whether all elements of an operand are read."""
    at = [x.index for x, n in zip(access, shape, strict=True) if isinstance(x, Along) and n > 1]
    straight = all(
        n == 1 or (isinstance(x, Along) and x.aligned and extents[x.index or 0] == n)
        for x, n in zip(access, shape, strict=True)
    )
    return straight and len(set(at)) == len(at) and 0 not in extents
