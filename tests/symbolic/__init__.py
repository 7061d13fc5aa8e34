"""Proofs: the shipped kernels run on symbols and are compared with derivatives taken by SymPy."""
