"""check_derivatives: the derivatives of a Python function against central differences, in both modes and to any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.api import jvp, vjp
from lineara.api.record import name_of
from lineara.frontend.trees import flatten, paths, unflatten

Array = np.ndarray[Any, Any]
Flat = Callable[..., list[Any]]
MODES = ("fwd", "rev")


def check_derivatives(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = MODES,
    atol: float | None = None,
    rtol: float | None = None,
    step: float | None = None,
    seed: int = 0,
) -> None:
    """Check the derivatives of a function at a point against central differences along random directions.

    Args:
        f: a function of arrays or containers of arrays. Traced, it has to give the values that it gives on the arrays.
        args: where. What is real or complex is differentiated.
        order: how often: 2 checks the derivatives of the derivatives too, in all combinations of the modes.
        modes: "fwd" (`jvp`) and "rev" (`vjp`).
        atol, rtol: what may differ; by default by the coarsest dtype: 1e-5 for float64, 5e-2 for float32.
        step: of the differences.
        seed: of the directions.

    Raises:
        AssertionError: says which derivative disagrees, at which result or argument, and shows both numbers.

    Source: compare jax.test_util.check_grads.

    >>> import numpy as np
    >>> check_derivatives(lambda x: np.sum(np.sin(x) * x), np.array([0.3, 1.2]), order=3)
    >>> check_derivatives(np.abs, -0.5, modes=("fwd",))
    """
    unknown = [mode for mode in modes if mode not in MODES]
    if unknown or order < 1:
        raise ValueError(f"modes are among {MODES}, and order is at least 1: not {modes}, {order}")
    leaves, spec = flatten(args)
    arrays = [np.asarray(x) for x in leaves]
    active = [i for i, x in enumerate(arrays) if x.dtype.kind in "fc"]
    names = [p for i, x in enumerate(args) for p in paths(x, f"argument {i}")]
    out_names = paths(f(*args), "result")

    def flat(*moving: Any) -> list[Any]:
        filled = list(leaves)
        for i, x in zip(active, moving, strict=True):
            filled[i] = x
        found = flatten(f(*unflatten(spec, filled)))[0]
        return [x for x in found if np.result_type(x).kind in "fc"]

    values = flatten(f(*args))[0]
    kept = [n for n, x in zip(out_names, values, strict=True) if np.result_type(x).kind in "fc"]
    if not active or not kept:
        raise ValueError("nothing is real or complex among the arguments, or among the results")
    dtypes = [np.result_type(x) for x in (*(arrays[i] for i in active), *values)]
    coarsest = max(np.finfo(d).eps for d in dtypes if d.kind in "fc")
    coarse = coarsest > 1e-10
    tolerance = 5e-2 if coarse else 1e-5
    check = _Check(
        tuple(modes),
        tolerance if atol is None else atol,
        tolerance if rtol is None else rtol,
        step or float(coarsest) ** (1 / 3),
        np.random.default_rng(seed),
        [names[i] for i in active],
    )
    check.run(flat, [arrays[i] for i in active], order, name_of(f), kept)


@dataclass(frozen=True, slots=True)
class _Check:
    """How derivatives are compared, and what the arguments are called."""

    modes: tuple[str, ...]
    atol: float
    rtol: float
    step: float
    rng: np.random.Generator
    names: list[str]

    def run(
        self, f: Flat, args: list[Array], order: int, what: str, result_names: list[str]
    ) -> None:
        """Check the first derivatives, then those of the derivatives."""
        values = [np.asarray(y) for y in f(*args)]
        v = [self.direction(x) for x in args]
        w = [self.direction(y) for y in values]
        forward: Flat = lambda *x: jvp(f, x, v)[1]  # noqa: E731
        backward: Flat = lambda *x: list(vjp(f, *x)[1](w))  # noqa: E731
        if "fwd" in self.modes:
            traced, dots = jvp(f, args, v)
            self.compare(traced, values, f"{what}, traced and not,", result_names)
            differences = self.difference(f, args, v)
            self.compare(dots, differences, f"the jvp of {what} and the difference", result_names)
        if "rev" in self.modes:
            self.transposed(f, args, v, w, backward(*args), what)
        if order > 1:
            if "fwd" in self.modes:
                self.run(forward, args, order - 1, f"the jvp of {what}", result_names)
            if "rev" in self.modes:
                self.run(backward, args, order - 1, f"the vjp of {what}", self.names)

    def transposed(
        self, f: Flat, args: list[Array], v: list[Array], w: list[Array], bars: list[Any], what: str
    ) -> None:
        """⟨w, f'(x) v⟩ = ⟨vjp(w), v⟩, one argument after the other."""
        for i, name in enumerate(self.names):
            only = [t if i == j else np.zeros_like(t) for j, t in enumerate(v)]
            moved = self.difference(f, args, only)
            left = np.sum([np.sum(a * b).real for a, b in zip(w, moved, strict=True)])
            right = np.sum(bars[i] * v[i]).real
            said = f"⟨vjp of {what}, v⟩ and ⟨w, difference⟩"
            self.compare([np.asarray(right)], [np.asarray(left)], said, [name])

    def direction(self, x: Array) -> Array:
        """A random tangent."""
        t: Any = self.rng.standard_normal(x.shape)
        if x.dtype.kind == "c":
            t = t + 1j * self.rng.standard_normal(x.shape)
        return np.asarray(t, x.dtype)

    def difference(self, f: Flat, args: list[Array], v: list[Array]) -> list[Array]:
        """The central difference along a tangent."""
        h = self.step

        def at(s: float) -> list[Array]:
            moved = [np.asarray(x + s * t, x.dtype) for x, t in zip(args, v, strict=True)]
            return [np.asarray(y) for y in f(*moved)]

        return [(a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]

    def compare(
        self, found: Sequence[Any], wanted: Sequence[Array], what: str, names: Sequence[str]
    ) -> None:
        """Raise for the first array, and the element in it, that differs most."""
        for x, y, name in zip(found, wanted, names, strict=True):
            error = np.abs(np.asarray(x) - y) - (self.atol + self.rtol * np.abs(y))
            bad = ~(error <= 0)
            if not np.any(bad):
                continue
            error = np.where(np.isnan(error), np.inf, error)
            worst = np.unravel_index(np.argmax(error), error.shape)
            place = f"{name}[{', '.join(map(str, worst))}]" if worst else name
            raise AssertionError(
                f"{what} disagree at {place}: {np.asarray(x)[worst]} and {y[worst]} "
                f"({np.count_nonzero(bad)} of {np.size(y)} elements differ; atol={self.atol}, rtol={self.rtol})"
            )
