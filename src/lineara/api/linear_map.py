"""Linear maps: the linear half of a program with the tape that it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lineara import cost, pipeline
from lineara.api.arguments import Arguments, fit_tangents, split
from lineara.api.record import Recorded, call, record
from lineara.backends.values import zeros
from lineara.errors import ShapeError
from lineara.frontend.trees import TreeSpec, unflatten
from lineara.ir import ArrayType, Function, Type, has_tangent
from lineara.syntax import to_text
from lineara.transforms import transpose
from lineara.transforms.batch import batch
from lineara.transforms.compress import NO_INDICES, Indices, on_basis
from lineara.transforms.sparsity import DependenceError
from lineara.typecheck import check


@dataclass(frozen=True, slots=True)
class Space:
    """One side of a linear map: a container of arrays. Leaves without tangents are None on the outside."""

    spec: TreeSpec
    types: tuple[Type, ...]
    names: tuple[str, ...]

    def enter(self, tree: Any, what: str) -> list[Any]:
        """The leaves of a tangent that the program takes."""
        leaves = fit_tangents(tree, self.types, self.spec, self.names, what)
        return [x for x in leaves if x is not None]

    def leave(self, leaves: Sequence[Any]) -> Any:
        """The tangent that the program's results make."""
        given = iter(leaves)
        return unflatten(self.spec, [next(given) if has_tangent(t) else None for t in self.types])


class LinearMap:
    """A linear map between containers of arrays, with its transpose.

    `L(v)` and `L @ v` apply it; several arguments are given as `L(v1, v2)` or `L @ (v1, v2)`. `L.T` is the transpose, with
    ⟨w, L v⟩ = ⟨L.T w, v⟩ (without conjugation); `w @ L` is `L.T(w)`. `print(L)` shows its program. `L.work` counts the scalar
    operations of one application, `L.tape_bytes` what it holds.

    >>> import numpy as np
    >>> from lineara import linearize
    >>> _, L = linearize(lambda x: x * x[::-1], np.array([1.0, 2.0]))
    >>> L @ np.array([1.0, 0.0]), L.T @ np.array([1.0, 0.0])
    (array([2., 2.]), array([2., 1.]))
    """

    __array_ufunc__ = None

    def __init__(
        self,
        function: Function,
        tape: Sequence[Any],
        domain: Space,
        codomain: Space,
        single: bool,
        what: str = "tangent",
        known: Indices = NO_INDICES,
    ) -> None:
        self.function = function
        self.domain = domain
        self.codomain = codomain
        self._tape = list(tape)
        self._single = single
        self._what = what
        self._known = known

    def __call__(self, *tangents: Any) -> Any:
        """Apply the map."""
        if self._single and len(tangents) != 1:
            raise ShapeError(f"the map takes one argument, not {len(tangents)}")
        tree = tangents[0] if self._single else tangents
        given = call(self.function, self._tape, self.domain.enter(tree, self._what))
        return self.codomain.leave(given)

    def __matmul__(self, tangent: Any) -> Any:
        return self(tangent) if self._single else self(*tangent)

    def __rmatmul__(self, cotangent: Any) -> Any:
        return self.T(cotangent)

    @cached_property
    def T(self) -> LinearMap:  # noqa: N802  (the mathematical name, as in NumPy)
        """The transpose."""
        transposed = check(transpose(self.function))
        what = "cotangent" if self._what == "tangent" else "tangent"
        back = LinearMap(
            transposed, self._tape, self.codomain, self.domain, True, what, self._known
        )
        back.__dict__["T"] = self
        return back

    def of_basis(self, leaf: int, *, last: bool = False) -> list[Any]:
        """The map of every basis vector of one leaf of its domain: for each leaf of the codomain, a stack of results.

        The axis of the basis vectors is the first, or the `last`. Those that nothing depends on together share rows.
        """
        types = self.domain.types
        number = sum(map(has_tangent, types[:leaf]))
        try:
            made = on_basis(self.function, number, self._known, last)
        except DependenceError:
            return self._of_each(leaf, last)
        given = call(check(made.function), [*self._tape, *made.constants])
        return self._stacks(given, made.stacked, leaf, last)

    def _of_each(self, leaf: int, last: bool) -> list[Any]:
        """The map of every basis vector, each in a row of its own."""
        types = self.domain.types
        count = types[leaf].size
        mask = [i == leaf for i, t in enumerate(types) if has_tangent(t)]
        function, out = batch(self.function, count, (*(False for _ in self._tape), *mask))
        vectors = [
            _basis(t) if i == leaf else zeros(t) for i, t in enumerate(types) if has_tangent(t)
        ]
        given = call(check(function), self._tape, vectors)
        moved = [
            np.moveaxis(x, 0, -1) if last and is_batched else x
            for x, is_batched in zip(given, out, strict=True)
        ]
        return self._stacks(moved, out, leaf, last)

    def _stacks(
        self, given: Sequence[Any], stacked: Sequence[bool], leaf: int, last: bool
    ) -> list[Any]:
        """For each leaf of the codomain, a stack; what is no stack is the same for each basis vector."""
        count = self.domain.types[leaf].size
        rest = iter(zip(given, stacked, strict=True))
        return [
            _all_examples(*next(rest), count, last) if has_tangent(t) else None
            for t in self.codomain.types
        ]

    @property
    def work(self) -> int:
        """Scalar operations of one application."""
        return cost.work(self.function)

    @property
    def tape_bytes(self) -> int:
        """Bytes of the values that the map reads."""
        return sum(v.type.nbytes for v in self.function.params)

    def __str__(self) -> str:
        return to_text(self.function)

    def __repr__(self) -> str:
        sides = (", ".join(map(repr, side.types)) for side in (self.domain, self.codomain))
        return f"<LinearMap {' -> '.join(sides)}>"


