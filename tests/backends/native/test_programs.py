"""Generated programs of every stage: machine code gives what the reference gives, with fences around every array.

A case takes a range of seeds. What it prints at a failure, or the name of the file that it leaves where the process ends, tells
the seed.
"""

import os
from random import Random

import pytest

from lineara.testing.machine import agrees
from lineara.testing.programs import generate
from lineara.testing.staged import STAGES

FUZZ = int(os.environ.get("LINEARA_FUZZ_EXAMPLES", "0"))
CASES, PROGRAMS = 200, 100
COSTLY = {"batched", "batched vjp", "second"}
LEVELS = (0,) * 17 + (1, 2, 3)


def checked(seed):
    """Whether a program of some stage agrees to rounding."""
    rng = Random(seed)
    is_mixed, size = rng.random() < 0.3, rng.randrange(11)
    stages = [name for name in STAGES if name not in COSTLY or rng.random() < 0.3]
    stage, level, on_stack = rng.choice(stages), rng.choice(LEVELS), rng.random() < 0.7
    program = generate(seed, size, mixed=is_mixed)
    if stage in {"second", "batched vjp"} and is_mixed:
        stage = "vjp"
    function, args = STAGES[stage](program, rng)
    try:
        return agrees(function, args, level, on_stack=on_stack)
    except Exception as error:
        error.add_note(
            f"in {stage} of generate({seed}, {size}, mixed={is_mixed}), at level {level}"
        )
        raise


def check(seeds):
    found = [checked(seed) for seed in seeds]
    assert found.count(False) <= 0.1 * len(found), "few programs are near a jump"


@pytest.mark.parametrize("case", range(CASES))
def test_machine_code_gives_what_the_reference_gives(case):
    check(range(case * PROGRAMS, (case + 1) * PROGRAMS))


@pytest.mark.fuzz
def test_machine_code_gives_what_the_reference_gives_for_new_programs():
    start = Random().randrange(2**40)
    check(range(start, start + max(FUZZ, 1000)))
