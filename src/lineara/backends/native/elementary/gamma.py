"""The logarithm of the gamma function and its derivatives.

    ln Γ(2 + t) = t·p(t)                                         for −¾ ≤ t ≤ ½
    ln Γ(x) = (x − ½)·(ln x − 1) + ½·ln 2π − ½ + s(1/x²)/x       for x ≥ 5
    ψ(1 + t) = (1 + t − x₀)·q(t − ½),  ψ(x₀) = 0                 for 0 ≤ t ≤ 1
    ψ(x) = ln x − 1/2x + d(1/x²)/x²                              for x ≥ 3
    ψ′(x) = 1/x + 1/2x² + e(1/x²)/x³                             for x ≥ 2

Between them one steps by Γ(x + 1) = x·Γ(x); negative arguments are reflected out of line.
"""

from __future__ import annotations

from lineara.backends.native.elementary import coefficients
from lineara.backends.native.elementary.arithmetic import Lanes, Value
from lineara.backends.native.elementary.logarithm import INF, NAN, log
from lineara.backends.native.elementary.outline import on_any
from lineara.backends.native.elementary.trigonometric import Reduced, sine_and_cosine, tangent

PI = (3.141592653589793, 1.2246467991473532e-16)
STIRLING = 0.4189385332046727
ROOT_LESS_ONE = (0.46163214496836225, 9.549995429965697e-17)
FAR_LGAMMA, FAR_DIGAMMA = 5.0, 3.0


def nearest(m: Lanes, x: Value) -> Value:
    """The integer nearest to x ≥ 0."""
    return m.where(x < 2.0**52, (x + 2.0**52) - 2.0**52, x)


def quarter_angle(m: Lanes, x: Value) -> tuple[Value, Reduced]:
    """π times the distance of x from the nearest integer, or, where that is beyond ¼, from the nearest half."""
    size = m.abs(x)
    distance = m.where(size < 2.0**52, m.abs(size - nearest(m, size)), 0.0)
    swapped = distance > 0.25
    part = m.where(swapped, 0.5 - distance, distance)
    angle, error = m.product(part, m.constant(PI[0]))
    return swapped, Reduced(m.bits(part), angle, m.fma(part, PI[1], error))


def _lgamma_positive(m: Lanes, x: Value) -> Value:
    """ln Γ(x) for x ≥ 0."""
    first, second, third = x - 1.0, x - 2.0, x - 3.0
    one, two, three = x >= 2.5, x >= 3.5, x >= 4.5
    product = m.where(three, third, 1.0) * m.where(two, second, 1.0) * first
    far, low = x >= FAR_LGAMMA, x < 0.5
    middle = one & ~far
    argument = m.where(low, m.fma(x, x, x), m.where(middle, product, x))
    logarithm = log(m, argument)
    t = m.where(one, m.where(three, x - 5.0, m.where(two, x - 4.0, third)), second)
    t = m.where(low, x, m.where(x < 1.25, first, t))
    near = t * m.poly(coefficients.LGAMMA[m.single], t)
    near = m.where(middle, near + logarithm, m.where(x < 1.25, near - logarithm, near))
    inverse = 1.0 / x
    series = inverse * m.poly(coefficients.STIRLING[m.single], inverse * inverse)
    large = m.fma(x - 0.5, logarithm - 1.0, series + STIRLING)
    return m.where(far, m.where(x < INF, large, x), near)


def lgamma(m: Lanes, x: Value) -> Value:
    """ln |Γ(x)|; for x < 0 it is ln (π/|sin πx|) − ln Γ(1 − x)."""

    def reflected(n: Lanes, y: Value) -> Value:
        swapped, angle = quarter_angle(n, y)
        sine, cosine = sine_and_cosine(n, angle)
        value = -log(n, n.where(swapped, cosine, sine) / PI[0]) - _lgamma_positive(n, 1.0 - y)
        return n.where(angle.r.equals(0.0) & ~swapped, INF, value)

    return on_any(m, x < 0.0, "lgamma", _lgamma_positive(m, x), reflected, x)


def _digamma_positive(m: Lanes, x: Value) -> Value:
    """ψ(x) for x > 0."""
    below, above = x < 1.0, x >= 2.0
    t = m.where(below, x, m.where(above, x - 2.0, x - 1.0))
    near = ((t - ROOT_LESS_ONE[0]) - ROOT_LESS_ONE[1]) * m.poly(
        coefficients.DIGAMMA[m.single], t - 0.5
    )
    far = x >= FAR_DIGAMMA
    inverse = 1.0 / m.where(below, -x, m.where(far, x, x - 1.0))
    near = m.where(below | above, near + inverse, near)
    square = inverse * inverse
    series = m.fma(square, m.poly(coefficients.PSI[m.single], square), -0.5 * inverse)
    return m.where(far, log(m, x) + series, near)


def digamma(m: Lanes, x: Value) -> Value:
    """ψ(x); for x < 0 it is ψ(1 − x) − π/tan πx."""

    def reflected(n: Lanes, y: Value) -> Value:
        swapped, angle = quarter_angle(n, y)
        slope = tangent(n, angle)
        cotangent = n.where(swapped, slope, 1.0 / slope)
        whole = nearest(n, n.abs(y))
        cotangent = n.where(whole > n.abs(y), cotangent, -cotangent)
        value = _digamma_positive(n, 1.0 - y) - PI[0] * cotangent
        return n.where(whole.equals(n.abs(y)), NAN, value)

    value = m.where(x.equals(0.0), m.copysign(INF, -x), _digamma_positive(m, x))
    return on_any(m, x < 0.0, "digamma", value, reflected, x)


def _trigamma_positive(m: Lanes, x: Value) -> Value:
    """ψ′(x) for x > 0."""
    below, far = x < 1.0, x >= 2.0
    inverse = 1.0 / x
    square = inverse * inverse
    t = m.where(below, x, x - 1.0)
    near = m.poly(coefficients.TRIGAMMA[m.single], t - 0.5) + m.where(below, square, 0.0)
    series = square * m.fma(inverse, m.poly(coefficients.PSI1[m.single], square), 0.5)
    return m.where(far, inverse + series, near)


def trigamma(m: Lanes, x: Value) -> Value:
    """ψ′(x); for x < 0 it is (π/sin πx)² − ψ′(1 − x)."""

    def reflected(n: Lanes, y: Value) -> Value:
        swapped, angle = quarter_angle(n, y)
        sine, cosine = sine_and_cosine(n, angle)
        ratio = PI[0] / n.where(swapped, cosine, sine)
        value = ratio * ratio - _trigamma_positive(n, 1.0 - y)
        return n.where(y > -INF, value, NAN)

    value = m.where(x.equals(0.0), INF, _trigamma_positive(m, x))
    return on_any(m, x < 0.0, "trigamma", value, reflected, x)
