"""Put every wrong thing into every argument of every public function, and look at what it says.

Run as a script, with 3 for a third of the things: it limits its own memory and the time of each call, and
prints one line per fault.
"""

import json
import resource
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse
from test_bad_input import VALID as KERNELS

import cnnlib
from cnnlib import data, exercises, fast, mistakes, planted, winograd

SECONDS = 20  # that one call may take
LIBRARY = str(Path(cnnlib.__file__).parent)


class Sub(np.ndarray):
    """An array of another class."""


def _rng():
    return np.random.default_rng(0)


def _endless():
    loop = []
    loop.append(loop)
    return loop


WRONG = {
    "None": lambda: None,
    "text": lambda: "abc",
    "bytes": lambda: b"abc",
    "True": lambda: True,
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-1": lambda: -1,
    "0": lambda: 0,
    "huge": lambda: 10**12,
    "complex": lambda: 1j,
    "NumPy nan": lambda: np.float64("nan"),
    "empty list": lambda: [],
    "list": lambda: [1.0, 2.0],
    "ragged list": lambda: [[1], [2, 3]],
    "endless list": _endless,
    "triple": lambda: (1, 2, 3),
    "pair of floats": lambda: (1.5, 1.5),
    "pair of text": lambda: ("a", "b"),
    "pair of huge": lambda: (10**12, 10**12),
    "no axis": lambda: np.array(1.0),
    "five axes": lambda: np.ones((1,) * 5),
    "empty array": lambda: np.ones((0, 0)),
    "array": lambda: np.arange(3),
    "objects": lambda: np.full((2, 2), None),
    "strings": lambda: np.full((2, 2), "x"),
    "dates": lambda: np.zeros((2, 2), "M8[s]"),
    "records": lambda: np.zeros((2, 2), [("a", "f4")]),
    "masked": lambda: np.ma.ones((2, 2)),
    "matrix": lambda: np.asmatrix(np.eye(2)),
    "sparse": lambda: scipy.sparse.eye(2, format="csr"),
    "another class": lambda: np.ones((2, 2, 2)).view(Sub),
    "dict": dict,
    "set": lambda: {1, 2},
    "generator": lambda: (i for i in (1, 2)),
    "class": lambda: int,
    "function": lambda: len,
    "object": object,
    "dots": lambda: ...,
    "slice": lambda: slice(1),
}


def calls():
    """List (name, function, arguments by name) of calls that work; each time with fresh arguments."""
    found = [(name, getattr(cnnlib, name), dict(arguments)) for name, arguments in KERNELS.items()]
    x, w, dy = np.ones((2, 3, 6, 5)), np.ones((4, 3, 3, 3)), np.ones((2, 4, 4, 3))
    geometry = dict(stride=1, padding=0, dilation=1)
    for module, names in ((fast, ("im2col", "shifted", "fft")), (winograd, ("winograd",))):
        for way in names:
            options = geometry if way in ("im2col", "shifted") else dict(padding=0)
            found.append((f"conv2d_{way}", getattr(module, f"conv2d_{way}"), dict(x=x, w=w, **options)))
            backward = f"conv2d_{way}_backward"
            found.append((backward, getattr(module, backward), dict(dy=dy, x=x, w=w, **options)))
    found += [
        ("winograd_f23", winograd.winograd_f23, dict(d=np.ones(4), g=np.ones(3))),
        ("im2col", fast.im2col, dict(x=x, kernel_size=2, **geometry)),
        (
            "col2im",
            fast.col2im,
            dict(columns=np.ones((1, 4, 4)), image_shape=(3, 3), kernel_size=2, **geometry),
        ),
        ("conv2d_separable", fast.conv2d_separable, dict(x=x, column=np.ones(2), row=np.ones(2), padding=0)),
        ("load_digits", data.load_digits, dict(dtype=np.float32)),
        ("stratified_split", data.stratified_split, dict(t=np.array([0, 0, 1, 1]), test_size=2, rng=_rng())),
        ("split_digits", data.split_digits, dict(rng=_rng(), test_size=360, dtype=np.float32)),
        ("draw_glyphs", data.draw_glyphs, dict(samples=3, rng=_rng(), noise=0.1, dtype=np.float32)),
        ("case", mistakes.case, dict(mistake="missing 1/s²", test_input="one map")),
        ("gap", planted.gap, dict(found=mistakes.case("missing 1/s²"), check="shapes", wrong=True)),
        ("train", planted.train, dict(mistake="= for +=", wrong=True, epochs=1, rng=_rng())),
        *gradients(),
        *layers(),
        *training(),
    ]
    checks = [name for name in vars(exercises) if name.startswith("check_")]
    return found + [(name, getattr(exercises, name), dict(function=len)) for name in checks]


