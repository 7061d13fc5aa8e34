// What makes a page readable for everybody, as functions that look at an open page and list what is wrong.
// Each returns [how much was looked at, sentences]; tests/browser/test_reading.py calls them.
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => sum + share * linear(c[i] / 255), 0);
  const contrast = (a, b) => {   // of WCAG 2
    const [p, q] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (p + 0.05) / (q + 0.05);
  };
  const behind = (el) => {
    for (let box = el; box; box = box.parentElement) {
      const colour = rgba(getComputedStyle(box).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return rgba("Canvas");
  };
  const seen = (el) => el.checkVisibility({ visibilityProperty: true });
  const called = (el) => (el.ariaLabel ?? el.value ?? el.textContent).trim().slice(0, 50);
  const short = (el) => `<${el.localName} class="${el.getAttribute("class") ?? ""}"> ${called(el)}`;

  /** Every stop of Tab takes the focus, in the order of the page, and shows a ring of at least 3 : 1. */
  function rings() {
    const wrong = [];
    const around = (el) => [el, el.nextElementSibling, el.parentElement, el.parentElement?.parentElement].filter(Boolean);
    const line = (el) => {
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(el);
      return outlineStyle === "none" || outlineWidth === "0px" ? "" : [outlineStyle, outlineWidth, outlineColor].join(" ");
    };
    const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
      .filter((el) => el.tabIndex >= 0 && !el.disabled && el.type !== "hidden" && seen(el));
    for (const el of stops) {
      if (el.tabIndex > 0) wrong.push(`out of order: ${short(el)}`);
      document.activeElement.blur();
      const before = new Map(around(el).map((near) => [near, line(near)]));
      el.focus({ preventScroll: true });
      if (document.activeElement !== el) { wrong.push(`takes no focus: ${short(el)}`); continue; }
      const ringed = around(el).find((near) => line(near) && line(near) !== before.get(near));
      if (!ringed) { wrong.push(`no ring: ${short(el)}`); continue; }
      const ratio = contrast(rgba(getComputedStyle(ringed).outlineColor), behind(ringed.parentElement));
      if (ratio < 3) wrong.push(`a ring of ${ratio.toFixed(1)} : 1: ${short(el)}`);
    }
    document.activeElement.blur();
    return [stops.length, wrong];
  }

  /** Boxes, buttons and cells to type in stand out without their words: an edge or a ground of at least 3 : 1. */
  function edges() {
    const wrong = [];
    const boxes = [...document.querySelectorAll(".cnn-widget :is(button, select, .choice, input), .equation-filter input, .bd-search")]
      .filter((el) => seen(el) && !el.matches("[type=radio], [type=checkbox], [type=range]"));   // the browser draws these
    for (const el of boxes) {
      const box = el.matches("input.value") ? el.closest(".cnn-cell") ?? el : el;
      const [paper, style] = [behind(box.parentElement), getComputedStyle(box)];
      const lines = ["Top", "Right", "Bottom", "Left"].filter((side) => parseFloat(style[`border${side}Width`]) > 0)
        .map((side) => rgba(style[`border${side}Color`])).filter((colour) => colour[3] > 250);
      const best = Math.max(...[...lines, behind(box)].map((colour) => contrast(colour, paper)));
      if (best < 3) wrong.push(`an edge of ${best.toFixed(1)} : 1: ${short(el)}`);
    }
    return [boxes.length, wrong];
  }

  /** Nothing sticks out of a narrow window, and no box cuts the words in it. Formulas, whose parts KaTeX lays over
   * each other, and texts that only screen readers get are left out. */
  function cut() {
    const wrong = [];
    scrollTo(9999, scrollY);
    const over = document.documentElement.scrollWidth - innerWidth;
    if (scrollX || over > 0) wrong.push(`the page scrolls sideways by ${over} px`);
    const boxes = [...document.querySelectorAll("body *")].filter((el) => !el.closest(".katex"));
    for (const el of boxes) {
      const style = getComputedStyle(el);
      const [x, y] = [style.overflowX, style.overflowY].map((flow) => flow === "hidden" || flow === "clip");
      if ((!x && !y) || style.clipPath !== "none" || el.matches("input, .toggle-hidden > *") || !seen(el)) continue;
      if (el.clientWidth < 3 || el.clientHeight < 3 || !el.textContent.trim()) continue;
      if (x && el.scrollWidth > el.clientWidth + 2) wrong.push(`cut by ${el.scrollWidth - el.clientWidth} px at the side: ${short(el)}`);
      if (y && el.scrollHeight > el.clientHeight + 2) wrong.push(`cut by ${el.scrollHeight - el.clientHeight} px below: ${short(el)}`);
    }
    for (const el of document.querySelectorAll("input.value")) {
      if (seen(el) && el.scrollWidth > el.clientWidth + 2) wrong.push(`a number is cut: ${short(el)}`);
    }
    return [boxes.length, wrong];
  }

  /** Where readers force their own colours every word and icon can be seen, every cell has an edge, what is chosen stands out. */
  function forced() {
    const wrong = [];
    const words = [...document.querySelectorAll("body *")].filter((el) => {
      if (el.closest("script, style, noscript, .cnn-figure, .book-map, .katex, .unseen, .skip-link, .visually-hidden")) return false;
      const own = el.matches("input.value") ? el.value : [...el.childNodes].map((node) => (node.nodeType === 3 ? node.data : "")).join("");
      return own.trim() && seen(el);
    });
    for (const el of words) {
      const style = getComputedStyle(el);
      const ratio = contrast(rgba(el instanceof SVGElement ? style.fill : style.color), behind(el));
      if (ratio < 4.5) wrong.push(`words of ${ratio.toFixed(1)} : 1: ${short(el)}`);
    }
    for (const el of document.querySelectorAll("[class*='fa-']")) {
      const ratio = contrast(rgba(getComputedStyle(el).backgroundColor), behind(el.parentElement));
      if (ratio < 3 && seen(el)) wrong.push(`an icon of ${ratio.toFixed(1)} : 1: ${short(el)}`);
    }
    for (const el of document.querySelectorAll(".cnn-widget :is(.cnn-cell, button, select, .choice)")) {
      const style = getComputedStyle(el);
      const best = Math.max(...[style.borderTopColor, style.borderBottomColor].map((colour) => contrast(rgba(colour), behind(el.parentElement))));
      if (seen(el) && (parseFloat(style.borderBottomWidth) === 0 || best < 3)) wrong.push(`no edge: ${short(el)}`);
    }
    for (const el of document.querySelectorAll(".cnn-widget .choice input:checked + span")) {
      const others = [...el.closest(".choice").querySelectorAll("input:not(:checked) + span")];
      if (others.some((other) => contrast(behind(other), behind(el)) < 3)) wrong.push(`chosen, and like the others: ${short(el)}`);
    }
    return [words.length, wrong];
  }

  /** Every widget is a named group with a live region; its controls and drawings have names. */
  function names() {
    const wrong = [];
    const name = (el) => (el.ariaLabel || el.closest("label")?.textContent || el.getAttribute("title") || el.textContent).trim();
    const widgets = [...document.querySelectorAll(".cnn-widget")];
    for (const widget of widgets) {
      const kind = widget.className;
      if (widget.role !== "group" || (widget.ariaLabel ?? "").length < 15) wrong.push(`${kind} is no named group`);
      if (!widget.querySelector("[role=status], [aria-live], output")) wrong.push(`${kind} has nobody to say what changed`);
      for (const el of widget.querySelectorAll("input, select, button, summary, [tabindex='0']")) {
        if (seen(el) && !name(el)) wrong.push(`${kind}: no name for ${short(el)}`);
      }
      for (const el of widget.querySelectorAll("svg, canvas")) {
        const words = el.ariaLabel ?? el.parentElement.closest("[role=img]")?.ariaLabel;
        if (seen(el) && !el.closest("[aria-hidden=true], button") && !words) wrong.push(`${kind}: a drawing without words: ${short(el)}`);
      }
    }
    return [widgets.length, wrong];
  }

  return { rings, edges, cut, forced, names };
}
