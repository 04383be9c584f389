"""The traced array behaves as an ndarray: operators, methods, attributes, and Python's protocols."""

import math
import operator
from copy import copy, deepcopy

import numpy as np
import pytest

import lineara
from lineara.errors import LeakError, TraceError
from lineara.frontend.methods import METHODS

M = np.arange(6.0).reshape(2, 3) - 2.5

METHOD_CASES = {
    "sum": lambda x: (x.sum(), x.sum(0), x.sum(axis=1, keepdims=True)),
    "prod": lambda x: x.prod(axis=0),
    "mean": lambda x: (x.mean(), x.mean(0)),
    "std": lambda x: x.std(axis=1, ddof=1),
    "var": lambda x: x.var(),
    "max": lambda x: (x.max(), x.max(axis=1)),
    "min": lambda x: x.min(0),
    "argmax": lambda x: (x.argmax(), x.argmax(1)),
    "argmin": lambda x: x.argmin(axis=0),
    "any": lambda x: (x > 0).any(),
    "all": lambda x: (x > 0).all(axis=0),
    "cumsum": lambda x: (x.cumsum(), x.cumsum(1)),
    "cumprod": lambda x: x.cumprod(axis=0),
    "clip": lambda x: (x.clip(0, 1), x.clip(max=0)),
    "round": lambda x: (x.round(), x.round(1)),
    "trace": lambda x: x.trace(),
    "diagonal": lambda x: x.diagonal(),
    "dot": lambda x: x.dot(x.T),
    "ravel": lambda x: x.ravel(),
    "squeeze": lambda x: x[None].squeeze(),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "repeat": lambda x: x.repeat(2, axis=0),
    "take": lambda x: x.take([0, 1], axis=1),
    "argsort": lambda x: x.argsort(axis=0),
    "searchsorted": lambda x: np.sort(x[0]).searchsorted([0.0, 5.0]),
    "flat": lambda x: (x.flat[2], x.flat[1:3], sum(x.flat)),
    "T": lambda x: (x.T, x[0].T),
    "mT": lambda x: x.mT,
    "real": lambda x: (x.real, (x * 1j).real),
    "imag": lambda x: (x.imag, (x * 1j).imag),
    "reshape": lambda x: (
        x.reshape(3, 2),
        x.reshape((-1, 2)),
        x.reshape(-1),
        x.reshape(6, order="F"),
    ),
    "transpose": lambda x: (x.transpose(), x.transpose(1, 0), x.transpose((0, 1))),
    "flatten": lambda x: (x.flatten(), x.flatten("F")),
    "copy": lambda x: x.copy(),
    "__copy__": copy,
    "__deepcopy__": deepcopy,
    "astype": lambda x: (x.astype(np.float32), x.astype(int), x.astype(bool), x.astype("c8")),
    "compress": lambda x: x.compress([True, False], axis=0),
    "conj": lambda x: (x.conj(), (x * 1j).conj()),
    "conjugate": lambda x: (1j * x).conjugate(),
    "item": lambda x: ((x[0, 0] > 0).item(), x.astype(int).item(3), x.astype(int).item(1, 2)),
    "nonzero": lambda x: (x > 1).nonzero(),
    "tolist": lambda x: x.astype(int).tolist(),
    "sort": lambda x: (y := x[:, ::-1].copy(), y.sort(), y)[2],
    "fill": lambda x: (y := x.copy(), y.fill(3), y)[2],
    "device": lambda x: x.device == "cpu",
    "to_device": lambda x: x.to_device("cpu"),
    "__array_namespace__": lambda x: x.__array_namespace__().sum(x),
    "put": lambda x: (y := x[0].copy(), y.put([0], [7.0]), y)[2],
}
REFUSED = {"view"}


def test_every_method_of_the_table_is_tried():
    assert set(METHOD_CASES) | REFUSED == set(METHODS)


@pytest.mark.parametrize("name", METHOD_CASES)
def test_methods(name, agrees):
    agrees(METHOD_CASES[name], M)


ARITHMETIC = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    divmod,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]


@pytest.mark.parametrize("operation", ARITHMETIC)
def test_operators(operation, agrees):
    x = np.array([1.5, 2.5, 0.5])
    agrees(lambda x: operation(x, x[::-1]), x)
    agrees(lambda x: operation(x, 2), x)
    agrees(lambda x: operation(2, x), x)
    agrees(lambda x: operation(x, [1, 2, 3]), x)
    agrees(lambda x: operation(np.array([1, 2, 3]), x), x)
    agrees(lambda x: operation(np.float32(3), x), x)


@pytest.mark.parametrize("operation", BITS)
def test_operators_on_bits(operation, agrees):
    x = np.array([1, 2, 5])
    agrees(lambda x: (operation(x, x), operation(x, 1), operation(1, x), ~x, -x, +x, abs(x)), x)


