"""T4: unzipping does no work and loses none."""

from hypothesis import given

from lineara.testing.laws import unzipping_keeps_work
from lineara.testing.strategies import programs


@given(program=programs())
def test_the_halves_of_a_derivative_cost_what_it_costs(program):
    unzipping_keeps_work(program)


@given(program=programs(mixed=True))
def test_the_halves_of_a_mixed_program_cost_what_it_costs(program):
    unzipping_keeps_work(program)
