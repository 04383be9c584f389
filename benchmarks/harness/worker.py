"""One implementation of one workload in a process of its own, which answers lines of JSON on its standard input.

    python -m harness.worker WORKLOAD IMPLEMENTATION SIZE

It first makes the inputs, calls the derivative once (which traces and compiles), keeps what that gave in a file, and says so.
Then each line {"what": "derivative", "seconds": 0.25} is answered with the times of calls.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from workloads import WORKLOADS

from harness.limits import LimitMissingError
from harness.machine import busy_seconds
from harness.workload import Inputs, Peer, Workload, library_peer

LIBRARIES = {"lineara": "harness.of_lineara", "jax": "harness.of_jax", "tuned": "harness.of_jax"}
"""The modules of the libraries: each is imported in the process that measures it, and in no other."""

IMPLEMENTATIONS = ("lineara", "limit", "jax", "tuned")
SHORTEST = 5e-5
"""Calls shorter than this are timed in groups that last as long."""


class NotThereError(Exception):
    """The implementation does not have this workload."""


def peer(workload: Workload, implementation: str, inputs: Inputs, size: int) -> Peer:
    """An implementation, imported but not yet called."""
    if implementation in LIBRARIES:
        if implementation != "lineara" and find_spec("jax") is None:
            raise NotThereError
        library = import_module(LIBRARIES[implementation]).LIBRARY
        return library_peer(workload, library, inputs, size)
    if workload.limit is None:
        raise NotThereError
    return workload.limit(inputs, size)


def samples(f: Callable[[], Any], seconds: float) -> list[float]:
    """The times of calls within a time, at least one call."""
    clock = time.perf_counter
    start = clock()
    f()
    once = clock() - start
    if once > seconds:
        return [once]
    group = max(1, round(SHORTEST / max(once, 1e-8)))
    found, end = [], clock() + seconds
    while not found or clock() < end:
        start = clock()
        for _ in range(group):
            f()
        found.append((clock() - start) / group)
    return found


def timed(f: Callable[[], Any], seconds: float) -> dict[str, Any]:
    """The median of the samples, and how much of a core other processes used meanwhile."""
    start, busy, own = time.perf_counter(), busy_seconds(), time.process_time()
    found = samples(f, seconds)
    wall = time.perf_counter() - start
    others = (busy_seconds() - busy) - (time.process_time() - own)
    return {
        "median": float(np.median(found)),
        "count": len(found),
        "others": max(0.0, others / wall),
    }


def main() -> None:
    """Serve until the input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    name, implementation, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    workload = WORKLOADS[name]
    try:
        subject = peer(workload, implementation, workload.inputs(size), size)
        start = time.perf_counter()
        given = subject.derivative()
        first = time.perf_counter() - start
    except (NotThereError, LimitMissingError) as error:
        say(missing=str(error))
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        say(error=f"{type(error).__name__}: {error}")
        return
    with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
        np.savez(file, *subject.result(given))
    say(first=first, results=file.name)
    warm = {"derivative"}
    for line in sys.stdin:
        message = json.loads(line)
        f = getattr(subject, message["what"])
        if f is None:
            say(median=None)
            continue
        try:
            if message["what"] not in warm:
                f()
                warm.add(message["what"])
            say(**timed(f, message["seconds"]))
        except Exception as error:  # noqa: BLE001
            say(error=f"{type(error).__name__}: {error}")
            return


if __name__ == "__main__":
    main()
