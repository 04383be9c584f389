"""Plans: every choice of `unzip`, written down to be read, edited and given back.

    # tape 8 bytes, extra work 0
    plan f.jvp
      keep        y = exp(s)  # 8 bytes, work 10, model.py:4
      recompute   c = cos(x)  # 8 bytes, work 10, model.py:3

A line is a place where `unzip` asks its policy: `keep` puts the values on the tape, `recompute` evaluates the equation
again in the linear half. At a call, `keep` keeps the tape of the callee too, which has a section of its own, `checkpoint`
keeps the results and calls again for the tape, and `recompute` calls again for both. What stands left of the `=` names the
place; what follows, and the comments, are for the reader. A plan is a policy. What it does not name is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from hashlib import blake2b
from pathlib import PurePath

from lineara.cost import equation_work, work, works
from lineara.errors import DtypeError, PlanError, TextOrigin
from lineara.ir import Equation, Function, Var, callees_first, functions_of
from lineara.ir.names import variable_names
from lineara.syntax import format_equation
from lineara.syntax.names import closest
from lineara.transforms.policy import (
    Decision,
    Policy,
    Site,
    as_written,
    decide,
    everything,
    nothing,
)
from lineara.transforms.unzip import Halves, unzip

WIDEST = 64
"""The columns of a printed equation; what is longer is cut, where its variables name it."""


_WORDS = frozenset(d.value for d in Decision)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a plan: a place, and what is done there.

    `place` is the names that the equation binds, or, where it binds none, the equation.
    """

    decision: Decision
    place: str
    equation: str = ""
    note: str = ""
    origin: TextOrigin | None = field(default=None, compare=False)

    @property
    def keep(self) -> bool:
        """Whether everything is kept there."""
        return self.decision is Decision.KEEP


@dataclass(frozen=True, slots=True)
class Section:
    """The choices in one function. `mark` tells functions of one name apart; without one, all of them are meant."""

    function: str
    mark: str
    choices: tuple[Choice, ...]
    origin: TextOrigin | None = field(default=None, compare=False)


