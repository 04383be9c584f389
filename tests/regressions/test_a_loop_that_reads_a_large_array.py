"""A trip that reads one element of a large array was taken for work on all of it, and looked for an interrupt each time."""

import numpy as np

import lineara
from lineara.backends.native.flat import graph_work
from lineara.backends.native.run import graph_of

SIZE = 10_000


def total(x):
    return lineara.fori_loop(0, SIZE, lambda i, c: c + x[i] * x[(i * 7) % SIZE], 0.0)


def test_a_trip_is_as_much_work_as_it_takes():
    for f in (total, lineara.grad(total)):
        program = lineara.trace(f, np.ones(SIZE))
        assert graph_work(graph_of(program.function)) < 40 * SIZE
