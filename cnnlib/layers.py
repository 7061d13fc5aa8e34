"""Layers: the kernels with a memory, so that they can be stacked.

A layer holds its parameters and their gradients, remembers on the way forward what the way back needs, and
leaves the arithmetic to the kernels. The gradient of ``layer.w`` is ``layer.dw``.
"""

import inspect

import numpy as np

from cnnlib import activations, pool
from cnnlib.checks import require_norm, require_number, require_truth
from cnnlib.conv import conv_backward, conv_forward, conv_geometry
from cnnlib.dense import dense, dense_pull_back, flatten, flatten_backward
from cnnlib.initial import drawn, he, require_floating
from cnnlib.spans import pool_geometry
from cnnlib.windows import pair, require_int


class Layer:
    """What all layers share: `forward` before `backward`, and lists of parameters and gradients."""

    formula = ""  # id of the equation
    trainable = ()  # names of the parameters
    _memory = None

    def __call__(self, x):
        """Run the layer forward."""
        return self.forward(x)

    def children(self):
        """List the layers inside this one."""
        return []

    def params(self):
        """List the trainable arrays themselves; change them in place to train."""
        own = [getattr(self, name) for name in self.trainable]
        return own + [array for child in self.children() for array in child.params()]

    def grads(self):
        """List the gradients that the last `backward` left, in the order of `params`."""
        gradients = []
        for name in self.trainable:
            if not hasattr(self, "d" + name):
                raise RuntimeError(f"{type(self).__name__} has no gradients yet: call backward before grads")
            gradients.append(getattr(self, "d" + name))
        for child in self.children():
            gradients += child.grads()
        return gradients

    def _recall(self):
        if self._memory is None:
            raise RuntimeError(f"{type(self).__name__} remembers no input: call forward before backward")
        return self._memory

    def __repr__(self):
        """Write the call that makes this layer, without defaults."""
        written = [repr(child) for child in self.children()]
        for name, argument in inspect.signature(type(self)).parameters.items():
            if argument.kind is argument.POSITIONAL_OR_KEYWORD and not self.children():
                written.append(repr(getattr(self, name)))
            elif argument.kind is argument.KEYWORD_ONLY:
                value = getattr(self, name, argument.default)
                written += [] if value == argument.default else [f"{name}={value!r}"]
        return f"{type(self).__name__}({', '.join(written)})"


class Conv2d(Layer):
    """Slide trainable filters (`conv2d`), drawn by ``init(shape, rng, dtype)``; biases start at zero."""

    formula = "conv-fwd"

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        *,
        rng,
        stride=1,
        padding=0,
        dilation=1,
        bias=True,
        init=he,
        dtype=np.float32,
    ):
        self.in_channels = require_int("in_channels", in_channels, 1)
        self.out_channels = require_int("out_channels", out_channels, 1)
        self.kernel_size = _size("kernel_size", kernel_size, 1)
        self.stride, self.padding = _size("stride", stride, 1), _size("padding", padding, 0)
        self.dilation = _size("dilation", dilation, 1)
        self.bias, self.trainable = require_truth("bias", bias), ("w", "b") if bias else ("w",)
        self.w = drawn(init, (out_channels, in_channels, *pair("kernel_size", kernel_size, 1)), rng, dtype)
        self.b = np.zeros(out_channels, dtype) if bias else None

    def forward(self, x):
        layer = conv_geometry(x, self.w, self.stride, self.padding, self.dilation)
        y, columns = conv_forward(x, self.w, self.b, layer)
        self._memory = x, layer, columns
        return y

    def backward(self, dy, *, with_dx=True):
        x, layer, columns = self._recall()
        dx, self.dw, self.db = conv_backward(dy, x, self.w, layer, columns=columns, with_dx=with_dx)
        return dx


class Dense(Layer):
    """Weigh all inputs (`dense`) by weights drawn by ``init(shape, rng, dtype)``; biases start at zero."""

    formula = "dense-fwd"

    def __init__(self, in_features, out_features, *, rng, bias=True, init=he, dtype=np.float32):
        self.in_features = require_int("in_features", in_features, 1)
        self.out_features = require_int("out_features", out_features, 1)
        self.bias, self.trainable = require_truth("bias", bias), ("w", "b") if bias else ("w",)
        self.w = drawn(init, (out_features, in_features), rng, dtype)
        self.b = np.zeros(out_features, dtype) if bias else None

    def forward(self, x):
        y = dense(x, self.w, self.b)
        self._memory = x
        return y

    def backward(self, dy, *, with_dx=True):
        dx, self.dw, self.db = dense_pull_back(dy, self._recall(), self.w, with_dx=with_dx)
        return dx


class Flatten(Layer):
    """Lay the maps of each sample end to end (`flatten`)."""

    formula = "flatten"

    def forward(self, x):
        y = flatten(x)
        self._memory = x.shape
        return y

    def backward(self, dy, *, with_dx=True):
        return flatten_backward(dy, self._recall())


