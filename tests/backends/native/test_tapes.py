"""What loops keep for each other: as little as it pays by default, exactly what a plan says otherwise."""

import numpy as np
import pytest

import lineara
from lineara.backends.native.flat import Loop
from lineara.backends.native.run import graph_of

TRIPS = 100_000
X = np.linspace(0.1, 0.2, TRIPS)


def chain(x):
    def step(c, v):
        a = 0.5 * c + v
        b = a * a
        return lineara.name(np.sin(b), "s") * a * b, None

    return lineara.scan(step, 0.1, x)[0]


def tape(f, *args, **options):
    """The bytes that the second loop of a gradient reads row by row: of the arguments, and of what the first stacks up."""
    graph = graph_of(lineara.trace(lineara.grad(f, **options), *args).function)
    _, reader = [n for n in graph.nodes if isinstance(n.op, Loop)]
    return sum(v.type.nbytes for v in reader.inputs[reader.op.constants + reader.op.carry :])


def checkpointed(x):
    return lineara.scan(lineara.checkpoint(lambda c, v: (np.sin(c * c + v) * c, None)), 0.1, x)[0]


def test_by_default_what_is_cheap_is_computed_again():
    assert tape(chain, X) == 4 * X.nbytes
    assert lineara.plan(chain, X).tape_bytes == 5 * X.nbytes


@pytest.mark.parametrize(
    ("policy", "rows"),
    [
        (lineara.everything, 5),
        (lineara.save_only("scan"), 2),
        (lineara.save_only("scan", "sin", "cos"), 4),
        (lambda site: site.operation == "scan" or "s" in site.given_names, 3),
    ],
)
def test_a_policy_is_obeyed_to_the_byte(policy, rows):
    plan = lineara.plan(chain, X, policy=policy)
    for same in (policy, plan, type(plan).parse(str(plan))):
        assert tape(chain, X, policy=same) == plan.tape_bytes == rows * X.nbytes
        gradient = lineara.jit(lineara.grad(chain, policy=same))
        np.testing.assert_array_equal(gradient(X), lineara.jit(lineara.grad(chain))(X))


def test_what_a_checkpoint_keeps_stays_as_it_is():
    assert tape(checkpointed, X) == lineara.plan(checkpointed, X).tape_bytes


def known(x):
    def trip(i, c):
        return np.tanh(c + x[i] * x[(7 * i) % 1000])

    return lineara.fori_loop(0, 1000, trip, 0.0)


def test_what_follows_from_the_number_of_the_trip_is_computed_again():
    assert tape(known, np.ones(1000)) == 16_000
