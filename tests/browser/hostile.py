"""Values that try to be more than values, and page states no Python widget would ever write."""

EVIL = (
    "<img src=x onerror='window.canary=1'><script>window.canary=1</script>\"'></textarea>"
    "<svg onload=window.canary=1>${window.canary=1}{{constructor.constructor('canary=1')()}}"
    "javascript:window.canary=1 <!--<script> \u202e\u200b"
)


def leaves(value, change):
    """Change every leaf of lists and dictionaries."""
    if isinstance(value, list):
        return [leaves(entry, change) for entry in value]
    if isinstance(value, dict):
        return {key: leaves(entry, change) for key, entry in value.items()}
    return change(value)


def evil_keys(value):
    return {EVIL + key: entry for key, entry in value.items()} if isinstance(value, dict) else value


def _each(make):
    return lambda traits: {name: make(value) for name, value in traits.items()}


# Each turns the traits of a widget into a doctored state.
DOCTORED = {
    "markup": _each(lambda value: EVIL),
    "nothing": _each(lambda value: None),
    "missing": lambda traits: {},
    "empty lists": _each(lambda value: []),
    "empty objects": _each(lambda value: {}),
    "below zero": _each(lambda value: -1),
    "halves": _each(lambda value: 0.5),
    "markup in the leaves": _each(lambda value: leaves(value, lambda leaf: EVIL)),
    "nothing in the leaves": _each(lambda value: leaves(value, lambda leaf: None)),
    "markup for texts": _each(lambda value: leaves(value, lambda x: EVIL if isinstance(x, str) else x)),
    "markup in the keys": _each(evil_keys),
    "prototypes": lambda traits: {
        **traits, "__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}},
    },
    "lists too long": _each(lambda value: value * 20 if isinstance(value, list) else value),
}  # fmt: skip


def doctored(entry, traits, way):
    """Return a page's entry of a widget with its traits replaced in one of the ways."""
    kept = {name: value for name, value in entry["state"].items() if name not in traits}
    return {**entry, "state": {**kept, **DOCTORED[way](traits)}}