@pytest.mark.parametrize(
    "operation",
    [
        operator.iadd,
        operator.isub,
        operator.imul,
        operator.itruediv,
        operator.ipow,
        operator.ifloordiv,
        operator.imod,
    ],
)
def test_operators_in_place(operation, agrees, differentiates):
    def f(x):
        y = x.copy()
        z = operation(y, 2)
        return y, z, operation(x[0], 2.0)

    agrees(f, np.array([1.5, 2.25]))
    if operation is not operator.ifloordiv:
        differentiates(f, np.array([1.5, 2.25]))


def test_matrix_products(agrees, differentiates, sample):
    pairs = (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((3,), (5, 3, 2)),
        ((5, 2, 3), (3,)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
    )
    for one, other in pairs:
        for dtype in ("f8", "f4", "c16", "i4", "?"):
            agrees(lambda x, y: x @ y, sample(one, dtype), sample(other, dtype, seed=1))
        if 0 not in (*one, *other):
            differentiates(lambda x, y: x @ y, sample(one), sample(other, seed=1))
    agrees(lambda x: x @ np.ones(3, np.float32), sample((2, 3)))
    agrees(lambda x: np.ones((4, 2)) @ x, sample((2, 3), "f4"))
    agrees(lambda x: (np.vecdot(x, x), np.matvec(x, x[0]), np.vecmat(x[:, 0], x)), sample((2, 3)))
    agrees(lambda x: np.vecdot(x, 1 + x, axis=0), sample((2, 3), "c16"))


def test_attributes(agrees):
    agrees(lambda x: np.array([x.ndim, x.size, x.nbytes, x.itemsize, len(x), *x.shape]), M)
    agrees(lambda x: np.ones(2, x.dtype), M)
    assert not lineara.trace(lambda x: x if hasattr(x, "unheard_of") else 0 * x, 1.0)(1.0)


def test_branches_loops_and_membership(agrees):
    def f(x):
        while x > 1:
            x = x / 2
        return x if x < 0.9 else -x

    agrees(f, 5.0)
    agrees(f, 0.95 * 4)
    agrees(lambda x: x * (1 if 2.0 in x else 3), np.array([1.0, 2.0]))
    agrees(lambda x: x * (1 if 5.0 in x else 3), np.array([1.0, 2.0]))
    agrees(lambda x: sum(row.sum() * i for i, row in enumerate(x)), M)
    agrees(lambda x: [*map(np.sin, x)], M)
    agrees(lambda x: x * int(np.sum(x > 0)), M)
    agrees(lambda x: x[: np.argmax(x)], np.array([1.0, 5.0, 2.0]))
    agrees(lambda x: np.sum(x) * list(range(3))[np.argmax(x)], np.array([1.0, 5.0, 2.0]))
    a, b = lineara.trace(tuple, np.array([1.0, 2.0]))(np.array([3.0, 4.0]))
    assert (a, b) == (3.0, 4.0)


def test_printing():
    seen = []
    lineara.trace(lambda x: seen.extend([f"{x}", f"{x:.1f}", repr(x * M)]) or x, 2.0)
    assert seen == ["2.0", "2.0", "TracedArray(f64[2,3])"]


def test_an_array_changed_between_two_uses(agrees):
    def f(x):
        c = np.zeros(3)
        y = x * c
        c[0] = 1.0
        return y, x * c

    agrees(f, np.ones(3))


def test_a_constant_is_captured_once():
    c = np.random.default_rng(0).random((3, 3))
    program = lineara.trace(lambda x: np.tanh(c @ np.tanh(c @ (x * c + c))) - c, np.ones(3))
    assert len(program.function.params) == 2


def leak():
    kept = []
    lineara.trace(lambda x: kept.append(x) or x, 1.0)
    return kept[0]


@pytest.mark.parametrize(
    ("f", "kind", "message"),
    [
        (
            lambda x: math.sin(x[0]),
            TraceError,
            r"float\(\) of a traced float64 .*\n.*\n.*\n.*np.sin, not",
        ),
        (lambda x: float(x[0]), TraceError, r"float\(\) of a traced float64 array would lose"),
        (lambda x: int(x[0]), TraceError, r"int\(\) of a traced float64 array would lose"),
        (lambda x: complex(x[0]), TraceError, r"complex\(\) of a traced"),
        (lambda x: range(x[0]), TraceError, "index"),
        (lambda x: x.item(), ValueError, "size 1"),
        (lambda x: x[0].item(), TraceError, "would lose its derivative"),
        (lambda x: x.tolist(), TraceError, "would lose its derivative"),
        (lambda x: np.array([x[0], x[1]]), TraceError, r"np.stack\(\[...\]\) instead of np.array"),
        (lambda x: np.array([x, x]), TraceError, r"np.stack\(\[...\]\) instead of np.array"),
        (np.asarray, TraceError, "no np.asarray"),
        (bool, TraceError, r"truth value .* ambiguous.*\n.*\n.*\n.*any\(\) or"),
        (hash, TypeError, "not hashable"),
        (lambda x: {x: 1}, TypeError, "not hashable"),
        (lambda x: list(x[0]), TypeError, "0-d"),
        (lambda x: x.view(), TraceError, r"\.astype\(dtype\)"),
        (lambda x: np.take(np.ones(3), x.astype(int)), TraceError, "np.take_along_axis"),
        (lambda x: np.gradient(x, 1.0, 2.0), TraceError, "give one distance"),
        (lambda x: x.unheard_of, AttributeError, "no attribute 'unheard_of'$"),
        (lambda x: x.reshpe(1), AttributeError, r"did you mean `\.reshape` or"),
        (lambda x: x.tobytes(), AttributeError, r"`\.tobytes` of an ndarray has no meaning"),
        (
            lambda x: iter(x[0]),
            TraceError,
            r"iteration over a 0-d traced array.*\n.*\n.*\n.*x\[None\]",
        ),
        (lambda x: len(x[0]), TraceError, r"len\(\) of a 0-d traced array"),
        (lambda x: x[::0], ValueError, "slice step cannot be zero"),
        (lambda x: np.histogram(x, 0), lineara.LinearaError, "1 bin or more"),
        (lambda x: np.histogram(x, 3, (2, 1)), lineara.LinearaError, "ends before it begins"),
        (lambda x: x.astype(np.uint8) + 300, OverflowError, "300 out of bounds for uint8"),
        (lambda x: x.astype(np.int8).__setitem__(0, 300), OverflowError, "300 out of bounds"),
        (lambda x: np.sum(x, out=np.zeros(())), TraceError, r"np.sum\(out=…\)"),
        (lambda x: np.sum(x, axis=1), lineara.LinearaError, "axis 1 is out of range"),
        (lambda x: np.sum(x, axis=(0, 0)), lineara.LinearaError, "repeat"),
        (lambda x: np.sum(x, axis="a"), lineara.LinearaError, "an axis is an integer"),
        (lambda x: np.reshape(x, (3,)), lineara.LinearaError, "cannot be reshaped"),
        (lambda x: np.reshape(x, (-1, -1)), lineara.LinearaError, "cannot be reshaped"),
        (lambda x: np.mean(x, spam=1), TypeError, "spam"),
        (np.packbits, TraceError, "np.packbits has no meaning"),
        (lambda x: np.where(x > 0, x), ValueError, "both or neither"),
        (lambda x: np.max(x[:0]), lineara.LinearaError, "there is no element"),
        (lambda x: np.max(x, where=x > 0), lineara.LinearaError, "needs `initial`"),
        (lambda x: np.concatenate([x, x[None]]), lineara.LinearaError, "cannot be joined"),
        (lambda x: np.concatenate([x[0], x[1]]), lineara.LinearaError, "np.stack"),
        (lambda x: np.concatenate([x[:0]][1:] or [x, 1.0]), lineara.LinearaError, "scalars"),
        (lambda x: np.stack([x, x[:1]]), lineara.LinearaError, "np.stack of shapes"),
        (lambda x: np.split(x, 3), lineara.LinearaError, "np.array_split"),
        (lambda x: np.pad(x, 1, lambda *a: None), TraceError, "use one of the modes"),
        (lambda x: np.pad(x, 3, "reflect", reflect_type="odd"), TraceError, "pad several times"),
        (lambda x: x @ np.ones(3), lineara.LinearaError, "the axes do not match"),
        (lambda x: x @ 3.0, lineara.LinearaError, "np.matmul of a scalar"),
        (lambda x: np.dot(x, np.ones(3)), lineara.LinearaError, "the axes do not match"),
        (
            lambda x: np.einsum("ij->i", x),
            lineara.LinearaError,
            "2 labels for an operand of 1 axes",
        ),
        (lambda x: np.einsum("i,i", x), lineara.LinearaError, "names 2 operands"),
        (lambda x: np.cross(x, x), lineara.LinearaError, "three elements"),
        (lambda x: np.squeeze(x, 0), lineara.LinearaError, "only axes of size 1"),
        (lambda x: np.transpose(x, (0, 0)), lineara.LinearaError, "repeat"),
        (lambda x: np.quantile(x, 0.5, method="mean"), TraceError, "method"),
        (lambda x: np.broadcast_to(x, (3,)), lineara.LinearaError, "does not broadcast"),
        (lambda x: x.astype(np.float16), lineara.LinearaError, "cannot be converted to float16"),
        (lambda x: x.astype(complex).astype(float), lineara.LinearaError, "imaginary part"),
        (lambda x: x + leak(), LeakError, "after the function that it belongs to was traced"),
    ],
)
def test_errors(f, kind, message):
    with pytest.raises(kind, match=message) as error:
        lineara.trace(f, np.ones(2))
    if isinstance(error.value, lineara.LinearaError):
        assert error.value.mend
        assert "test_arrays.py" in str(error.value)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x > 0 else -x, "a Python branch needs the value"),
        (lambda x: x * int(x > 0), "int"),
        (lambda x: np.repeat(x, (x > 0).astype(int)), "traced counts"),
        (lambda x: np.ones(3)[x > 0], "truth value|index|cannot become|needs the value"),
        (lambda x: np.allclose(x, 1.0), "a Python branch needs the value"),
    ],
)
def test_values_are_not_known_when_only_types_are(f, message):
    with pytest.raises(TraceError, match=message):
        lineara.trace(f, lineara.ArrayType("f64"))
