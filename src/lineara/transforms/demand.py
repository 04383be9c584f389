"""Equations on demand: nonlinear equations go into a function just before their first reader."""

from __future__ import annotations

from collections.abc import Iterable

from lineara.ir import Builder, Equation, Var


class Demand:
    """Nonlinear equations that wait to be read. Values that nobody reads are never computed."""

    def __init__(self, builder: Builder, equations: Iterable[Equation]) -> None:
        self.builder = builder
        self.waiting = {v: e for e in equations for v in e.outputs}

    def define(self, variables: Iterable[Var]) -> None:
        """Append the equations that the variables wait for, and what those wait for."""
        waiting = self.waiting
        stack = [v for v in variables if v in waiting]
        while stack:
            e = waiting.get(stack[-1])
            if e is None:
                stack.pop()
                continue
            missing = [v for v in e.inputs if v in waiting]
            if missing:
                stack.extend(missing)
                continue
            self.builder.append(e)
            for v in e.outputs:
                del waiting[v]
