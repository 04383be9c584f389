"""The implementations of a workload, each in a fresh process, timed one at a time in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.machine import busy_seconds
from harness.workload import Workload, disagreement

HERE = Path(__file__).parents[1]
TUNED = "--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000000"
"""The hidden option of JAX that compiles a whole loop into one kernel."""

QUIET = 0.1
"""A turn is quiet where others used less than this of a core; where none is, the shortest counts."""


@dataclass(frozen=True)
class Options:
    """How to measure.

    rounds   turns of each implementation
    seconds  of a turn
    threads  0: what each takes by itself
    scale    of the sizes
    patience seconds to wait, in each workload, for other processes to be quiet
    """

    rounds: int = 5
    seconds: float = 0.25
    threads: int = 0
    scale: float = 1.0
    patience: float = 0.0


@dataclass
class Measured:
    """What one implementation of a workload gave; times in seconds, None where there is none."""

    first: float | None = None
    derivative: float | None = None
    function: float | None = None
    others: float = 0.0
    error: str | None = None
    difference: float | None = None
    results: list[np.ndarray] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """What goes into the JSON."""
        return {k: v for k, v in self.__dict__.items() if k != "results"}


class Worker:
    """A process with one implementation of one workload."""

    def __init__(
        self, workload: Workload, implementation: str, options: Options, cache: str
    ) -> None:
        arguments = [workload.name, implementation, str(workload.scaled(options.scale))]
        command = [sys.executable, "-m", "harness.worker", *arguments]
        if options.threads == 1 and hasattr(os, "sched_getaffinity"):
            command = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
        self.process = subprocess.Popen(
            command, cwd=HERE, env=environment(implementation, options.threads, cache), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def answer(self) -> dict[str, Any]:
        """The next line that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"ended with status {self.process.wait()}"}

    def time(self, what: str, seconds: float) -> dict[str, Any]:
        """One turn."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"what": what, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def environment(implementation: str, threads: int, cache: str) -> dict[str, str]:
    """Of a worker: threads for every library, a cache of compiled code that is empty, the option of tuned JAX."""
    chosen = {
        **os.environ,
        "XDG_CACHE_HOME": cache,
        "LINEARA_CACHE_DIR": cache,
        "JAX_PLATFORMS": "cpu",
    }
    if threads:
        names = (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "LINEARA_NUM_THREADS",
        )
        chosen |= dict.fromkeys(names, str(threads))
    if implementation == "tuned":
        chosen["XLA_FLAGS"] = f"{chosen.get('XLA_FLAGS', '')} {TUNED}".strip()
    return chosen


def measure(
    workload: Workload, implementations: Sequence[str], options: Options
) -> dict[str, Measured]:
    """First calls, results against each other, then the turns."""
    with tempfile.TemporaryDirectory() as cache:
        found: dict[str, Measured] = {}
        workers: dict[str, Worker] = {}
        try:
            for name in implementations:
                workers[name] = Worker(workload, name, options, cache)
                found[name] = started(workers[name].answer())
            compare(found, workload.tolerance)
            ready = {
                n: workers[n] for n, m in found.items() if m.error is None and m.first is not None
            }
            take_turns(ready, found, options)
        finally:
            for worker in workers.values():
                worker.close()
    return {n: m for n, m in found.items() if m.first is not None or m.error is not None}


def started(answer: dict[str, Any]) -> Measured:
    """What a worker says first."""
    if "first" not in answer:
        return Measured(error=answer.get("error"))
    path = Path(answer["results"])
    with np.load(path) as arrays:
        results = [arrays[k] for k in arrays.files]
    path.unlink()
    return Measured(first=answer["first"], results=results)


def compare(found: dict[str, Measured], tolerance: float) -> None:
    """Hold the results against those of the limit or, where it gives none, of JAX."""
    given = [m.results for n in ("limit", "jax", "tuned") if n in found and (m := found[n]).results]
    if not given:
        return
    for measured in found.values():
        if measured.results:
            measured.difference = disagreement(measured.results, given[0])
            if measured.difference > tolerance:
                measured.error = f"differs by {measured.difference:.1e}"


def wait_for_quiet(end: float) -> None:
    """Until other processes use little, or a time is reached."""
    while time.monotonic() < end:
        start, busy = time.monotonic(), busy_seconds()
        time.sleep(0.1)
        if (busy_seconds() - busy) / (time.monotonic() - start) < QUIET:
            return


def take_turns(workers: dict[str, Worker], found: dict[str, Measured], options: Options) -> None:
    """Time function and derivative of each, round by round."""
    turns: dict[tuple[str, str], list[dict[str, Any]]] = {}
    end = time.monotonic() + options.patience
    for _ in range(options.rounds):
        for name, worker in workers.items():
            for what in ("function", "derivative"):
                if found[name].error is None:
                    wait_for_quiet(end)
                    answer = worker.time(what, options.seconds)
                    found[name].error = answer.get("error")
                    if answer.get("median") is not None:
                        turns.setdefault((name, what), []).append(answer)
    for (name, what), answers in turns.items():
        quiet = [a["median"] for a in answers if a["others"] < QUIET]
        shortest = min(a["median"] for a in answers)
        setattr(found[name], what, statistics.median(quiet) if quiet else shortest)
        found[name].others = max(found[name].others, min(a["others"] for a in answers))
