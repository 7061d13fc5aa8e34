// Geometry: one axis of a convolution. Lay windows along a strip of cells; count them and compare with the formula.
// Traits   image_size, kernel_size, stride, padding, dilation   step: window in the focus   initial: traits for reset
// Equations out-size, conv-narrow, conv-same, conv-wide
import { axisCells, layWindows, namedPadding, reach, sizeByFormula } from "./geometry_maths.mjs";
import { assign, button, follow, h, listed, narrator, slider, stage } from "./draw.mjs";
import { symbol } from "./sum.mjs";

const traits = ["image_size", "kernel_size", "stride", "padding", "dilation", "step"];
const highestPadding = 4;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Everything the picture needs, worked out from the traits. */
export function axisOf(model) {
  const [n, m, stride, padding, dilation, step] = traits.map((name) => model.get(name));
  const geometry = { n, m, stride, padding, dilation };
  const windows = layWindows(geometry);
  return { ...geometry, geometry, windows, cells: axisCells(geometry), byFormula: sizeByFormula(geometry),
    reach: reach(geometry), focus: Math.min(step, windows.length - 1) };
}

/** What no window reads, in words; empty when every pixel is read. */
export function lost({ cells, byFormula }) {
  const missed = cells.filter((cell) => cell.pixel >= 0 && !cell.reads).map((cell) => cell.pixel + 1);
  const rest = byFormula.rest;
  const strip = rest ? ` The last ${rest === 1 ? "cell lies" : `${rest} cells lie`} behind the last window (striped).` : "";
  if (!missed.length) return rest ? `${strip} Only zeros are lost.` : "";
  return `${strip} No window reads pixel${missed.length > 1 ? "s" : ""} ${listed(missed)}.`;
}

/** The sentence under the picture. */
export function axisSentence(s) {
  const total = s.n + 2 * s.padding;
  if (!s.windows.length) {
    const spread = s.dilation > 1 ? `${s.m} taps, ${s.dilation} apart, reach` : `${plural(s.m, "tap")} reach${s.m === 1 ? "es" : ""}`;
    return `There is no window: ${spread} over ${s.reach} cells, and the padded axis has only ${total}. Take more pixels or padding, or fewer or closer taps.`;
  }
  const taps = s.windows[s.focus];
  const pixels = taps.map((cell) => s.cells[cell].pixel + 1).filter((pixel) => pixel > 0);
  const ghosts = taps.length - pixels.length;
  const read = [pixels.length ? `pixel${pixels.length > 1 ? "s" : ""} ${listed(pixels)}` : "", ghosts ? `${plural(ghosts, "zero")} of the padding` : ""];
  return `Window ${s.focus + 1} reads ${read.filter(Boolean).join(" and ")}.${lost(s)}`;
}

const place = (element, row, column, span = 1, rows = 1) => {
  element.style.setProperty("grid-area", `${row} / ${column} / span ${rows} / span ${span}`);
  return element;
};

function drawAxis(s) {
  const chosen = new Set(s.windows[s.focus] ?? []);
  const strip = s.cells.map((cell, k) => {
    const states = [cell.pixel < 0 ? "zero" : "x", ...(cell.behind ? ["unused"] : []), ...(chosen.has(k) ? ["lit"] : []), ...(!cell.reads && !cell.behind ? ["skipped"] : [])];
    return place(h("span", { class: `geo-cell ${states.join(" ")}` }, cell.pixel < 0 ? "0" : String(cell.pixel + 1)), 1, k + 2);
  });
  const rows = s.windows.flatMap((taps, i) => {
    const mark = { "data-window": i, class: `geo-bar${i === s.focus ? " picked" : ""}` };
    const label = place(h("span", { class: "geo-name y", "data-window": i }, h("span", {}, "y", h("sub", {}, String(i + 1)))), i + 2, 1);
    const bar = place(h("span", mark), i + 2, taps[0] + 2, s.reach);
    return [label, bar, ...taps.map((cell, u) => place(h("span", { class: `geo-tap w${i === s.focus ? " picked" : ""}`, "data-window": i }, String(u + 1)), i + 2, cell + 2))];
  });
  const rest = s.byFormula.rest;
  const stripe = rest && s.windows.length ? [place(h("span", { class: "geo-rest" }), 2, s.cells.length - rest + 2, rest, s.windows.length)] : [];
  return [place(h("span", { class: "geo-name x" }, "x"), 1, 1), ...stripe, ...strip, ...rows];
}

const part = (kind, text) => h("span", { class: kind }, String(text));
const group = (...pieces) => h("span", { class: "group" }, ...pieces);

