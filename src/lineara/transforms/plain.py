"""Variables of erased programs."""

from lineara.ir import Var


def plain_variable(v: Var) -> Var:
    """A linear variable as a nonlinear one; a nonlinear one as it is."""
    return Var(v.type, hint=v.hint) if v.linear else v