def gradients():
    square, back = np.square, lambda dy, x: 2 * x * dy
    three = np.array([0.5, 1.0, 2.0])
    common = dict(f=square, arguments=[three], dy=np.ones(3))
    return [
        ("numerical_vjp", cnnlib.numerical_vjp, dict(**common, step=1e-5)),
        ("complex_step_vjp", cnnlib.complex_step_vjp, dict(**common, step=1e-30)),
        (
            "check_vjp",
            cnnlib.check_vjp,
            dict(f=square, f_backward=back, arguments=[three], rng=_rng(), tol=1e-6, method="central-diff"),
        ),
        (
            "check_adjoint",
            cnnlib.check_adjoint,
            dict(forward=lambda x: 2 * x, backward=lambda y: 2 * y, x=three, rng=_rng()),
        ),
    ]


def layers():
    rng, relu = _rng(), cnnlib.ReLU
    pool = dict(kernel_size=2, stride=2, padding=0, ceil_mode=False)
    found = [
        (
            "Conv2d",
            cnnlib.Conv2d,
            dict(
                in_channels=3,
                out_channels=2,
                kernel_size=2,
                rng=rng,
                stride=1,
                padding=0,
                dilation=1,
                bias=True,
                init=cnnlib.he,
                dtype=np.float32,
            ),
        ),
        (
            "Dense",
            cnnlib.Dense,
            dict(in_features=3, out_features=2, rng=rng, bias=True, init=cnnlib.he, dtype=np.float32),
        ),
        ("Subsample2d", cnnlib.Subsample2d, dict(channels=3, kernel_size=2, dtype=np.float32)),
        ("LeakyReLU", cnnlib.LeakyReLU, dict(slope=0.1)),
        ("MaxPool2d", cnnlib.MaxPool2d, pool),
        ("SumPool2d", cnnlib.SumPool2d, pool),
        ("AvgPool2d", cnnlib.AvgPool2d, pool | dict(count_include_pad=True)),
        ("LpPool2d", cnnlib.LpPool2d, dict(norm_type=2, kernel_size=2, stride=2, ceil_mode=False)),
        ("Residual", cnnlib.Residual, dict(block=relu(), shortcut=cnnlib.Tanh())),
        ("Sequential", lambda layer: cnnlib.Sequential(layer), dict(layer=relu())),
        ("Concat", lambda layer: cnnlib.Concat(layer), dict(layer=relu())),
    ]
    made = [
        cnnlib.Conv2d(3, 2, 2, rng=rng),
        cnnlib.MaxPool2d(2),
        cnnlib.SumPool2d(2),
        cnnlib.AvgPool2d(2),
        cnnlib.LpPool2d(2, 2),
        cnnlib.Subsample2d(3, 2),
        cnnlib.Flatten(),
        relu(),
        cnnlib.LeakyReLU(),
        cnnlib.Sigmoid(),
        cnnlib.Tanh(),
        cnnlib.Residual(relu()),
        cnnlib.Concat(relu(), cnnlib.Tanh()),
        cnnlib.Sequential(relu(), cnnlib.Tanh()),
    ]
    for layer in made:
        y = layer(np.ones((2, 3, 4, 4), np.float32))
        name = type(layer).__name__
        found.append((f"{name}.backward", layer.backward, dict(dy=np.ones_like(y))))
    for layer in made:
        other = type(layer).__name__
        found.append((f"{other}.forward", layer.forward, dict(x=np.ones((2, 3, 4, 4), np.float32))))
    return found


def training():
    net = cnnlib.Sequential(cnnlib.Dense(2, 2, rng=_rng(), dtype=np.float64))
    net(np.ones((1, 2)))
    net.backward(np.ones((1, 2)))
    optimiser = cnnlib.SGD(net.params(), lr=0.1)
    loss = (cnnlib.squared_error, cnnlib.squared_error_backward)
    return [
        ("summary", net.summary, dict(input_shape=(2,))),
        ("SGD", cnnlib.SGD, dict(params=net.params(), lr=0.1, momentum=0.5)),
        ("SGD.step", optimiser.step, dict(grads=net.grads())),
        (
            "fit",
            cnnlib.fit,
            dict(
                net=net,
                x=np.ones((3, 2)),
                t=np.ones((3, 2)),
                loss=loss,
                optimiser=optimiser,
                epochs=1,
                batch_size=2,
                rng=_rng(),
                callback=lambda record: None,
            ),
        ),
    ]


class Hang(BaseException):
    """A call took too long."""


def _stop(*_):
    raise Hang


def probe(function, arguments, name, wrong):
    """Call with one wrong argument; return "accepted", "good", or what is wrong with the refusal."""
    arrays = [value for value in arguments.values() if isinstance(value, np.ndarray)]
    before = [array.tobytes() for array in arrays]
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**{**arguments, name: wrong})
        outcome = "accepted"
    except (TypeError, ValueError) as error:
        outcome = _judge(error, name)
    except Hang:
        outcome = "takes too long"
    except BaseException as error:
        outcome = f"raises {type(error).__name__}: {str(error)[:90]}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if [array.tobytes() for array in arrays] != before:
        return f"an argument was changed ({outcome})"
    return outcome


