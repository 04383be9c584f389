"""For testing programs and transformations: random and exhaustive well-typed programs, and the theorems as checks."""

from lineara.testing.derivatives import check_derivatives
from lineara.testing.programs import Program, generate
from lineara.testing.vocabulary import Vocabulary

__all__ = ["Program", "Vocabulary", "check_derivatives", "generate"]