def _basis(type_: Type) -> Any:
    assert isinstance(type_, ArrayType)
    return np.eye(type_.size, dtype=type_.dtype).reshape(type_.size, *type_.shape)


def _all_examples(result: Any, is_batched: bool, count: int, last: bool) -> Any:
    if is_batched:
        return result
    if last:
        return np.broadcast_to(result[..., None], (*result.shape, count))
    return np.broadcast_to(result, (count, *result.shape))


def linear_map_of(arguments: Arguments, recorded: Recorded) -> tuple[list[Any], LinearMap]:
    """The results of a recorded function, and its derivative at the arguments."""
    function = recorded.function
    count = len(arguments.leaves)
    wrt = tuple(has_tangent(p.type) and i < count for i, p in enumerate(function.params))
    tangents = sum(has_tangent(v.type) for v in function.results[: recorded.result_count])
    nonlinear, linear = pipeline.run(function, pipeline.Request(wrt, outputs=tangents), "unzip")
    given = call(nonlinear, [*arguments.leaves, *recorded.captured])
    results, tape = given[: len(function.results)], given[len(function.results) :]
    single = len(arguments.specs) == 1
    domain, codomain = _domain(arguments, function), _codomain(recorded)
    known = _indices(nonlinear, recorded)
    return results, LinearMap(linear, tape, domain, codomain, single, known=known)


def _indices(nonlinear: Function, recorded: Recorded) -> Indices:
    """What of the tape is an array of indices that was captured."""
    captured = nonlinear.params[len(nonlinear.params) - len(recorded.captured) :]
    arrays = dict(zip(captured, recorded.captured, strict=True))
    tape = nonlinear.results[len(recorded.function.results) :]
    on_tape = {i: arrays.get(v) for i, v in enumerate(tape)}
    return Indices.of({i: x for i, x in on_tape.items() if isinstance(x, np.ndarray)})


def _domain(arguments: Arguments, function: Function) -> Space:
    params = function.linear_params or function.params[: len(arguments.leaves)]
    return Space(arguments.spec, tuple(v.type for v in params), tuple(arguments.hints))


def _codomain(recorded: Recorded) -> Space:
    results = recorded.function.results or recorded.function.linear_results
    types = tuple(v.type for v in results[: recorded.result_count])
    return Space(recorded.spec, types, tuple(f"result {i}" for i in range(len(types))))


def linear_transpose(f: Callable[..., Any], *primals: Any) -> LinearMap:
    """The transpose of a linear Python function, checked to be linear by the type system.

    Args:
        f: a linear function of arrays or containers of arrays: sums, products with constants, linear NumPy functions.
        primals: example arguments, of which only shapes and dtypes count.

    Returns:
        The transpose as a `LinearMap`, from cotangents of the result to cotangents of the arguments (a tuple of them when
        there are several). Its `.T` is `f` itself.

    Raises:
        LinearTypeError: at the line that is not linear in the arguments.

    Source: Radul et al., POPL 2023, on transposition; the signature follows jax.linear_transpose.

    >>> import numpy as np
    >>> back = linear_transpose(lambda x: np.sum(3.0 * x), np.zeros(2))
    >>> back(1.0)
    array([3., 3.])
    """
    arguments = split(f, range(len(primals)), primals, {}, "linear_transpose")
    recorded = record(f, arguments.leaves, arguments.rebuild, hints=arguments.hints, linear=True)
    function = check(recorded.function)
    domain, codomain = _domain(arguments, function), _codomain(recorded)
    single = len(arguments.specs) == 1
    return LinearMap(function, recorded.captured, domain, codomain, single).T
