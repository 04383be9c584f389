"""T9: what is kept is a free choice."""

from hypothesis import given

from lineara.testing.laws import (
    partial_evaluation_agrees,
    policies_agree,
    recomputations_survive,
)
from lineara.testing.strategies import programs


@given(program=programs())
def test_every_policy_gives_the_same_bits_and_costs_what_was_predicted(program):
    policies_agree(program)


@given(program=programs(mixed=True))
def test_every_policy_gives_the_same_bits_in_a_mixed_program(program):
    policies_agree(program)


@given(program=programs())
def test_partial_evaluation_gives_the_same_bits_for_every_split_and_policy(program):
    partial_evaluation_agrees(program)


@given(program=programs(mixed=None))
def test_a_recomputation_survives_folding_and_merging(program):
    recomputations_survive(program)
