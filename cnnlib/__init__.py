"""Forward and backward kernels of convolutional networks, on NumPy alone."""

from cnnlib.conv import conv2d, conv2d_backward, conv_transpose2d
from cnnlib.windows import dilate, output_size, rot180, upsample

__all__ = ["conv2d", "conv2d_backward", "conv_transpose2d", "dilate", "output_size", "rot180", "upsample"]
