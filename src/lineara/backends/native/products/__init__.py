"""Products of matrices in machine code of our own: tiles whose totals are in registers, panels that are packed.

The BLAS is for complex numbers; its calls cost more than products of small matrices, and it may not know the processor.
"""

from lineara.backends.native.products.product import multiply

__all__ = ["multiply"]
