"""Check a backward pass against its forward pass by nudging one number at a time.

With y = f(x) and an incoming gradient dy, a backward pass returns the gradient of the scalar ⟨f(x), dy⟩, dy
held constant: the vector-Jacobian product. So each layer can be checked alone. A linear layer needs no
nudging: its backward pass is the transposed matrix.
"""

import numpy as np

from cnnlib.checks import brief, require_choice, require_function, require_number

METHODS = {"central-diff": "central differences give", "complex-step": "the complex step gives"}


def numerical_vjp(f, arguments, dy, *, step=1e-5):
    r"""Estimate the gradients of ``(f(*arguments) * dy).sum()`` by central differences.

    Parameters
    ----------
    f : callable
        Takes the arguments and returns one array or one number.
    arguments : sequence of ndarray
        Real numbers; they are copied to float64 and never changed.
    dy : ndarray or float
        Gradient at the output, shaped like ``f(*arguments)``.
    step : float
        Distance to either side. Curvature costs about ``step**2`` and rounding about 1e-16 / ``step``, so a
        step near 1e-5 is best for values around 1.

    Returns
    -------
    gradients : tuple of ndarray
        One per argument, float64.

    Raises
    ------
    TypeError, ValueError
        If an argument does not hold real numbers, the step is not positive, or `dy` has another shape.

    Notes
    -----
    Equations ``vjp`` and ``central-diff``:

    .. math:: \frac{\partial E}{\partial x_i} \approx \frac{E(x_i + h) - E(x_i - h)}{2h}

    Examples
    --------
    >>> (dx,) = numerical_vjp(np.square, [np.array([1.0, 3.0])], np.array([1.0, 10.0]))
    >>> dx.round(6)
    array([ 2., 60.])
    """

    def difference(at_distance):
        return (at_distance(step) - at_distance(-step)) / (2 * step)  # central-diff

    return _nudge_each(f, arguments, dy, step, np.float64, difference)


def complex_step_vjp(f, arguments, dy, *, step=1e-30):
    r"""Compute the gradients of ``(f(*arguments) * dy).sum()`` with a step along the imaginary axis.

    Nothing is subtracted, so nothing cancels: the result is as accurate as f itself. It needs an f that is
    analytic and keeps complex numbers complex: convolution, mean, sigmoid, softmax, not a maximum.

    Parameters
    ----------
    f, arguments, dy
        As in `numerical_vjp`.
    step : float
        Any tiny number: its square must vanish beside 1.

    Returns
    -------
    gradients : tuple of ndarray
        One per argument, float64.

    Raises
    ------
    TypeError, ValueError
        As `numerical_vjp`, or if f drops the imaginary part.

    Notes
    -----
    Equations ``vjp`` and ``complex-step``:

    .. math:: \frac{\partial E}{\partial x_i} = \frac{\operatorname{Im} E(x_i + \mathrm{i}h)}{h} + O(h^2)

    Examples
    --------
    >>> complex_step_vjp(np.exp, [np.array([0.0, 1.0])], np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """

    def imaginary_part(at_distance):
        y = at_distance(1j * step)
        if not np.iscomplexobj(y):
            raise TypeError(f"f must keep complex numbers complex, but it returned {np.asarray(y).dtype}")
        return np.imag(y) / step  # complex-step

    return _nudge_each(f, arguments, dy, step, np.complex128, imaginary_part)


def check_vjp(f, f_backward, arguments, *, rng, tol=1e-6, method="central-diff"):
    """Compare a backward pass with its forward pass for one random incoming gradient.

    Parameters
    ----------
    f, f_backward : callable
        ``f(*arguments)`` returns y; ``f_backward(dy, *arguments)`` returns one gradient per argument.
    arguments : sequence of ndarray
        Real numbers; they are copied to float64 and never changed.
    rng : numpy.random.Generator
        Draws the incoming gradient.
    tol : float
        Largest relative error to accept: the difference, divided by the largest entry of that gradient.
    method : {"central-diff", "complex-step"}
        With the complex step a `tol` of 1e-12 is within reach.

    Returns
    -------
    error : float
        The largest relative error over all arguments.

    Raises
    ------
    AssertionError
        If an error exceeds `tol`; the message names the argument, the entry and both values.
    TypeError, ValueError
        As `numerical_vjp` and `complex_step_vjp`, or for an unknown method.

    Notes
    -----
    Equation ``vjp``. Where f has a kink (a maximum, ReLU at 0) a step across it raises a false alarm: keep
    the arguments away from kinks.

    Examples
    --------
    >>> x = np.array([0.5, 2.0])
    >>> check_vjp(np.square, lambda dy, x: 2 * x * dy, [x], rng=np.random.default_rng(0)) < 1e-9
    True
    >>> check_vjp(np.square, lambda dy, x: x * dy, [x], rng=np.random.default_rng(0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: argument 0, entry (1,): backward gives -0.26420973, central differences give -0.528...
    """
    require_choice("method", method, METHODS)
    require_function("f", f)
    require_function("f_backward", f_backward)
    if not require_number("tol", tol, finite=False) >= 0:
        raise ValueError(f"tol must be at least 0, got {tol}")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a NumPy random generator, got {type(rng).__name__}")
    arguments = _real_copies(arguments)
    dy = rng.standard_normal(np.shape(f(*arguments)))
    estimate = numerical_vjp if method == "central-diff" else complex_step_vjp
    gradients = f_backward(dy, *(argument.copy() for argument in arguments))
    gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
    expected = estimate(f, arguments, dy)
    if len(gradients) != len(expected):
        raise AssertionError(f"backward returns {len(gradients)} gradients for {len(expected)} arguments")
    pairs = enumerate(zip(gradients, expected, strict=True))
    return max(_relative_error(i, gradient, true, tol, method) for i, (gradient, true) in pairs)


