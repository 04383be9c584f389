"""Arguments of the transformations: which are differentiated, and the errors of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lineara.api.record import hints_of, name_of, parameter_names
from lineara.errors import DtypeError, LinearaError, ShapeError
from lineara.frontend.trace import is_traced, native, type_of
from lineara.frontend.trees import Tree, TreeSpec, flatten, paths, unflatten
from lineara.ir import ArrayType, Type, has_tangent

Argnums = int | Sequence[int]


@dataclass(frozen=True, slots=True)
class Arguments:
    """A call's arguments, split into the differentiated ones (as leaves) and the others (left as they are)."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    positions: tuple[int, ...]
    single: bool
    leaves: list[Any]
    specs: tuple[TreeSpec, ...]
    hints: list[str]

    @property
    def spec(self) -> TreeSpec:
        """The structure of the differentiated arguments: of the one, or of the tuple of them."""
        trees = tuple(self.args[i] for i in self.positions)
        return flatten(trees[0] if len(trees) == 1 else trees)[1]

    def rebuild(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the function, with other leaves in the differentiated ones."""
        args = list(self.args)
        for position, tree in zip(self.positions, self.trees(leaves), strict=True):
            args[position] = tree
        return tuple(args), self.kwargs

    def trees(self, leaves: Sequence[Any]) -> list[Tree]:
        """The leaves, in the structure of each differentiated argument."""
        given = iter(leaves)
        return [
            unflatten(spec, [next(given) for _ in range(spec.num_leaves)]) for spec in self.specs
        ]

    def like(self, leaves: Sequence[Any]) -> Any:
        """Leaves in the structure of what was asked for: one argument, or a tuple of them."""
        trees = self.trees(leaves)
        return trees[0] if self.single else tuple(trees)


def split(
    f: Callable[..., Any],
    argnums: Argnums,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    what: str,
    *,
    differentiable: bool = True,
) -> Arguments:
    """Split the arguments of a call by `argnums`.

    Raises:
        DtypeError: an argument to be differentiated has a leaf without tangents.
        IndexError, as a ShapeError: `argnums` names an argument that is not there.
    """
    refuse_uncallable(f, what)
    single = isinstance(argnums, int)
    positions = tuple(
        _position(f, a, len(args), what)
        for a in (argnums if isinstance(argnums, Sequence) else (argnums,))
    )
    names = parameter_names(f, len(args))
    leaves: list[Any] = []
    specs: list[TreeSpec] = []
    hints: list[str] = []
    for i in positions:
        found, spec = flatten(args[i])
        for x, path in zip(found, paths(args[i], names[i]), strict=True):
            check_leaf(x, f"argument {i} of `{name_of(f)}`, `{path}`,", what, differentiable)
        leaves += found
        specs.append(spec)
        hints += hints_of(args[i], names[i])
    if not leaves:
        raise DtypeError(
            f"{what} of `{name_of(f)}`: no arrays among the arguments",
            mend="pass an argument that holds arrays"
            if isinstance(argnums, range)
            else "point `argnums` at an argument that holds arrays",
        )
    return Arguments(f, args, kwargs, positions, single, leaves, tuple(specs), hints)


def refuse_uncallable(f: Any, what: str) -> None:
    """Refuse a value in the place of a function."""
    if not callable(f):
        raise DtypeError(
            f"{what} takes a function, not {type(f).__name__}",
            mend=f"write {what}(f)(x), not {what}(f(x))",
        )


def _position(f: Callable[..., Any], argnum: Any, count: int, what: str) -> int:
    if not isinstance(argnum, int) or isinstance(argnum, bool):
        raise DtypeError(f"argnums is an integer or a sequence of integers, not {argnum!r}")
    if not -count <= argnum < count:
        raise ShapeError(
            f"{what} of `{name_of(f)}` differentiates argument {argnum}, but it is called with {count} "
            "positional arguments",
            mend="pass it by position, or change argnums",
        )
    return argnum % count


def check_leaf(x: Any, where: str, what: str, differentiable: bool) -> None:
    """Refuse a leaf that is no array, or that has no tangent where one is asked for."""
    if x is None:
        raise DtypeError(
            f"{where} is None", mend="leave None out of what is differentiated, or close over it"
        )
    try:
        type_ = x if isinstance(x, Type) else type_of(x)
    except LinearaError as error:
        raise DtypeError(f"{where} cannot be traced: {error.problem}", mend=error.mend) from None
    if differentiable and not has_tangent(type_):
        raise DtypeError(
            f"{what} needs real or complex arguments, and {where} is {type_!r}",
            mend="pass a float (2.0, not 2), or leave it out of argnums: integers have no tangent",
        )


def fit_tangents(
    tree: Tree, types: Sequence[Type], spec: TreeSpec, names: Sequence[str], what: str
) -> list[Any]:
    """The leaves of tangents or cotangents, each fit to its type; None stands where there is none.

    Raises:
        ShapeError: the structure or a shape differs. DtypeError: a dtype does not convert.
    """
    leaves, found = flatten(tree)
    if found != spec:
        raise ShapeError(
            f"the {what}s have the structure {_shown(found)}, and {_shown(spec)} is needed",
            mend=f"give one {what} for each array, in the same containers",
        )
    return [_fit(x, t, n, what) for x, t, n in zip(leaves, types, names, strict=True)]


def _shown(spec: TreeSpec) -> str:
    return str(spec).removeprefix("PyTreeSpec(").split(", NoneIsLeaf")[0].split(", namespace")[0]


def _fit(x: Any, type_: Type, name: str, what: str) -> Any:
    assert isinstance(type_, ArrayType)
    if not has_tangent(type_):
        if x is None or np.asarray(x).dtype.kind == "V":
            return None
        raise DtypeError(
            f"`{name}` is {type_!r} and has no {what}", mend="give None: integers have no tangent"
        )
    have = type_of(x) if x is not None else None
    if not isinstance(have, ArrayType) or have.shape != type_.shape:
        raise ShapeError(
            f"the {what} of `{name}` is {have!r}, and {type_!r} is needed",
            mend=f"a {what} has the shape of its value",
        )
    if have.dtype != type_.dtype and (
        is_traced(x) or not np.can_cast(have.dtype, type_.dtype, "same_kind")
    ):
        raise DtypeError(
            f"the {what} of `{name}` is {have!r}, and {type_!r} is needed",
            mend=f"convert the {what}: .astype({type_.dtype})",
        )
    return x if is_traced(x) else native(x).astype(type_.dtype, copy=False)
