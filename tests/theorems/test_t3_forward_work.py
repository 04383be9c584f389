"""T3: forward differentiation costs a constant factor."""

from hypothesis import given

from lineara.optimize.bound import jvp_constant
from lineara.testing.laws import jvp_costs_a_constant_factor
from lineara.testing.strategies import programs


@given(program=programs())
def test_a_derivative_costs_at_most_the_constant_of_the_table(program):
    jvp_costs_a_constant_factor(program, jvp_constant())
