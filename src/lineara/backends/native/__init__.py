"""Machine code through LLVM: functions as loops over arrays, compiled once for their content.

flat        a function without tuples and without the linear zone; small callees stand in their callers
simplify    what is not needed goes, what is computed twice is computed once
tapes       what loops keep for each other, as short as it pays
steps       operations as loops over indices, and which of them share a loop
emitter     levels of loops, with arrays, changes and totals; lanewise says which run on lanes, order how sums add up
control     constructs; wholes, choices, carries and lists are parts of it
program     the module of a function: kernel, failures, callbacks
run         kernels by the content of functions
"""
