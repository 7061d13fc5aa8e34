"""Forward and backward kernels of convolutional networks, on NumPy alone."""

from cnnlib.conv import conv2d, conv2d_backward, conv_transpose2d
from cnnlib.gradcheck import check_vjp, complex_step_vjp, numerical_vjp
from cnnlib.windows import dilate, output_size, rot180, upsample

__all__ = [
    "check_vjp",
    "complex_step_vjp",
    "conv2d",
    "conv2d_backward",
    "conv_transpose2d",
    "dilate",
    "numerical_vjp",
    "output_size",
    "rot180",
    "upsample",
]
