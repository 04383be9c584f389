from lineara.cost import interface_work, work
from lineara.ir import ArrayType, Builder
from lineara.optimize.bound import derivative_ratio, jvp_constant, worst_primitive
from lineara.primitives import REGISTRY, Expr
from lineara.transforms import jvp


def chain(record, length):
    """Applications one after another, each of two uses of the last result."""
    builder = Builder(record.name)
    x = Expr(builder, builder.param(ArrayType("f64", (5,))))
    for _ in range(length):
        x = record(x, x)
    return builder.finish([x.var])


def test_no_record_is_worse_than_the_worst():
    assert all(derivative_ratio(r) <= jvp_constant() for r in REGISTRY.values())
    assert derivative_ratio(worst_primitive()) == jvp_constant()


def test_the_ratio_of_a_record_bounds_programs_of_it():
    for name in ("mul", "div", "max", "pow", "atan2"):
        f = chain(REGISTRY[name], 50)
        bound = derivative_ratio(REGISTRY[name]) * (work(f) + interface_work(f))
        assert work(jvp(f)) <= bound
        assert work(jvp(f)) >= 0.6 * bound
