"""From trees to functions: definitions in the order of their calls, and the lines of each.

What the type checker can say it is left to say. Here stand the errors that a built function cannot show: of names, of the
declared types, and of the zone that a binder or a result was written in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lark import Token

from lineara.errors import LinearTypeError, ParseError
from lineara.ir import Function, Var
from lineara.primitives import REGISTRY
from lineara.syntax.expressions import evaluate
from lineara.syntax.scope import Rules, Scope, Values, count, pair
from lineara.syntax.tree import (
    Binder,
    Definition,
    Expression,
    Line,
    Source,
    Zoned,
    called,
    postorder,
)


def elaborate(source: Source, definitions: Sequence[Definition]) -> dict[str, Function]:
    """The functions of a text, in its order."""
    named: dict[str, Definition] = {}
    for definition in definitions:
        name, origin = definition.name, source.origin(definition.at)
        if name in named:
            raise ParseError(f"two functions are called `{name}`", origin=origin, mend="rename one")
        if name in REGISTRY:
            raise ParseError(
                f"`{name}` is a primitive", origin=origin, mend="give the function another name"
            )
        named[name] = definition
    built: dict[str, Function] = {}
    rules: Rules = {}
    for definition in _callees_first(source, named):
        built[definition.name] = _Body(source, definition, built, named, rules).function()
    for name, (_, give) in rules.items():
        give(built[name])
    return {name: built[name] for name in named}


def _callees_first(source: Source, named: Mapping[str, Definition]) -> list[Definition]:
    """The definitions, each after those that it calls."""
    order: list[Definition] = []
    open_: dict[str, None] = {}
    done: set[str] = set()
    for root in named.values():
        stack = [] if root.name in done else [(root, _calls(root, named))]
        while stack:
            definition, rest = stack[-1]
            open_[definition.name] = None
            call = next((c for c in rest if c not in done), None)
            if call is None:
                stack.pop()
                del open_[definition.name]
                done.add(definition.name)
                order.append(definition)
            elif call in open_:
                raise _cycle(source, call, list(open_))
            else:
                stack.append((named[call], _calls(named[call], named)))
    return order


def _calls(definition: Definition, named: Mapping[str, Definition]) -> Iterator[Token]:
    for line in definition.lines:
        for root in line.values.items:
            for e in postorder(root):
                yield from [name for name in called(e) if name in named]


def _cycle(source: Source, call: Token, path: list[str]) -> LinearTypeError:
    shown = [*path[path.index(call) :], str(call)]
    if len(shown) > 6:
        shown[3:-2] = ["…"]
    return LinearTypeError(
        f"`{call}` calls itself: {' → '.join(shown)}",
        rule="call cycle",
        variable=str(call),
        origin=source.origin(call),
        mend="a function calls functions that do not lead back to it",
    )


class _Body(Scope):
    """The parameters, lines and results of one function."""

    def function(self) -> Function:
        """The function, its equations in the order of the text."""
        d, b = self.definition, self.builder
        for i, binder in enumerate(d.parameters.items):
            if binder.type is None:
                raise self.mistake(
                    f"the parameter `{binder.at}` has no type",
                    binder.at,
                    f"write it, as in {binder.at}: f64",
                )
            linear = i >= len(d.parameters.left)
            self.bind(binder, b.param(binder.type, linear=linear, hint=str(binder.at)))
        for line in d.lines[:-1]:
            self.line(line)
        results, linear_results = self.results(d.lines[-1])
        for token in self.renamed.values():
            raise self.error(
                f"the variable `{token}` is never used", "never used", token, "use it, or remove it"
            )
        return Function(
            d.name,
            tuple(b.params),
            tuple(b.linear_params),
            tuple(b.equations),
            results,
            linear_results,
            self.source.origin(d.at),
        )

    def line(self, line: Line) -> None:
        self.builder.recompute = line.recompute
        values = self.values(line.values)
        if line.pattern is None:
            if values or not line.values.items:
                at = line.values.items[0].at if line.values.items else self.definition.at
                raise self.mistake(
                    "nothing binds this value", at, "bind it with let; the result comes last"
                )
            return
        binders = line.pattern.items
        if len(binders) != len(values):
            raise self.error(
                f"the expression gives {count(len(values), 'value')}, and {len(binders)} are bound",
                "arity",
                self.place(line),
                "bind as many variables as there are values",
            )
        for i, (binder, v) in enumerate(zip(binders, values, strict=True)):
            self.zone(v, i >= len(line.pattern.left), binder.at, str(binder.at), "bound")
            self.declared(v, binder.type, binder.at, f"`{binder.at}`")
            self.bind(binder, v)

    def bind(self, binder: Binder, v: Var) -> None:
        name = str(binder.at)
        if name in self.names:
            raise self.error(
                f"`{name}` is bound twice", "shadowed", binder.at, "give it another name"
            )
        if self.names.get(v.hint) is v:
            self.renamed[name] = binder.at
        else:
            v.hint = name
        self.names[name] = v

    def results(self, line: Line) -> tuple[Values, Values]:
        declared, given = self.definition.results, line.values
        if line.pattern is not None:
            raise self.mistake(
                f"`{self.definition.name}` has no result",
                self.place(line),
                "end it with its results, as in (y ; y_dot)",
            )
        self.builder.recompute = False
        values = self.values(given)
        wanted = len(declared.left), len(declared.right)
        found = (len(given.left), len(given.right)) if given.split else None
        if found not in (None, wanted) or len(values) != sum(wanted):
            shown = pair(*(found or (len(values), 0)))
            raise self.error(
                f"`{self.definition.name}` declares {pair(*wanted)} results, and gives {shown}",
                "arity",
                self.place(line),
                "declare the results that it gives",
            )
        for i, (v, type_) in enumerate(zip(values, declared.items, strict=True)):
            at = given.items[min(i, len(given.items) - 1)].at
            self.zone(v, i >= wanted[0], at, v.hint, "returned")
            self.declared(v, type_, at, "the result")
        return values[: wanted[0]], values[wanted[0] :]

    def zone(self, v: Var, linear: bool, at: Token, name: str, done: str) -> None:
        """Refuse a value of one zone on the other side of the semicolon."""
        shown = f" `{name}`" if name else ""
        if v.linear and not linear:
            raise self.error(
                f"the linear value{shown} leaks: it is {done} left of the `;`",
                "leaks",
                at,
                "put it right of the `;`: nothing nonlinear may depend on a linear value",
                name,
            )
        if linear and not v.linear:
            rule = "nonlinear factor" if done == "bound" else "zone"
            raise self.error(
                f"the nonlinear value{shown} is {done} right of the `;`",
                rule,
                at,
                "put it left of the `;`; a linear product is `c *. x` with a linear x",
                name,
            )

    def place(self, line: Line) -> Token:
        items = line.values.items
        return items[0].at if items else self.definition.at

    def values(self, zones: Zoned[Expression]) -> Values:
        """The values of several expressions, one each; or of one expression, however many."""
        if not zones.split:
            return evaluate(self, zones.left[0])
        return tuple([self.one(evaluate(self, e), e.at) for e in zones.items])
