"""Control flow that stays in the program: cond, switch, scan, map, fori_loop, while_loop.

Each runs a Python function once, on traced values without a value of their own, and makes one equation of it: programs do not
grow with the number of trips. They work in forward and in reverse mode, nested, over containers, with closed-over values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lineara.api.bodies import Body, Slot, slots_of
from lineara.api.record import call, name_of, record
from lineara.errors import DtypeError, LinearaError, ShapeError
from lineara.frontend.trace import current_trace, emit, is_traced, type_of, user_origin
from lineara.frontend.trees import Tree, TreeSpec, flatten, unflatten
from lineara.ir import ArrayType, Function, Scan, Switch, Type, Var, While, stacked


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
        raise ShapeError("switch needs at least one branch")
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
        *_zone(leaves, slots, False),
        *linear,
        *_zone(leaves, slots, True),
    ]
    outputs = [Var(v.type) for v in functions[0].results]
    outputs += [Var(v.type, linear=True) for v in functions[0].linear_results]
    return unflatten(
        bodies[0].spec, _interleaved(emit(Switch(tuple(functions)), arguments, outputs), zones)
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
                f"    `{first.name}`: {_shown(first)}\n    `{other.name}`: {_shown(other)}",
                origin=user_origin(),
                mend="make all branches return the same structure, shapes and dtypes",
            )


def _shown(body: Body) -> str:
    return str(unflatten(body.spec, [_type_text(v) for v in body.results]))


class _type_text:  # noqa: N801  (prints as a type does)
    def __init__(self, v: Var) -> None:
        self.text = f"{v.type!r}{' (linear)' if v.linear else ''}"

    def __repr__(self) -> str:
        return self.text


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


def _zone(leaves: Sequence[Any], slots: Sequence[Slot], linear: bool) -> list[Any]:
    return [x for x, s in zip(leaves, slots, strict=True) if s.linear == linear]


def _interleaved(outputs: Sequence[Any], linear: Sequence[bool]) -> list[Any]:
    """Outputs, those of the linear zone last, in the order that the zones stand in."""
    plain = iter(outputs[: len(linear) - sum(linear)])
    dotted = iter(outputs[len(linear) - sum(linear) :])
    return [next(dotted) if is_linear else next(plain) for is_linear in linear]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """A loop over the first axis of arrays that carries values along.

    Args:
        f: `(carry, x) -> (carry, y)`, on arrays or containers of arrays. The carry keeps its structure, shapes and dtypes.
        init: the first carry. Python numbers take the dtype that `f` gives back.
        xs: arrays (in containers) with one first axis, or None.
        length: the number of trips, where `xs` does not say it.
        reverse: run from the last element to the first.

    Returns:
        `(carry, ys)`, the last carry and the stacked ys.

    Raises:
        ShapeError: first axes that differ, or no length. DtypeError: a carry that changes its type.

    Source: the signature follows jax.lax.scan.

    >>> import numpy as np
    >>> from lineara import scan
    >>> scan(lambda c, x: (c + x, c * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (array(6.), array([0., 2., 9.]))
    """
    return _staged(lambda c, x: _scan(f, c, x, length, reverse), init, xs)  # type: ignore[no-any-return]


def _scan(
    f: Callable[..., Any], init: Tree, xs: Tree, length: int | None, reverse: bool
) -> tuple[Any, Any]:
    trips = _trips(xs, length)
    x_leaves, x_spec, x_slots = slots_of(() if xs is None else xs, "xs")
    elements = [Slot(_element(s.type), s.linear, s.hint) for s in x_slots]

    def step(carry: Any, x: Any) -> Any:
        return f(carry, None if xs is None else x)

    body, leaves, c_slots = _loop_body(step, init, elements, [x_spec], name_of(f))
    carry_spec, y_spec = body.spec.children()
    count = carry_spec.num_leaves
    constants, linear = body.captures(linear=False), body.captures(linear=True)
    function = body.function(
        [*body.constants, *body.linear_constants, *body.params],
        [*body.linear_constants, *body.results],
    )
    carries = _zone(leaves, c_slots, False)
    carries_dot = [*linear, *_zone(leaves, c_slots, True)]
    op = Scan(function, trips, len(constants), len(carries), len(carries_dot), reverse)
    outputs = _outputs(function, len(carries), len(carries_dot), lambda t: stacked(t, trips))
    given = emit(
        op,
        [
            *constants,
            *carries,
            *_zone(x_leaves, x_slots, False),
            *carries_dot,
            *_zone(x_leaves, x_slots, True),
        ],
        outputs,
    )
    plain = len(function.results)
    ordered = _interleaved(
        given[:plain] + given[plain + len(linear) :], [v.linear for v in body.results]
    )
    return unflatten(carry_spec, ordered[:count]), unflatten(y_spec, ordered[count:])


def _outputs(
    function: Function, carry: int, linear_carry: int, of: Callable[[Type], Type]
) -> list[Var]:
    """What a loop of a body gives: the carries as they are, the ys stacked."""
    outputs = [Var(v.type if i < carry else of(v.type)) for i, v in enumerate(function.results)]
    return outputs + [
        Var(v.type if i < linear_carry else of(v.type), linear=True)
        for i, v in enumerate(function.linear_results)
    ]


def _trips(xs: Tree, length: int | None) -> int:
    shapes = [type_of(x).shape for x in flatten(xs)[0]] if xs is not None else []  # type: ignore[union-attr]
    lengths = {s[0] if s else None for s in shapes} | ({length} if length is not None else set())
    if None in lengths or len(lengths) != 1:
        found = ", ".join(str(s) for s in shapes) or "no arrays"
        raise ShapeError(
            f"scan needs one length: the xs have the shapes {found}, length is {length}",
            origin=user_origin(),
            mend="give xs with equal first axes, or length",
        )
    (trips,) = lengths
    return int(trips)  # type: ignore[arg-type]


def _element(type_: Type) -> Type:
    assert isinstance(type_, ArrayType)
    return ArrayType(type_.dtype, type_.shape[1:])


def _loop_body(
    step: Callable[..., Any],
    init: Tree,
    others: Sequence[Slot],
    specs: Sequence[TreeSpec],
    name: str,
    pair: bool = True,
) -> tuple[Body, list[Any], list[Slot]]:
    """The body of a loop with its carry; Python numbers in `init` take the dtype that comes out of the body."""
    leaves, spec, slots = slots_of(init, "carry")
    body = Body(step, [*slots, *others], [spec, *specs])
    out = _carry_out(body, pair, name)
    if out.num_leaves == len(slots):
        weak = [
            isinstance(x, bool | int | float | complex)
            and isinstance(v.type, ArrayType)
            and v.type.shape == ()
            and np.result_type(x, v.type.dtype) == v.type.dtype
            for x, v in zip(leaves, body.results, strict=False)
        ]
        if any(
            w and v.type is not s.type for w, v, s in zip(weak, body.results, slots, strict=False)
        ):
            leaves = [
                np.asarray(x, v.type.dtype) if w else x  # type: ignore[union-attr]
                for w, x, v in zip(weak, leaves, body.results, strict=False)
            ]
            _, _, slots = slots_of(unflatten(spec, leaves), "carry")
            body = Body(step, [*slots, *others], [spec, *specs])
            out = _carry_out(body, pair, name)
    _check_carry(body, slots, spec, out, name)
    return body, leaves, slots


def _carry_out(body: Body, pair: bool, name: str) -> TreeSpec:
    if not pair:
        return body.spec
    if not isinstance(body.result, tuple) or len(body.result) != 2:
        raise DtypeError(
            f"`{name}` must return a pair (carry, y), not {type(body.result).__name__}",
            mend="return two values; () or a tuple where there is nothing",
        )
    return body.spec.children()[0]


def _check_carry(
    body: Body, slots: Sequence[Slot], spec: TreeSpec, out: TreeSpec, name: str
) -> None:
    results = body.results[: out.num_leaves]
    if spec == out and all(
        v.type is s.type and v.linear == s.linear for v, s in zip(results, slots, strict=True)
    ):
        return
    before = unflatten(spec, [_type_text(Var(s.type, linear=s.linear)) for s in slots])
    after = unflatten(out, [_type_text(v) for v in results])
    raise DtypeError(
        f"the carry of `{name}` changes its type:\n    goes in:   {before}\n    comes out: {after}",
        origin=user_origin(),
        mend="a carry keeps its structure, shapes and dtypes: convert the first carry or the result",
    )


def map_(f: Callable[[Any], Any], xs: Any) -> Any:
    """A function applied to each element along the first axis, one after the other; the results are stacked.

    >>> import numpy as np
    >>> import lineara
    >>> lineara.map(lambda x: x * x, np.array([1.0, 2.0]))
    array([1., 4.])
    """
    return scan(lambda c, x: (c, f(x)), (), xs)[1]


def while_loop(
    cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init_val: Any
) -> Any:
    """A loop that runs while a condition on the carry holds, differentiable in both modes without a bound on its trips.

    Args:
        cond_fun: `carry -> bool` scalar.
        body_fun: `carry -> carry`, of the same structure, shapes and dtypes.
        init_val: the first carry: arrays or containers of arrays.

    Returns:
        The last carry.

    Raises:
        DtypeError: a carry that changes its type, or a condition that is not a bool scalar.

    Source: the signature follows jax.lax.while_loop.

    >>> from lineara import grad, while_loop
    >>> grad(lambda x: while_loop(lambda v: v < 100.0, lambda v: v * x, x))(3.0)
    array(405.)
    """
    return _staged(lambda init: _while(cond_fun, body_fun, init), init_val)


def _while(cond_fun: Callable[..., Any], body_fun: Callable[..., Any], init: Tree) -> Any:
    body, leaves, slots = _loop_body(body_fun, init, [], [], name_of(body_fun), pair=False)
    if any(s.linear for s in slots) or body.linear_constants:
        raise LinearaError(
            "a while_loop over linear values", origin=user_origin(), mend="use scan or fori_loop"
        )
    test = Body(cond_fun, slots, [body.spec])
    if [v.type for v in test.results] != [ArrayType("bool")]:
        raise DtypeError(
            f"the condition of a while_loop gives one bool scalar, not {_shown(test)}",
            origin=user_origin(),
            mend="return a comparison of scalars",
        )
    function = body.function([*body.constants, *body.params], body.results)
    condition = test.function([*test.constants, *test.params], test.results)
    op = While(condition, function, (len(test.constants), len(body.constants)), len(leaves))
    outputs = [Var(ArrayType("i64")), *[Var(v.type) for v in function.results]]
    given = emit(op, [*test.captures(linear=False), *body.captures(linear=False), *leaves], outputs)
    return unflatten(body.spec, given[1:])


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """A loop over integers: `for i in range(lower, upper): val = body_fun(i, val)`.

    With bounds that are Python integers it is a scan; with traced bounds a while loop. Both are differentiable in both modes.

    >>> from lineara import fori_loop, grad
    >>> grad(lambda x: fori_loop(0, 5, lambda i, v: v * x, 1.0))(2.0)
    array(80.)
    """
    if not is_traced(lower) and not is_traced(upper):
        indices = np.arange(int(lower), int(upper))
        return scan(lambda val, i: (body_fun(i, val), ()), init_val, indices)[0]

    def step(carry: Any) -> Any:
        i, val = carry
        return i + 1, body_fun(i, val)

    first = np.asarray(lower) if not is_traced(lower) else lower
    return while_loop(lambda carry: carry[0] < upper, step, (first, init_val))[1]


def _staged(f: Callable[..., Any], *trees: Any) -> Any:
    """Run control flow in the running trace, or record it and run it now if there is none."""
    if current_trace() is not None:
        return f(*trees)
    leaves, spec = flatten(trees)
    arrays = [i for i, x in enumerate(leaves) if x is not None]

    def rebuild(traced: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        filled = list(leaves)
        for i, x in zip(arrays, traced, strict=True):
            filled[i] = x
        return unflatten(spec, filled), {}

    recorded = record(f, [leaves[i] for i in arrays], rebuild)
    given = call(recorded.function, [*[leaves[i] for i in arrays], *recorded.captured])
    return recorded.result(given)
