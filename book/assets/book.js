/* book.js: small helps that a page gets in the browser; without it everything is still there to read.
 *
 * Let the keyboard scroll what is wider than the page: formulas, code, output.
 * A scrolling box must be reachable with Tab; a box that fits must not be, or readers would
 * tab through hundreds of them. Which is which changes with the width of the window. All boxes are
 * measured before the first is changed, else the browser would lay out the page for each of them.
 */
document.addEventListener("DOMContentLoaded", () => {
  const boxes = "div.math > .katex-display, pre, .cell_output > .output, .pst-scrollable-table-container";
  const watcher = new ResizeObserver((entries) => {
    const wide = entries.map(({ target }) =>
      target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight + 1);
    entries.forEach(({ target }, i) => {
      if (wide[i]) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
      if (!target.matches(".katex-display")) return;
      target.role = wide[i] ? "group" : null;
      target.ariaLabel = wide[i] ? "Wide formula, scrolls sideways" : null;
    });
  });
  for (const box of document.querySelectorAll(boxes)) watcher.observe(box);
});

/* What is far below waits for the reader's first move, or for ten seconds of rest: then widgets are drawn
 * (widget-host.js) and sections laid out (book.css), one after the other while nothing else is to do, so that
 * the scroll bar tells how long the page is.
 */
addEventListener("load", () => {
  const signs = ["pointermove", "pointerdown", "touchstart", "keydown", "scroll"];
  const tell = () => dispatchEvent(new Event("readermoves"));
  const pause = setTimeout(tell, 10000);
  const waiting = [...document.querySelectorAll(".bd-article > section > section")];
  const next = () => {
    waiting.shift()?.classList.add("laid-out");
    if (waiting.length) requestIdleCallback(next);
  };
  for (const sign of signs) addEventListener(sign, tell, { passive: true });
  addEventListener("readermoves", () => {
    clearTimeout(pause);
    for (const sign of signs) removeEventListener(sign, tell);
    if (window.requestIdleCallback) requestIdleCallback(next);
  }, { once: true });
});

/* The theme's button for paper; its own way, a handler in an attribute, is what a strict policy forbids. */
document.addEventListener("click", ({ target }) => { if (target.closest("[data-print]")) window.print(); });

/* The registry of equations: a field above the cards hides those that do not hold the words typed. */
document.addEventListener("DOMContentLoaded", () => {
  const cards = [...document.querySelectorAll(".admonition.equation")];
  if (!cards.length) return;
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const field = make("input", { type: "text", autocomplete: "off", placeholder: "conv-dw, pooling, bouvrie …" });
  const count = make("output", { className: "equation-count" });
  const form = make("form", { className: "equation-filter", role: "search" }, make("label", {}, "Show equations with ", field), count);
  const sections = [...new Set(cards.map((card) => card.closest("section")))];
  const titles = new Map(sections.map((section) => [section, section.firstElementChild.textContent]));
  const texts = cards.map((card) => `${titles.get(card.closest("section"))} ${card.textContent}`.toLowerCase());

  function filter() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    cards.forEach((card, i) => { card.hidden = !words.every((word) => texts[i].includes(word)); });
    for (const section of sections) section.hidden = !section.querySelector(".equation:not([hidden])");
    const shown = cards.filter((card) => !card.hidden).length;
    count.textContent = words.length ? `${shown} of ${cards.length}` : `${cards.length} equations`;
  }

  function follow() { // a link to a card that is hidden shows all
    const target = document.querySelector(":target");
    if (!target?.closest("[hidden]")) return;
    field.value = "";
    filter();
    target.scrollIntoView();
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", filter);
  window.addEventListener("hashchange", follow);
  sections[0].before(form);
  filter();
});

/* On paper a page is light, and a widget keeps the width for which its arrows were measured, but fits a page. */
addEventListener("beforeprint", () => {
  const { dataset } = document.documentElement;
  const room = 960; // px, of about 1200 on A4: its code stands above it
  const widgets = [...document.querySelectorAll(".cnn-widget:not(.quiz)")];
  const sizes = widgets.map((widget) => {
    const hidden = [...widget.querySelectorAll(":scope > :is(.controls, .try)")];
    return [widget.offsetWidth, hidden.reduce((height, part) => height - part.offsetHeight, widget.offsetHeight)];
  });
  const theme = dataset.theme;
  dataset.theme = "light";
  widgets.forEach(({ style }, i) => {
    style.width = `${sizes[i][0]}px`;
    style.zoom = Math.min(1, room / sizes[i][1]).toFixed(2);
  });
  addEventListener("afterprint", () => {
    if (theme) dataset.theme = theme;
    for (const { style } of widgets) style.width = style.zoom = "";
  }, { once: true });
});
