"""T1: every transformation gives well-typed programs of the stated types."""

from hypothesis import given

from lineara.testing.laws import simplifications_keep_values, types_are_kept
from lineara.testing.strategies import programs


@given(program=programs())
def test_transformations_of_a_nonlinear_program_have_the_stated_types(program):
    types_are_kept(program)


@given(program=programs(mixed=True))
def test_transformations_of_a_mixed_program_have_the_stated_types(program):
    types_are_kept(program)


@given(program=programs(mixed=None))
def test_simplifications_keep_values(program):
    simplifications_keep_values(program)
