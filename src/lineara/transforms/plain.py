"""Variables and zeros of erased programs."""

from lineara.ir import ArrayType, Builder, ListType, Scan, TupleType, Type, Var


def plain_variable(v: Var) -> Var:
    """A linear variable as a nonlinear one; a nonlinear one as it is."""
    return Var(v.type, hint=v.hint) if v.linear else v


def plain_zeros(builder: Builder, type_: Type, made: dict[Type, Var]) -> Var:
    """Zeros of a type, as literals, one for each type that occurs in it; `made` holds those that are there.

    A list of zeros is the empty list, which a loop of no trips gives.
    """
    if type_ not in made:
        if isinstance(type_, ArrayType):
            made[type_] = builder.literal(0, type_)
        elif isinstance(type_, TupleType):
            parts = [plain_zeros(builder, t, made) for t in type_.elements]
            made[type_] = builder.make_tuple(parts)
        else:
            made[type_] = _empty_list(builder, type_)
    return made[type_]


def _empty_list(builder: Builder, type_: ListType) -> Var:
    body = Builder("zeros")
    scan = Scan(body.finish([plain_zeros(body, type_.element, {})]), None, 0, 0)
    return builder.emit(scan, [builder.literal(0, ArrayType("i64"))], [Var(type_)])[0]
