"""Widgets that move in the built page, in JupyterLab and in Binder from one definition."""

from cnnlib.widgets.conv_backward import ConvBackward
from cnnlib.widgets.conv_stepper import ConvStepper

__all__ = ["ConvBackward", "ConvStepper"]
