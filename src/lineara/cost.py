"""Costs as exact integers: work, size, tape and peak bytes.

`work` counts scalar operations. In the linear zone `+`, `*.`, `dup`, `drop` and `zero` cost one per scalar; variables,
literals, tuples and `let` cost nothing; a primitive costs what its record says; a call costs its body. A nonlinear `drop`
costs one per scalar too: it pays for the tangent that `jvp` drops there.
"""

from __future__ import annotations

from lineara.ir import (
    Add,
    Apply,
    Call,
    Drop,
    Dup,
    Equation,
    Function,
    LinearCall,
    Literal,
    MakeTuple,
    Scan,
    Switch,
    Unpack,
    Var,
    While,
    Zero,
    callees_first,
    functions_of,
    reachable,
)


def work(function: Function) -> int:
    """Scalar operations of one evaluation.

    >>> from lineara.syntax import parse_function
    >>> work(parse_function("def f(x: f64[3]) -> f64[3] = sin(x) * x"))
    33
    """
    return works(function)[id(function)]


def works(function: Function) -> dict[int, int]:
    """The work of a function and of everything it calls, by `id`."""
    done: dict[int, int] = {}
    for f in callees_first(function):
        done[id(f)] = sum(equation_work(e, done) for e in f.equations)
    return done


def equation_work(e: Equation, callee_work: dict[int, int]) -> int:
    """The work of one equation, given that of the functions that it may call."""
    match e.op:
        case Apply(primitive, attributes):
            operands = tuple([v.type for v in e.inputs])
            results = tuple([v.type for v in e.outputs])
            return primitive.work(operands, results, dict(attributes))  # type: ignore[arg-type]
        case Call(callee):
            return callee_work[id(callee)]
        case LinearCall(forward):
            return callee_work[id(forward.function)]
        case Switch(branches):
            return max(callee_work[id(f)] for f in branches)
        case Scan(body, length):
            return (1 if length is None else length) * callee_work[id(body)]
        case While(condition, body):
            return callee_work[id(condition)] + callee_work[id(body)]
        case Add() | Zero():
            return e.outputs[0].type.size
        case Dup() | Drop():
            return e.inputs[0].type.size
        case Literal() | MakeTuple() | Unpack():
            return 0


def interface_work(function: Function) -> int:
    """Scalars that cross function boundaries in one evaluation: parameters and results, those of calls included.

    The cost theorems hold up to this: a result given back twice is free, and its tangent is a `dup`.
    """
    done: dict[int, int] = {}
    for f in callees_first(function):
        own = (*f.params, *f.linear_params, *f.results, *f.linear_results)
        inner = sum(_trips(e) * done[id(g)] for e in f.equations for g in functions_of(e.op))
        done[id(f)] = sum(v.type.size for v in own) + inner
    return done[id(function)]


def _trips(e: Equation) -> int:
    return e.op.length if isinstance(e.op, Scan) and e.op.length is not None else 1


def size(function: Function) -> int:
    """Nodes of the program text, each function once however often it is called; rules count too."""
    return sum(own_size(f) for f in reachable(function))


def own_size(f: Function) -> int:
    """Nodes of one function: its binders, its operands, its equations and its results."""
    interface = len(f.params) + len(f.linear_params) + len(f.results) + len(f.linear_results)
    return 1 + interface + sum(1 + len(e.inputs) + len(e.outputs) for e in f.equations)


def peak_bytes(function: Function) -> int:
    """The most bytes alive at once, when a value lives from its binding to its last use.

    Parameters and results count; a callee's parameters are its caller's values and count once. Tuples are made of their
    elements, and `dup`, `unpack` and `tuple` copy nothing.
    """
    done: dict[int, int] = {}
    for f in callees_first(function):
        done[id(f)] = _peak(f, done)
    return done[id(function)]


def _peak(f: Function, callee_peak: dict[int, int]) -> int:
    """Walk forward with the bytes alive; a value dies after its last use."""
    last = _last_uses(f)
    alive = peak = sum(v.type.nbytes for v in (*f.params, *f.linear_params))
    for step, e in enumerate(f.equations):
        inside = max(
            [callee_peak[id(g)] - _interface_bytes(g) for g in functions_of(e.op)], default=0
        )
        if not isinstance(e.op, MakeTuple | Unpack | Dup):
            alive += sum(v.type.nbytes for v in e.outputs)
        peak = max(peak, alive + max(0, inside))
        alive -= sum(_freed(e, v) for v in set(e.inputs) if last[v] == step)
    return peak


def _interface_bytes(f: Function) -> int:
    """The bytes of parameters and results, which the caller holds."""
    own = (*f.params, *f.linear_params, *f.results, *f.linear_results)
    return sum(v.type.nbytes for v in own)


def _freed(e: Equation, v: Var) -> int:
    """The bytes that the death of an operand frees: none when the results share them."""
    return 0 if isinstance(e.op, MakeTuple | Unpack | Dup) else v.type.nbytes


def _last_uses(f: Function) -> dict[Var, int]:
    """The index of the equation that uses each variable last; results live to the end."""
    last = {v: step for step, e in enumerate(f.equations) for v in e.inputs}
    return last | dict.fromkeys((*f.results, *f.linear_results), len(f.equations))
