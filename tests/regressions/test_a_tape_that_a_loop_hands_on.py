"""A loop that hands on its rows as a stack of its own: its reader was left without it when the rows were made again."""

import numpy as np

import lineara

TRIPS = 200_000


def total(x):
    def make(c, v):
        w = 2.0 * v + 1.0
        return c + w, w

    def hand_on(c, w):
        return 0.5 * c + w, w

    def read(c, w):
        return 0.25 * c + w * w, None

    first, ws = lineara.scan(make, 0.0, x)
    second, same = lineara.scan(hand_on, 0.0, ws)
    return first + second + lineara.scan(read, 0.0, same)[0]


def test_it_is_still_there():
    x = np.linspace(0.0, 1.0, TRIPS)
    ws = 2.0 * x + 1.0
    halves, quarters = (
        np.sum(ws[-60:] ** p * q ** np.arange(60)[::-1]) for p, q in ((1, 0.5), (2, 0.25))
    )
    np.testing.assert_allclose(lineara.jit(total)(x), np.sum(ws) + halves + quarters, rtol=1e-10)


def test_so_is_its_gradient():
    x = np.linspace(0.0, 1.0, TRIPS)
    back = np.arange(TRIPS)[::-1]
    slopes = 2.0 * (1.0 + 0.5**back + 2.0 * (2.0 * x + 1.0) * 0.25**back)
    np.testing.assert_allclose(lineara.jit(lineara.grad(total))(x), slopes, rtol=1e-12)
