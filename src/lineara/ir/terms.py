"""Terms of Linear A, in A-normal form: variables, operations, equations, functions.

    def f(x: f64 ; x_dot: f64) -> (f64 ; f64) =
      let s = sin(x)
      let c = cos(x)
      let (; s_dot) = c *. x_dot
      (s ; s_dot)

A function is a list of equations between two zones of parameters and two zones of results. Everything is
immutable; functions refer to the functions that they call, so a program is an acyclic graph of functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from lineara.ir.types import ArrayType, Type, type_key

if TYPE_CHECKING:
    from lineara.errors import Origin
    from lineara.ir.primitive import Primitive
    from lineara.ir.rules import Rule


class Var:
    """A variable: bound once, compared by identity, in the zone that `linear` names."""

    __slots__ = ("hint", "linear", "type")

    def __init__(self, type_: Type, *, linear: bool = False, hint: str = "") -> None:
        self.type = type_
        self.linear = linear
        self.hint = hint

    def __repr__(self) -> str:
        return f"<{'linear ' if self.linear else ''}{self.hint or 'var'}: {self.type!r}>"


@dataclass(frozen=True, slots=True)
class Apply:
    """A primitive with its attributes, sorted by name."""

    primitive: Primitive
    attributes: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """What the operation is, as text."""
        return f"{self.primitive.key}{self.attributes!r}"


@dataclass(frozen=True, slots=True)
class Literal:
    """An array of one type filled with one scalar."""

    value: bool | int | float | complex
    type: ArrayType

    @property
    def key(self) -> str:
        """What the operation is, as text."""
        return f"literal {self.value!r}:{self.type!r}"


@dataclass(frozen=True, slots=True)
class MakeTuple:
    """Several values of one zone into one."""

    key = "tuple"


@dataclass(frozen=True, slots=True)
class Unpack:
    """The elements of a tuple, in its zone."""

    key = "unpack"


@dataclass(frozen=True, slots=True)
class Zero:
    """The linear zero of a type; it takes nothing."""

    type: Type

    @property
    def key(self) -> str:
        """What the operation is, as text."""
        return f"zero:{type_key(self.type)}"


@dataclass(frozen=True, slots=True)
class Add:
    """The sum of two values of one type and one zone."""

    key = "add"


@dataclass(frozen=True, slots=True)
class Dup:
    """Two of a linear value, from one."""

    key = "dup"


@dataclass(frozen=True, slots=True)
class Drop:
    """The end of a value, in either zone."""

    key = "drop"


@dataclass(frozen=True, slots=True)
class Call:
    """A call. With `checkpoint`, `unzip` recomputes the callee's tape unless its policy says otherwise.

    A `rule` is the derivative of the callee, in place of the one that its equations have.
    """

    function: Function
    checkpoint: bool = False
    rule: Rule | None = None

    @property
    def key(self) -> str:
        """What the operation is besides its functions, as text."""
        return f"call {self.checkpoint}"


@dataclass(frozen=True, slots=True)
class LinearCall:
    """A call of a nonlinear function that is declared to be linear in its last arguments, those that are linear here.

        forward : (c̄, ū) → v̄      backward : (c̄, v̄) → ū      ⟨w̄, forward ū⟩ = ⟨backward w̄, ū⟩

    Erased, it is the call `forward`; transposed, the two change places. Without a `backward` it has no transpose.
    """

    forward: Call
    backward: Call | None

    @property
    def key(self) -> str:
        """What the operation is besides its functions, as text."""
        return "linear call"

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that it has."""
        return (self.forward,) if self.backward is None else (self.forward, self.backward)


@dataclass(frozen=True, slots=True)
class Switch:
    """One of several functions of one type, chosen by an index; an index out of range is clamped.

    The operands are the index (an integer) and then the arguments of the branches.
    """

    branches: tuple[Function, ...]

    @property
    def key(self) -> str:
        """What the operation is besides its functions, as text."""
        return "switch"


@dataclass(frozen=True, slots=True)
class Scan:
    """A loop over stacks.

        body : (constants, carry, x ; carry˙, x˙) → (carry, y ; carry˙, y˙)
        scan : (constants, carry, xs ; carry˙, xs˙) → (carry, ys ; carry˙, ys˙)

    The xs and ys are stacks along a new first axis; with `reverse` they are read and written from the last to the first. A
    linear value that every trip reads is a carry: it is threaded through the loop, not copied for each trip. When the length
    is None, the number of trips is the first operand (an i64), and the stacks are lists. What a loop that is `planned` stacks
    up was asked for: no back end computes it again instead.
    """

    body: Function
    length: int | None
    constants: int
    carry: int
    linear_carry: int = 0
    reverse: bool = False
    planned: bool = False

    @property
    def key(self) -> str:
        """What the operation is besides its functions, as text."""
        counts = self.length, self.constants, self.carry, self.linear_carry
        return f"scan {counts} {self.reverse:d}{self.planned:d}"


@dataclass(frozen=True, slots=True)
class While:
    """A loop of unknown length.

        condition : (constants₁, carry) → bool
        body      : (constants₂, carry ; carry˙) → (carry, y ; carry˙, y˙)
        while     : (constants₁, constants₂, carry ; carry˙) → (trips, carry, ys ; carry˙, ys˙)

    `trips` is an i64; the ys are lists, as long as the loop ran. `constants` counts the constants of the condition and of the
    body.
    """

    condition: Function
    body: Function
    constants: tuple[int, int]
    carry: int
    linear_carry: int = 0

    @property
    def key(self) -> str:
        """What the operation is besides its functions, as text."""
        return f"while {self.constants, self.carry, self.linear_carry}"


