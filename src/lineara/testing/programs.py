"""Random well-typed programs, with arguments at which they can be differentiated.

A program is written equation by equation together with its values: a record is applied only where its operands lie within
the bounds of its examples, and results stay small. Records are drawn from the registry; a new one joins by itself. Switches,
scans and loops run bodies that are written in the same way, at most two deep. Calls have rules now and
then, and mixed programs call what is declared to be linear.

>>> program = generate(seed=5, size=4)
>>> len(program.args) == len(program.function.params)
True
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from lineara.testing.mixed import MixedWriter
from lineara.testing.vocabulary import VOCABULARY, Vocabulary
from lineara.testing.writer import Program, Writer

__all__ = ["Program", "generate"]


def generate(
    seed: int, size: int, *, mixed: bool = False, vocabulary: Vocabulary = VOCABULARY
) -> Program:
    """A program of about `size` equations in its main function, and some in the functions that it calls.

    Without `mixed` it has no linear zone, so that `jvp` takes it. With it, half of the programs are written with every
    `dup` and `drop` by hand, the others leave them to the builder.
    """
    rng = Random(seed)
    callees: list[Program] = []
    for level in range(rng.choice((0, 1, 1, 2, 2)) if size > 2 else 0):
        linear = mixed and rng.random() < 0.7
        writer = _writer(Random(rng.random()), vocabulary, f"g{level}", callees, linear)
        callees.append(writer.write(1 + rng.randrange(min(size, 5))))
    return _writer(Random(rng.random()), vocabulary, "f", callees, mixed).write(size)


def _writer(
    rng: Random, vocabulary: Vocabulary, name: str, callees: Sequence[Program], mixed: bool
) -> Writer:
    return (MixedWriter if mixed else Writer)(rng, vocabulary, name, callees)
