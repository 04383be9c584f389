"""Rules: derivatives that are given, not derived.

    def f(x: f64) -> f64 = …                def f.rule(x: f64 ; x_dot: f64) -> (f64 ; f64) = …

    let y = f with f.rule (x)               its derivative:  let (y ; y_dot) = f.rule(x ; x_dot)

A rule may use the function that it belongs to under the rule itself, as tanh' = 1 − tanh² does; the derivative of any order is
there, and a program is finite. So a rule is the one term that may refer to what refers to it, and its body is made when it
is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

from lineara.ir.terms import Function, Op, callees_first, digest_of, op_key, rules_of
from lineara.ir.types import has_tangent


class Rule:
    """The derivative of a function: a mixed function that is made when it is asked for.

        f : x̄ → ȳ      body : (x̄ ; ẋ̄) → (ȳ ; ẏ̄)

    `wrt` marks the parameters of f that the body has tangents of; of the results it has all that there are. `made_of` are the
    functions and rules that, with the text `how`, determine the body: rules that are made of the same are equal.
    """

    __slots__ = ("_body", "_derived", "_key", "_make", "functions", "how", "name", "rules", "wrt")

    def __init__(
        self,
        name: str,
        wrt: Sequence[bool],
        make: Callable[[], Function],
        how: str,
        functions: Sequence[Function] = (),
        rules: Sequence[Rule] = (),
    ) -> None:
        self.name = name
        self.wrt = tuple(wrt)
        self.how = how
        self.functions = tuple(functions)
        self.rules = tuple(rules)
        self._make = make
        self._body: Function | None = None
        self._key = ""
        self._derived: dict[str, Rule] = {}

    @property
    def known(self) -> bool:
        """Whether the body is there already."""
        return self._body is not None

    @property
    def body(self) -> Function:
        """The derivative, made once."""
        if self._body is None:
            self._body = self._make()
        return self._body

    @property
    def is_open(self) -> bool:
        """Whether it is made of nothing: then it is recorded when it is asked for, and may be endless."""
        return not self.known and not self.functions and all(r.is_open for r in self.rules)

    @property
    def key(self) -> str:
        """A hash of what the rule is made of."""
        if not self._key:
            self._key = _key(self)
        return self._key

    def derived(self, how: str, make: Callable[[], Function]) -> Rule:
        """The rule that a transformation makes of this one, the same one each time."""
        found = self._derived.get(how)
        if found is None:
            name = f"{self.name}.{how.split(' ', maxsplit=1)[0]}"
            found = self._derived[how] = Rule(name, self.wrt, make, how, rules=(self,))
        return found

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


def recorded_rule(name: str) -> tuple[Rule, Callable[[Function], None]]:
    """A rule whose body is still to be written, and may refer to the rule; and how to give it the body.

    The first parameters that can have a tangent have one in the body, as many as it has linear parameters.
    """

    def missing() -> Function:
        raise RuntimeError(f"the rule of `{name}` is asked for while it is recorded")

    rule = Rule(name, (), missing, "rule")

    def give(body: Function) -> None:
        rule._body, rule.functions, left = body, (body,), len(body.linear_params)
        for v in body.params:
            known = left > 0 and has_tangent(v.type)
            rule.wrt = (*rule.wrt, known)
            left -= known

    return rule, give


def reachable(function: Function, *, made: bool = False) -> list[Function]:
    """All functions that can be reached, those of rules too, each once, every callee before its callers.

    Rules that are recorded when they are asked for are left out; with `made`, all that nobody has asked for yet.
    """
    bodies: dict[int, Function] = {}
    pending = [function]
    seen: set[int] = set()
    for start in pending:
        for f in callees_first(start):
            if id(f) in seen:
                continue
            seen.add(id(f))
            rules = [
                r
                for e in f.equations
                for r in rules_of(e.op)
                if (r.known if made else not r.is_open)
            ]
            bodies |= {id(r.body): r.body for r in rules}
            pending += [r.body for r in rules if id(r.body) not in seen]
    return callees_first(*bodies.values(), function)


def _key(root: Rule) -> str:
    """The hash of all that a rule is made of, in which rules, that may form cycles, stand as numbers."""
    numbers = {id(root): 0}
    pending = [root]
    digests: dict[int, bytes] = {}

    def number(rule: Rule) -> str:
        if id(rule) not in numbers:
            numbers[id(rule)] = len(numbers)
            pending.append(rule)
        return str(numbers[id(rule)])

    def key(op: Op) -> str:
        return op_key(op, lambda f: digests[id(f)].hex(), number)

    lines = []
    for rule in pending:
        for f in callees_first(*rule.functions):
            if id(f) not in digests:
                digests[id(f)] = digest_of(f, key)
        made_of = [digests[id(f)].hex() for f in rule.functions]
        lines.append(" ".join([rule.how, repr(rule.wrt), *made_of, *map(number, rule.rules)]))
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()
