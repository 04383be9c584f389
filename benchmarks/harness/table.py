"""The table: times, ratios, and which bars are met."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from harness.turns import QUIET, Measured
from harness.workload import Workload

HEAD = (
    "workload", "lineara", "C++", "JAX", "tuned", "of C++", "JAX over", "tuned over", "gradient/function",
    "first call", "JAX's", "bars",
)  # fmt: skip


@dataclass(frozen=True)
class Ratio:
    """A number that has a bar, from above or from below."""

    name: str
    value: float | None
    bar: float | None
    at_most: bool

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where one of the two is not there."""
        if self.value is None or self.bar is None:
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def shown(self) -> str:
        """The number, and its bar in brackets."""
        if self.value is None:
            return "–"
        text = f"{self.value:.3g}×"
        return text if self.bar is None else f"{text} ({'≤' if self.at_most else '≥'} {self.bar:g})"


def divided(a: float | None, b: float | None) -> float | None:
    """A quotient of what may be missing."""
    return None if a is None or b is None else a / b


@dataclass(frozen=True)
class Row:
    """A workload and what its implementations gave."""

    workload: Workload
    found: dict[str, Measured]

    def time(self, implementation: str, what: str = "derivative") -> float | None:
        """A time, None where there is none."""
        measured = self.found.get(implementation)
        return getattr(measured, what) if measured else None

    def ratios(self) -> list[Ratio]:
        """Against the limit, JAX, tuned JAX, and the function itself."""
        own, bar = self.time("lineara"), self.workload.bar
        return [
            Ratio("limit", divided(own, self.time("limit")), bar.limit, True),
            Ratio("jax", divided(self.time("jax"), own), bar.jax, False),
            Ratio("tuned", divided(self.time("tuned"), own), bar.tuned, False),
            Ratio("gradient", divided(own, self.time("lineara", "function")), bar.gradient, True),
        ]

    def bars(self) -> list[Ratio]:
        """The ratios, and the time where that itself has a bar."""
        seconds = Ratio("seconds", self.time("lineara"), self.workload.bar.seconds, True)
        return [r for r in (*self.ratios(), seconds) if r.met is not None]

    def verdict(self) -> str:
        """Met, or which bars are not."""
        measured = self.found.get("lineara")
        if measured is None or measured.error:
            return (measured.error or "–").split("\n")[0] if measured else "–"
        if not self.bars():
            return "–"
        missed = [r.name for r in self.bars() if not r.met]
        return f"not met: {', '.join(missed)}" if missed else "met"

    def cells(self) -> list[str]:
        """The row as it is printed."""
        times = [shown(self.found.get(n)) for n in ("lineara", "limit", "jax", "tuned")]
        if self.workload.bar.seconds:
            times[0] += f" (≤ {duration(self.workload.bar.seconds)})"
        firsts = [duration(self.time(n, "first")) for n in ("lineara", "jax")]
        return [
            self.workload.title,
            *times,
            *[r.shown() for r in self.ratios()],
            *firsts,
            self.verdict(),
        ]

    def data(self) -> dict[str, Any]:
        """The row as JSON."""
        return {
            "name": self.workload.name,
            "title": self.workload.title,
            "bar": asdict(self.workload.bar),
            "measured": {n: m.data() for n, m in self.found.items()},
            "ratios": {r.name: r.value for r in self.ratios()},
            "met": {r.name: r.met for r in self.bars()},
        }


def duration(seconds: float | None) -> str:
    """A time with its unit, three digits."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def shown(measured: Measured | None) -> str:
    """The time of a derivative; ~ where the machine was never quiet."""
    if measured is None or measured.derivative is None:
        return "error" if measured and measured.error else "–"
    return ("~" if measured.others >= QUIET else "") + duration(measured.derivative)


def first_calls(rows: Iterable[Row]) -> Ratio:
    """The first calls of all workloads that both have, JAX's over lineara's."""
    pairs = [(r.time("jax", "first"), r.time("lineara", "first")) for r in rows]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    value = math.fsum(a for a, _ in both) / math.fsum(b for _, b in both) if both else None
    return Ratio("first calls", value, 1.5, False)


def growth(rows: Iterable[Row], beginning: str) -> dict[str, float]:
    """The time per element at the largest size over that at the smallest, of the workloads that begin so."""
    chosen = sorted(
        (r for r in rows if r.workload.name.startswith(beginning)), key=lambda r: r.workload.size
    )
    if len(chosen) < 2:
        return {}
    small, large = chosen[0], chosen[-1]
    sizes = large.workload.size / small.workload.size
    times = {n: divided(large.time(n), small.time(n)) for n in large.found}
    return {n: t / sizes for n, t in times.items() if t is not None}


def line(cells: Iterable[str]) -> str:
    """One line of Markdown."""
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def head() -> str:
    """The first two lines."""
    return f"{line(HEAD)}\n{line('---' for _ in HEAD)}"
