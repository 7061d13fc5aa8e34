"""Checks of arguments that are neither arrays nor sizes: each says what must come, and what came."""

from numbers import Real

import numpy as np


def require_truth(name, value):
    """Return `value` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {brief(value)}")
    return value


def require_function(name, value):
    """Return `value` if it can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {brief(value)}")
    return value


def require_choice(name, value, known):
    """Return `value` if it is one of the `known` strings."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}; got {brief(value)}")
    return value


def require_number(name, value, *, finite=True):
    """Return `value` if it is a real number, and finite where that is asked for."""
    if not isinstance(value, Real) or isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be a real number, got {brief(value)}")
    if finite and not abs(value) < float("inf"):
        raise ValueError(f"{name} must be a finite number, got {value}")
    return value


def require_norm(norm_type):
    """Return the p of a norm if it is finite and at least 1."""
    if not 1 <= require_number("norm_type", norm_type, finite=False) < float("inf"):
        raise ValueError(f"norm_type must be finite and at least 1, got {norm_type}")
    return norm_type


def brief(value):
    """Write a value in at most one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
