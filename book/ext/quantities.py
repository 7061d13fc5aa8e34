"""Give the quantities of displayed formulas the colours they have in widgets and figures.

x is blue, weights are orange, y and z green, δ and γ purple; book.css holds the colours. Formulas within a
sentence stay in the colour of the sentence.
"""

import re

CLASSES = {
    letter: name
    for name, letters in zip("xwyd", ("xX", "wWK", "yYzZ", "δγ"), strict=True)
    for letter in letters
}
DISPLAYED = re.compile(r'<div class="math\b.*?</div>', re.DOTALL)
LETTER = re.compile(
    r'<span class="mord ((?:mathnormal|mathbf|boldsymbol)(?: mtight)?)"([^>]*)>([xXwWKyYzZδγ])</span>'
)


def coloured(body):
    """Return a page's body with the letters of its displayed formulas marked by quantity.

    >>> coloured('<div class="math"><span class="mord mathnormal">x</span></div>')
    '<div class="math"><span class="mord mathnormal of-x">x</span></div>'
    >>> coloured('<p><span class="mord mathnormal">x</span></p>')
    '<p><span class="mord mathnormal">x</span></p>'
    """

    def mark(found):
        kind, rest, letter = found.groups()
        return f'<span class="mord {kind} of-{CLASSES[letter]}"{rest}>{letter}</span>'

    return DISPLAYED.sub(lambda formula: LETTER.sub(mark, formula[0]), body)


def colour(app, pagename, templatename, context, doctree):
    """Mark the letters of a page before it is written."""
    context["body"] = coloured(context.get("body", ""))


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", colour)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
