"""Parts of arrays are read and assigned as NumPy does, and linear functions of arrays transpose."""

import numpy as np
import pytest

import lineara
from lineara.errors import DtypeError, IndexingError, LinearTypeError, ShapeError, TraceError

K, J = np.array([1, 0, -1]), np.array([[0, 2], [-1, 1]])
MASK = np.array([[True, False, True], [False, False, True]])

# a (2, 3) array, then a (2, 3, 4) array
BASIC = [
    "x[0]",
    "x[-1]",
    "x[np.int64(1)]",
    "x[...]",
    "x[()]",
    "x[:]",
    "x[1:]",
    "x[:-1]",
    "x[::-1]",
    "x[::2]",
    "x[::-2]",
    "x[5:]",
    "x[-100:100]",
    "x[1:0]",
    "x[:, 1]",
    "x[:, ::-1]",
    "x[..., 0]",
    "x[0, ...]",
    "x[None]",
    "x[:, None]",
    "x[..., None]",
    "x[None, ..., 1, None]",
    "x[1, 2]",
    "x[1, ::-1]",
    "x[1][2]",
    "x[:, -1:]",
    "x[:0]",
]
ADVANCED = [
    "x[[0, 1, 1]]",
    "x[K]",
    "x[J % 2]",
    "x[np.array(1)]",
    "x[:, K]",
    "x[:, J]",
    "x[[0, 1], [2, -1]]",
    "x[[[0], [1]], [0, 2]]",
    "x[1, K]",
    "x[K, 1]",
    "x[K, None]",
    "x[None, K]",
    "x[K[:, None], 1:]",
    "x[::-1, K]",
    "x[K, ::2]",
    "x[MASK]",
    "x[MASK[:, 0]]",
    "x[:, MASK[0]]",
    "x[MASK & False]",
    "x[[True, False]]",
    "x[[]]",
    "x[np.array([], int)]",
    "x[K.astype(np.int8)]",
    "x[np.array([1, 0], np.uint8)]",
    "x[..., K]",
    "x[x.real > 0]",
    "x[x[:, 0].imag < 1]",
    "x[:, x[0] == x[0, 1]]",
    "x[x.ravel()[0] == x[0, 0]]",
    "x[True, :, 1]",
    "x[np.False_]",
]
DEEP = [
    "y[0, :, 1]",
    "y[K, :, K]",
    "y[K, :, 1]",
    "y[0, :, K]",
    "y[:, K, K]",
    "y[:, K, 1]",
    "y[:, 1, K]",
    "y[K, None, K]",
    "y[:, :, J]",
    "y[K, J[:, :1], 1:3]",
    "y[:, K]",
    "y[..., K, :]",
    "y[None, :, K]",
    "y[:, None, K]",
    "y[:, K, None]",
    "y[MASK]",
    "y[MASK, 1]",
    "y[MASK, ::-1]",
    "y[:, [True, False, True]]",
    "y[::-1, K, ::-1]",
    "y[1:, ..., ::-2]",
    "y[J % 2, ..., J]",
    "y[x.real < 1, 1]",
    "y[0, y[0, :, 0] == y[0, 1, 0], :2]",
]


def program(text):
    return eval(f"lambda x, y: {text}", globals())


@pytest.mark.parametrize("text", BASIC + ADVANCED + DEEP)
def test_reading(text, agrees, differentiates, sample):
    f = program(text)
    for dtype in ("f8", "c8", "i4", "?"):
        agrees(f, sample((2, 3), dtype), sample((2, 3, 4), dtype))
    used = sample((2, 3)), sample((2, 3, 4))
    if f(*used).size:
        differentiates(f, *used, order=1)


@pytest.mark.parametrize("text", [t for t in BASIC + ADVANCED + DEEP if t != "x[1][2]"])
def test_assigning(text, agrees, differentiates, sample):
    place = text[1:]
    name = text[0]
    namespace = dict(globals())
    lines = [
        "def assigned(x, y):",
        f"    {name} = {name}.copy()",
        f"    {name}{place} = np.sin({name}{place}) * 2",
        f"    {name}{place} += 3",
        f"    {name}{place} = 4",
        f"    {name}{place} *= {name}.ravel()[0]",
        f"    return {name}",
    ]
    exec("\n".join(lines), namespace)
    assigned = namespace["assigned"]
    for dtype in ("f8", "c16"):
        agrees(assigned, sample((2, 3), dtype), sample((2, 3, 4), dtype))
    differentiates(assigned, sample((2, 3)), sample((2, 3, 4)), order=1)