class Plan:
    r"""A policy for `unzip`, as explicit choices: `str` prints it, `Plan.parse` reads it.

    Two plans with the same choices are equal.

    `tape_bytes` and `extra_work` are what the plan costs: the bytes of the tape, and the scalar operations that are done
    besides those of the function. They are known for a plan that `plan_of` made; a plan that was read gets them from
    `plan_of(function, plan)`.

    >>> plan = Plan.parse("plan f.jvp\n  recompute s")
    >>> plan == Plan.parse("plan f.jvp\n  recompute s = sin(x)  # whatever it costs")
    True
    """

    def __init__(
        self,
        sections: Iterable[Section],
        tape_bytes: int | None = None,
        extra_work: int | None = None,
    ) -> None:
        self.sections = tuple(sections)
        self.tape_bytes = tape_bytes
        self.extra_work = extra_work
        self._choices: dict[tuple[str, str], dict[str, Decision]] = {}
        for section in self.sections:
            chosen = self._choices.setdefault((section.function, section.mark), {})
            for c in section.choices:
                first = chosen.setdefault(c.place, c.decision)
                if first is not c.decision:
                    raise PlanError(
                        f"`{c.place}` in `{section.function}` is to {first.value} and to {c.decision.value}",
                        origin=c.origin,
                        mend="remove one of the lines",
                    )
        self._marked = {function for function, mark in self._choices if mark}
        self._key = frozenset(
            (*where, place, decision)
            for where, chosen in self._choices.items()
            for place, decision in chosen.items()
        )
        self._last: tuple[Function, str] | None = None

    def __call__(self, site: Site) -> Decision:
        """What the plan does at a site."""
        chosen = None
        if site.function in self._marked:
            chosen = self._choices.get((site.function, self._mark(site.owner)))
        if chosen is None:
            chosen = self._choices.get((site.function, ""), {})
        return chosen.get(place_of(site), Decision.KEEP)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def _mark(self, function: Function) -> str:
        """The mark of a function; that of the last one is remembered, since a function asks many times in a row."""
        if self._last is None or self._last[0] is not function:
            self._last = function, _mark_of(function)
        return self._last[1]

    def __str__(self) -> str:
        cost = "" if self.tape_bytes is None else f"# tape {self.tape_bytes} bytes, "
        cost = cost and f"{cost}extra work {self.extra_work}\n"
        return cost + "\n".join(map(_section_text, self.sections))

    def __repr__(self) -> str:
        kept = sum(decision is Decision.KEEP for *_, decision in self._key)
        return f"<Plan that keeps {kept} and recomputes {len(self._key) - kept}>"

    @staticmethod
    def parse(text: str, file: str = "<plan>") -> Plan:
        """The plan that a text is.

        Raises:
            PlanError: with the line, for a line that is neither a section's head nor a choice. DtypeError: no text at all.
        """
        if not isinstance(text, str):
            raise DtypeError(
                f"a plan is read from text, not from {type(text).__name__}",
                mend="give what str(plan) gives, or the text of a file: Path(file).read_text()",
            )
        return Plan(_sections(text, file))

    def check(self, function: Function) -> Plan:
        """The plan itself, if every function and place that it names is in the (mixed) function.

        Raises:
            PlanError: for the first name that is not, with its line.
        """
        owners = _owners(function, (nothing, everything, self))
        for section in self.sections:
            found = [places for owner, places in owners if _is_meant(section, owner)]
            if not found:
                raise PlanError(
                    f"`{function.name}` has no choices in a function `{_head(section)}`",
                    origin=section.origin,
                    mend=_known(section.function, {owner.name for owner, _ in owners}),
                )
            places = set().union(*found)
            for c in section.choices:
                if c.place not in places:
                    raise PlanError(
                        f"`{section.function}` has no choice at `{c.place}`",
                        origin=c.origin,
                        mend=_known(c.place, places),
                    )
        return self


def plan_of(function: Function, policy: Policy = as_written) -> Plan:
    """The plan that a policy makes for a mixed function and all that it calls, with its costs.

    `unzip(function, plan_of(function, policy))` is `unzip(function, policy)`.

    >>> from lineara.syntax import parse_function
    >>> from lineara.transforms import jvp
    >>> print(plan_of(jvp(parse_function("def f(x: f64) -> f64 = exp(sin(x))")), nothing), end="")
    # tape 8 bytes, extra work 20
    ...
    """
    sites, halves = _asked(function, policy)
    owners = [f for f in reversed(callees_first(function)) if id(f) in sites]
    marks = [(f.name, _mark_of(f)) for f in owners]
    marks_of = Counter(name for name, _ in set(marks))
    sections: dict[tuple[str, str], Section] = {}
    for f, (name, mark) in zip(owners, marks, strict=True):
        if (name, mark) not in sections:
            shown = mark if marks_of[name] > 1 else ""
            sections[name, mark] = Section(name, shown, _choices(f, sites[id(f)], policy))
    extra = work(halves.nonlinear) + work(halves.linear) - work(function)
    return Plan(sections.values(), halves.tape_bytes, extra)


def place_of(site: Site) -> str:
    """What names a place in its function: what it binds, or the equation."""
    return ", ".join(site.names) or _right_side(site.equation, variable_names(site.owner))


def _asked(function: Function, policy: Policy) -> tuple[dict[int, list[Site]], Halves]:
    """Where `unzip` asks a policy, by the identity of the function, last place first; and the halves."""
    found: dict[int, list[Site]] = {}

    @wraps(policy)
    def ask(site: Site) -> Decision | bool:
        found.setdefault(id(site.owner), []).append(site)
        return policy(site)

    return found, unzip(function, ask)