function formulaLine(s) {
  const { room, value, rest } = s.byFormula;
  const minus = (number) => String(number).replace("-", "−");
  return [
    group(part("y", "o"), " = ⌊(", part("x", s.n), ` + 2·${s.padding} − ${s.dilation}·(`, part("w", s.m), ` − 1) − 1) / ${s.stride}⌋ + 1 `),
    group(`= ⌊${minus(room)} / ${s.stride}⌋ + 1 `), group("= ", part("y", minus(value)), room < 0 ? " : less than one window" : ""), " ",
    ...(room < 0 ? [] : [group(`\u2003r = ${room} mod ${s.stride} = ${rest}`)]),
  ];
}

function windowLine(s) {
  const taps = s.windows[s.focus];
  if (!taps) return [];
  const terms = taps.map((cell, u) => h("span", { class: "term" }, u ? " + " : "", symbol("w", "k", u + 1),
    ...(s.cells[cell].pixel < 0 ? ["·0"] : [symbol("x", "x", s.cells[cell].pixel + 1)])));
  return [group(symbol("y", "y", s.focus + 1), " = ", ...terms)];
}

function render({ model, el }) {
  const set = (change) => { voice.forgive(); assign(model, change); };
  const picture = h("div", { class: "geo", role: "img" });
  const [counted, formula, sum] = [h("p", { class: "caption geo-count" }), h("p", { class: "sum" }), h("p", { class: "sum" })];
  const voice = narrator();
  const go = (by) => {
    const { windows, focus } = axisOf(model);
    if (windows.length) set({ step: (focus + by + windows.length) % windows.length });
  };
  const back = button("◀ step", "one window back", () => go(-1));
  const forth = button("step ▶", "one window on", () => go(1));
  const pixels = slider({ label: "pixels n", min: 1, max: 10, onInput: (value) => set({ image_size: value }) });
  const taps = slider({ label: "taps m", min: 1, max: 5, onInput: (value) => set({ kernel_size: value }) });
  const stride = slider({ label: "stride S", min: 1, max: 4, onInput: (value) => set({ stride: value }) });
  const padding = slider({ label: "padding P", min: 0, max: highestPadding, onInput: (value) => set({ padding: value }) });
  const dilation = slider({ label: "dilation D", min: 1, max: 3, onInput: (value) => set({ dilation: value }) });
  const chosen = slider({ label: "window", min: 1, max: 1, onInput: (value) => set({ step: value - 1 }) });
  const named = ["narrow", "same", "wide"].map((name) => button(name, `${name} padding`, () => {
    const s = axisOf(model);
    const zeros = namedPadding(s)[name];
    if (zeros % 1) voice.refuse(`Equal length needs D·(m − 1) = ${2 * zeros} zeros in all, ${zeros} on each side. Pad unequally, ${Math.floor(zeros)} on one side and ${Math.ceil(zeros)} on the other, or take an odd number of taps.`);
    else if (zeros > highestPadding) voice.refuse(`That would take ${zeros} zeros on each side; this strip has room for ${highestPadding}.`);
    else set({ padding: zeros });
  }));
  const reset = button("reset", "back to the worked example", () => set(model.get("initial")), "reset");
  const over = (event) => {
    const at = event.target.closest("[data-window]");
    if (at && Number(at.dataset.window) !== axisOf(model).focus) set({ step: Number(at.dataset.window) });
  };
  picture.addEventListener("pointerover", over);
  picture.addEventListener("click", over);

  stage(el, "geometry", "Windows along one axis");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Predict the number of windows,"), " move a slider, and count the rows. Which cells does no window reach?"),
    picture, counted, formula, sum, ...voice.parts,
    h("div", { class: "controls" }, h("span", { class: "steps" }, back.el, forth.el), h("span", { class: "steps" }, ...named.map((b) => b.el)), reset.el,
      chosen.el, pixels.el, taps.el, stride.el, padding.el, dilation.el));

  function draw() {
    const s = axisOf(model);
    const count = s.windows.length;
    picture.style.setProperty("--cells", s.cells.length);
    picture.classList.toggle("dense", s.cells.length > 11);
    picture.replaceChildren(...drawAxis(s));
    picture.setAttribute("aria-label", `A strip of ${plural(s.n, "pixel")}${s.padding ? ` with ${s.padding} zeros at each end` : ""}; below it ${plural(count, "window")} of ${plural(s.m, "tap")}.`);
    counted.textContent = `counted: ${plural(count, "window")}`;
    formula.replaceChildren(...formulaLine(s));
    sum.replaceChildren(...windowLine(s));
    voice.tell(axisSentence(s), `${plural(s.n, "pixel")}, ${plural(s.m, "tap")}, stride ${s.stride}, padding ${s.padding}, dilation ${s.dilation}: ${plural(count, "window")}.`, !count);
    pixels.sync(s.n); taps.sync(s.m); stride.sync(s.stride); padding.sync(s.padding); dilation.sync(s.dilation);
    chosen.sync(Math.max(1, s.focus + 1), count ? `${s.focus + 1} of ${count}` : "none", Math.max(1, count));
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
