"""k-means by Newton's method, and a determinant by minors."""

import numpy as np
import pytest

import lineara


def inertia(centres, points):
    """The sum of the squared distances to the nearest centres."""
    gaps = points[:, None, :] - centres
    return np.sum(np.min(np.sum(gaps**2, axis=-1), axis=1))


def lloyd(centres, points):
    """One step of Lloyd's method: the means of the points that are nearest."""
    nearest = np.argmin(np.sum((points[:, None, :] - centres) ** 2, axis=-1), axis=1)
    return np.stack([points[nearest == k].mean(axis=0) for k in range(len(centres))])


def newton(centres, points):
    """One step of Newton's method, with the whole Hessian."""
    gradient = lineara.grad(inertia)(centres, points)
    hessian = lineara.hessian(inertia)(centres, points)
    n = centres.size
    return centres - np.linalg.solve(hessian.reshape(n, n), gradient.ravel()).reshape(centres.shape)


def newton_by_products(centres, points):
    """The same where the Hessian is diagonal: it is its product with ones."""
    gradient = lineara.grad(inertia)
    g, diagonal = lineara.jvp(lambda c: gradient(c, points), (centres,), (np.ones_like(centres),))
    return centres - g / diagonal


@pytest.mark.parametrize("step", [newton, newton_by_products])
def test_a_step_of_newton_is_a_step_of_lloyd(step):
    rng = np.random.default_rng(0)
    middles = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    points = np.concatenate([rng.normal(m, 0.4, (20, 2)) for m in middles])
    centres = points[[0, 20, 40]]
    for _ in range(4):
        expected = lloyd(centres, points)
        centres = step(centres, points)
        np.testing.assert_allclose(centres, expected, rtol=1e-12)
    np.testing.assert_allclose(lloyd(centres, points), centres)


def determinant(rows):
    """By minors along the first row: Python recursion over lists."""
    if len(rows) == 1:
        return rows[0][0]
    first, *rest = rows
    minors = ([row[:k] + row[k + 1 :] for row in rest] for k in range(len(first)))
    return sum((-1) ** k * first[k] * determinant(minor) for k, minor in enumerate(minors))


def test_the_gradient_of_a_determinant_is_the_cofactors():
    a = np.random.default_rng(1).normal(size=(4, 4))
    of_array = lambda m: determinant([list(row) for row in m])
    value, gradient = lineara.value_and_grad(of_array)(a)
    assert value == pytest.approx(np.linalg.det(a))
    np.testing.assert_allclose(gradient, np.linalg.det(a) * np.linalg.inv(a).T, rtol=1e-10)
    on_lists = lineara.grad(determinant)(a.tolist())
    np.testing.assert_allclose(np.array(on_lists), gradient, rtol=1e-14)


def test_the_second_derivative_of_a_determinant():
    a = np.random.default_rng(2).normal(size=(3, 3))
    minors = lineara.hessian(lambda m: determinant([list(row) for row in m]))(a)
    by_linalg = lineara.hessian(np.linalg.det)(a)
    np.testing.assert_allclose(minors, by_linalg, rtol=1e-9, atol=1e-9)
