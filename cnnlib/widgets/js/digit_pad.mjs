// digit_pad: eight by eight pixels to draw on, and the same pixels coloured by their gradient.
import { h, show } from "./draw.mjs";
import { side, stroke } from "./digit_reader_maths.mjs";

const moves = { ArrowUp: -side, ArrowDown: side, ArrowLeft: -1, ArrowRight: 1 };
export const pixels = Array.from({ length: side * side }, (_, q) => q);
export const placeOf = (q) => `row ${Math.floor(q / side)}, column ${q % side}`;

/** One square of 64 cells under a title. */
function board(kind, role, label) {
  const cells = pixels.map((q) => h("div", { role: "gridcell", class: "digit-pixel", "data-q": q, tabindex: -1, "data-lm-suppress-shortcuts": "true" }));
  const rows = Array.from({ length: side }, (_, i) => h("div", { role: "row", class: "cnn-row" }, ...cells.slice(i * side, (i + 1) * side)));
  const frame = h("div", { class: "digit-frame", "aria-hidden": "true" });
  const sheet = h("div", { role, class: "digit-sheet", "aria-label": label }, ...rows);
  const [title, note] = [h("div", { class: "title" }), h("div", { class: "caption" })];
  return { el: h("div", { class: `digit-board ${kind}` }, title, h("div", { class: "digit-stack" }, sheet, frame), note), sheet, cells, frame, title, note };
}

/** Arrow keys walk over the cells of a board; onFocus(q) hears where, other keys go to onKey(key, q). */
function walk(me, onFocus, onKey) {
  me.cells[0].tabIndex = 0;
  const at = (event) => Number(event.target.closest("[data-q]")?.dataset.q ?? -1);
  me.sheet.addEventListener("focusin", (event) => {
    me.cells.forEach((cell, q) => { cell.tabIndex = q === at(event) ? 0 : -1; });
    onFocus(at(event));
  });
  me.sheet.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const q = at(event);
    const next = q + moves[event.key];
    const inside = next >= 0 && next < 64 && (Math.abs(moves[event.key]) === side || Math.floor(next / side) === Math.floor(q / side));
    if (event.key in moves) {
      event.preventDefault();
      if (inside) me.cells[next].focus();
    } else if (onKey(event.key, q)) event.preventDefault();
  });
}

/** The pad. `tool()` tells { x, softness, eraser }, onDraw(x) takes a new picture, onFocus(q) the pixel pointed at. */
export function drawingPad({ tool, onDraw, onFocus }) {
  const me = board("x", "grid", "Picture x, 8 by 8 pixels. Arrow keys walk, space inks or erases, 0 to 9 set the grey.");
  me.title.textContent = "x, the picture";
  const paint = (q, value) => onDraw(tool().x.map((v, k) => (k === q ? value : v)));
  walk(me, onFocus, (key, q) => {
    if (/^[0-9]$/.test(key)) paint(q, Math.round((1e4 * Number(key)) / 9) / 1e4);
    else if (key === " ") paint(q, tool().x[q] < 0.5 ? 1 : 0);
    else if (key === "Delete" || key === "Backspace") paint(q, 0);
    else return false;
    onFocus(q);
    return true;
  });
  let last = null;
  const point = (event) => {
    const box = me.sheet.getBoundingClientRect();
    return [((event.clientY - box.top) / box.height) * side, ((event.clientX - box.left) / box.width) * side];
  };
  const number = ([row, column]) => (row >= 0 && row < side && column >= 0 && column < side ? Math.floor(row) * side + Math.floor(column) : -1);
  function mark(from, to) {
    const { x, softness, eraser } = tool();
    onDraw(stroke(x, from, to, softness, eraser));
    if (number(to) >= 0) onFocus(number(to));
  }
  me.sheet.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    me.sheet.setPointerCapture(event.pointerId);
    last = point(event);
    mark(last, last);
  });
  me.sheet.addEventListener("pointermove", (event) => {
    const now = point(event);
    if (last) { mark(last, now); last = now; } else if (event.pointerType === "mouse" && number(now) >= 0) onFocus(number(now));
  });
  ["pointerup", "pointercancel", "lostpointercapture"].forEach((name) => me.sheet.addEventListener(name, () => { last = null; }));

  function update(x, box, focus) {
    me.cells.forEach((cell, q) => {
      cell.style.setProperty("--ink-share", x[q].toFixed(3));
      cell.setAttribute("aria-label", `${placeOf(q)}: ${show(x[q])}`);
      cell.classList.toggle("picked", q === focus);
    });
    me.frame.hidden = !box;
    if (box) Object.entries(box).forEach(([name, size]) => me.frame.style.setProperty(`--${name}`, size));
  }
  return { el: me.el, update };
}

/** The gradient over the pixels: colour and size for strength, an arrow for the direction that raises class k. */
export function mindMap({ onFocus }) {
  const me = board("d", "grid", "Gradient at each pixel");
  me.frame.remove();
  walk(me, onFocus, () => false);
  me.sheet.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("[data-q]");
    if (cell) onFocus(Number(cell.dataset.q));
  });
  me.sheet.addEventListener("click", (event) => event.target.closest("[data-q]")?.focus());

  function update(gradient, k, focus) {
    const top = Math.max(...gradient.map(Math.abs));
    me.title.textContent = `∂E/∂x, E = −ln y${"₀₁₂₃₄₅₆₇₈₉"[k]}`;
    me.note.replaceChildren(h("strong", {}, "▲"), ` more ink, ${k} gains;  `, h("strong", {}, "▼"), " less ink");
    me.sheet.setAttribute("aria-label", `Gradient of E, minus the logarithm of the probability of class ${k}, at each pixel`);
    me.cells.forEach((cell, q) => {
      const share = top > 0 ? Math.abs(gradient[q]) / top : 0;
      const sign = share < 0.04 ? "·" : gradient[q] < 0 ? "▲" : "▼";
      if (cell.textContent !== sign) cell.textContent = sign;
      cell.className = `digit-pixel ${sign === "▼" ? "less" : sign === "▲" ? "more" : "still"}${q === focus ? " picked" : ""}`;
      cell.style.setProperty("--ink-share", share.toFixed(3));
      cell.setAttribute("aria-label", `${placeOf(q)}: ${exact(gradient[q])}`);
    });
  }
  return { el: me.el, update };
}

/** Three digits that count, with a real minus sign. */
export function exact(value) {
  if (value === 0) return "0";
  return String(Math.abs(value) < 0.001 ? value.toExponential(1) : Number(value.toPrecision(3))).replaceAll("-", "−");
}
