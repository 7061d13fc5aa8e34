"""Every wrong thing in every trait of every widget: a sentence names the trait, and the old state stands."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import traitlets

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from fire_page import KINDS, make, traits_of

WRONG = {
    "None": None, "nan": float("nan"), "inf": float("inf"), "-1": -1, "half": 0.5, "huge": 10**9,
    "True": True, "text": "abc", "empty text": "", "bytes": b"x", "complex": 1j, "object": object(),
    "function": len, "class": int, "set": {1}, "empty list": [], "empty rows": [[]], "None in a list": [None],
    "ragged rows": [[1, 2], [3]], "nan in rows": [[float("nan")]], "infinity in rows": [[1e400]],
    "texts in rows": [["a"]], "three axes": [[[1]]], "dict": {}, "dict of dicts": {"a": {"b": [1]}},
    "array": np.ones((2, 2, 2)), "truths": np.ones((2, 2), bool),
}  # fmt: skip


def same(value, other):
    """Equal, and of one kind: True is not 1."""
    return type(value) is type(other) and value == other


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_trait_is_refused_in_words(kind):
    """What is taken all the same can be sent to a page and drawn, and is another state, or the old one."""
    refused = 0
    for name in traits_of(make(kind)):
        for label, value in WRONG.items():
            widget = make(kind)
            before = traits_of(widget)
            try:
                setattr(widget, name, value)
            except traitlets.TraitError as error:
                refused += 1
                assert name in str(error) and len(str(error)) > 25, (name, label, str(error))
                assert traits_of(widget) == before, (name, label)
            else:
                json.dumps(traits_of(widget), allow_nan=False)
                widget.static_html()
                assert traits_of(widget) != before or same(value, before[name]), (name, label)
                assert isinstance(value, bool) <= isinstance(before[name], bool), (name, label)
    assert refused > 100
