"""The theorems T1 to T9, each a check of one program that raises `AssertionError` where it does not hold.

Below, m is the program itself when it has a linear zone, and otherwise its derivative; ℓ is the linear half of m.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from lineara.backends.reference import evaluate
from lineara.cost import interface_work, size, work
from lineara.ir import (
    Drop,
    Function,
    TupleType,
    Type,
    callees_first,
    has_tangent,
    tangent_type,
)
from lineara.optimize import SIMPLIFICATIONS, simplify
from lineara.syntax import parse_function, to_text
from lineara.testing.metering import has_declared, has_list, is_static, metered, unread, widest
from lineara.testing.numerics import (
    differences,
    distance,
    measured,
    precision,
    rounding,
    scalars,
    within,
)
from lineara.testing.programs import Program
from lineara.testing.values import (
    Value,
    basis,
    bits,
    combine,
    inner,
    largest,
    nbytes,
    sample,
)
from lineara.transforms import (
    Decision,
    Halves,
    Policy,
    Site,
    as_written,
    erase,
    everything,
    jvp,
    nothing,
    partial_eval,
    prune,
    save_only,
    transpose,
    unzip,
)
from lineara.typecheck import check

Types = tuple[Type, ...]
Signature = tuple[Types, Types, Types, Types]


def mixed_form(program: Program) -> Function:
    """The program when it has a linear zone, and otherwise its derivative."""
    return program.function if program.is_mixed else jvp(program.function)


def types_are_kept(program: Program) -> None:
    """T1: every transformation gives well-typed programs of the stated types."""
    f, rng = program.function, program.rng()
    x, u, y, v = _signature(check(f))
    if not program.is_mixed:
        u, v = (
            tuple(map(tangent_type, _differentiable(x))),
            tuple(map(tangent_type, _differentiable(y))),
        )
    m = mixed_form(program)
    _expect(m, (x, u, y, v))
    halves = unzip(m, random_policy(rng))
    tape = halves.tape
    _expect(halves.nonlinear, (x, (), y + tape, ()))
    _expect(halves.linear, (tape, u, (), v))
    backward = transpose(halves.linear)
    _expect(backward, (tape, v, (), u))
    _expect(transpose(backward), (tape, u, (), v))
    erased = erase(backward)
    _expect(erased, (tape + v, (), u, ()))
    _expect(erase(m), (x + u, (), y + v, ()))
    second = jvp(erased)
    _, u, _, v = _signature(second)
    again = unzip(second)
    _expect(again.linear, (again.tape, u, (), v))
    stages = (m, halves.nonlinear, halves.linear, backward, erased)
    _pruning_keeps_types(rng.choice(stages), rng)
    stage = rng.choice(stages)
    assert parse_function(to_text(stage)) == stage, "what is printed is read as another function"
    for simplification in (*SIMPLIFICATIONS.values(), simplify):
        _expect(simplification(stage), _signature(stage))


def simplifications_keep_values(program: Program) -> None:
    """T1, the other half: every simplification keeps the values, but for the sign of a zero."""
    rng = program.rng()
    m = mixed_form(program)
    linear_args = [sample(p.type, rng) for p in m.linear_params]
    halves = unzip(m, random_policy(rng))
    first = evaluate(halves.nonlinear, program.args)
    tape = first[len(m.results) :]
    stages = (
        (m, [*program.args, *linear_args]),
        (halves.nonlinear, program.args),
        (halves.linear, [*tape, *linear_args]),
        (erase(halves.linear), [*tape, *linear_args]),
    )
    stage, args = rng.choice(stages)
    expected = evaluate(stage, args)
    for name, simplification in (*SIMPLIFICATIONS.items(), ("simplify", simplify)):
        given = evaluate(simplification(stage), args)
        assert _same(given, expected), f"{name} changes a value: {given} for {expected}"


def linear_code_is_linear(program: Program) -> None:
    """T2: `m(x ; a·u + b·v) = a·m(x ; u) + b·m(x ; v)`, and what is nonlinear does not depend on u."""
    m, rng = mixed_form(program), program.rng()
    count = len(m.results)
    a, b = rng.uniform(-2, 2), rng.uniform(-2, 2)
    u, v = (tuple(sample(p.type, rng) for p in m.linear_params) for _ in range(2))
    both = tuple(combine(a, x, b, y) for x, y in zip(u, v, strict=True))
    (at_u, m1), (at_v, m2), (at_both, m3) = (measured(m, program.args, t) for t in (u, v, both))
    assert bits(at_u[:count]) == bits(at_v[:count]) == bits(at_both[:count])
    expected = tuple(combine(a, x, b, y) for x, y in zip(at_u[count:], at_v[count:], strict=True))
    error = largest(
        tuple(combine(1, x, -1, y) for x, y in zip(at_both[count:], expected, strict=True))
    )
    bound = rounding(m) * (1 + max(m1, m2, m3)) ** 2
    assert within(error, bound), f"{at_both[count:]} is not {expected}, by {error}"


def jvp_costs_a_constant_factor(program: Program, constant: float) -> None:
    """T3: `W(jvp f) ≤ c·W(f)`, up to the scalars that cross function boundaries."""
    f = program.function
    base = work(f) + interface_work(f)
    assert work(jvp(f)) <= constant * base, f"{work(jvp(f))} for {base}"


def unzipping_keeps_work(program: Program) -> None:
    """T4: `W(nonlinear) + W(linear) = W(m)` when everything is kept.

    Where work depends on data, it is that of an evaluation. There a branch also drops the slots of the tape that are of others.
    """
    m, rng = mixed_form(program), program.rng()
    halves = unzip(m, everything)
    if is_static(m):
        nonlinear, linear = work(halves.nonlinear), work(halves.linear)
        assert nonlinear + linear == work(m), f"{nonlinear} + {linear} is not {work(m)}"
        return
    v = tuple(sample(p.type, rng) for p in m.linear_params)
    (given, early), (_, whole) = (
        metered(halves.nonlinear, program.args),
        metered(m, (*program.args, *v)),
    )
    late = metered(halves.linear, (*given[len(m.results) :], *v))[1]
    slots = unread(halves.linear, (*given[len(m.results) :], *v))
    assert early + late == whole + slots, f"{early} + {late} is not {whole}, slots {slots}"


def transposition_keeps_work(program: Program) -> None:
    """T5: `W(ℓᵀ) = W(ℓ)`; where work depends on data, that of an evaluation. What is declared has the work that it has."""
    m, rng = mixed_form(program), program.rng()
    halves = unzip(m, random_policy(rng))
    linear, backward = halves.linear, transpose(halves.linear)
    if has_declared(linear):
        return
    if is_static(linear):
        before, after = work(linear), work(backward)
    else:
        tape = evaluate(halves.nonlinear, program.args)[len(m.results) :]
        v, w = (
            tuple(sample(p.type, rng) for p in zone)
            for zone in (linear.linear_params, linear.linear_results)
        )
        before, after = metered(linear, (*tape, *v))[1], metered(backward, (*tape, *w))[1]
    assert before == after, f"{after} for {before}"


def size_grows_by_a_constant(program: Program, factors: tuple[float, float, float]) -> None:
    """T6: the size after jvp, after unzip (both halves) and after transpose, each against that before it.

    Each branch of a switch has the slots of all of them, so that unzip grows by a factor for each branch.
    """
    f, m = program.function, mixed_form(program)
    halves = unzip(m, everything)
    steps = (
        (size(f), size(m)),
        (size(m) * widest(m), size(halves.nonlinear) + size(halves.linear)),
        (size(halves.linear), size(transpose(halves.linear))),
    )
    for (before, after), factor in zip(steps, factors, strict=True):
        assert after <= factor * before, f"{after} is more than {factor} times {before}"


def transpose_is_the_transpose(program: Program) -> None:
    """T7: `⟨w, ℓ v⟩ = ⟨ℓᵀ w, v⟩`."""
    m, rng = mixed_form(program), program.rng()
    halves = unzip(m, random_policy(rng))
    linear, backward = halves.linear, transpose(halves.linear)
    tape = evaluate(halves.nonlinear, program.args)[len(m.results) :]
    v, w = (
        tuple(sample(p.type, rng) for p in zone)
        for zone in (linear.linear_params, linear.linear_results)
    )
    (forward, m1), (back, m2) = measured(linear, tape, v), measured(backward, tape, w)
    bound = rounding(linear) * (1 + m1) * (1 + m2)
    error = abs(inner(w, forward) - inner(back, v))
    assert within(error, bound), f"⟨w, ℓ v⟩ = {inner(w, forward)}, ⟨ℓᵀ w, v⟩ = {inner(back, v)}"


def reverse_mode_is_forward_mode(program: Program, columns: int = 8) -> None:
    """T8: the gradient of `⟨w, f⟩` is the derivative along one basis vector after the other (at most so many)."""
    f, rng = program.function, program.rng()
    m = jvp(f)
    halves = unzip(m, random_policy(rng))
    tape = evaluate(halves.nonlinear, program.args)[len(f.results) :]
    w = tuple(sample(r.type, rng) for r in m.linear_results)
    gradient, m1 = measured(transpose(halves.linear), tape, w)
    vectors = list(basis(TupleType(tuple(p.type for p in m.linear_params))))
    for v in rng.sample(vectors, min(columns, len(vectors))):
        results, m2 = measured(m, program.args, v)
        forward, reverse = inner(w, results[len(f.results) :]), inner(gradient, v)
        bound = rounding(m) * (1 + m1) * (1 + m2)
        assert within(abs(forward - reverse), bound), (
            f"forward {forward}, reverse {reverse}, along {v}"
        )


def forward_mode_is_the_derivative(program: Program) -> bool:
    """T8: `jvp f` along a random tangent is the central difference.

    Returns False without comparing where differences of two steps, or to both sides, disagree: a kink or a jump is near.
    """
    f, rng = program.function, program.rng()
    m = jvp(f)
    v = tuple(sample(p.type, rng) for p in m.linear_params)
    derivative = evaluate(m, (*program.args, *v))[len(f.results) :]
    relative = precision(m)
    step, accuracy = 4 * relative ** (1 / 3), 300 * relative ** (2 / 3)
    one, bend = differences(f, program.args, v, step)
    two, _ = differences(f, program.args, v, 2 * step)
    scale = 1 + largest(one)
    bound = accuracy * scale
    if not (distance(one, two) <= bound and largest(bend) <= scale / 10):
        return False
    error = distance(one, scalars(derivative))
    assert error <= 10 * bound, f"jvp {derivative}, differences {one}"
    return True


def policies_agree(program: Program) -> None:
    """T9: any choice of what to keep gives the same bits, and the work and the tape that were predicted."""
    m, rng = mixed_form(program), program.rng()
    v = tuple(sample(p.type, rng) for p in m.linear_params)
    w = tuple(sample(p.type, rng) for p in m.linear_results)
    expected = bits(evaluate(m, (*program.args, *v)))
    gradient = None
    for policy in (everything, nothing, as_written, random_policy(rng), _save_some(m, rng)):
        halves = unzip(m, policy)
        y, tape = _metered(halves, program.args, len(m.results))
        y_dot, done = metered(halves.linear, (*tape, *v))
        assert done == work(halves.linear) or not is_static(halves.linear)
        assert bits(y + y_dot) == expected, f"{y + y_dot} differs"
        back = bits(evaluate(transpose(halves.linear), (*tape, *w)))
        assert back == (gradient or back), "the transposed half differs"
        gradient = back


def partial_evaluation_agrees(program: Program) -> None:
    """T9 for any split of the arguments of a nonlinear function, and any policy."""
    f, rng = program.function, program.rng()
    known = tuple(rng.random() < 0.5 for _ in f.params)
    halves = partial_eval(f, known, random_policy(rng))
    args = {
        k: [a for a, is_k in zip(program.args, known, strict=True) if is_k is k]
        for k in (True, False)
    }
    count = halves.late_results.count(False)
    early, tape = _metered(halves, args[True], count)
    late = iter(evaluate(check(halves.late), [*tape, *args[False]]))
    first = iter(early)
    merged = tuple(next(late) if is_late else next(first) for is_late in halves.late_results)
    check(halves.early)
    assert bits(merged) == bits(evaluate(f, program.args))


def recomputations_survive(program: Program) -> None:
    """T9: neither folding nor the merging of common subexpressions undoes a recomputation."""
    linear = unzip(mixed_form(program), nothing).linear
    for name in ("literals", "common_subexpressions"):
        assert _marked(SIMPLIFICATIONS[name](linear)) == _marked(linear), name


def random_policy(rng: Random) -> Policy:
    """A policy that decides by chance, the same for one site each time."""
    seed, share = rng.random(), rng.random()

    def policy(site: Site) -> Decision:
        chance = Random(f"{seed}{site.function}{site.names}")
        if chance.random() < share:
            return Decision.KEEP
        return chance.choice((Decision.CHECKPOINT, Decision.RECOMPUTE))

    return policy


def _metered(
    halves: Halves, args: Sequence[Value], count: int
) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """The results of the early half and the tape, which are as large and as costly as predicted."""
    given, done = metered(halves.early, args)
    assert done == work(halves.early) or not is_static(halves.early)
    results, tape = given[:count], given[count:]
    is_predicted = not any(map(has_list, halves.tape))
    assert nbytes(tape) == halves.tape_bytes or not is_predicted
    return results, tape


def _signature(f: Function) -> Signature:
    zones = (f.params, f.linear_params, f.results, f.linear_results)
    x, u, y, v = (tuple(a.type for a in zone) for zone in zones)
    return x, u, y, v


def _expect(f: Function, signature: Signature) -> None:
    check(f)
    assert _signature(f) == signature, f"{f!r} is not {signature}"


def _differentiable(types: Types) -> Types:
    return tuple(filter(has_tangent, types))


def _pruning_keeps_types(f: Function, rng: Random) -> None:
    x, u, y, v = _signature(f)
    keep = tuple(rng.random() < 0.5 for _ in y + v)
    kept = [t for t, k in zip(y, keep[: len(y)], strict=True) if k]
    linear = [t for t, k in zip(v, keep[len(y) :], strict=True) if k]
    _expect(prune(f, keep), (x, u, tuple(kept), tuple(linear)))


def _same(x: Value, y: Value) -> bool:
    if isinstance(x, tuple | list):
        return len(x) == len(y) and all(map(_same, x, y))
    inexact = x.dtype.kind in "fc"
    return x.dtype == y.dtype and bool(np.array_equal(x, y, equal_nan=inexact))


def _save_some(function: Function, rng: Random) -> Policy:
    """The policy that keeps the results of some of the operations that occur."""
    sites = [Site(f, (), e) for f in callees_first(function) for e in f.equations]
    return save_only(*(site.operation for site in sites if rng.random() < 0.5))


def _marked(function: Function) -> int:
    """How many equations are marked as recomputations, in a function and all that it calls."""
    equations = [e for f in callees_first(function) for e in f.equations]
    return sum(e.recompute for e in equations if not isinstance(e.op, Drop))
