"""Exact algebra on arrays of SymPy expressions; it imports no kernel, so that proofs stay independent."""
