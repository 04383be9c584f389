"""Sums of a few terms: where most terms of a sum are zero whatever the basis vector, the others are picked.

Σ_b x[j, b] w[b]     x[j] other than zero at few b      Σ_q x[j, b(j, q)] w[b(j, q)]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from lineara.ir import Apply, Var
from lineara.primitives import Expr
from lineara.primitives.contraction import contract
from lineara.primitives.shape import broadcast, reduce_sum, transpose
from lineara.transforms.coloring import Coloring
from lineara.transforms.recolor import FREE, Rows, sources
from lineara.transforms.sparsity import Cell, Item, Step

FEW = 2
"""A sum has few terms when so many times as many would not be more than all."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """A sum over axes of a cell, `factor` times; `used` tells which terms each row has."""

    x: Cell
    factor: Var | None
    axes: tuple[int, ...]
    used: Any

    @property
    def part(self) -> float:
        """How much of the sum is left."""
        return int(self.used.sum(1).max(initial=0)) / int(self.used.shape[1])

    @property
    def places(self) -> tuple[Any, Any]:
        """The terms of each row, and which of them count: rows with fewer than others repeat one."""
        most = max(int(self.used.sum(1).max(initial=0)), 1)
        order = np.argsort(~self.used, axis=1, kind="stable")[:, :most]
        counts = np.take_along_axis(self.used, order, 1)
        return np.where(counts, order, order[:, :1]), counts


def few_terms(step: Step, coloring: Coloring) -> Terms | None:
    """The step as a sum of a few terms in each row, if it is one."""
    op = step.equation.op
    cells = [x for x in step.inputs if isinstance(x, Cell)]
    if not isinstance(op, Apply) or len(cells) != 1 or not cells[0].pattern.any():
        return None
    (x,), attributes = cells, dict(op.attributes)
    axes: tuple[int, ...] = attributes.get("axes", ())
    factor: Item | None = None
    if op.primitive is contract:
        number = step.inputs.index(x)
        of_x, of_result = attributes["spec"][number], attributes["spec"][2]
        axes = tuple([a for a, label in enumerate(of_x) if label not in of_result])
        factor = step.inputs[1 - number]
    elif op.primitive is not reduce_sum:
        return None
    used = _used(x, axes, coloring)
    assert factor is None or isinstance(factor, Var)
    few = FEW * int(used.sum(1).max(initial=0)) <= used.shape[1] > 1
    return Terms(x, factor, axes, used) if few else None


def _used(x: Cell, axes: tuple[int, ...], coloring: Coloring) -> Any:
    """Which elements along axes, as one axis, each row needs."""
    others = [1 + a for a in range(len(x.type.shape)) if a not in axes]
    read = np.any(
        x.pattern.transpose(0, *[1 + a for a in axes], *others),
        axis=tuple(range(1 + len(axes), x.pattern.ndim)),
    )
    used = np.zeros((coloring.count, *read.shape[1:]), bool)
    for j in np.flatnonzero(coloring.array >= 0):
        used[coloring.colors[j]] |= read[j]
    return used.reshape(coloring.count, prod(read.shape[1:]))


def emitted(rows: Rows, step: Step, terms: Terms, coloring: Coloring) -> Var | None:
    """The sum of those terms, in a colouring; None if they are not parts of the rows that there are."""
    x, axes = terms.x, terms.axes
    old, given = rows.own(x)
    order = (*axes, *[a for a in range(len(x.type.shape)) if a not in axes])
    source = _turned(sources(x.pattern, old, coloring), order, len(axes))
    occupied = _turned(old.rows(x.pattern) > 0, order, len(axes))
    where = source.max(2)
    numbers = np.arange(source.shape[1])
    expected = np.where(occupied[where, numbers[None]], where[:, :, None], -1)
    if not np.all((source == FREE) | (source == np.where(where[:, :, None] < 0, -1, expected))):
        return None
    places, counts = terms.places
    row = np.maximum(np.take_along_axis(where, places, 1), 0)
    elements = np.unravel_index(places, [x.type.shape[a] for a in axes])
    spec = _spec(step, terms)
    within = spec is not None and set(spec[1]) <= set(spec[0])
    if terms.factor is not None and within:
        given = _products(rows, spec, given, terms.factor)
    picked = rows.picked(given, [row, *elements], (0, *[1 + a for a in axes]), counts)
    if terms.factor is not None and not within:
        return _contracted(rows, spec, terms, picked, elements)
    made = reduce_sum(picked, axes=(1,))
    if spec is not None:
        kept = [label for label in spec[0] if label in spec[2]]
        made = transpose(made, permutation=(0, *[1 + kept.index(label) for label in spec[2]]))
    result: Var = made.var
    return result


def _spec(step: Step, terms: Terms) -> Any:
    """The labels of a contraction: of the cell, of its factor and of the result."""
    op = step.equation.op
    if terms.factor is None or not isinstance(op, Apply):
        return None
    number = step.inputs.index(terms.x)
    spec = dict(op.attributes)["spec"]
    return spec[number], spec[1 - number], spec[2]


def _products(rows: Rows, spec: Any, given: Expr, factor: Var) -> Any:
    """The terms: a factor all of whose axes are axes of the cell multiplies it as it stands."""
    order = sorted(range(len(spec[1])), key=lambda a: spec[0].index(spec[1][a]))
    turned = transpose(Expr(rows.builder, factor), permutation=tuple(order))
    axes = tuple([1 + spec[0].index(spec[1][a]) for a in order])
    return broadcast(turned, shape=given.type.shape, axes=axes) * given


def _turned(array: Any, order: tuple[int, ...], count: int) -> Any:
    """Rows, the axes that are summed over as one, and the others as one."""
    turned = array.transpose(0, *[1 + a for a in order])
    return turned.reshape(len(array), prod(turned.shape[1 : 1 + count]), -1)


def _contracted(rows: Rows, spec: Any, terms: Terms, picked: Expr, places: Sequence[Any]) -> Var:
    """The contraction of what is picked, with its factor picked alike."""
    of_x, of_factor, of_result = spec
    summed = [of_x[a] for a in terms.axes]
    first = tuple([of_factor.index(label) for label in summed])
    assert terms.factor is not None
    factor = Expr(rows.builder, terms.factor)
    factor = rows.picked(factor, places, first, np.ones(places[0].shape, bool))
    row = max((*of_x, *of_factor, *of_result), default=-1) + 1
    rest_x = [label for label in of_x if label not in summed]
    rest_factor = [label for label in of_factor if label not in summed]
    labels = (row, row + 1, *rest_x), (row, row + 1, *rest_factor)
    made: Var = contract(picked, factor, spec=(*labels, (row, *of_result))).var
    return made
