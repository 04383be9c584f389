"""T5: transposition preserves work, here without any remainder."""

from hypothesis import given

from lineara.testing.laws import transposition_keeps_work
from lineara.testing.strategies import programs


@given(program=programs())
def test_a_transposed_derivative_costs_what_it_costs(program):
    transposition_keeps_work(program)


@given(program=programs(mixed=True))
def test_a_transposed_linear_half_costs_what_it_costs(program):
    transposition_keeps_work(program)
