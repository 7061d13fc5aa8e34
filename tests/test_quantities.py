"""One colour per quantity: formulas, page and widgets share a palette."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "book/ext"))
from quantities import coloured  # noqa: E402


@pytest.mark.parametrize(
    ("letter", "quantity"), [*zip("xX", "xx", strict=True), *zip("wWK", "www", strict=True),
                             *zip("yYzZ", "yyyy", strict=True), *zip("δγ", "dd", strict=True)],
)  # fmt: skip
def test_a_letter_of_a_displayed_formula_is_marked(letter, quantity):
    word = f'<span class="mord mathnormal" style="margin-right:0.1em;">{letter}</span>'
    marked = word.replace("mathnormal", f"mathnormal of-{quantity}")
    assert coloured(f'<div class="math" id="e">{word}\n{word}</div>{word}') == (
        f'<div class="math" id="e">{marked}\n{marked}</div>{word}'
    )


@pytest.mark.parametrize("other", ["E", "t", "∂", "xy"])
def test_other_letters_stay_as_they_are(other):
    formula = f'<div class="math"><span class="mord mathnormal">{other}</span></div>'
    assert coloured(formula) == formula


def test_pages_and_widgets_have_one_palette():
    """Colour by colour, light and dark: `--cnn-x` of the page is `--x` of the widgets."""
    page = (ROOT / "book/assets/book.css").read_text("utf8")
    widgets = (ROOT / "cnnlib/widgets/theme.css").read_text("utf8")
    for name in ("x", "w", "y", "d", "x-tint", "w-tint", "y-tint", "d-tint"):
        theirs = re.findall(rf"--{name}: (#\w+);", widgets)[:2]
        assert len(theirs) == 2 and re.findall(rf"--cnn-{name}: (#\w+);", page)[:2] == theirs
