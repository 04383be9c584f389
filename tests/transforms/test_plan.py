"""Plans: printed, edited, given back, and refused where they do not fit."""

import numpy as np
import pytest

import lineara
from lineara import Plan
from lineara.backends.reference import evaluate
from lineara.cost import work
from lineara.errors import PlanError
from lineara.optimize import dead_code, zeros
from lineara.syntax import parse_function
from lineara.transforms import (
    Decision,
    as_written,
    everything,
    jvp,
    nothing,
    plan_of,
    save_names,
    save_only,
    unzip,
)

TEXT = """
def g(x: f64) -> f64 =
  let y = sin(x) * exp(x)
  y * x

def f(x: f64) -> f64 =
  let a = g(x)
  let b = checkpoint g(a)
  cos(b) * a
"""
POLICIES = [as_written, everything, nothing, save_only("sin", "exp"), save_names("a")]


@pytest.fixture
def derivative():
    return zeros(dead_code(jvp(parse_function(TEXT))))


def outcome(halves, x, x_dot):
    given = evaluate(halves.nonlinear, [x])
    count = len(given) - len(halves.tape)
    return [*given[:count], *evaluate(halves.linear, [*given[count:], x_dot])]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_survives_print_and_parse(derivative, policy):
    plan = plan_of(derivative, policy)
    again = Plan.parse(str(plan))
    assert again == plan
    assert hash(again) == hash(plan)
    assert str(plan_of(derivative, again)) == str(plan)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_does_what_its_policy_did(derivative, policy):
    wanted = unzip(derivative, policy)
    found = unzip(derivative, Plan.parse(str(plan_of(derivative, policy))))
    assert (found.nonlinear, found.linear) == (wanted.nonlinear, wanted.linear)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_says_what_it_costs(derivative, policy):
    plan = plan_of(derivative, policy)
    halves = unzip(derivative, Plan.parse(str(plan)))
    assert plan.tape_bytes == halves.tape_bytes
    assert plan.extra_work == work(halves.nonlinear) + work(halves.linear) - work(derivative)


def test_a_plan_lists_every_choice_with_its_bytes_work_and_line(derivative):
    plan = plan_of(derivative)
    first, second = plan.sections
    assert (first.function, second.function) == ("f.jvp", "g.jvp")
    (called,) = [c for c in first.choices if c.place == "b"]
    assert called.decision is Decision.CHECKPOINT
    assert called.equation == "checkpoint g.jvp.nonlin(a)"
    assert called.note.endswith("work 32, <text>:8")
    assert all(c.keep for c in second.choices)


def test_one_edited_line_is_followed_with_the_same_bits(derivative):
    before = plan_of(derivative)
    text = str(before)
    edited = Plan.parse(text.replace("checkpoint  b", "keep        b"))
    assert edited != before
    after = plan_of(derivative, edited.check(derivative))
    assert after.extra_work == 0 < before.extra_work
    assert after.tape_bytes > before.tape_bytes
    halves = [unzip(derivative, plan) for plan in (before, edited)]
    assert halves[1].tape_bytes == after.tape_bytes
    assert outcome(halves[0], 0.3, 1.5) == outcome(halves[1], 0.3, 1.5)


def test_the_tape_shrinks_by_the_bytes_of_the_line_at_each_call(derivative):
    before = plan_of(derivative, everything)
    edited = Plan.parse(str(before).replace("keep        d = exp(x)", "recompute   d = exp(x)"))
    after = plan_of(derivative, edited)
    calls, line_bytes, line_work = 2, 8, 10
    assert after.tape_bytes == before.tape_bytes - calls * line_bytes
    assert after.extra_work == calls * line_work
    assert unzip(derivative, edited).tape_bytes == after.tape_bytes


def test_what_a_plan_does_not_name_is_kept(derivative):
    plan = Plan.parse("plan g.jvp\n  recompute y")
    sections = plan_of(derivative, plan).sections
    recomputed = [(s.function, c.place) for s in sections for c in s.choices if not c.keep]
    assert recomputed == [("g.jvp", "y")]


def test_functions_of_one_name_have_marks():
    def layer(x):
        return np.sin(x) * np.exp(x)

    def f(x):
        return np.sum(lineara.checkpoint(layer)(x)) * lineara.checkpoint(layer)(x[0])

    plan = lineara.plan(f, np.arange(3.0))
    heads = [line for line in str(plan).splitlines() if line.startswith("plan layer.jvp @")]
    assert len(set(heads)) == 2
    one = Plan.parse(str(plan).replace("keep ", "recompute ", 1))
    assert one != plan
    x = np.arange(3.0)
    assert np.array_equal(lineara.grad(f, policy=one)(x), lineara.grad(f)(x))


def test_a_gradient_follows_a_plan():
    def f(x):
        return np.sum(np.exp(np.sin(x)))

    x = np.linspace(0.0, 1.0, 5)
    plan = lineara.plan(f, x)
    less = Plan.parse(str(lineara.plan(f, x, policy=nothing)))
    assert np.array_equal(lineara.grad(f, policy=less)(x), lineara.grad(f)(x))
    assert lineara.plan(f, x, policy=less).tape_bytes == x.nbytes < plan.tape_bytes


def test_a_plan_for_another_function_is_refused_where_it_is_used():
    plan = lineara.plan(lambda x: np.sin(np.cos(x)), 1.0)
    with pytest.raises(PlanError, match="no choice"):
        lineara.grad(lambda y: y * y, policy=plan)(1.0)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("plan f.jpv", 1, "no choices in a function `f.jpv`"),
        ("plan f.jvp\n  keep a\n  keep nowhere", 3, "no choice at `nowhere`"),
        ("plan f.jvp @0123", 1, "no choices in a function `f.jvp @0123`"),
        ("# a comment\nforget x", 2, "`forget x` is no line of a plan"),
        ("keep x", 1, "a choice outside a function"),
        ("plan f.jvp\n  keep a\n  recompute a", 3, "is to keep and to recompute"),
    ],
)
def test_a_plan_that_does_not_fit_is_an_error_with_its_line(derivative, text, line, message):
    with pytest.raises(PlanError, match=message) as caught:
        Plan.parse(text, "my.plan").check(derivative)
    assert caught.value.origin.line == line
    assert caught.value.origin.file == "my.plan"
    assert caught.value.mend


def test_a_wrong_name_is_met_with_the_nearest_one(derivative):
    with pytest.raises(PlanError, match=r"did you mean `f\.jvp`"):
        Plan.parse("plan f.jpv").check(derivative)


def test_what_only_the_linear_half_reads_is_moved_there_at_no_cost(derivative):
    before = plan_of(derivative, everything)
    edited = Plan.parse(str(before).replace("keep        b = cos(x)", "recompute   b = cos(x)"))
    after = plan_of(derivative, edited)
    assert (after.tape_bytes, after.extra_work) == (before.tape_bytes - 16, 0)


def test_given_names_are_kept_however_often_they_are_given():
    def f(x):
        for _ in range(3):
            x = lineara.name(np.sin(x) * np.exp(x), "between")
        return np.sum(x)

    x = np.linspace(0.0, 1.0, 5)
    kept = lineara.plan(f, x, policy=save_names("between"))
    names = [c.place for s in kept.sections for c in s.choices if c.keep]
    assert names == ["between", "between_1"]
    assert kept.tape_bytes == 3 * x.nbytes
