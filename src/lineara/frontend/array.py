"""The traced array: what a user's function sees in place of an `ndarray`."""

from __future__ import annotations

import inspect
import operator
import sys
import weakref
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from types import FrameType
from typing import Any, ClassVar

import numpy as np

from lineara.errors import TraceError
from lineara.frontend import views
from lineara.frontend.trace import NUMPY, SCIPY, Trace, Traced, known_value, user_origin
from lineara.ir import ArrayType, Var


class Dispatch:
    """The tables that give NumPy's names their meaning on traced arrays; `lineara.frontend` fills them."""

    ufuncs: ClassVar[dict[np.ufunc, Callable[..., Any]]] = {}
    functions: ClassVar[dict[Callable[..., Any], Callable[..., Any]]] = {}
    views: ClassVar[dict[Callable[..., Any], bool]] = {}
    methods: ClassVar[dict[str, Any]] = {}
    namespace: ClassVar[Any] = None


def _binary(ufunc: np.ufunc, *, reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: TracedArray, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        x, y = (other, self) if reflected else (self, other)
        return Dispatch.ufuncs[ufunc](x, y)

    return method


def _in_place(ufunc: np.ufunc, symbol: str) -> Callable[[Any, Any], Any]:
    """`x op= y`, which all names of x see; a scalar is immutable, as NumPy's are, and gets a new value."""

    def method(self: TracedArray, other: Any) -> Any:
        if not isinstance(other, _OPERANDS):
            return NotImplemented
        value = Dispatch.ufuncs[ufunc](self, other)
        return views.assign_whole(self, value, symbol) if self.shape else value

    return method


def _unary(ufunc: np.ufunc) -> Callable[[Any], Any]:
    def method(self: TracedArray) -> Any:
        return Dispatch.ufuncs[ufunc](self)

    return method


class TracedArray(Traced):
    """An array whose operations are recorded. It has the shape, the dtype and the methods of an `ndarray`.

    Python may look at its value through `bool`, `int` and comparisons where the value is known: in every transformation
    but under tracing for types only.
    """

    __slots__ = ("__weakref__", "_view", "_views")
    __array_priority__ = 1000

    _var: Var

    def __init__(self, trace: Trace, var: Var) -> None:
        super().__init__(trace, var)
        self._view: views.View | None = None
        self._views: dict[int, weakref.ref[TracedArray]] = {}

    @property
    def type(self) -> ArrayType:
        """dtype and shape."""
        type_ = self._var.type
        assert isinstance(type_, ArrayType)
        return type_

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape."""
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.type.size

    @property
    def nbytes(self) -> int:
        """The bytes of the elements."""
        return self.type.nbytes

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.dtype.itemsize

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = Dispatch.ufuncs.get(ufunc)
        if rule is None:
            raise _unsupported(f"np.{ufunc.__name__}")
        if method != "__call__":
            rule = getattr(rule, method, None)
            if rule is None:
                raise _unsupported(f"np.{ufunc.__name__}.{method}")
        return views.result_of(ufunc, rule, inputs, kwargs, Dispatch.views)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        rule = Dispatch.functions.get(function)
        if rule is None:
            raise _unsupported(_name_of(function))
        try:
            return views.result_of(function, rule, args, kwargs, Dispatch.views)
        except TypeError as error:
            _refuse_arguments(function, rule, args, kwargs, error)
            raise

    def __getattr__(self, name: str) -> Any:
        method = Dispatch.methods.get(name)
        if method is None:
            raise AttributeError(_no_attribute(name), name=name, obj=self)
        return method.__get__(self)

    def __getitem__(self, index: Any) -> Any:
        return views.item(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        views.assign(self, index, value)

    def __contains__(self, value: Any) -> bool:
        return bool(Dispatch.functions[np.any](self == value))

    def __len__(self) -> int:
        if not self.shape:
            raise _of_scalar("len() of")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise _of_scalar("iteration over")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise TraceError(
                f"the truth value of an array of shape {self.shape} is ambiguous",
                origin=user_origin(),
                mend="use .any() or .all()",
            )
        return bool(known_value(self, "a Python branch"))

    def __int__(self) -> int:
        self._refuse_inexact("int")
        return int(known_value(self, "int()"))

    def __index__(self) -> int:
        self._refuse_inexact("an index")
        return operator.index(known_value(self, "an index").item())

    def __float__(self) -> float:
        self._refuse_inexact("float")
        return float(known_value(self, "float()"))

    def __complex__(self) -> complex:
        self._refuse_inexact("complex")
        return complex(known_value(self, "complex()"))

    def _refuse_inexact(self, what: str) -> None:
        """A Python number carries no derivative: refuse to lose one silently."""
        if self.type.is_inexact:
            raise TraceError(
                f"{what}() of a traced {self.dtype} array would lose its derivative",
                origin=user_origin(),
                mend="keep it an array: np.sin, not math.sin; to assign it to an element, start from "
                "np.zeros_like(x) of a traced x",
            )

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        function = _function_of_scipy()
        if function is not None:
            raise TraceError(
                f"{function} of SciPy takes no traced arrays: it is no ufunc",
                origin=user_origin(),
                mend="lineara.numpy has logsumexp, softmax, log_softmax, polygamma, multigammaln, linalg.expm and "
                "linalg.solve_triangular; write others with NumPy's functions",
            )
        raise TraceError(
            "a traced array cannot become an ndarray",
            origin=user_origin(),
            mend="np.stack([...]) instead of np.array([...]); no np.asarray; np.take_along_axis(a, i, 0) instead of "
            "a[i] of an ndarray; to assign to parts of an array, start from np.zeros_like(x) of a traced x",
        )

    def __hash__(self) -> int:
        raise TypeError("a traced array is not hashable, and cannot be a static argument")

    def __repr__(self) -> str:
        return f"TracedArray({self.type!r})"

    def __format__(self, spec: str) -> str:
        value = None if self._var.linear else self._trace.value(self._var)
        return repr(self) if value is None else format(value if value.ndim else value.item(), spec)

    def __round__(self, ndigits: int | None = None) -> Any:
        if self.shape:
            raise TypeError("round() of an array: use np.round")
        return Dispatch.functions[np.round](self, ndigits or 0)

    __add__, __radd__ = _binary(np.add), _binary(np.add, reflected=True)
    __sub__, __rsub__ = _binary(np.subtract), _binary(np.subtract, reflected=True)
    __mul__, __rmul__ = _binary(np.multiply), _binary(np.multiply, reflected=True)
    __truediv__, __rtruediv__ = _binary(np.divide), _binary(np.divide, reflected=True)
    __floordiv__, __rfloordiv__ = (
        _binary(np.floor_divide),
        _binary(np.floor_divide, reflected=True),
    )
    __mod__, __rmod__ = _binary(np.remainder), _binary(np.remainder, reflected=True)
    __pow__, __rpow__ = _binary(np.power), _binary(np.power, reflected=True)
    __divmod__, __rdivmod__ = _binary(np.divmod), _binary(np.divmod, reflected=True)
    __matmul__, __rmatmul__ = _binary(np.matmul), _binary(np.matmul, reflected=True)
    __and__, __rand__ = _binary(np.bitwise_and), _binary(np.bitwise_and, reflected=True)
    __or__, __ror__ = _binary(np.bitwise_or), _binary(np.bitwise_or, reflected=True)
    __xor__, __rxor__ = _binary(np.bitwise_xor), _binary(np.bitwise_xor, reflected=True)
    __lshift__, __rlshift__ = _binary(np.left_shift), _binary(np.left_shift, reflected=True)
    __rshift__, __rrshift__ = _binary(np.right_shift), _binary(np.right_shift, reflected=True)
    __iadd__, __isub__ = _in_place(np.add, "+="), _in_place(np.subtract, "-=")
    __imul__, __itruediv__ = _in_place(np.multiply, "*="), _in_place(np.divide, "/=")
    __ifloordiv__, __imod__ = _in_place(np.floor_divide, "//="), _in_place(np.remainder, "%=")
    __ipow__, __imatmul__ = _in_place(np.power, "**="), _in_place(np.matmul, "@=")
    __iand__, __ior__ = _in_place(np.bitwise_and, "&="), _in_place(np.bitwise_or, "|=")
    __ixor__ = _in_place(np.bitwise_xor, "^=")
    __ilshift__, __irshift__ = _in_place(np.left_shift, "<<="), _in_place(np.right_shift, ">>=")
    __lt__, __le__ = _binary(np.less), _binary(np.less_equal)
    __gt__, __ge__ = _binary(np.greater), _binary(np.greater_equal)
    __eq__, __ne__ = _binary(np.equal), _binary(np.not_equal)
    __neg__, __pos__, __abs__ = _unary(np.negative), _unary(np.positive), _unary(np.absolute)
    __invert__ = _unary(np.invert)


_OPERANDS = (Traced, np.ndarray, np.generic, bool, int, float, complex, list, tuple)


def wrap(trace: Trace, var: Var) -> TracedArray:
    """A variable of a trace as a traced array."""
    return TracedArray(trace, var)


def _of_scalar(what: str) -> TraceError:
    return TraceError(
        f"{what} a 0-d traced array",
        origin=user_origin(),
        mend="it is one number: use it as it is, or x[None] for an array with one element",
    )


def _no_attribute(name: str) -> str:
    """What is wrong with an attribute: it has no meaning here, or is misspelt."""
    if name.startswith("_"):
        return f"a traced array has no attribute {name!r}"
    if hasattr(np.ndarray, name):
        return (
            f"`.{name}` of an ndarray has no meaning on traced arrays; docs/numpy.md lists what has"
        )
    public = [n for n in {*dir(TracedArray), *Dispatch.methods} if not n.startswith("_")]
    close = get_close_matches(name, sorted(public), cutoff=0.5)
    hint = f"; did you mean {' or '.join(f'`.{n}`' for n in close)}?" if close else ""
    return f"a traced array has no attribute {name!r}{hint}"


def _name_of(function: Callable[..., Any]) -> str:
    module = function.__module__.replace("numpy", "np", 1)
    return f"{module}.{function.__name__}"


def _refuse_arguments(
    function: Callable[..., Any], rule: Callable[..., Any], args: Any, kwargs: Any, error: TypeError
) -> None:
    """Say which arguments a function does not take here, if it is they that the error is about."""
    try:
        inspect.signature(rule).bind(*args, **kwargs)
    except TypeError as found:
        raise TraceError(
            f"{_name_of(function)} on traced arrays: {found}",
            origin=user_origin(),
            mend="leave that argument out; docs/numpy.md lists what is supported",
        ) from error


def _unsupported(what: str) -> TraceError:
    return TraceError(
        f"{what} has no meaning on traced arrays yet",
        origin=user_origin(),
        mend="write it with the functions that docs/numpy.md lists",
    )


def _function_of_scipy() -> str | None:
    """The function of SciPy that asks for an ndarray, the outermost of them."""
    found: str | None = None
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith((SCIPY, NUMPY)):
        if frame.f_code.co_filename.startswith(SCIPY):
            found = frame.f_code.co_name
        frame = frame.f_back
    return found
