"""Timings of cnnlib against PyTorch, bare matrix products and a textbook im2col: README.md has a table."""
