"""The workspace of a function: where its blocks begin."""

from itertools import pairwise

from lineara.backends.native.space import ALIAS, LINE, Space


def test_blocks_of_the_same_length_begin_in_other_sets_of_a_cache():
    space = Space(None, None)
    starts = [space.block(4 * ALIAS)[0] for _ in range(ALIAS // LINE)]
    assert len({start % ALIAS for start in starts}) == len(starts)
    assert all(b - a >= 4 * ALIAS for a, b in pairwise(starts))


def test_blocks_of_other_lengths_take_no_more_than_whole_lines():
    space = Space(None, None)
    assert space.block(ALIAS + 1) == (0, ALIAS + LINE)
    assert space.block(LINE) == (ALIAS + LINE, LINE)
