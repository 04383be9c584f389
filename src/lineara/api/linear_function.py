"""linear_function: a black box that is declared to be linear, with its transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lineara.api.arguments import check_leaf, refuse_uncallable
from lineara.api.record import name_of
from lineara.errors import LinearaError, ShapeError
from lineara.frontend.trace import apply, is_traced, native, type_of, user_origin
from lineara.frontend.trees import TreeSpec, flatten, paths, unflatten
from lineara.ir import ArrayType, Example, Primitive
from lineara.primitives import multilinear


class linear_function:  # noqa: N801  (a decorator)
    """A black box that is declared linear, with its transpose: an operator, a library's routine, anything that runs in Python.

    Args:
        f: a linear function of real or complex arrays, or containers of them. It is called on NumPy arrays, whenever the
            program runs, and its exceptions come through.
        adjoint: its transpose in the pairing Re Σ w·v, without conjugation: for a matrix A it multiplies with A.T, not
            with A.conj().T; a Fourier transform is its own transpose. It takes one argument, of the structure that `f` gives,
            and gives the argument of `f`, or a tuple of them when there are several.
        check: test ⟨w, f(v)⟩ = ⟨adjoint(w), v⟩ on random v and w, once for each structure and types of arguments.

    Returns:
        A function with the values of `f`, differentiable in both modes and to all orders, and transposable. The types of its
        result are found by calling `f` on zeros.

    Raises:
        LinearaError: `f` and `adjoint` fail the test; the message shows both sides.
        DtypeError: an integer argument or result.

    Source: Radul et al., POPL 2023, on transposition; compare jax.custom_derivatives.linear_call.

    >>> import numpy as np
    >>> from lineara import grad, linear_function
    >>> total = linear_function(np.cumsum, adjoint=lambda w: np.cumsum(w[::-1])[::-1])
    >>> grad(lambda x: total(x)[-1])(np.array([1.0, 2.0]))
    array([1., 1.])
    """

    def __init__(
        self,
        f: Callable[..., Any],
        adjoint: Callable[..., Any],
        *,
        check: bool = True,
    ) -> None:
        for given in (f, adjoint):
            refuse_uncallable(given, "linear_function")
        self.f, self.adjoint, self.check = f, adjoint, check
        self.name = self.__name__ = name_of(f)
        self._made: dict[tuple[TreeSpec, tuple[ArrayType, ...]], _Map] = {}

    def __call__(self, *args: Any) -> Any:
        """Apply the function to arrays or traced values."""
        leaves, spec = flatten(args)
        where = [p for i, x in enumerate(args) for p in paths(x, f"argument {i}")]
        for x, path in zip(leaves, where, strict=True):
            check_leaf(x, f"{path} of `{self.name}`", "linear_function", True)
        types = tuple(map(_array_type, leaves))
        made = self._made.get((spec, types))
        if made is None:
            made = self._made[spec, types] = self._new(spec, types)
        if any(map(is_traced, leaves)):
            given = apply(made.forward, *leaves)
            results = list(given) if isinstance(given, tuple) else [given]
        else:
            results = list(made.forward.evaluate(*map(native, leaves)))
        return unflatten(made.out, results)

    def _new(self, spec: TreeSpec, types: tuple[ArrayType, ...]) -> _Map:
        zeros = [np.zeros(t.shape, t.dtype) for t in types]
        given, out = flatten(self.f(*unflatten(spec, zeros)))
        if any(map(is_traced, given)):
            raise LinearaError(
                f"`{self.name}` closes over a traced value: a black box runs in Python, on NumPy arrays",
                origin=user_origin(),
                mend="a function written in NumPy needs no declaration, unless linear_transpose is to be applied to it: "
                "call it as it is; or close over arrays",
            )
        for x in given:
            check_leaf(x, f"the result of `{self.name}`", "linear_function", True)
            if np.any(x):
                raise LinearaError(
                    f"`{self.name}` is not linear: at 0 it gives {np.asarray(x)}",
                    origin=user_origin(),
                    mend="a linear function has f(0) = 0; take the constant out",
                )
        made = _Map(self, spec, types, out, tuple(map(_array_type, given)))
        if self.check:
            made.test()
        return made


def _array_type(x: Any) -> ArrayType:
    type_ = type_of(x)
    assert isinstance(type_, ArrayType)
    return type_


class _Map:
    """A linear function at types: two records, each the transpose of the other."""

    def __init__(
        self,
        owner: linear_function,
        spec: TreeSpec,
        types: tuple[ArrayType, ...],
        out: TreeSpec,
        out_types: tuple[ArrayType, ...],
    ) -> None:
        self.name = owner.name
        self.types, self.out, self.out_types = types, out, out_types
        arguments = spec.children()
        back = spec if len(arguments) != 1 else arguments[0]

        def forward(*arrays: Any) -> Any:
            return owner.f(*unflatten(spec, arrays))

        def backward(*arrays: Any) -> Any:
            return owner.adjoint(unflatten(out, arrays))

        self.forward = self._record(self.name, forward, types, (out, out_types), lambda: self.back)
        self.back = self._record(
            f"{self.name}.T", backward, out_types, (back, types), lambda: self.forward
        )

    def _record(
        self,
        name: str,
        f: Callable[..., Any],
        types: Sequence[ArrayType],
        gives: tuple[TreeSpec, tuple[ArrayType, ...]],
        other: Callable[[], Primitive],
    ) -> Primitive:
        def evaluate(*arrays: Any) -> tuple[Any, ...]:
            return fitted(name, f(*arrays), *gives)

        return multilinear(
            name,
            "a linear function of the user's",
            evaluate,
            lambda *operands: gives[1],
            lambda operands, cotangents: list(other().results(*cotangents)),
            jointly=True,
            family="user",
            examples=(Example(tuple(types)),),
        )

    def test(self) -> None:
        """The dot-product test on random vectors."""
        rng = np.random.default_rng(0)
        v, w = ([_random(rng, t) for t in side] for side in (self.types, self.out_types))
        left, right = _pair(w, self.forward.evaluate(*v)), _pair(self.back.evaluate(*w), v)
        scale = max(abs(left), abs(right), 1.0)
        coarsest = max(np.finfo(t.dtype).eps for t in (*self.types, *self.out_types))
        if not abs(left - right) <= np.sqrt(coarsest) * 1e2 * scale:
            raise LinearaError(
                f"the adjoint of `{self.name}` is not its transpose: for random v and w,\n"
                f"    ⟨w, f(v)⟩       = {left:.12g}\n    ⟨adjoint(w), v⟩ = {right:.12g}",
                origin=user_origin(),
                mend="the pairing is Re Σ w·v, without conjugation: the adjoint of a matrix A is A.T",
            )


def fitted(name: str, result: Any, spec: TreeSpec, types: Sequence[ArrayType]) -> tuple[Any, ...]:
    """What a black box gives, as arrays of their own of the types that it has to give."""
    leaves, found = flatten(result)
    if found != spec:
        raise ShapeError(
            f"`{name}` gives another structure than it has to: {len(leaves)} arrays, not {len(types)}",
            mend="an adjoint gives what the function takes",
        )
    for x, t in zip(leaves, types, strict=True):
        array = np.asarray(x)
        if array.shape != t.shape or not np.can_cast(array.dtype, t.dtype, "same_kind"):
            raise ShapeError(
                f"`{name}` gives {array.dtype}{list(array.shape)}, and {t!r} is needed",
                mend="give the same shapes and dtypes for the same types of arguments; an adjoint gives those of the "
                "arguments",
            )
    return tuple(np.array(x, t.dtype, order="C") for x, t in zip(leaves, types, strict=True))


def _random(rng: np.random.Generator, type_: ArrayType) -> Any:
    x = rng.standard_normal(type_.shape)
    if type_.dtype.kind == "c":
        x = x + 1j * rng.standard_normal(type_.shape)
    return np.asarray(x, type_.dtype)


def _pair(w: Sequence[Any], v: Sequence[Any]) -> float:
    return float(sum(np.sum(x * y).real for x, y in zip(w, v, strict=True)))
