"""T2: what the checker accepts as linear is algebraically linear."""

from hypothesis import given

from lineara.testing.laws import linear_code_is_linear
from lineara.testing.strategies import programs


@given(program=programs())
def test_a_derivative_is_linear_in_the_tangent(program):
    linear_code_is_linear(program)


@given(program=programs(mixed=True))
def test_a_mixed_program_is_linear_in_its_linear_parameters(program):
    linear_code_is_linear(program)