Higher = Call | LinearCall | Switch | Scan | While
"""The operations that run functions."""

Op = Apply | Literal | MakeTuple | Unpack | Zero | Add | Dup | Drop | Higher


def functions_of(op: Op) -> tuple[Function, ...]:
    """The functions that an operation calls."""
    match op:
        case Call(function):
            return (function,)
        case LinearCall():
            return tuple([c.function for c in op.calls])
        case Switch(branches):
            return branches
        case Scan():
            return (op.body,)
        case While():
            return (op.condition, op.body)
        case _:
            return ()


def with_functions(op: Op, functions: Sequence[Function]) -> Op:
    """The operation with other functions of the same types."""
    match op:
        case Call():
            return replace(op, function=functions[0])
        case LinearCall():
            calls = [replace(c, function=f) for c, f in zip(op.calls, functions, strict=True)]
            return LinearCall(calls[0], calls[1] if len(calls) > 1 else None)
        case Switch():
            return Switch(tuple(functions))
        case Scan():
            return replace(op, body=functions[0])
        case While():
            return replace(op, condition=functions[0], body=functions[1])
        case _:
            return op


def rules_of(op: Op) -> tuple[Rule, ...]:
    """The rules that an operation refers to."""
    calls = (op,) if isinstance(op, Call) else op.calls if isinstance(op, LinearCall) else ()
    return tuple([c.rule for c in calls if c.rule is not None])


def op_key(
    op: Op,
    function_key: Callable[[Function], str] = lambda f: f.digest.hex(),
    rule_key: Callable[[Rule], str] = lambda r: r.key,
) -> str:
    """What an operation is, with its functions and rules, as text."""
    functions, rules = functions_of(op), rules_of(op)
    if not functions:
        return op.key
    return " ".join([op.key, *map(function_key, functions), *map(rule_key, rules)])


class Equation:
    """`let outputs = op(inputs)`. The operands stand in the order of the operation's parameters.

    `recompute` marks an evaluation that a checkpoint plan asked for again; no simplification merges or moves it.
    """

    __slots__ = ("inputs", "op", "origin", "outputs", "recompute")

    def __init__(
        self,
        op: Op,
        inputs: tuple[Var, ...],
        outputs: tuple[Var, ...],
        origin: Origin | None = None,
        *,
        recompute: bool = False,
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
        self.origin = origin
        self.recompute = recompute

    def again(self) -> Equation:
        """The same equation, as a recomputation."""
        return Equation(self.op, self.inputs, self.outputs, self.origin, recompute=True)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """`def name(params ; linear_params) -> (results ; linear_results) = equations`.

    Two functions are equal when they have the same types and equations, whatever they and their variables are called.
    """

    name: str
    params: tuple[Var, ...]
    linear_params: tuple[Var, ...]
    equations: tuple[Equation, ...]
    results: tuple[Var, ...]
    linear_results: tuple[Var, ...]
    origin: Origin | None = None
    _digest: list[bytes] = field(default_factory=list, repr=False)

    @property
    def digest(self) -> bytes:
        """A hash of the function and all that it calls, computed once."""
        if not self._digest:
            for function in callees_first(self):
                if not function._digest:
                    function._digest.append(digest_of(function))
        return self._digest[0]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Function) and self.digest == other.digest)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        def types(variables: tuple[Var, ...]) -> str:
            return ", ".join(repr(v.type) for v in variables)

        return (
            f"<function {self.name}({types(self.params)} ; {types(self.linear_params)}) -> "
            f"({types(self.results)} ; {types(self.linear_results)}), {len(self.equations)} equations>"
        )


def callees(function: Function) -> Iterator[Function]:
    """The functions that a function calls itself, once each, in the order of the calls."""
    seen: set[int] = set()
    for equation in function.equations:
        for callee in functions_of(equation.op):
            if id(callee) not in seen:
                seen.add(id(callee))
                yield callee


def callees_first(*functions: Function) -> list[Function]:
    """All functions that can be reached, each once, every callee before its callers."""
    order: list[Function] = []
    seen: set[int] = set()
    stack = [(f, callees(f)) for f in reversed(functions)]
    while stack:
        function, rest = stack[-1]
        callee = next((g for g in rest if id(g) not in seen), None)
        if callee is not None:
            stack.append((callee, callees(callee)))
            continue
        stack.pop()
        if id(function) not in seen:
            seen.add(id(function))
            order.append(function)
    return order


def digest_of(function: Function, key: Callable[[Op], str] = op_key) -> bytes:
    """The hash of one function whose callees have theirs. Names do not count: variables stand as numbers."""
    number: dict[Var, int] = {}

    def bind(variables: tuple[Var, ...]) -> str:
        for v in variables:
            number[v] = len(number)
        return ",".join([type_key(v.type) for v in variables])

    def use(variables: tuple[Var, ...]) -> str:
        return ",".join([str(number.get(v, "?")) for v in variables])

    lines = [bind(function.params), bind(function.linear_params)]
    for e in function.equations:
        used = use(e.inputs)
        zones = "".join([".:"[v.linear] for v in e.outputs])
        lines.append(f"{key(e.op)}|{used}|{bind(e.outputs)}|{zones}|{e.recompute:d}")
    lines += [use(function.results), use(function.linear_results)]
    return blake2b("\n".join(lines).encode(), digest_size=16).digest()
