"""Batching: all examples at once are what they are one after the other."""

from hypothesis import given

from lineara.testing.batching import (
    batching_commutes_with_jvp,
    batching_goes_with_reverse_mode,
    batching_is_one_by_one,
    reverse_mode_goes_through_batching,
)
from lineara.testing.strategies import programs


@given(program=programs(mixed=None))
def test_a_batched_program_gives_what_it_gives_for_each_example(program):
    batching_is_one_by_one(program)


@given(program=programs())
def test_batching_commutes_with_differentiation(program):
    batching_commutes_with_jvp(program)


@given(program=programs())
def test_a_batched_gradient_gives_what_it_gives_for_each_example(program):
    batching_goes_with_reverse_mode(program)


@given(program=programs())
def test_the_gradient_of_a_batched_program_is_that_of_each_example(program):
    reverse_mode_goes_through_batching(program)
