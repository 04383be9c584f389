"""A linear function on all basis vectors of a parameter, with rows that several of them share where they can.

    def f(; x: f64[9]) -> (; f64[8]) = x[1:] +. c *. x[:-1]        on the basis of x, in two rows for nine vectors:

    def f(c: f64[8], i: i64[16]) -> f64[9,8] =                     the rows are the even vectors and the odd ones
      let rows = …: f64[2,9]
      let y = rows[:, 1:] + c *. rows[:, :-1]
      let result = 0.0: f64[72] with y at i

Each value has a colouring (`lineara.transforms.coloring`): its own, or that of what is made of it, where keeping more rows
costs less than a change of rows. Rows are changed by moving them, or their elements: a sum has one term that is not zero
for each element, so that results are those of the vectors one by one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from lineara.ir import Add, Apply, Builder, Function, Var
from lineara.transforms.batch import apply_to_all, apply_to_some, batch, repeated
from lineara.transforms.coloring import Coloring, colored, least_colors
from lineara.transforms.dependence import Known
from lineara.transforms.erase import erase
from lineara.transforms.recolor import Rows, moving_cost
from lineara.transforms.sparsity import Cell, DependenceError, Item, Sparsity, Step, alone, cells_in
from lineara.transforms.terms import emitted, few_terms


@dataclass(frozen=True)
class OnBasis:
    """A function of the tape and of constants, to stacks of what the basis vectors give.

    `stacked` tells which results are stacks; another one is the same for each basis vector.
    """

    function: Function
    constants: tuple[Any, ...]
    stacked: tuple[bool, ...]


@dataclass(frozen=True)
class Indices:
    """Integer arrays that are known, by the position on the tape; equal ones are equal."""

    arrays: tuple[tuple[int, Known], ...] = field(compare=False)
    key: tuple[tuple[int, tuple[int, ...], str, bytes], ...]

    @classmethod
    def of(cls, arrays: dict[int, Any]) -> Indices:
        """The integer arrays among arrays."""
        kept = [(i, x) for i, x in arrays.items() if x.dtype.kind in "biu"]
        key = tuple([(i, x.shape, x.dtype.str, x.tobytes()) for i, x in kept])
        return cls(tuple(kept), key)


WORTH = 4096
"""The operations that shared rows must save."""
NO_INDICES = Indices((), ())


@lru_cache(maxsize=64)
def on_basis(function: Function, leaf: int, known: Indices, last: bool) -> OnBasis:
    """The linear function on the basis of one of its linear parameters, the others zero.

        f : (t̄ ; x̄) → ( ; ȳ)      on_basis f : (t̄, constants) → (f e₀, f e₁, …)

    The stacks have an axis for the basis vectors, the first or the `last`.

    Raises:
        DependenceError: if what its results depend on is not known well enough to save work.
    """
    tape = len(function.params)
    sparsity = Sparsity.of(erase(function), tape, leaf, dict(known.arrays))
    colorings = _colorings(sparsity)
    if _saved(sparsity, colorings) < WORTH:
        raise DependenceError
    emission = _Emission(sparsity, colorings)
    results = [emission.dense(x, last) for x in sparsity.results]
    made = sparsity.builder.finish(results)
    stacked = tuple([isinstance(x, Cell) for x in sparsity.results])
    return OnBasis(made, tuple(emission.rows.constants), stacked)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A colouring that a value is read in, and what the rows that it does not need cost from there on."""

    coloring: Coloring
    cost: int


def _colorings(sparsity: Sparsity) -> dict[Step, Coloring]:
    """The colouring of what each step makes; steps that nothing needs have none."""
    wishes: dict[Cell, list[_Wish]] = defaultdict(list)
    found: dict[Step, Coloring] = {}
    every = Coloring.apart(np.ones(sparsity.count, bool))
    for x in cells_in(sparsity.results):
        if 2 * least_colors(x.pattern) > sparsity.count:
            wishes[x].append(_wish(x, every, 0))
        else:
            wishes[x]
    for step in reversed(sparsity.steps):
        made = [x for x in step.made if x in wishes and x.pattern.any()]
        if not made:
            continue
        chosen = _chosen(step, made, [w for x in made for w in wishes[x]])
        found[step] = chosen.coloring
        if few_terms(step, chosen.coloring) is not None:
            wishes[cells_in(step.inputs)[0]]
            continue
        for x in cells_in(step.inputs):
            wishes[x].append(_wish(x, chosen.coloring, chosen.cost))
    return found


