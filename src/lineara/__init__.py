"""Gradients of NumPy programs: forward mode, unzipped and transposed."""
