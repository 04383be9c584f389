"""Write docs/elementary.md: the largest errors of the native elementary functions, measured against mpmath.

python scripts/elementary_table.py [NUMBERS]      # so many numbers a range, 2000 unless told
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lineara.backends.native.elementary import NAMES
from lineara.testing.elementary import Compiled, measured
from lineara.testing.elementary_cases import CASES

TARGET = Path("docs/elementary.md")
DTYPES = (np.float64, np.float32)
HEAD = """# Elementary functions

Native code computes the functions below itself: range reduction and a polynomial, without branches and without tables, written
once for any number of lanes and compiled to packed instructions on x86-64 (SSE2 to AVX-512) and AArch64. A test reads
the assembly for four processors and finds packed arithmetic and no call of a library.

* The largest error allowed is 2 units in the last place, 4 for `pow`, `gamma`, `lgamma` and `digamma` away from their zeros,
  5 for `trigamma`.
* Special values are those of C99's annex F: signed zeros, infinities, NaN, subnormal arguments and results.
* Sines, cosines and tangents of any argument are as good as those of small ones: beyond 2¹⁷ the argument is reduced
  with as many bits of 2/π as it needs, out of line, by a function that is called only if a lane is that large.
* float32 is computed in double with shorter polynomials and rounded once.
* A result depends on its argument alone: not on the number of lanes, on its lane, or on the numbers beside it.
* Processors with and without fused multiplication meet the same bounds, but may differ in the last bit.

The polynomials are minimax, by Remez's exchange; `scripts/elementary_coefficients.py` makes them.
Sine and cosine of one argument share the reduction and both polynomials, so that a gradient pays for them once.

## Errors

In units in the last place, {count} numbers a range, by `scripts/elementary_table.py`. For negative arguments of `lgamma` and
`digamma`, which have a zero between any two poles, the unit is that of the result, or of 4 if the result is smaller.

| function | range | float64 | float32 |
|---|---|---|---|
"""


def rows(count: int) -> Iterator[str]:
    """The rows of the table."""
    compiled = [Compiled(sorted(NAMES), dtype) for dtype in DTYPES]
    for case in sorted(CASES, key=lambda c: c.name):
        columns = [list(measured(c, case, count, np.random.default_rng(3))) for c in compiled]
        for (place, double), (_, single) in zip(*columns, strict=True):
            yield f"| `{case.name}` | {place} | {double.error:.2f} | {single.error:.2f} |\n"


def main() -> None:
    """Write the page."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    TARGET.write_text(HEAD.format(count=count) + "".join(rows(count)))


if __name__ == "__main__":
    main()