class _Pool(Layer):
    def __init__(self, kernel_size, *, stride=None, padding=0, ceil_mode=False):
        self.kernel_size = _size("kernel_size", kernel_size, 1)
        self.stride = None if stride is None else _size("stride", stride, 1)
        self.padding, self.ceil_mode = _size("padding", padding, 0), require_truth("ceil_mode", ceil_mode)

    def _options(self):
        return dict(stride=self.stride, padding=self.padding, ceil_mode=self.ceil_mode)

    def forward(self, x):
        y = self._forward(x, self.kernel_size, **self._options())
        self._memory = x
        return y

    def backward(self, dy, *, with_dx=True):
        return self._backward(dy, self._recall(), self.kernel_size, **self._options())


class MaxPool2d(_Pool):
    """Take the largest pixel of each window (`max_pool2d`, same arguments)."""

    formula = "maxpool-fwd"

    def forward(self, x):
        layer = pool_geometry(x, self.kernel_size, **self._options())
        y = pool.max_forward(x, layer)
        self._memory = x, y, layer
        return y

    def backward(self, dy, *, with_dx=True):
        return pool.max_pull_back(dy, *self._recall())


class SumPool2d(_Pool):
    """Add up the pixels of each window (`sum_pool2d`, same arguments)."""

    formula = "sumpool-dx"
    _forward, _backward = staticmethod(pool.sum_pool2d), staticmethod(pool.sum_pool2d_backward)


class AvgPool2d(_Pool):
    """Take the mean of each window (`avg_pool2d`, same arguments)."""

    formula = "avgpool-fwd"
    _forward, _backward = staticmethod(pool.avg_pool2d), staticmethod(pool.avg_pool2d_backward)

    def __init__(self, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__(kernel_size, stride=stride, padding=padding, ceil_mode=ceil_mode)
        self.count_include_pad = require_truth("count_include_pad", count_include_pad)

    def _options(self):
        return super()._options() | dict(count_include_pad=self.count_include_pad)


class LpPool2d(Layer):
    """Take the p-norm of each window (`lp_pool2d`, same arguments)."""

    formula = "lppool-dx"

    def __init__(self, norm_type, kernel_size, *, stride=None, ceil_mode=False):
        self.norm_type, self.kernel_size = require_norm(norm_type), _size("kernel_size", kernel_size, 1)
        self.stride = None if stride is None else _size("stride", stride, 1)
        self.ceil_mode = require_truth("ceil_mode", ceil_mode)

    def forward(self, x):
        options = dict(stride=self.stride, ceil_mode=self.ceil_mode)
        y = pool.lp_pool2d(x, self.norm_type, self.kernel_size, **options)
        self._memory = x, self.norm_type, self.kernel_size, options
        return y

    def backward(self, dy, *, with_dx=True):
        *arguments, options = self._recall()
        return pool.lp_pool2d_backward(dy, *arguments, **options)


class Subsample2d(Layer):
    """Scale block sums by trainable gains (`subsample2d`); they start as means, the biases at zero."""

    formula = "subsample-fwd"
    trainable = ("beta", "b")

    def __init__(self, channels, kernel_size, *, dtype=np.float32):
        self.channels = require_int("channels", channels, 1)
        self.kernel_size = _size("kernel_size", kernel_size, 1)
        self.b = np.zeros(channels, require_floating(dtype))
        self.beta = np.full(channels, 1 / np.prod(pair("kernel_size", kernel_size, 1)), dtype)

    def forward(self, x):
        z = pool.subsample2d(x, self.beta, self.b, self.kernel_size)
        self._memory = x
        return z

    def backward(self, dy, *, with_dx=True):
        dx, self.dbeta, self.db = pool.subsample2d_backward(dy, self._recall(), self.beta, self.kernel_size)
        return dx


class ReLU(Layer):
    """Replace negative entries by zero (`relu`); the output tells where the input was positive."""

    formula = "relu-dx"

    def forward(self, x):
        self._memory = activations.relu(x)
        return self._memory

    def backward(self, dy, *, with_dx=True):
        return activations.relu_backward(dy, self._recall())


class LeakyReLU(Layer):
    """Scale negative entries by `slope` (`leaky_relu`)."""

    formula = "leaky-relu-dx"

    def __init__(self, *, slope=0.01):
        self.slope = require_number("slope", slope)

    def forward(self, x):
        y = activations.leaky_relu(x, slope=self.slope)
        self._memory = x
        return y

    def backward(self, dy, *, with_dx=True):
        return activations.leaky_relu_backward(dy, self._recall(), slope=self.slope)


class Sigmoid(Layer):
    """Squash each entry into (0, 1) (`sigmoid`); the slope follows from the output."""

    formula = "sigmoid-dx"

    def forward(self, x):
        self._memory = activations.sigmoid(x)
        return self._memory

    def backward(self, dy, *, with_dx=True):
        return activations.sigmoid_pull_back(dy, self._recall())


class Tanh(Layer):
    """Squash each entry into (-1, 1) (`tanh`); the slope follows from the output."""

    formula = "tanh-dx"

    def forward(self, x):
        self._memory = activations.tanh(x)
        return self._memory

    def backward(self, dy, *, with_dx=True):
        return activations.tanh_pull_back(dy, self._recall())


def _size(name, value, least):
    """Write a square pair as one int."""
    vertical, horizontal = pair(name, value, least)
    return vertical if vertical == horizontal else (vertical, horizontal)
