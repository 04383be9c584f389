"""Back ends: ways to run a function on NumPy arrays."""
