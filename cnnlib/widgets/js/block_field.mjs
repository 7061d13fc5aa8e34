// block_field: the third picture of BlockBuilder. A ladder of windows over a strip of pixels.
// Equations receptive-field, out-size
import { inGroups, ladder, pathCounts } from "./block_builder_maths.mjs";
import { assign, button, h, listed, menu, slider } from "./draw.mjs";
import { symbol } from "./sum.mjs";
import { vector } from "./svg.mjs";

const rung = 46;

/** Everything the picture needs, worked out from the traits. */
export function fieldOf(model) {
  const [layers, n] = [model.get("layers"), model.get("image_size")];
  const rungs = ladder(layers, n);
  const level = Math.min(model.get("level"), layers.length - 1);
  const { units, inputs, kernel } = rungs[level];
  const unit = Math.max(0, Math.min(model.get("unit"), units - 1));
  const broken = rungs.findIndex((r) => r.inputs && !r.units);
  return { layers, n, rungs, level, unit, units, inputs, kernel, broken, here: rungs[level], counts: units ? pathCounts(layers, n, level, unit) : null };
}

/** The sentence under the sum. */
export function fieldSentence(s) {
  if (!s.units) {
    const { kernel, inputs } = s.rungs[s.broken];
    return `Layer ${s.broken + 1} has no unit: its window of ${kernel} does not fit on ${inputs === s.n && s.broken === 0 ? `${inputs} pixels` : `the ${inputs} unit${inputs === 1 ? "" : "s"} below`}. Take more pixels, a smaller window or fewer steps.`;
  }
  const pixels = s.counts[0];
  const lit = pixels.flatMap((paths, p) => (paths ? [p] : []));
  const holes = lit.at(-1) - lit[0] + 1 - lit.length;
  const peak = Math.max(...pixels);
  const first = lit.length === 1 ? `Unit ${s.unit} of layer ${s.level + 1} sees pixel ${lit[0]} alone.` : `Unit ${s.unit} of layer ${s.level + 1} sees pixels ${lit[0]} to ${lit.at(-1)}${holes ? `, but skips ${holes} in between` : ""}.`;
  if (peak === Math.min(...lit.map((p) => pixels[p]))) return `${first} To each of them leads ${peak === 1 ? "one path" : `the same number of paths, ${inGroups(peak)}`}.`;
  const top = pixels.flatMap((paths, p) => (paths === peak ? [p] : []));
  const where = top.length > 3 ? `pixels ${top[0]} to ${top.at(-1)}` : `pixel${top.length > 1 ? "s" : ""} ${listed(top)}`;
  return `${first} ${inGroups(peak)} paths lead to ${where}, only ${inGroups(pixels[lit[0]])} to the first.`;
}

function fieldLine(s) {
  const { kernel, stride, r, j, below, jump } = s.here;
  const l = s.level + 1;
  return [h("span", { class: "group" }, symbol("x", "r", l), " = ", symbol("x", "r", l - 1), " + (", symbol("w", "m", l), " − 1)·", symbol("", "j", l - 1)), " ",
    h("span", { class: "group" }, "= ", h("span", { class: "x" }, String(below)), " + (", h("span", { class: "w" }, String(kernel)), " − 1)·", String(jump), " = ", h("strong", { class: "total" }, String(r))), " ",
    h("span", { class: "group block-jump" }, symbol("", "j", l), " = ", symbol("", "j", l - 1), "·", symbol("w", "S", l), ` = ${jump}·`, h("span", { class: "w" }, String(stride)), " = ", h("strong", {}, String(j)))];
}

/** The pyramid: rows of units over the strip of pixels, the chosen unit on top, lines to all it depends on. */
function pyramid(s) {
  const rows = [{ r: 1, j: 1, units: s.n }, ...s.rungs];
  const deep = rows.length;
  const top = (l) => (deep - 1 - l) * rung + 15;
  const centre = (l, i) => (i * rows[l].j + rows[l].r / 2) * 10;
  const peaks = s.counts?.map((row) => Math.max(...row));
  const pieces = [];
  s.counts?.slice(1).forEach((row, below) => row.forEach((paths, i) => {
    if (!paths) return;
    const [m, S] = s.layers[below];
    pieces.push(...[0, m - 1].map((u) => vector("line", { class: "block-ray", x1: centre(below + 1, i), y1: top(below + 1) + 8, x2: centre(below, i * S + u), y2: top(below) + 8 })));
  }));
  rows.forEach(({ units }, l) => {
    for (let i = 0; i < units; i++) {
      const paths = s.counts?.[l]?.[i] ?? 0;
      const chosen = l === s.level + 1 && i === s.unit;
      const cell = vector("rect", { class: `block-unit-cell ${l ? "y" : "x"}${paths ? " lit" : ""}${chosen ? " picked" : ""}`, x: centre(l, i) - 4.3, y: top(l), width: 8.6, height: 17, rx: 1.5 });
      if (paths && !chosen) cell.style.setProperty("fill-opacity", (0.25 + 0.75 * (paths / peaks[l])).toFixed(3));
      if (l) cell.dataset.at = `${l - 1},${i}`;
      pieces.push(cell);
    }
  });
  return { pieces, height: deep * rung, width: s.n * 10 };
}

