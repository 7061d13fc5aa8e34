// ConvStepper: slide a kernel over an image and read the sum behind each output.
// Traits   x, w: rows of numbers   image_size, kernel_size, stride   padding: narrow | same | wide   turned: true convolution
//          step: output under the window, row-major   focus_on: y | x | w   focus: chosen pixel or tap
//          shaded, speed   presets: { name: { x, w } }   initial: traits for reset
// Equations conv-fwd, out-size, rot180
import { correlate2d, outputSize, resize, rot180, unusedRows, zeros } from "./tensor.mjs";
import { assign, button, checkbox, choice, fitCells, follow, h, menu, narrator, player, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { arithmetic, meetings, named } from "./trilinear.mjs";

const traits = ["x", "w", "image_size", "kernel_size", "stride", "padding", "turned", "step", "focus_on", "focus", "shaded", "speed"];
const delays = { slow: 1500, normal: 750, fast: 250 };
const look = { x: { letter: "x", tone: "x" }, w: { letter: "k", tone: "w" }, y: { letter: "y", tone: "y" } };

/** Zeros per side; −1 when “same” cannot be had with equal sides. */
export function borderOf(padding, m) {
  return { narrow: 0, same: m % 2 ? (m - 1) / 2 : -1, wide: m - 1 }[padding];
}

/** Everything the picture needs, worked out from the traits. */
export function read(model) {
  const [n, m, stride, turned] = ["image_size", "kernel_size", "stride", "turned"].map((name) => model.get(name));
  const border = borderOf(model.get("padding"), m);
  const geometry = { stride, padding: Math.max(0, border) };
  const size = border < 0 ? 0 : outputSize(n, m, geometry);
  const [x, w] = [resize(model.get("x"), n), resize(model.get("w"), m)];
  const y = size ? correlate2d(x, turned ? rot180(w) : w, geometry) : zeros(1);
  const values = { x: x.flat(), w: w.flat(), y: y.flat() };
  const focusOn = model.get("focus_on");
  const focus = Math.min(model.get(focusOn === "y" ? "step" : "focus"), values[focusOn].length - 1);
  return { n, m, stride, turned, border, size, x, w, y, focusOn, focus, geometry, imageSize: n, kernelSize: m, turnedTaps: turned, result: "y",
    shaded: model.get("shaded"), rest: size ? unusedRows(n, m, geometry) : 0,
    look: Object.fromEntries(Object.entries(look).map(([kind, how]) => [kind, { ...how, values: values[kind] }])) };
}

function describe(s, met, kind, q, [i, j], editable) {
  const { letter, values } = s.look[kind];
  const index = met.name(kind, q);
  const states = [];
  if (s.size && s.focusOn === kind && s.focus === q) states.push("picked");
  else if (s.size && met.lit[kind].has(q)) states.push("lit", `by-${met.tone(kind)}`);
  const heat = s.shaded && kind !== "w" ? Math.abs(values[q]) / Math.max(1, ...values.map(Math.abs)) : undefined;
  return { value: values[q], states: values[q] < 0 && s.shaded ? [...states, "negative"] : states, heat, editable,
    corner: kind === "w" ? `k${index}` : index, badge: states.includes("lit") ? met.badge(kind, q) : "",
    label: `${letter}${index}, row ${i + 1}, column ${j + 1}` };
}

const square = (size, cell) => zeros(size).map((row, i) => row.map((_, j) => cell(i, j)));
const tapAt = (s, i, j) => (s.turned ? (s.m - 1 - i) * s.m + (s.m - 1 - j) : i * s.m + j);

function pixelAt(s, i, j) {
  const [a, b] = [i - s.geometry.padding, j - s.geometry.padding];
  return a >= 0 && a < s.n && b >= 0 && b < s.n ? a * s.n + b : -1;
}

function plansOf(s, met) {
  const wide = s.n + 2 * s.geometry.padding;
  const reached = (i) => !s.size || i < wide - s.rest;
  return {
    x: square(wide, (i, j) => {
      const q = pixelAt(s, i, j);
      const spec = q < 0 ? { value: 0, states: ["zero"], label: `zero of the padding, row ${i + 1}, column ${j + 1}` } : describe(s, met, "x", q, [i, j], true);
      return reached(i) && reached(j) ? spec : { ...spec, states: [...spec.states, "unused"] };
    }),
    w: square(s.m, (i, j) => describe(s, met, "w", tapAt(s, i, j), [i, j], true)),
    y: s.size ? square(s.size, (i, j) => describe(s, met, "y", i * s.size + j, [i, j], false)) : [[{ text: "–", label: "no output", states: ["hidden-value"] }]],
  };
}

/** The sentence under the sum. */
export function sentence(s, met) {
  const { n, m, rest } = s;
  if (s.border < 0) return `“Same” needs an odd kernel: a ${m} × ${m} one would ask for ${(m - 1) / 2} zeros on each side. Choose an odd size, or narrow or wide.`;
  if (!s.size) return `A ${m} × ${m} kernel does not fit on a ${n} × ${n} image. Make the image larger, the kernel smaller, or pad (wide).`;
  const name = met.name(s.focusOn, s.focus);
  const strip = rest ? ` The striped ${rest === 1 ? "row and column are" : `${rest} rows and columns are`} never read: the next jump would leave the image.` : "";
  const ghosts = met.mine.length - met.real.length;
  if (s.focusOn === "y") return `The window for output ${name} ${met.real.length ? `covers pixel${met.real.length > 1 ? "s" : ""} ${named(met, "x")}` : "covers"}${ghosts ? `${met.real.length ? " and " : " "}${ghosts} zero${ghosts > 1 ? "s" : ""} of the padding` : ""}.${strip}`;
  if (s.focusOn === "w") return `Tap k${name} is used once for each of the ${s.size * s.size} outputs: the same weight everywhere.`;
  const times = met.real.length;
  return times ? `Pixel ${name} is read ${times === 1 ? "once" : `${times} times`}, by output${times > 1 ? "s" : ""} ${named(met, "y")}, each time through another tap.` : `Pixel ${name} is never read: no window reaches it.`;
}

/** The setting in words, for readers who hear the page. */
function setting(s, padding) {
  return `${s.n} × ${s.n} image, ${s.m} × ${s.m} kernel${s.turned ? " turned" : ""}, stride ${s.stride}, ${padding}: ${s.size} × ${s.size} outputs.`;
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const put = (name, q, value) => set({ [name]: read(model)[name].map((row, i) => row.map((v, j) => (i * row.length + j === q ? value : v))) });
  const choose = (kind, q) => {
    const s = read(model);
    if (q < 0 || !s.size || (s.focusOn === kind && s.focus === q)) return;
    set({ focus_on: kind, [kind === "y" ? "step" : "focus"]: q });
  };
  const locate = { x: pixelAt, w: tapAt, y: (s, i, j) => i * s.size + j };
  const grids = Object.fromEntries(["x", "w", "y"].map((kind) => [kind, grid({
    onPick: (i, j, hovered) => { if (!(hovered && running)) choose(kind, locate[kind](read(model), i, j)); },
    onEdit: (i, j, value) => put(kind, locate[kind](read(model), i, j), value),
    onRefuse: (text) => voice.refuse(text),
  })]));
  let running = false;

  const sign = h("span", { class: "operator", "aria-hidden": "true" }, "⋆");
  const formula = h("div", { class: "formula" }, grids.x.el, sign, grids.w.el, h("span", { class: "operator", "aria-hidden": "true" }, "="), grids.y.el);
  const sum = h("p", { class: "sum" });
  const voice = narrator();
  const go = (by) => {
    const { size, focusOn, focus } = read(model);
    if (!size) return false;
    const count = size * size;
    set({ focus_on: "y", step: focusOn === "y" ? (focus + by + count) % count : Math.min(model.get("step"), count - 1) });
    return true;
  };
  const film = player({ advance: () => go(1), delay: () => delays[model.get("speed")], onChange: (on) => {
    running = on;
    play.sync(on ? "❚❚ pause" : "▶ play", on ? "pause" : "play all outputs");
    voice.mute(on);
  } });
  const back = button("◀ step", "one output back", () => { film.stop(); go(-1); });
  const forth = button("step ▶", "one output on", () => { film.stop(); go(1); });
  const play = button("▶ play", "play all outputs", film.toggle);
  const padding = choice("Padding", { narrow: "narrow", same: "same", wide: "wide" }, (value) => set({ padding: value }));
  const turned = checkbox("turned", (on) => set({ turned: on }));
  const output = slider({ label: "output", min: 1, max: 1, onInput: (value) => { film.stop(); set({ focus_on: "y", step: value - 1 }); } });
  const image = slider({ label: "image", min: 2, max: 8, onInput: (n) => set({ image_size: n, x: resize(model.get("x"), n) }) });
  const kernel = slider({ label: "kernel", min: 1, max: 5, onInput: (m) => set({ kernel_size: m, w: resize(model.get("w"), m) }) });
  const stride = slider({ label: "stride", min: 1, max: 3, onInput: (value) => set({ stride: value }) });
  const presets = model.get("presets");
  const names = Object.fromEntries(["own numbers", ...Object.keys(presets)].map((name) => [name, name]));
  const picture = menu("picture", names, (name) => {
    if (name in presets) set({ ...presets[name], image_size: presets[name].x.length, kernel_size: presets[name].w.length });
  });
  const shaded = checkbox("shade by value", (on) => set({ shaded: on }));
  const speed = menu("speed", { slow: "slow", normal: "normal", fast: "fast" }, (value) => set({ speed: value }));
  const reset = button("reset", "back to the worked example", () => { film.stop(); voice.forgive(); set(model.get("initial")); }, "reset");
  const hint = h("p", { class: "hint" }, "Change a number in an underlined cell: type, drag it up or down, or turn the wheel; Page Up and Page Down count by one. Arrow keys walk through the cells.");
  stage(el, "conv-stepper", "Convolution, one window at a time");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Move the window."), " Predict the output before you read the sum; then turn the kernel and compare."),
    formula, sum, ...voice.parts, h("div", { class: "controls" }, h("span", { class: "steps" }, back.el, play.el, forth.el), padding.el, reset.el, output.el, image.el, kernel.el, stride.el,
      h("details", {}, h("summary", {}, "more: pictures, shading, speed"), h("div", {}, picture.el, shaded.el, speed.el, hint))));
  grids.w.el.append(turned.el);
  formula.addEventListener("focusin", film.stop);
  el.addEventListener("input", voice.forgive);
  let wasTurned = null;

  function draw() {
    const s = read(model);
    const met = meetings(s);
    const plans = plansOf(s, met);
    const by = (a) => `${a} × ${a}`;
    const glide = s.size && s.focusOn === "y" ? { row: Math.floor(s.focus / s.size) * s.stride, column: (s.focus % s.size) * s.stride, rows: s.m, columns: s.m } : null;
    const formulaSize = `⌊(${s.n} + 2·${Math.max(0, s.border)} − ${s.m}) / ${s.stride}⌋ + 1 = ${s.size}`;
    const titles = {
      x: [s.border > 0 ? `x, padded by ${s.border}` : "x", s.border > 0 ? "dashed: zeros of the padding" : by(s.n)],
      w: [s.turned ? "K, turned by 180°" : "K", by(s.m)],
      y: [s.turned ? "y = x ∗ K" : "y = x ⋆ K", s.size ? `size ${formulaSize}` : "no output"],
    };
    ["x", "w", "y"].forEach((kind) => grids[kind].update(plans[kind], { kind, heading: titles[kind][0], note: titles[kind][1],
      label: `${titles[kind][0]}, ${plans[kind].length} by ${plans[kind].length}`, window: kind === "x" ? glide : null }));
    if (wasTurned !== null && wasTurned !== s.turned) grids.w.turn();
    wasTurned = s.turned;
    sign.textContent = s.turned ? "∗" : "⋆";
    fitCells(formula, [plans.x.length, plans.w.length, plans.y.length]);
    sum.replaceChildren(...(s.size ? arithmetic(met, s) : []));
    voice.tell(sentence(s, met), setting(s, model.get("padding")), !s.size);
    output.sync(s.focusOn === "y" ? s.focus + 1 : Math.min(model.get("step"), s.size * s.size - 1) + 1, s.size ? `${Math.min(model.get("step"), s.size * s.size - 1) + 1} of ${s.size * s.size}` : "none", Math.max(1, s.size * s.size));
    image.sync(s.n); kernel.sync(s.m); stride.sync(s.stride);
    padding.sync(model.get("padding"));
    turned.sync(s.turned); shaded.sync(s.shaded); speed.sync(model.get("speed"));
    picture.sync(Object.keys(presets).find((name) => JSON.stringify([presets[name].x, presets[name].w]) === JSON.stringify([s.x, s.w])) ?? "own numbers");
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
