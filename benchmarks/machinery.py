"""Time of the Python machinery: a straight-line function of n scalar operations, stage by stage.

    python benchmarks/machinery.py [--json FILE]

Prints a table: for n = 1,000, 3,000 and 10,000 the milliseconds of tracing and of each stage with its check, the median of
several runs, and the ratio of time per operation between the largest and the smallest n (1 is linear).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

import lineara
from lineara import pipeline
from lineara.pipeline import STAGE_NAMES, Request

SIZES = (1_000, 3_000, 10_000)


def straight_line(n: int):
    """A function of two numbers with n scalar operations, a mix of one- and two-operand ones."""

    def f(x, y):
        for i in range(n // 4):
            z = np.sin(x) * y
            x, y = (z + 0.5 * x, x) if i % 2 else (y - z * x, z)
        return x * y

    return f


def times(n: int) -> dict[str, float]:
    """Seconds of tracing and of every stage, each with the check of what it gave."""
    start = time.perf_counter()
    program = lineara.trace(straight_line(n), 0.3, 0.7)
    spent = {"trace": time.perf_counter() - start}
    request = Request()
    for name in STAGE_NAMES:
        start = time.perf_counter()
        pipeline.run(program.function, request, name)
        spent[name] = time.perf_counter() - start
    pipeline.cache.clear()
    spent["total"] = sum(spent.values())
    return spent


def main() -> None:
    """Print the table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    times(SIZES[0])
    runs = {n: [times(n) for _ in range(options.runs)] for n in SIZES}
    medians = {
        n: {name: statistics.median(run[name] for run in found) for name in found[0]}
        for n, found in runs.items()
    }
    print(f"{'stage':12}" + "".join(f"{n:>12,}" for n in SIZES) + f"{'per op':>10}")
    for name in medians[SIZES[0]]:
        row = [medians[n][name] for n in SIZES]
        growth = (row[-1] / SIZES[-1]) / (row[0] / SIZES[0])
        print(f"{name:12}" + "".join(f"{1e3 * t:9.1f} ms" for t in row) + f"{growth:9.2f}×")
    if options.json:
        options.json.write_text(json.dumps(medians, indent=2))


if __name__ == "__main__":
    main()
