"""What the widget tests share: finding a widget on the built page and reading what it shows."""

import itertools
import re

import numpy as np

PAGE = "/notebooks/05-convolution-backward.html"
KINDS = ["conv-stepper", "conv-backward"]
SLIDERS = {
    "conv-stepper": {"image": range(2, 9), "kernel": range(1, 6), "stride": range(1, 4)},
    "conv-backward": {"image": range(2, 7), "kernel": range(1, 5), "stride": range(1, 4)},
}


def panel(widget, title):
    """The matrix whose title begins so."""
    return widget.locator(".panel").filter(
        has=widget.page.locator(".title", has_text=re.compile(rf"^{re.escape(title)}"))
    )


def cell(widget, title, row, column):
    return panel(widget, title).locator(".cnn-row").nth(row).locator(".cnn-cell").nth(column)


def names(locator):
    return [text.strip() for text in locator.all_inner_texts()]


NUMBERS = """(widget) => Object.fromEntries([...widget.querySelectorAll('.panel')].map((panel) => [
  panel.querySelector('.title').textContent,
  [...panel.querySelectorAll('.cnn-row')].map((row) => [...row.querySelectorAll('.value')].map((v) => {
    const text = (v.value ?? v.textContent).replace('−', '-');
    return text === '·' || text === '–' ? null : Number(text);
  }))]))"""


def numbers(widget):
    """All matrices of a widget by title, as the reader sees them."""
    return widget.evaluate(NUMBERS)


def starting(found, title):
    [match] = [rows for name, rows in found.items() if name.startswith(title)]
    return match


def reset(widget):
    widget.get_by_label("back to the worked example").click()


SWEEP = """async (widget, {names, settings}) => {
  const read = NUMBERS;
  const ranges = [...widget.querySelectorAll('input[type=range]')];
  const input = (name) => ranges.find((i) => i.closest('label').querySelector('span').textContent === name);
  const says = widget.querySelector('.says');
  const result = [];
  for (const setting of settings) {
    names.forEach((name, k) => {
      const slider = input(name);
      slider.value = setting[k];
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    result.push([read(widget), says.className.includes('warning'), says.textContent]);
  }
  return result;
}""".replace("NUMBERS", NUMBERS)


def sweep(widget, kind):
    """Put the sliders to every combination of settings; yield the setting and what stood in the page."""
    settings = list(itertools.product(*SLIDERS[kind].values()))
    answers = widget.evaluate(SWEEP, {"names": list(SLIDERS[kind]), "settings": settings})
    return zip(settings, answers, strict=True)


def batch(rows):
    return np.array(rows)[None, None]


def assert_fits_a_phone(widget, parts, targets=""):
    """Nothing sticks out of the page or of the widget, and what a finger presses is at least 44 px high.

    `parts` selects what must stay inside the widget, `targets` what is pressed besides the usual controls.
    """
    assert widget.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    frame = widget.bounding_box()
    for part in widget.locator(parts).all():
        box = part.bounding_box()
        assert box["x"] >= frame["x"] and box["x"] + box["width"] <= frame["x"] + frame["width"] + 0.5
    pressed = ", ".join(filter(None, ["button, select, .choice label, .control", targets]))
    small = widget.evaluate(
        """(w, pressed) => [...w.querySelectorAll(pressed)].filter((e) => e.offsetParent)
          .map((e) => e.getBoundingClientRect().height).filter((height) => height < 44)""",
        pressed,
    )
    assert small == []
