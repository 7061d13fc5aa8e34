"""Forward and backward kernels of convolutional networks."""
