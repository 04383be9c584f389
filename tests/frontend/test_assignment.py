"""Assigning parts of arrays: NumPy's results, NumPy's sharing of memory, and errors where neither is possible."""

import numpy as np
import pytest
from scipy import linalg, special

import lineara
from lineara.errors import TraceError


def test_indices_that_repeat(agrees, differentiates):
    def last_counts(x):
        y = np.zeros_like(x)
        y[[0, 1, 0]] = x[:3] ** 2
        return y

    def once(x):
        y = x.copy()
        y[[0, 0, 1]] += x[:3] * 2
        return y

    for f in (last_counts, once):
        agrees(f, np.arange(1.0, 5))
        differentiates(f, np.arange(1.0, 5))


def test_a_recurrence_that_fills_an_array(agrees, differentiates):
    def f(x):
        y = np.zeros_like(x)
        y[0] = x[0]
        for i in range(1, len(x)):
            y[i] = np.sin(y[i - 1]) + x[i]
        return y

    agrees(f, np.arange(5.0))
    differentiates(f, np.arange(5.0))


def test_assignment_converts_as_numpy_does(agrees):
    def f(x):
        y = np.zeros_like(x, dtype=np.int64)
        y[1:] = x[1:]
        z = np.zeros_like(x, dtype=np.float32)
        z[...] = x
        return y, z

    agrees(f, np.array([1.5, -2.7, 3.9]))


def test_all_that_shares_memory_changes(agrees, differentiates):
    def names(x):
        y = x.copy()
        z = y
        z += 1
        z[0] = 7
        return y, z

    def parts(x):
        y = x.copy()
        row, column = y[0], y[:, 1]
        column[:] = row[:2] * 2
        y[1] = 5
        row *= 3
        return y, row, column

    def chained(x):
        y = x.copy()
        part = y[:, ::-1][1:][0]
        y[1, 0] = 9
        before = part.copy()
        part[1] = -1
        return y, part, before

    def through_functions(x):
        y = x.copy()
        y.T[0] = 4
        np.flip(y, 0)[0, 1] = 3
        np.swapaxes(y, 0, 1)[2] += 1
        first, _ = np.split(y, 2)
        first[0, 0] = -5
        for row in y:
            row[2] = row[2] * 2
        return y

    def copies(x):
        y = x.copy()
        apart = [y + 0, +y, y[[0]], y.copy(), y.astype(float), y.flatten(), np.where(y > 0, y, y)]
        y[...] = 0
        return y, apart

    for f in (names, parts, chained, through_functions, copies):
        agrees(f, np.arange(6.0).reshape(2, 3))
        differentiates(lambda x, f=f: f(x), np.arange(6.0).reshape(2, 3))


def test_scalars_are_immutable(agrees):
    def f(x):
        total = np.sum(x)
        history = [total]
        for i in range(3):
            total += x[i]
            history.append(total)
        return history

    agrees(f, np.arange(3.0))


def test_a_caller_in_plain_python_sees_assignments(agrees):
    def double(y):
        y *= 2

    def f(x):
        y = x + 0
        double(y)
        return y

    agrees(f, np.arange(3.0))


def test_in_place_methods(agrees):
    def f(x):
        y = x.copy()
        y.sort()
        z = x.copy()
        z.fill(3)
        z.put([0, 1], [5, 6])
        return y, z

    agrees(f, np.array([3.0, 1.0, 2.0]))


def changed_argument(x):
    x[0] = 1.0
    return x


def added_to_argument(x):
    x += 1.0
    return x


def part_of_argument(x):
    y = x[1:]
    y[0] = 1.0
    return x


def reshaped(x):
    y = x.copy()
    z = y.reshape(1, -1)
    y[0] = 1.0
    return z


def into_reshaped(x):
    y = x.copy()
    y.ravel()[0] = 1.0
    return y


def outer_array(x):
    y = x.copy()

    def inner(z):
        y[0] = z
        return z

    return lineara.grad(inner)(x[0]) + y


def into_ndarray(x):
    y = np.zeros(2)
    y[0] = x[0]
    return y


def added_to_ndarray(x):
    y = np.zeros(2)
    y += x
    return y


@pytest.mark.parametrize(
    ("f", "message", "mend"),
    [
        (changed_argument, "assignment to an argument", r"x\.copy\(\)"),
        (added_to_argument, "assignment to an argument", "x = x \\+ y"),
        (part_of_argument, "assignment to an argument", r"x\.copy\(\)"),
        (reshaped, "may share memory", r"x\.copy\(\)"),
        (into_reshaped, "may share memory", r"x\.copy\(\)"),
        (outer_array, "array of an outer function", r"x\.copy\(\)"),
        (added_to_ndarray, "np.add\\(out=…\\)", "zeros_like"),
    ],
)
def test_assignments_that_are_refused(f, message, mend):
    with pytest.raises(TraceError, match=message) as error:
        lineara.trace(f, np.ones(2))
    assert error.match(f"mend: .*{mend}")
    assert "test_assignment.py" in str(error.value)


def test_assigning_a_traced_element_to_an_ndarray_is_refused():
    with pytest.raises(TraceError, match=r"start from np\.zeros_like\(x\) of a traced x"):
        lineara.trace(into_ndarray, np.ones(2))


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (special.logsumexp, "logsumexp"),
        (special.softmax, "softmax"),
        (lambda x: special.polygamma(1, x), "polygamma"),
        (linalg.expm, "expm"),
    ],
)
def test_functions_of_scipy_that_are_no_ufuncs_have_replacements(f, name):
    with pytest.raises(
        TraceError, match=f"(?s){name} of SciPy takes no.*lineara.numpy has.*{name}"
    ) as caught:
        lineara.trace(lambda x: f(x), np.eye(2))
    assert "test_assignment.py" in str(caught.value)