def check_adjoint(forward, backward, x, *, rng=None):
    r"""Compare ⟨A x, y⟩ with ⟨x, Aᵀ y⟩ for a layer A and a random y: one line, and no derivative.

    Parameters
    ----------
    forward : callable
        The layer ``x -> A x``, with no bias: it must be linear in x.
    backward : callable
        ``dy -> dx``, which should be the transposed matrix ``dy -> A.T dy``.
    x : ndarray
        Real numbers; copied to float64 and never changed. Random ones show most.
    rng : numpy.random.Generator, optional
        Draws y; without it one with a fixed seed does.

    Returns
    -------
    gap : float
        The difference of the two products, divided by the sum of their sizes: near 1e-16 if `backward` is
        right, NaN if a layer returns NaN.

    Raises
    ------
    TypeError
        If a layer is not callable, `rng` is no generator, or an array does not hold real numbers.
    ValueError
        If `backward` does not return an array shaped like x.

    Notes
    -----
    Equation ``adjoint`` (Claerbout, 2008, who calls it the dot-product test):

    .. math:: \langle A x, y \rangle = \langle x, A^{\mathsf T} y \rangle

    Random x and y miss a mistake in a linear layer only by accident. A layer that is not linear but scales,
    ``f(c * x) = c * f(x)`` for c > 0 (a maximum, an L2 norm, ReLU), also passes with its gradient taken at x;
    there passing proves less, because only that one x is tried.

    Examples
    --------
    >>> x = np.array([[1.0, 4.0], [2.0, 5.0]])
    >>> check_adjoint(np.transpose, np.transpose, x) < 1e-12
    True
    >>> check_adjoint(np.transpose, lambda dy: dy, x) > 0.01
    True
    """
    for name, layer in (("forward", forward), ("backward", backward)):
        if not callable(layer):
            raise TypeError(f"{name} must be a function of one array, got {type(layer).__name__}")
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a NumPy random generator or None, got {type(rng).__name__}")
    x = _real_copy("x", x)
    y = _real_copy("the result of forward", forward(x.copy()))
    dy = (np.random.default_rng(0) if rng is None else rng).standard_normal(y.shape)
    dx = backward(dy.copy())
    if isinstance(dx, (tuple, list)):
        raise ValueError(f"backward must return one array, shaped like x, got {len(dx)} of them")
    dx = _real_copy("the result of backward", dx)
    if dx.shape != x.shape:
        raise ValueError(f"backward must return an array of shape {x.shape} like x, got {dx.shape}")
    there, back = float((y * dy).sum()), float((x * dx).sum())  # adjoint
    size = abs(there) + abs(back)
    return abs(there - back) / size if size else 0.0


def _nudge_each(f, arguments, dy, step, dtype, slope):
    """Replace each entry in turn by itself plus a distance, and let `slope` decide which distances to try."""
    require_function("f", f)
    number = isinstance(step, (int, float, np.floating)) and not isinstance(step, bool)
    if not number or not 0 < step < np.inf:
        raise ValueError(f"step must be a positive number, got {step!r}")
    dy = _real_copy("dy", dy)
    arrays = [array.astype(dtype) for array in _real_copies(arguments)]
    if np.shape(f(*arrays)) != dy.shape:
        raise ValueError(f"dy must have shape {np.shape(f(*arrays))} like the output of f, got {dy.shape}")
    gradients = tuple(np.empty(array.shape) for array in arrays)
    for array, gradient in zip(arrays, gradients, strict=True):
        for at in np.ndindex(array.shape):
            value = array[at]

            def at_distance(distance, array=array, at=at, value=value):
                array[at] = value + distance
                return np.array(f(*arrays))  # a copy: f may return a view of its argument

            gradient[at] = np.sum(slope(at_distance) * dy)  # vjp
            array[at] = value
    return gradients


def _real_copies(arguments):
    if not isinstance(arguments, (list, tuple)):
        raise TypeError(f"arguments must be a sequence of arrays, got {type(arguments).__name__}")
    return [_real_copy(f"argument {i}", argument) for i, argument in enumerate(arguments)]


def _real_copy(name, value):
    try:
        dtype = np.asarray(value).dtype
    except ValueError:  # rows of unequal length, or a list within itself
        raise ValueError(f"{name} must be an array of real numbers, got {brief(value)}") from None
    if dtype.kind not in "fiu":
        raise TypeError(f"{name} must hold real numbers, got dtype {dtype}")
    return np.array(value, np.float64)


def _relative_error(i, gradient, expected, tol, method):
    if np.shape(gradient) != expected.shape:
        raise AssertionError(f"argument {i} has shape {expected.shape} but its gradient {np.shape(gradient)}")
    if not expected.size:
        return 0.0
    difference = np.abs(gradient - expected)
    scale = max(np.abs(gradient).max(), np.abs(expected).max())
    error = float(difference.max() / scale) if scale else 0.0
    if not error <= tol:  # also when it is NaN
        at = tuple(int(k) for k in np.unravel_index(np.argmax(difference), expected.shape))
        got, want = np.asarray(gradient)[at], expected[at]
        raise AssertionError(
            f"argument {i}, entry {at}: backward gives {got:.8g}, {METHODS[method]} {want:.8g} "
            f"(relative error {error:.1e}, tol {tol:.0e})"
        )
    return error
