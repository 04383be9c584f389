"""The workloads of the table, by family."""

from harness.workload import Workload

from workloads import calls, dynamics, elementwise, gradbench, mixture, network, sequences, vision

FAMILIES = (dynamics, sequences, mixture, vision, elementwise, network, calls, gradbench)
WORKLOADS: dict[str, Workload] = {w.name: w for family in FAMILIES for w in family.WORKLOADS}
