"""The checker accepts exactly what a naive one accepts, over all small programs and all that are one change away from them.

The naive checker keeps no environment: it lists where every variable is bound and used, and counts.
"""

from itertools import chain, product

from lineara.errors import LinearTypeError
from lineara.ir import (
    Add,
    Apply,
    ArrayType,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    Literal,
    MakeTuple,
    TupleType,
    Unpack,
    Var,
    Zero,
)
from lineara.primitives.arithmetic import mul, scale
from lineara.primitives.elementary import sin
from lineara.testing.exhaustive import mixed_functions
from lineara.typecheck import check

F64, F32, I64 = ArrayType("f64"), ArrayType("f32"), ArrayType("i64")
ZONES = {sin: {"x": "x"}, mul: {"xx": "x"}, scale: {"xx": "x", "x.": ".", ".x": "."}}


def naive(function):
    """Whether a function, and what it calls, obeys every rule."""
    called = [e.op.function for e in function.equations if isinstance(e.op, Call)]
    return all(map(naive, called)) and obeys_use(function) and all(map(fits, function.equations))


def obeys_use(f):
    bindings = [(v, 0) for v in (*f.params, *f.linear_params)]
    bindings += [(v, place + 1) for place, e in enumerate(f.equations) for v in e.outputs]
    end = len(f.equations) + 1
    uses = [(v, place + 1) for place, e in enumerate(f.equations) for v in e.inputs]
    uses += [(v, end) for v in (*f.results, *f.linear_results)]
    bound = dict(bindings)
    zones = {False: (*f.params, *f.results), True: (*f.linear_params, *f.linear_results)}
    return (
        len(bound) == len(bindings)
        and all(v in bound and bound[v] < place for v, place in uses)
        and all(is_used_rightly(v, [u for u, _ in uses].count(v)) for v in bound)
        and all(v.linear is linear for linear, zone in zones.items() for v in zone)
    )


def is_used_rightly(v, times):
    return times == 1 and v.type is not I64 if v.linear else times >= 1


def zone(variables):
    return "".join("." if v.linear else "x" for v in variables)


def fits(e):
    """Whether the outputs of an equation are what its operation gives for its operands."""
    operands, results = zone(e.inputs), zone(e.outputs)
    x, y = [v.type for v in e.inputs], [v.type for v in e.outputs]
    match e.op:
        case Apply(primitive, _):
            return ZONES[primitive].get(operands) == results and {*x, *y} in ({F64}, {F32})
        case Literal(_, type_) | Zero(type_):
            return (x, y, results) == ([], [type_], "." if isinstance(e.op, Zero) else "x")
        case Add():
            return (operands, results) in (("xx", "x"), ("..", ".")) and len({*x, *y}) == 1
        case Dup():
            return (operands, results) == (".", "..") and len({*x, *y}) == 1
        case Drop():
            return len(x) == 1 and not y
        case MakeTuple():
            return [*{*operands}] == [results] and y == [TupleType(tuple(x))]
        case Unpack():
            return len(x) == 1 and TupleType(tuple(y)) is x[0] and results == operands * len(y)
        case Call(g, _):
            given = [*g.params, *g.linear_params], [*g.results, *g.linear_results]
            wanted = [[(v.type, v.linear) for v in side] for side in given]
            return wanted == [[(v.type, v.linear) for v in side] for side in (e.inputs, e.outputs)]


def accepts(function):
    try:
        check(function)
    except LinearTypeError:
        return False
    return True


def variables(f):
    bound = (*f.params, *f.linear_params, *(v for e in f.equations for v in e.outputs))
    return list(dict.fromkeys(bound))


def changed(f, *, equations=None, **zones):
    names = ("params", "linear_params", "results", "linear_results")
    x, u, y, v = (tuple(zones.get(name, getattr(f, name))) for name in names)
    return Function("f", x, u, tuple(f.equations if equations is None else equations), y, v)


def renamed(f, old, new):
    """The function with another variable for one, everywhere."""

    def swap(zone):
        return [new if v is old else v for v in zone]

    equations = [Equation(e.op, tuple(swap(e.inputs)), tuple(swap(e.outputs))) for e in f.equations]
    names = ("params", "linear_params", "results", "linear_results")
    return changed(f, equations=equations, **{name: swap(getattr(f, name)) for name in names})


def edits(zone, pool):
    """A list with one element replaced, removed, added or doubled."""
    for i, v in enumerate(zone):
        yield [*zone[:i], *zone[i + 1 :]]
        yield from ([*zone[:i], other, *zone[i + 1 :]] for other in pool if other is not v)
    yield from ([*zone, other] for other in pool)


def mutations(f):
    """The functions that are one change away: of a use, a binding, a zone, a type, a result, or the order of equations."""
    unknown = [Var(F64), Var(F64, linear=True)]
    pool = variables(f) + unknown
    for name in ("results", "linear_results", "params", "linear_params"):
        yield from (changed(f, **{name: zone}) for zone in edits(getattr(f, name), pool))
    for i, e in enumerate(f.equations):
        before, after = f.equations[:i], f.equations[i + 1 :]
        others = [Equation(e.op, tuple(zone), e.outputs) for zone in edits(e.inputs, pool)]
        others += [Equation(e.op, e.inputs, tuple(zone)) for zone in edits(e.outputs, pool)]
        yield from (changed(f, equations=(*before, other, *after)) for other in others)
        yield changed(f, equations=(*before, *after))
        yield changed(f, equations=(*before, e, e, *after))
        yield changed(f, equations=(*after, e, *before))
    for v, (type_, linear) in product(variables(f), product((F64, F32, I64), (False, True))):
        yield renamed(f, v, Var(type_, linear=linear))


def verdicts(functions):
    """How many functions the checker accepts and rejects; the naive one agrees on each."""
    accepted = rejected = 0
    for f in functions:
        verdict = accepts(f)
        assert verdict == naive(f), f"the checker says {verdict} of {f!r}"
        accepted, rejected = accepted + verdict, rejected + (not verdict)
    return accepted, rejected


def test_both_checkers_accept_every_small_program():
    functions = chain.from_iterable(mixed_functions(n) for n in range(4))
    assert verdicts(functions) == (10_967, 0)


def test_both_checkers_agree_on_all_that_is_one_change_away():
    small = chain.from_iterable(mixed_functions(n) for n in range(3))
    accepted, rejected = verdicts(chain.from_iterable(map(mutations, small)))
    assert (accepted, rejected) == (2_628, 36_942)
