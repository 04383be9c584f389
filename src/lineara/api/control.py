"""Branches that stay in the program: cond and switch. Only the branch taken is evaluated and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lineara.api.bodies import Body, interleaved, of_zone, shown, slots_of
from lineara.errors import DtypeError, ShapeError
from lineara.frontend.trace import emit, is_traced, type_of, user_origin
from lineara.frontend.trees import unflatten
from lineara.ir import ArrayType, Function, Switch, Var


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any
) -> Any:
    """The result of one of two functions; only the one that is taken is evaluated and differentiated.

    Args:
        pred: a bool or integer scalar.
        true_fun, false_fun: functions of the operands that give the same structure, shapes and dtypes.
        operands: arrays or containers of arrays. Both functions may close over traced values too.

    Raises:
        ShapeError: a predicate that is not a scalar. DtypeError: branches that give different types.

    >>> import numpy as np
    >>> from lineara import cond, grad
    >>> grad(lambda x: cond(x > 0, np.sin, lambda v: v * 2.0, x))(-1.0)
    array(2.)
    """
    _check_scalar(pred, "the predicate of cond")
    if not is_traced(pred):
        return (true_fun if pred else false_fun)(*operands)
    index = pred if pred.dtype.kind == "b" else pred != 0
    return switch(index, [false_fun, true_fun], *operands)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """The result of one of several functions, chosen by an integer, which is clamped into their range.

    See `cond` for the arguments and errors.

    >>> from lineara import switch
    >>> switch(1, [lambda x: x, lambda x: x * x], 3.0)
    9.0
    """
    _check_scalar(index, "the index of switch")
    if not branches:
        raise ShapeError("switch needs at least one branch", mend="give it a function")
    if not is_traced(index):
        return branches[min(max(int(index), 0), len(branches) - 1)](*operands)
    leaves, spec, slots = slots_of(tuple(operands), "operands")
    specs = spec.children()
    bodies = [Body(f, slots, specs) for f in branches]
    _check_branches(bodies)
    constants, linear = (_united([b.captures(linear=z) for b in bodies]) for z in (False, True))
    functions = [_branch(b, constants, linear) for b in bodies]
    zones = [v.linear for v in bodies[0].results]
    arguments = [
        index,
        *constants,
        *of_zone(leaves, slots, False),
        *linear,
        *of_zone(leaves, slots, True),
    ]
    outputs = [Var(v.type) for v in functions[0].results]
    outputs += [Var(v.type, linear=True) for v in functions[0].linear_results]
    return unflatten(
        bodies[0].spec, interleaved(emit(Switch(tuple(functions)), arguments, outputs), zones)
    )


def _check_scalar(x: Any, what: str) -> None:
    type_ = type_of(x)
    if not isinstance(type_, ArrayType) or type_.shape != ():
        raise ShapeError(
            f"{what} is a scalar, not {type_!r}",
            origin=user_origin(),
            mend="use .any(), .all() or np.where",
        )
    if type_.dtype.kind not in "biu":
        raise DtypeError(
            f"{what} is a bool or an integer, not {type_!r}",
            origin=user_origin(),
            mend="compare it: x != 0",
        )


def _check_branches(bodies: Sequence[Body]) -> None:
    first = bodies[0]
    for other in bodies[1:]:
        if other.spec != first.spec or any(
            a.type is not b.type or a.linear != b.linear
            for a, b in zip(first.results, other.results, strict=True)
        ):
            raise DtypeError(
                "the branches give different types:\n"
                f"    `{first.name}`: {shown(first)}\n    `{other.name}`: {shown(other)}",
                origin=user_origin(),
                mend="make all branches return the same structure, shapes and dtypes",
            )


def _united(groups: Sequence[Sequence[Any]]) -> list[Any]:
    """All values of the groups, each once."""
    found = {id(x): x for group in groups for x in group}
    return list(found.values())


def _branch(body: Body, constants: Sequence[Any], linear: Sequence[Any]) -> Function:
    """A branch that takes the constants of all branches, then its operands."""
    own = dict(zip(map(id, body.captures(linear=False)), body.constants, strict=True))
    own |= dict(zip(map(id, body.captures(linear=True)), body.linear_constants, strict=True))
    taken = [own.get(id(x)) or Var(type_of(x)) for x in constants]
    taken += [own.get(id(x)) or Var(type_of(x), linear=True) for x in linear]
    return body.function([*taken, *body.params], body.results)