def test_traced_indices(agrees, differentiates):
    x, i = np.arange(12.0).reshape(3, 4), np.array([2, -1, 0])
    agrees(lambda x, i: x[i], x, i)
    agrees(lambda x, i: x[:, i], x, i)
    agrees(lambda x, i: x[i, i], x, i)
    agrees(lambda x, i: x[i[0]], x, i)
    agrees(lambda x, i: x[i[0], 1:], x, i)
    agrees(lambda x, i: x[1:, i[0]], x, i)
    agrees(lambda x, i: x[np.argmax(x, axis=0), np.arange(4)], x, i)
    agrees(lambda x, i: np.take_along_axis(x, np.argsort(-x, axis=1), 1), x, i)
    agrees(lambda x, i: x[i.astype(np.uint8) % 3], x, i)
    differentiates(lambda x: np.sum(x[np.argsort(x[:, 0])] * np.arange(4)), x)


def test_a_traced_index_out_of_range_is_an_error_when_it_runs():
    f = lineara.trace(lambda x, i: x[i], np.ones(3), np.array([1]))
    with pytest.raises(IndexingError, match="out of bounds"):
        f(np.ones(3), np.array([3]))
    with pytest.raises(IndexingError, match="out of bounds"):
        f(np.ones(3), np.array([-4]))


def test_traced_bounds_of_slices_are_known_values(agrees):
    agrees(lambda x, n: x[: n[0]], np.arange(4.0), np.array([2]))


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (lambda x: x[2], IndexingError, "index 2 is out of bounds for axis 0 with size 2"),
        (lambda x: x[:, -4], IndexingError, "index -4 is out of bounds for axis 1 with size 3"),
        (lambda x: x[[0, 5]], IndexingError, "index 5 is out of bounds"),
        (lambda x: x[0, 0, 0], IndexingError, "3 indices for an array of 2 axes"),
        (lambda x: x[..., ...], IndexingError, "one `...` at most"),
        (lambda x: x[[True]], IndexingError, "a mask of shape"),
        (lambda x: x[:, np.bool_(True)], IndexingError, "single truth value"),
        (lambda x: x[1.0], DtypeError, "an index is an integer"),
        (lambda x: x["a"], DtypeError, "an index is an integer"),
        (lambda x: x[x], DtypeError, "an index is an integer"),
        (lambda x: np.take(x, 7), IndexingError, "index 7 is out of bounds"),
    ],
)
def test_bad_indices(f, kind, message):
    with pytest.raises(kind, match=message) as error:
        lineara.trace(f, np.ones((2, 3)))
    assert "mend:" in str(error.value)
    assert "test_indexing.py" in str(error.value)


LINEAR = [
    lambda x: x[1:] + x[:-1],
    lambda x: x[::-1],
    lambda x: x[[0, 2, 2]],
    lambda x: np.sum(x) - x[0],
    np.mean,
    np.cumsum,
    lambda x: np.concatenate([x, [0.0], 2 * x]),
    lambda x: np.stack([x, -x]),
    lambda x: np.pad(x, 1),
    lambda x: np.roll(x, 1) / 3,
    lambda x: np.where(np.arange(4) > 1, x, 0),
    np.diff,
    lambda x: np.ones((3, 4)) @ x,
    lambda x: np.einsum("i,ij->j", x, np.ones((4, 2))),
    lambda x: np.tile(x, 2).reshape(2, 4).T,
    lambda x: np.repeat(x, 2),
    lambda x: sum([x[0], x[1]]),
    lambda x: np.kron(x, [1.0, 2.0]),
    lambda x: np.triu(np.outer(x, np.ones(4))),
    lambda x: x.astype(np.complex128).real,
    np.trapezoid,
    np.diag,
    lambda x: np.real(np.conj(x * (1 + 1j))),
    lambda x: np.broadcast_to(x[:, None], (4, 3)).sum(axis=0),
]


def assigned(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1]
    y[0] = 0
    y[2] += x[3]
    return y


@pytest.mark.parametrize("f", [*LINEAR, assigned])
def test_linear_functions_transpose(f):
    x = np.array([1.0, -2.0, 3.0, 0.5])
    y = np.asarray(f(x))
    w = np.cos(np.arange(y.size)).reshape(y.shape)
    back = lineara.linear_transpose(f, x)
    np.testing.assert_allclose(np.sum(w * y), np.sum(back(w) * x))
    np.testing.assert_allclose(back.T(x), y)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * x[1],
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.concatenate([x, [1.0]]),
        lambda x: np.maximum(x, 0),
        np.abs,
        lambda x: x + np.ones(4),
        np.sort,
        np.linalg.norm,
    ],
)
def test_what_is_not_linear_is_refused_at_its_line(f):
    with pytest.raises(LinearTypeError) as error:
        lineara.linear_transpose(f, np.ones(4))
    assert "test_indexing.py" in str(error.value)


