"""Loops and branches at their ends: no trips, one branch, carries that change places, operands that come back."""

import numpy as np
import pytest

from lineara import checkpoint, cond, fori_loop, scan, switch, vmap, while_loop
from lineara.testing.machine import agrees

X, Y = np.linspace(0.1, 2.3, 12), np.linspace(-1.0, 1.0, 12) ** 3
M = np.linspace(-1.2, 1.3, 36).reshape(6, 6)
EMPTY, ONE = np.zeros((0,)), np.array([0.7])
TRUE, THREE = np.array(True), np.array(3)


def trips(f, *init, n=3):
    return scan(lambda c, _: (f(*c), None), init, None, length=n)[0]


def nested(x, depth):
    if depth == 0:
        return np.sin(x) + 0.1
    return scan(lambda c, _: (nested(c, depth - 1), None), x, None, length=2)[0]


def written(x, i, v):
    y = np.copy(x)
    y[i] = v
    return y


CASES = {
    "a parameter": (lambda x: x, X),
    "one value twice": (lambda x: (np.sin(x),) * 2, X),
    "literals": (lambda x: (np.ones(3), 2.5, x), X),
    "views": (lambda m: (m.T, m[::-1], m[1:3, ::2], m.reshape(4, 9), m.T.reshape(36)), M),
    "a view of a view": (lambda m: (m.T[::-1, 1:][:, ::-2].T, np.swapaxes(m, 0, 1)[2]), M),
    "an empty array": (lambda x: (x * 2, np.sum(x), np.sin(x)), EMPTY),
    "sums over no elements": (lambda m: (np.sum(m[:0], 0), np.sum(m[:, :0], 0)), M),
    "a product over no elements": (lambda m: m[:, :0] @ m[:0], M),
    "a scan without trips": (lambda x, xs: scan(lambda c, t: (c * t, c), x, xs), X, EMPTY),
    "a scan of one trip": (lambda x, xs: scan(lambda c, t: (c * t, c), x, xs), X, ONE),
    "a scan of empty arrays": (lambda m: scan(lambda c, t: (c + t, c * t), m[0, :0], m[:, :0]), M),
    "a scan from the end": (lambda x, xs: scan(lambda c, t: (c * t, c), x, xs, reverse=True), X, Y),
    "a scan that gives its elements": (lambda xs: scan(lambda c, t: (t, t), xs[0], xs), M),
    "a scan that gives its carry": (lambda m: scan(lambda c, t: (t, c), m[0], m), M),
    "carries that change places": (lambda x, y: trips(lambda a, b: (b, a), x, y), X, Y),
    "three carries in a ring": (
        lambda x, y: trips(lambda a, b, c: (b, c, a), x, y, x * y, n=4),
        X,
        Y,
    ),
    "carries that change places and values": (
        lambda x, y: trips(lambda a, b: (b * 2, a), x, y),
        X,
        Y,
    ),
    "scalars that change places": (lambda x: trips(lambda a, b: (b, a), x[0], x[1]), X),
    "a carry that is kept": (lambda x, y: trips(lambda a, b: (a, b * a), x, y), X, Y),
    "a carry that is reversed": (lambda x: trips(lambda a: (a[::-1],), x), X),
    "a carry that is transposed": (lambda m: trips(lambda a: (a.T,), m), M),
    "a carry that is transposed and changed": (lambda m: trips(lambda a: (a.T + a[::-1],), m), M),
    "a carry that is turned": (
        lambda x: trips(lambda a: (np.concatenate([a[1:], a[:1]]),), x),
        X,
    ),
    "carries that are views of each other": (
        lambda x: trips(lambda a, b: (b[::-1], a[::-1]), x, x[::-1]),
        X,
    ),
    "carries that become one": (lambda x, y: trips(lambda a, b: (b, b), x, y), X, Y),
    "a carry that becomes a constant": (lambda x: trips(lambda a: (np.ones(12),), x), X),
    "a carry that becomes what is outside": (lambda x, y: trips(lambda a: (y,), x), X, Y),
    "a carry that is written to": (
        lambda x: fori_loop(0, 5, lambda i, a: written(a, i, a[i + 1] * 2), x),
        X,
    ),
    "a carry that is read after it is written to": (
        lambda x: trips(lambda a, b: (written(a, 2, b[0]), a), x, x * 2),
        X,
    ),
    "a row that is written to": (
        lambda m: fori_loop(0, 4, lambda i, a: written(a, i, a[i + 1] + m[i]), m),
        M,
    ),
    "two writes to one array": (lambda x: (written(x, 1, 2.0), written(x, 2, 3.0), x), X),
    "no trips": (lambda x: fori_loop(3, 3, lambda i, v: v * x, x), X),
    "fewer than no trips": (lambda x, n: fori_loop(n, 1, lambda i, v: v * x, x), X, THREE),
    "as many trips as said": (lambda x, n: fori_loop(0, n, lambda i, v: v * x + i, x), X, THREE),
    "a while_loop without trips": (
        lambda x: while_loop(lambda c: np.sum(c) < -9.0, lambda c: c * x, x),
        X,
    ),
    "a while_loop": (lambda x: while_loop(lambda c: np.sum(c) < 90.0, lambda c: c * x + 1.0, x), X),
    "carries of a while_loop that change places": (
        lambda x, y: while_loop(
            lambda c: c[2] < 5, lambda c: (c[1], c[0] * 1.5, c[2] + 1), (x, y, 0)
        ),
        X,
        Y,
    ),
    "a reversed carry of a while_loop": (
        lambda x: while_loop(lambda c: c[0] < 3.0, lambda c: c[::-1] + 1.0, x),
        X,
    ),
    "a loop in a while_loop": (
        lambda x: while_loop(
            lambda c: np.sum(c) < 90.0, lambda c: fori_loop(0, 2, lambda i, v: v * x + 1.0, c), x
        ),
        X,
    ),
    "a while_loop in a scan": (
        lambda m: scan(
            lambda c, t: (while_loop(lambda v: v < 3.0, lambda v: v * 1.5 + 1.0, c[0]) + t, c),
            m[0],
            m,
        ),
        M,
    ),
    "a switch of one branch": (lambda x, i: switch(i, [np.sin], x), X, THREE),
    "a switch beyond its branches": (lambda x, i: switch(i, [np.sin, np.cos], x), X, THREE),
    "a switch below its branches": (lambda x, i: switch(-i, [np.sin, np.cos], x), X, THREE),
    "branches that give operands": (
        lambda x, y, b: cond(b, lambda u, v: (u, v), lambda u, v: (v, u), x, y),
        X,
        Y,
        TRUE,
    ),
    "branches that give one operand twice": (
        lambda x, b: cond(b, lambda u: (u, u), lambda u: (u[::-1], u), x),
        X,
        TRUE,
    ),
    "branches of literals": (lambda x, b: cond(b, lambda u: 1.0, lambda u: u[0], x), X, TRUE),
    "branches in a loop": (
        lambda m: scan(
            lambda c, t: (cond(c[0] > 0, lambda u: u * t, lambda u: u[::-1] - t, c), c), m[0], m
        ),
        M,
    ),
    "an array that two branches change": (
        lambda x, b: cond(b, lambda u: written(u, 1, 5.0), lambda u: written(u, 2, u[1]), x * 2),
        X,
        TRUE,
    ),
    "deep loops": (lambda x: nested(x, 6), X),
    "a checkpoint": (lambda x: checkpoint(lambda y: np.sin(np.exp(-y)))(x), X),
    "examples of a loop": (
        vmap(lambda r: scan(lambda c, t: (c * 0.5 + t, c), r[0], r)),
        np.tile(M, (3, 1)),
    ),
    "examples of a while_loop": (
        vmap(lambda r: while_loop(lambda c: np.sum(c) < 9.0, lambda c: c * 1.1 + 0.3, r)),
        np.tile(M, (3, 1)),
    ),
    "examples of branches": (
        vmap(lambda r: cond(r[0] > 0, lambda u: u[::-1] * 2, lambda u: u, r)),
        np.tile(M, (3, 1)),
    ),
}


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize(("f", "args"), [(f, a) for f, *a in CASES.values()], ids=list(CASES))
def test_values(recorded, f, args, level):
    assert agrees(*recorded(f, *args), level, on_stack=level > 0)


@pytest.mark.parametrize("level", [0, 3])
@pytest.mark.parametrize(("f", "args"), [(f, a) for f, *a in CASES.values()], ids=list(CASES))
def test_gradients(gradient, f, args, level):
    assert agrees(*gradient(f, *args), level, on_stack=level > 0)