def _owners(function: Function, policies: Iterable[Policy]) -> list[tuple[Function, set[str]]]:
    """The functions with choices, and all places where one of the policies is asked."""
    places: dict[int, set[str]] = {}
    for policy in policies:
        for owner, sites in _asked(function, policy)[0].items():
            places.setdefault(owner, set()).update(map(place_of, sites))
    return [(f, places[id(f)]) for f in callees_first(function) if id(f) in places]


def _choices(function: Function, sites: list[Site], policy: Policy) -> tuple[Choice, ...]:
    """The lines of a function, in its order."""
    names = variable_names(function)
    lines = []
    for site in reversed(sites):
        right = _right_side(site.equation, names)
        place = ", ".join(site.names)
        if place and len(right) > WIDEST:
            right = right[: WIDEST - 1] + "…"
        lines.append(
            Choice(decide(policy, site), place or right, right if place else "", _note(site))
        )
    return tuple(lines)


def _note(site: Site) -> str:
    """What the values of a place hold, what they cost, and where they come from."""
    e = site.equation
    known = [w for f in functions_of(e.op) for w in works(f).items()]
    cost = equation_work(e, dict(known))
    note = f"{site.nbytes} bytes, work {cost}"
    if e.origin is None:
        return note
    file = e.origin.file if isinstance(e.origin, TextOrigin) else e.origin.code.co_filename
    return f"{note}, {PurePath(file).name}:{e.origin.line}"


def _right_side(e: Equation, names: Mapping[Var, str]) -> str:
    """What an equation evaluates, on one line."""
    unbound = Equation(e.op, e.inputs, (), recompute=e.recompute)
    return " ".join(format_equation(unbound, names).removeprefix("let () = ").split())


def _mark_of(function: Function) -> str:
    """A few characters that depend on what the function is, and on the names of its variables."""
    names = " ".join(variable_names(function).values())
    return blake2b(function.digest + names.encode(), digest_size=4).hexdigest()


def _is_meant(section: Section, owner: Function) -> bool:
    return owner.name == section.function and section.mark in ("", _mark_of(owner))


def _head(section: Section) -> str:
    return section.function + (f" @{section.mark}" if section.mark else "")


def _section_text(section: Section) -> str:
    shown = [
        f"  {c.decision.value:<10}  {c.place}" + (f" = {c.equation}" if c.equation else "")
        for c in section.choices
    ]
    width = max(map(len, shown), default=0)
    lines = [
        f"{line:<{width}}  # {c.note}" if c.note else line
        for line, c in zip(shown, section.choices, strict=True)
    ]
    return "\n".join([f"plan {_head(section)}", *lines]) + "\n"


def _sections(text: str, file: str) -> Iterator[Section]:
    """The sections of a text."""
    section: Section | None = None
    for number, source in enumerate(text.splitlines(), 1):
        line = source.partition("# ")[0].strip().removesuffix("#")
        if not line:
            continue
        at = TextOrigin(file, number, len(source) - len(source.lstrip()) + 1, source)
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "plan" and rest:
            if section is not None:
                yield section
            name, _, mark = rest.partition(" @")
            section = Section(name.strip(), mark.strip(), (), at)
        elif word in _WORDS and rest:
            if section is None:
                raise PlanError(
                    "a choice outside a function", origin=at, mend="write `plan f.jvp` above it"
                )
            place, equals, equation = rest.partition(" = ")
            choice = Choice(
                Decision(word), place.strip(), equation.strip() if equals else "", "", at
            )
            choices = (*section.choices, choice)
            section = Section(section.function, section.mark, choices, section.origin)
        else:
            raise PlanError(
                f"`{line}` is no line of a plan",
                origin=at,
                mend="write `plan FUNCTION`, or `keep`, `checkpoint` or `recompute` and `NAME = …`",
            )
    if section is not None:
        yield section


def _known(name: str, known: Collection[str]) -> str:
    """What was perhaps meant by a name, or what there is."""
    if not known:
        return "leave it out: there is nothing to choose"
    return closest(name, known) or f"it has {', '.join(sorted(known)[:10])}"