/** Build the picture and its controls; `draw` shows the present state and returns what to say. */
export function fieldView(model) {
  const set = (change) => assign(model, change);
  const presets = model.get("presets");
  const steps = h("div", { class: "block-rungs" });
  const drawing = vector("svg", { class: "block-pyramid", role: "img", preserveAspectRatio: "none" });
  const sum = h("p", { class: "sum" });
  const change = (k, value) => set({ layers: model.get("layers").map((pair, i) => (i === fieldOf(model).level ? pair.map((old, p) => (p === k ? value : old)) : pair)) });
  const kernel = slider({ label: "window m", min: 1, max: 7, onInput: (value) => change(0, value) });
  const stride = slider({ label: "stride S", min: 1, max: 3, onInput: (value) => change(1, value) });
  const unit = slider({ label: "unit", min: 0, max: 0, onInput: (value) => set({ unit: value }) });
  const pixels = slider({ label: "pixels", min: 4, max: 48, onInput: (value) => set({ image_size: value }) });
  const add = button("+ layer", "add a layer", () => set({ layers: [...model.get("layers"), [3, 1]], level: model.get("layers").length }));
  const remove = button("− layer", "remove the last layer", () => set({ layers: model.get("layers").slice(0, -1) }));
  const names = Object.fromEntries(["own ladder", ...Object.keys(presets)].map((name) => [name, name]));
  const preset = menu("ladder", names, (name) => { if (name in presets) set({ layers: presets[name], level: presets[name].length - 1, unit: 0 }); });
  drawing.addEventListener("click", ({ target }) => {
    if (!target.dataset.at) return;
    const [level, at] = target.dataset.at.split(",").map(Number);
    set({ level, unit: at });
  });
  const buttons = [];
  const rungButton = (k) => {
    if (!buttons[k]) {
      buttons[k] = h("button", { type: "button", class: "block-rung", "data-lm-suppress-shortcuts": "true" });
      buttons[k].addEventListener("click", () => set({ level: k }));
    }
    return buttons[k];
  };
  const strip = h("span", { class: "block-rung block-strip" });
  const picture = h("div", {}, h("div", { class: "block-ladder" }, steps, drawing), sum);

  function draw() {
    const s = fieldOf(model);
    const { pieces, width, height } = pyramid(s);
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.style.setProperty("height", `${height}px`);
    drawing.replaceChildren(...pieces);
    const lit = s.counts ? s.counts[0].filter(Boolean).length : 0;
    drawing.setAttribute("aria-label", `${s.n} pixels below, ${s.layers.length} layers above; the chosen unit sees ${lit} pixels.`);
    const shown = s.rungs.map((r, k) => {
      const el = rungButton(k);
      el.replaceChildren(h("span", {}, `m ${r.kernel}`, ...(r.stride > 1 ? [`, S ${r.stride}`] : [])), h("strong", {}, `r = ${r.r}`));
      el.setAttribute("aria-pressed", String(k === s.level));
      el.setAttribute("aria-label", `layer ${k + 1}: window ${r.kernel}, stride ${r.stride}, receptive field ${r.r}, ${r.units} units`);
      el.classList.toggle("none", !r.units);
      return el;
    });
    strip.textContent = `${s.n} pixels`;
    const wanted = [...shown.reverse(), strip];
    if (wanted.length !== steps.children.length) steps.replaceChildren(...wanted);
    sum.replaceChildren(...fieldLine(s));
    kernel.sync(s.kernel);
    stride.sync(s.here.stride);
    unit.sync(s.unit, s.units ? `${s.unit} / ${s.units - 1}` : "none", Math.max(0, s.units - 1));
    pixels.sync(s.n);
    add.el.disabled = s.layers.length >= 8;
    remove.el.disabled = s.layers.length <= 1;
    preset.sync(Object.keys(presets).find((name) => JSON.stringify(presets[name]) === JSON.stringify(s.layers)) ?? "own ladder");
    return [fieldSentence(s), `${s.n} pixels, ${s.layers.length} layer${s.layers.length > 1 ? "s" : ""}, layer ${s.level + 1} in the focus: receptive field ${s.here.r}, jump ${s.here.j}.`, !s.units];
  }

  return { strong: "Climb the ladder.", hint: " Choose a layer and a unit; how many pixels does it see? Then make one stride larger: which numbers change, those below or those above?", picture,
    controls: [kernel.el, stride.el, h("span", { class: "steps" }, add.el, remove.el), unit.el, pixels.el, preset.el], draw };
}
