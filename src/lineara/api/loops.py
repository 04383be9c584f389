"""Loops that stay in the program: scan, map, while_loop, fori_loop.

Each traces its body once, on values that are not known, and makes one equation of it: programs do not grow with the number of
trips. They work in forward and in reverse mode, nested, over containers, with closed-over values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from lineara.api.bodies import Body, Slot, TypeText, interleaved, of_zone, shown, slots_of, staged
from lineara.api.record import name_of
from lineara.errors import DtypeError, LinearaError, ShapeError
from lineara.frontend.trace import emit, is_traced, running, type_of, user_origin
from lineara.frontend.trees import Tree, TreeSpec, flatten_present, unflatten
from lineara.ir import UNIT, ArrayType, Function, Scan, Type, Var, While, stacked
from lineara.primitives import shape


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
    return staged(lambda c, x: _scan(f, c, x, length, reverse), init, xs)  # type: ignore[no-any-return]


def _scan(
    f: Callable[..., Any], init: Tree, xs: Tree, length: int | None, reverse: bool
) -> tuple[Any, Any]:
    trips = _trips(xs, length)
    x_leaves, x_spec, x_slots = slots_of(xs, "xs")
    elements = [Slot(_element(s.type), s.linear, s.hint) for s in x_slots]

    body, leaves, c_slots = _loop_body(f, init, elements, [x_spec], name_of(f))
    carry_spec, y_spec = body.spec.children()
    count = carry_spec.num_leaves
    constants, linear = body.captures(linear=False), body.captures(linear=True)
    function = body.function(
        [*body.constants, *body.linear_constants, *body.params],
        [*body.linear_constants, *body.results],
    )
    carries = of_zone(leaves, c_slots, False)
    carries_dot = [*linear, *of_zone(leaves, c_slots, True)]
    op = Scan(function, trips, len(constants), len(carries), len(carries_dot), reverse)
    outputs = _outputs(function, len(carries), len(carries_dot), lambda t: stacked(t, trips))
    given = emit(
        op,
        [
            *constants,
            *carries,
            *of_zone(x_leaves, x_slots, False),
            *carries_dot,
            *of_zone(x_leaves, x_slots, True),
        ],
        outputs,
    )
    plain = len(function.results)
    ordered = interleaved(
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
    shapes = [type_of(x).shape for x in flatten_present(xs)[0]]  # type: ignore[union-attr]
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
    init = _strengthened(step, init, others, specs)
    leaves, spec, slots = slots_of(init, "carry")
    body = Body(step, [*slots, *others], [spec, *specs])
    _check_carry(body, slots, spec, _carry_out(body, pair, name), name)
    return body, leaves, slots


def _strengthened(
    step: Callable[..., Any], init: Tree, others: Sequence[Slot], specs: Sequence[TreeSpec]
) -> Tree:
    """The first carry, its Python numbers with the dtypes that come out of a body that is given them as they are."""
    leaves, spec = flatten_present(init)
    weak = [type(x) in (int, float, complex) for x in leaves]
    if not any(weak):
        return init
    arrays = [x for x, w in zip(leaves, weak, strict=True) if not w]
    _, array_spec, slots = slots_of(arrays, "carry")

    def trial(strong: Any, *rest: Any) -> Any:
        given = iter(strong)
        carry = [x if w else next(given) for x, w in zip(leaves, weak, strict=True)]
        return step(unflatten(spec, carry), *rest)

    trial.__name__ = name_of(step)
    body = Body(trial, [*slots, *others], [array_spec, *specs])
    results = _padded(body.results, len(leaves))
    return unflatten(
        spec,
        [_strong(x, v.type) if w else x for x, w, v in zip(leaves, weak, results, strict=True)],
    )


def _padded(variables: Sequence[Var], count: int) -> list[Var]:
    """As many variables as there are leaves; a body that gives fewer is refused later."""
    return [*variables, *[Var(UNIT)] * count][:count]


def _strong(x: complex, type_: Type) -> Any:
    """A Python number as a scalar of the type, if the type holds it."""
    if not isinstance(type_, ArrayType) or type_.shape != ():
        return x
    holds = np.result_type(x, type_.dtype) == type_.dtype
    return np.asarray(x, type_.dtype) if holds else x


def _carry_out(body: Body, pair: bool, name: str) -> TreeSpec:
    if not pair:
        return body.spec
    if not isinstance(body.result, tuple) or len(body.result) != 2:
        raise DtypeError(
            f"`{name}` must return a pair (carry, y), not {type(body.result).__name__}",
            mend="return two values; None where there is nothing",
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
    before = unflatten(spec, [TypeText(Var(s.type, linear=s.linear)) for s in slots])
    after = unflatten(out, [TypeText(v) for v in results])
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
    return staged(lambda init: _while(cond_fun, body_fun, init), init_val)


def _while(cond_fun: Callable[..., Any], body_fun: Callable[..., Any], init: Tree) -> Any:
    body, leaves, slots = _loop_body(body_fun, init, [], [], name_of(body_fun), pair=False)
    if any(s.linear for s in slots) or body.linear_constants:
        raise LinearaError(
            "a while_loop over linear values", origin=user_origin(), mend="use scan or fori_loop"
        )
    test = Body(cond_fun, slots, [body.spec])
    if [v.type for v in test.results] != [ArrayType("bool")]:
        raise DtypeError(
            f"the condition of a while_loop gives one bool scalar, not {shown(test)}",
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
        start, trips = _bound(lower), max(_bound(upper) - _bound(lower), 0)
        return staged(lambda val: _counted(body_fun, val, start, trips), init_val)

    def step(carry: Any) -> Any:
        i, val = carry
        return i + 1, body_fun(i, val)

    first = np.asarray(lower) if not is_traced(lower) else lower
    return while_loop(lambda carry: carry[0] < upper, step, (first, init_val))[1]


def _counted(f: Callable[..., Any], init: Tree, first: int, trips: int) -> Any:
    """A loop whose trips are known; it reads the number of each off an array that the program makes."""
    trace = running(())
    (own,) = trace.builder.apply(shape.iota, (), {"dtype": "i64", "size": trips})
    numbers = trace.wrap(trace, own)

    def step(val: Any, i: Any) -> tuple[Any, None]:
        return f(i + first if first else i, val), None

    step.__name__ = name_of(f)
    return _scan(step, init, numbers, trips, reverse=False)[0]


def _bound(x: Any) -> int:
    """A bound that is known, as an integer."""
    try:
        return index(x)
    except TypeError:
        raise DtypeError(
            f"a bound of fori_loop is an integer, not {x!r}",
            origin=user_origin(),
            mend="convert it: int(upper)",
        ) from None
