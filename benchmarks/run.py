"""Times of values and gradients: lineara against hand-written C++ adjoints and JAX, side by side.

    benchmarks/run [--only lorenz,hmm] [--peers DIR] [--json FILE]

Every implementation of a workload runs in a fresh process; the processes take turns. Results are held against each other
before anything is timed. docs/benchmarks.md says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from harness.limits import VARIABLE
from harness.machine import description
from harness.table import Row, first_calls, growth, head, line
from harness.turns import Options, measure
from harness.worker import IMPLEMENTATIONS
from workloads import WORKLOADS


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", help="names of workloads, with commas; or the beginnings of names"
    )
    parser.add_argument(
        "--impl", default=",".join(IMPLEMENTATIONS), help="implementations: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=5, help="turns of each implementation")
    parser.add_argument("--budget", type=float, default=0.25, help="seconds of a turn")
    parser.add_argument(
        "--threads", type=int, default=0, help="0: what each takes; 1: one core for all"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes, for a quick look")
    parser.add_argument(
        "--peers", type=Path, help=f"folder with csrc/ of the adjoints; or {VARIABLE}"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        help="seconds to wait for a quiet machine, a workload",
    )
    parser.add_argument("--json", type=Path, help="write everything that was measured")
    parser.add_argument("--list", action="store_true", help="the names of the workloads")
    return parser.parse_args()


def names(asked: list[str]) -> list[str]:
    """The workloads of these names; what is not a name is the beginning of some."""
    return [
        name
        for name in WORKLOADS
        if name in asked or any(name.startswith(a) for a in asked if a not in WORKLOADS)
    ]


def main() -> None:
    """Measure what is asked for, printing each row when it is there."""
    asked = options()
    if asked.list:
        print("\n".join(WORKLOADS))
        return
    if asked.peers:
        os.environ[VARIABLE] = str(asked.peers.resolve())
    chosen = [WORKLOADS[name] for name in names(asked.only.split(",") if asked.only else [""])]
    how = Options(asked.rounds, asked.budget, asked.threads, asked.scale, asked.patience)
    rows = []
    print(head())
    for workload in chosen:
        rows.append(Row(workload, measure(workload, asked.impl.split(","), how)))
        print(line(rows[-1].cells()), flush=True)
    calls = first_calls(rows)
    print(f"\nFirst calls of all, JAX's time over lineara's: {calls.shown()}")
    reading = growth(rows, "index-")
    if reading:
        shown = ", ".join(f"{name} {ratio:.2f}" for name, ratio in reading.items())
        print(f"Reading in a loop, time per trip at the largest n over the smallest: {shown}")
    if asked.json:
        found = {
            **description(),
            "options": vars(how),
            "rows": [r.data() for r in rows],
            "growth_of_reading": reading,
            "first_calls": {"ratio": calls.value, "bar": calls.bar, "met": calls.met},
        }
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
