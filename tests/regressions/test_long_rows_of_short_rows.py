"""Each lane made 40 rows of four elements; written one by one, they were taken for those of the first lane alone."""

import numpy as np

import lineara


def test_all_lanes_write_their_rows():
    r = np.random.default_rng(0)
    x, matrices = r.normal(size=(45, 3)), r.normal(size=(40, 4, 3))
    given = lineara.jit(lineara.vmap(lambda t: matrices @ t))(x)
    np.testing.assert_allclose(given, np.einsum("mkc,nc->nmk", matrices, x), rtol=1e-13, atol=1e-13)