def _judge(error, name):
    at = error.__traceback__
    while at.tb_next:
        at = at.tb_next
    said = str(error)
    if not at.tb_frame.f_code.co_filename.startswith(LIBRARY):
        return f"raised outside the library: {said[:90]}"
    known = ALIASES.get(name, (name,))
    if not any(word in said for word in known) or len(said) < 20:
        return f"does not name it: {said[:90]}"
    if len(said) > 400:
        return f"says too much: {len(said)} characters"
    return "good"


# What a sentence may speak of instead: the gradient, which fits a changed x or geometry no longer, and so on.
ALIASES = {
    "x": ("x", "dy"),
    "z": ("z", "dy"),
    "ceil_mode": ("ceil_mode", "dy"),
    "arguments": ("argument", "dy must"),
    "layer": ("must be given layers",),
    "block": ("must be given layers",),
    "shortcut": ("must be given layers",),
    "input_shape": ("input_shape", "x must"),
}
# What works although it is unlike the valid call. Each line: functions, arguments, things, and why.
FUNCTIONS = "f f_backward forward backward init callback function"
ARRAYS = "five axes, empty array, another class, no axis, array"
NUMBERS = "1.5, -1, 0, huge, nan, inf, NumPy nan, list, triple, masked, matrix, empty list, pair of floats"
ALLOWED = [
    ("*", "b shortcut callback input_shape stride", "None", "stands for nothing, or for what is chosen"),
    ("check_adjoint", "rng", "None", "stands for a generator with the seed 0"),
    ("*", "padding output_padding momentum noise tol", "0", "is a size, a share or a bound like others"),
    ("*", "ceil_mode count_include_pad bias wrong", "True", "is one of the two values"),
    ("*", "x w dy z column row d g b beta t", ARRAYS, "is an array of a shape that is free, or right"),
    ("check_adjoint", "x", NUMBERS + ", pair of huge, array", "is copied to an array; NaN gives NaN"),
    ("numerical_vjp complex_step_vjp", "dy", "triple, array", "is copied to an array"),
    ("lp_pool2d lp_pool2d_backward LpPool2d", "norm_type", "1.5, huge", "is a norm"),
    ("leaky_relu leaky_relu_backward LeakyReLU", "slope", "1.5, 0, -1, huge", "is a slope"),
    ("numerical_vjp complex_step_vjp", "step", "1.5, huge", "is positive"),
    ("check_vjp", "tol", "1.5, inf, huge", "is a bound that is easily kept"),
    ("SGD", "lr", "1.5, huge", "is positive"),
    ("xavier he", "shape", "triple", "is the shape of weights"),
    ("receptive_field", "windows", "empty list", "is a network of no layers"),
    ("*", "dtype", "NumPy nan, sparse", "has a dtype, which NumPy takes for it"),
    ("*", FUNCTIONS, "class, function", "can be called, and fails or not by itself"),
]


def allowed(function, argument, label):
    """Give the reason why something may be accepted, or None."""
    for functions, arguments, things, reason in ALLOWED:
        if (
            functions == "*"
            or function.partition(".")[0] in functions.split()
            or function in functions.split()
        ):
            if argument in arguments.split() and label in things:
                return reason
    return None


def main(every):
    """Probe everything, or one call in so many; print a JSON line for each fault, and a total."""
    resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30,) * 2)
    signal.signal(signal.SIGALRM, _stop)
    data.load_digits()  # imports what takes long
    table, count = calls(), 0
    cases = [(i, argument, label) for i in range(len(table)) for argument in table[i][2] for label in WRONG]
    for i, argument, label in cases[::every]:
        name = table[i][0]
        if name in STATEFUL:
            table = calls()
        outcome = probe(table[i][1], table[i][2], argument, WRONG[label]())
        count += 1
        if outcome != "good" and not (allowed(name, argument, label) and _fits(outcome, argument)):
            print(json.dumps([name, argument, label, outcome]), flush=True)
    print(json.dumps({"functions": [name for name, _, _ in table], "calls": count}))


def _fits(outcome, argument):
    """Tell whether an allowed thing did what is allowed: it worked, or a function failed in its own way."""
    failed = outcome.startswith("raises AssertionError") and argument in ("tol", "f")
    return outcome == "accepted" or failed or argument in FUNCTIONS.split()


STATEFUL = {"SGD.step", "fit", "summary"}  # a call changes what the next one meets

if __name__ == "__main__":
    main(int((*sys.argv[1:], 1)[0]))