MASKED = [
    "y[x > 0] = 7",
    "y[x > 0] = x[0, 0]",
    "y[x > 0] = [x[0, 0]]",
    "y[:, x[0] > 0] = 3",
    "y[:, x[0] > 0] = [[1.0], [2.0]]",
    "y[..., x[0] > 0] = 3",
    "y[x[:, 0] > 0] = x[1]",
    "y[x[:, 0] > 0] = x[1:]",
    "y[x[:, 0] > 0, ::-1] = x[1]",
    "y[1:][x[1:] > 0] = 5",
    "y.T[x.T > 0] = 0",
]


@pytest.mark.parametrize("line", MASKED)
def test_assignment_through_a_mask_of_unknown_values_chooses(line, sample):
    namespace = dict(globals())
    exec(f"def f(x):\n    y = np.sin(x)\n    {line}\n    return y", namespace)
    f = namespace["f"]
    x = sample((2, 3))
    assert 0 < np.sum(x > 0) < x.size
    program = lineara.jit(f)
    np.testing.assert_array_equal(program(x), f(x))
    np.testing.assert_array_equal(program(-x), f(-x))
    for at in (x, -x):
        total, own = (lambda x: np.sum(program(x) ** 2)), (lambda x: np.sum(f(x) ** 2))
        np.testing.assert_allclose(lineara.grad(total)(at), lineara.grad(own)(at), rtol=1e-14)


def assign(place, value=1.0):
    def f(x):
        y = np.sin(x)
        y[place(x)] = value
        return y

    return f


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (lambda x: x[x > 0], TraceError, r"not known here.*\n.*\n.*\n.*np.where\(mask, x, 0\)"),
        (lambda x: np.nonzero(x), TraceError, "would depend on values"),
        (lambda x: np.where(x), TraceError, r"use np.where\(condition, x, y\)"),
        (lambda x: np.unique(x), TraceError, "use np.sort"),
        (lambda x: np.compress(x[0] > 0, x, 1), TraceError, "would depend on values"),
        (assign(lambda x: x > 0, np.ones(2)), TraceError, "how many it takes is not known"),
        (assign(lambda x: (x[0] > 0, None)), TraceError, "beside other indices than slices"),
        (assign(lambda x: x[:, 0] > 0, np.ones((2, 3))), TraceError, "how many it takes"),
        (
            assign(lambda x: x[0] > 0),
            ShapeError,
            r"a mask of shape \(3,\) for axes of shape \(2,\)",
        ),
    ],
)
def test_masks_whose_values_are_not_known(f, kind, message):
    with pytest.raises(kind, match=message) as error:
        lineara.jit(f)(np.ones((2, 3)))
    assert "test_indexing.py" in str(error.value)


@pytest.mark.parametrize(
    ("index", "records"),
    [
        ([0, 1, 2], {"slice"}),
        ([4, 2, 0], {"slice", "reverse"}),
        ([-1], {"slice"}),
        ([], {"slice"}),
        (np.arange(5), set()),
        (np.arange(3), {"slice"}),
        (np.arange(1, 4), {"gather"}),
        ([0, 1, 3], {"gather"}),
        ([1, 1], {"gather"}),
    ],
)
def test_a_list_that_counts_is_a_slice(index, records):
    x = np.linspace(0.0, 1.0, 5)
    program = lineara.trace(lambda x: x[index], x)
    assert {e.op.primitive.name for e in program.function.equations} == records
    np.testing.assert_array_equal(program(x), x[index])


def test_a_list_that_counts_is_a_copy_and_is_assigned_to():
    def f(x):
        y = x * 1.0
        z = y[[0, 1, 2]]
        z[:] = 7.0
        y[[3, 2]] += np.array([10.0, 20.0])
        return y

    x = np.arange(5.0)
    np.testing.assert_array_equal(lineara.trace(f, x)(x), f(x))


@pytest.mark.parametrize(
    "index", [(0, slice(None), ..., [0, 1]), (slice(2), 0, ..., [0, 1]), ([0, 1], ..., 1, 0)]
)
def test_an_ellipsis_of_no_axes_separates_indices(index):
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(lineara.trace(lambda x: x[index], x)(x), x[index])
