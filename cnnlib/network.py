"""Layers made of layers: one after the other, beside a shortcut, or side by side."""

import copy

import numpy as np

from cnnlib import files
from cnnlib.checks import brief
from cnnlib.layers import Layer
from cnnlib.windows import require_array, require_int, require_shape


class Sequential(Layer):
    """Layers one after the other: forward in order, backward in reverse.

    Parameters
    ----------
    *layers : Layer
        At least one; a layer may stand at one place only.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a layer, or stands at two places.

    Notes
    -----
    Equations ``vjp`` and ``net-backward``: each layer turns the gradient at its output into the gradient at
    its input, which is the one at the output of the layer before.

    Examples
    --------
    >>> from cnnlib import Conv2d, Flatten, ReLU
    >>> net = Sequential(Conv2d(1, 2, 3, rng=np.random.default_rng(0)), ReLU(), Flatten())
    >>> net(np.zeros((5, 1, 4, 4), np.float32)).shape
    (5, 8)
    >>> net.summary((1, 4, 4))
    layer            formula   shape      parameters
    Conv2d(1, 2, 3)  conv-fwd  (2, 2, 2)          20
    ReLU()           relu-dx   (2, 2, 2)           0
    Flatten()        flatten   (8,)                0
    total                                         20
    """

    formula = "vjp"

    def __init__(self, *layers):
        self.layers = _require_layers("Sequential", layers)

    def children(self):
        return self.layers

    def forward(self, x):
        """Run all layers; return the last one's output."""
        self._memory = x.shape[1:] if isinstance(x, np.ndarray) else None
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy, *, with_dx=True):
        """Pull `dy` back through all layers, storing their gradients; return the gradient at the input.

        With ``with_dx=False`` the first layer may leave its input gradient out; then the result is of no use.
        """
        for layer in self.layers[:0:-1]:
            dy = layer.backward(dy)  # net-backward, net6-delta-f
        return self.layers[0].backward(dy, with_dx=with_dx)

    def summary(self, input_shape=None):
        """Tabulate each layer with the id of its equation, its output's shape and its number of parameters.

        Parameters
        ----------
        input_shape : tuple of int, optional
            Shape (C, H, W) or (F,) of one sample; without it, that of the last input.

        Returns
        -------
        summary : Summary
            A table that prints as text and shows as HTML in a notebook.
        """
        shape = self._memory if input_shape is None else _sample_shape(input_shape)
        if shape is None:
            raise ValueError("summary needs input_shape, such as (1, 8, 8), before the network has run")
        dtype = next((array.dtype for array in self.params()), np.dtype(np.float32))
        x, rows = np.zeros((0, *shape), dtype), []
        for layer in copy.deepcopy(self.layers):  # an empty batch finds the shapes
            x = layer.forward(x)
            parameters = sum(array.size for array in layer.params())  # param-count
            rows.append((repr(layer), layer.formula, str(x.shape[1:]), parameters))
        return Summary(rows)

    def save(self, path):
        """Write the parameters to an .npz file at `path`; if that fails, a file already there survives.

        Raises
        ------
        TypeError, ValueError
            If `path` names no file, or a parameter holds Python objects, which would need pickle.
        OSError
            If the file cannot be written.
        """
        files.write(path, self._written(), self.params())

    def load(self, path):
        """Replace the parameters, in place, by those that `save` wrote to `path`.

        Raises
        ------
        TypeError, ValueError
            If `path` names no file, or the file is damaged, not written by `save`, or made by a network of
            other layers. Then no parameter changes. Nothing in the file is ever executed.
        OSError
            If the file cannot be opened.
        """
        arrays = self.params()
        stored = files.read(path, self._written(), arrays)
        for i, array in enumerate(arrays):
            if not array.flags.writeable:
                raise ValueError(f"parameter {i} must be an array that can be changed, got a read-only one")
        for array, value in zip(arrays, stored, strict=True):
            array[...] = value

    def _written(self):
        return [repr(layer) for layer in self.layers]


