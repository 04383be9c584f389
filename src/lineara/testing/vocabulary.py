"""What random programs are made of: the examples of the records, by the types that they take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from random import Random
from typing import Any

from lineara.ir import ArrayType, Example, Primitive, infer
from lineara.primitives import REGISTRY
from lineara.testing.values import Value

Use = tuple[Primitive, Example]
Attributes = tuple[tuple[str, Any], ...]


class Vocabulary:
    """Records and their examples; an elementwise record stands for every shape, not only for those of its examples.

    An example whose results are not all determined is none: values of programs are compared.
    """

    def __init__(self, primitives: Iterable[Primitive]) -> None:
        self.uses = [(p, e) for p in primitives for e in p.examples if e.reading is None]
        self._taking: dict[ArrayType, dict[Primitive, list[Use]]] = {}
        self._bounds: dict[tuple[Primitive, Attributes], tuple[float, float]] = {}

    @cached_property
    def _by_record(self) -> dict[Primitive, list[Use]]:
        return _grouped(self.uses)

    @cached_property
    def _linear(self) -> dict[Primitive, list[Use]]:
        return _grouped(use for use in self.uses if _linear_groups(use))

    def any(self, rng: Random) -> Use:
        """Some record that may be applied to nonlinear values, at some example."""
        while True:
            primitive, example = _choose(rng, self._by_record)
            if not primitive.borrows:
                return primitive, example

    def taking(self, type_: ArrayType, rng: Random) -> Use | None:
        """Some record that takes a nonlinear value of the type, at some example; None if there is none."""
        found = self._taking.get(type_)
        if found is None:
            fitting = (_at(use, type_) for use in self.uses if not use[0].borrows)
            found = self._taking[type_] = _grouped(use for use in fitting if use is not None)
        return _choose(rng, found) if found else None

    def linear(self, rng: Random) -> tuple[Primitive, Example, frozenset[int]]:
        """Some record that is linear, at some example, and the operands in which it is."""
        use = _choose(rng, self._linear)
        return *use, rng.choice(_linear_groups(use))

    def bounds(self, primitive: Primitive, attributes: Attributes) -> tuple[float, float]:
        """Where operands are in the domain of a record: within the bounds of all its examples of these attributes."""
        key = primitive, attributes
        if key not in self._bounds:
            examples = [e for e in primitive.examples if e.attributes == attributes]
            examples = examples or list(primitive.examples)
            self._bounds[key] = max(e.low for e in examples), min(e.high for e in examples)
        return self._bounds[key]


def within(value: Value, low: float, high: float) -> bool:
    """Whether the numbers of a value lie between two bounds: real and imaginary parts, and integers below the upper."""
    if isinstance(value, tuple):
        return all(within(v, low, high) for v in value)
    if value.dtype.kind == "b" or not value.size:
        return True
    if value.dtype.kind == "c":
        return within(value.real, low, high) and within(value.imag, low, high)
    least, most = value.min(), value.max()
    return bool(low <= least and (most <= high if value.dtype.kind == "f" else most < high))


def _grouped(uses: Iterable[Use]) -> dict[Primitive, list[Use]]:
    groups = defaultdict(list)
    for use in uses:
        groups[use[0]].append(use)
    return dict(groups)


def _choose(rng: Random, groups: dict[Primitive, list[Use]]) -> Use:
    """A record first, so that those of many examples are not drawn more often."""
    return rng.choice(groups[rng.choice(list(groups))])


def _at(use: Use, type_: ArrayType) -> Use | None:
    """The use with an operand of the type, in its shape if the record is elementwise."""
    primitive, example = use
    if primitive.elementwise and len({t.shape for t in example.operands}) == 1:
        operands = tuple(ArrayType(t.dtype, type_.shape) for t in example.operands)
        use = primitive, Example(operands, example.attributes, example.low, example.high)
    return use if type_ in use[1].operands else None


def _linear_groups(use: Use) -> list[frozenset[int]]:
    primitive, example = use
    if primitive.transpose is None and primitive.linear_form is None:
        return []
    if not all(t.is_inexact for t in infer(primitive, example.attributes, example.operands)):
        return []
    groups = primitive.linear_groups(len(example.operands))
    return [g for g in groups if all(example.operands[i].is_inexact for i in g)]


VOCABULARY = Vocabulary(REGISTRY.values())
"""All records of the language."""

FLOATS = tuple(
    ArrayType("f64", shape) for shape in ((), (), (), (2,), (2, 3), (1,), (0,), (2, 1, 2))
)
"""Types that programs often begin with."""