def _saved(sparsity: Sparsity, colorings: dict[Step, Coloring]) -> int:
    """About how many operations shared rows and short sums save, less those of moving rows."""
    own = {x: c for step, c in colorings.items() for x in step.made}
    saved = sum((sparsity.count - c.count) * x.type.size for x, c in own.items())
    moves: set[tuple[Cell, Coloring]] = set()
    for step, c in colorings.items():
        terms = few_terms(step, c)
        if terms is not None:
            saved += int(sparsity.count * step.work * (1 - terms.part))
        else:
            moves |= {(x, c) for x in cells_in(step.inputs) if own.get(x, c) != c}
    return saved - sum(moving_cost(x.pattern, c.count) for x, c in moves)


def _wish(x: Cell, coloring: Coloring, cost: int) -> _Wish:
    return _Wish(coloring, cost + (coloring.count - least_colors(x.pattern)) * x.type.size)


def _chosen(step: Step, made: list[Cell], wishes: list[_Wish]) -> _Wish:
    """The colouring of a step: the smallest one that is wished and pays, or its own."""
    if not isinstance(step.equation.op, Apply | Add):
        given = [x.pattern.reshape(len(x.pattern), -1).any(1) for x in cells_in(step.inputs)]
        return _Wish(Coloring.apart(np.logical_or.reduce(given)), 0)
    pattern = np.concatenate([x.pattern.reshape(len(x.pattern), -1) for x in made], axis=1)
    for w in sorted(wishes, key=lambda w: w.coloring.count):
        if w.cost <= moving_cost(pattern, w.coloring.count) and w.coloring.fits(pattern):
            return w
    return _Wish(colored(pattern), 0)


class _Emission:
    """Emits the steps, each in its colouring."""

    def __init__(self, sparsity: Sparsity, colorings: dict[Step, Coloring]) -> None:
        self.builder: Builder = sparsity.builder
        self.count = sparsity.count
        self.rows = Rows(sparsity.builder)
        self.rows.of_basis(sparsity.basis)
        for step, coloring in reversed(colorings.items()):
            self._step(step, coloring)

    def dense(self, x: Item, last: bool) -> Var:
        """A result: a row for each basis vector, or a column."""
        if isinstance(x, Cell):
            every = Coloring.apart(np.ones(self.count, bool))
            return self.rows.columns(x, every) if last else self.rows.of(x, every)
        assert isinstance(x, Var)
        return x

    def _step(self, step: Step, coloring: Coloring) -> None:
        e = step.equation
        self.builder.origin, self.builder.recompute = e.origin, e.recompute
        if not isinstance(e.op, Apply | Add):
            self._construct(step, coloring)
            return
        terms = few_terms(step, coloring)
        few = None if terms is None else emitted(self.rows, step, terms, coloring)
        if few is not None:
            self.rows.have(step.made[0], coloring, few)
            return
        match e.op:
            case Add():
                made = [self._sum(step, [self._operand(x, coloring) for x in step.inputs])]
            case Apply(primitive=record) as op if record.batch_some is not None:
                mask = tuple([isinstance(x, Cell) for x in step.inputs])
                inputs = [
                    x if isinstance(x, Var) else self._operand(x, coloring) for x in step.inputs
                ]
                made = apply_to_some(self.builder, op, inputs, mask)
            case Apply() as op:
                inputs = [self._operand(x, coloring) for x in step.inputs]
                made = apply_to_all(self.builder, coloring.count, op, inputs)
        for x, v in zip(step.outputs, made, strict=True):
            assert isinstance(x, Cell)
            self.rows.have(x, coloring, v)

    def _operand(self, x: Item, coloring: Coloring) -> Var:
        """All rows of a value: a coefficient is the same in each."""
        if isinstance(x, tuple):
            return self.builder.make_tuple([self._operand(y, coloring) for y in x])
        if isinstance(x, Cell):
            return self.rows.of(x, coloring)
        return repeated(self.builder, x, coloring.count)

    def _sum(self, step: Step, inputs: list[Var]) -> Var:
        """A sum, of which an operand may be nothing."""
        for x, other in zip(step.inputs, inputs[::-1], strict=True):
            if isinstance(x, Cell) and not x.pattern.any():
                return other
        return self.builder.add(*inputs)

    def _construct(self, step: Step, coloring: Coloring) -> None:
        """A construct with batched bodies."""
        mask = tuple([not isinstance(x, Var) for x in step.inputs])
        function, _ = batch(alone(step.equation), coloring.count, mask)
        inputs = [x if isinstance(x, Var) else self._operand(x, coloring) for x in step.inputs]
        results, _ = self.builder.call(function, inputs)
        for x, v in zip(step.outputs, results, strict=True):
            self._bind(x, v, coloring)

    def _bind(self, x: Item, v: Var, coloring: Coloring) -> None:
        if isinstance(x, tuple):
            for element, part in zip(x, self.builder.unpack(v), strict=True):
                self._bind(element, part, coloring)
        elif isinstance(x, Cell):
            self.rows.have(x, coloring, v)