class Residual(Layer):
    """Add the input to what a block makes of it: ``x + block(x)``.

    Parameters
    ----------
    block : Layer
    shortcut : Layer, optional
        What to add instead of `x` itself, such as a 1×1 convolution where the block changes the shape.

    Notes
    -----
    Equation ``residual-dx`` (He et al., 2016): the gradient reaches the input both ways, and the two add.

    Examples
    --------
    >>> from cnnlib import ReLU
    >>> Residual(ReLU())(np.array([[-1.0, 2.0]]))
    array([[-1.,  4.]])
    """

    formula = "residual-dx"

    def __init__(self, block, shortcut=None):
        self.block, self.shortcut = block, shortcut
        _require_layers("Residual", self.children())

    def children(self):
        return [self.block] if self.shortcut is None else [self.block, self.shortcut]

    def forward(self, x):
        y, side = self.block.forward(x), x if self.shortcut is None else self.shortcut.forward(x)
        if y.shape != side.shape:
            raise ValueError(f"block and shortcut must give equal shapes, got {y.shape} and {side.shape}")
        self._memory = (y.shape,)
        return side + y

    def backward(self, dy, *, with_dx=True):
        require_shape("dy", dy, *self._recall(), "like the output")
        side = dy if self.shortcut is None else self.shortcut.backward(dy)
        return side + self.block.backward(dy)  # residual-dx


class Concat(Layer):
    """Run branches side by side on the same input and stack their maps, as an Inception block does.

    Parameters
    ----------
    *branches : Layer
        They must agree on the height and width of their maps.

    Notes
    -----
    Equation ``concat-dx`` (Szegedy et al., 2014): split the gradient by channels, run every branch
    backward, add.

    Examples
    --------
    >>> from cnnlib import MaxPool2d, ReLU
    >>> Concat(ReLU(), MaxPool2d(3, stride=1, padding=1))(np.zeros((1, 2, 5, 5))).shape
    (1, 4, 5, 5)
    """

    formula = "concat-dx"

    def __init__(self, *branches):
        self.branches = _require_layers("Concat", branches)

    def children(self):
        return self.branches

    def forward(self, x):
        if require_array("x", x).ndim < 2:
            raise ValueError(f"x must have at least 2 axes (N, C, ...), got shape {x.shape}")
        maps = [branch.forward(x) for branch in self.branches]
        if len({(len(y), *y.shape[2:]) for y in maps}) != 1:
            raise ValueError(f"branches must agree but in channels, got shapes {[y.shape for y in maps]}")
        y = np.concatenate(maps, axis=1)
        self._memory = y.shape, [part.shape[1] for part in maps]
        return y

    def backward(self, dy, *, with_dx=True):
        shape, channels = self._recall()
        parts = np.split(require_shape("dy", dy, shape, "like the output"), np.cumsum(channels)[:-1], axis=1)
        branches = zip(self.branches, parts, strict=True)
        return sum(branch.backward(part) for branch, part in branches)  # concat-dx


class Summary:
    """The table that `Sequential.summary` returns: `rows` of (layer, formula, shape, parameters)."""

    header = ("layer", "formula", "shape", "parameters")

    def __init__(self, rows):
        self.rows, self.total = rows, sum(row[-1] for row in rows)

    def __repr__(self):
        lines = [self.header, *self.rows, ("total", "", "", self.total)]
        widths = [max(len(str(cell)) for cell in column) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(f"{cell:{'>' if i == 3 else '<'}{widths[i]}}" for i, cell in enumerate(line))
            for line in lines
        )

    def _repr_html_(self):
        from html import escape  # not at the top, so that importing the library stays quick

        def row(cells, tag="td", scope=""):
            return f"<tr>{''.join(f'<{tag}{scope}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"

        body = "".join(row(cells) for cells in [*self.rows, ("total", "", "", self.total)])
        head = row(self.header, "th", ' scope="col"')
        return f'<table class="cnn-summary"><thead>{head}</thead><tbody>{body}</tbody></table>'


def _sample_shape(shape):
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"input_shape must be a tuple of ints, such as (1, 8, 8), got {brief(shape)}")
    return tuple(require_int("input_shape", size, 1) for size in shape)


def _require_layers(owner, layers):
    if not layers:
        raise ValueError(f"{owner} must be given at least one layer, got none")
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"{owner} must be given layers, such as ReLU(), got {brief(layer)}")
        if sum(layer is other for other in layers) > 1:  # it remembers one input only
            raise ValueError(f"{owner} must be given each layer once, got {layer!r} at two places")
    return list(layers)
