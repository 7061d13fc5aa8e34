// GradientNorms: norms of activations, of δ and of the bound on δ, layer by layer, in a deep network of random weights.
// Traits   depth   activation: name   exponent: log₂(n·Var(w))   draw: "normal" | "uniform"   residual   seed
//          layer: whose bound is written out   initial: traits for reset
// Equations delta-product, delta-bound, xavier, he
import { assign, button, checkbox, choice, follow, h, narrator, slider, stage } from "./draw.mjs";
import { symbol } from "./sum.mjs";
import { put, vector } from "./svg.mjs";
import { activations, deepest, deepNorms, fate, makeNetworks, presets, seeds, width } from "./gradient_norms_maths.mjs";

const traits = ["depth", "activation", "exponent", "draw", "residual", "seed", "layer"];
const starts = { "N(0, 1/n)": "1/n", Xavier: "Xavier", He: "He", "N(0, 16/n)": "16/n" };
const [wide, high, indent, top, floor, gatesTop, gatesHigh] = [640, 408, 58, 22, 272, 304, 64];
const shades = 12;   // seeds in the band behind the line

const raised = (n) => [...String(n)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit] ?? "⁻").join("");
/** 0.25, 3.4 or 5.9·10⁻⁷. */
export function brief(value) {
  if (value === 0) return "0";
  if (value >= 0.01 && value < 1000) return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
  const [digits, exponent] = value.toExponential(1).split("e");
  return `${digits}·10${raised(Number(exponent))}`.replace("-", "−");
}

/** The decades of the axis: at least −8 to 2, more where the lines need it. */
function decades(norms) {
  const logs = [...norms.a, ...norms.delta, ...norms.bound, ...norms.band.flat()].filter((v) => v > 0).map(Math.log10);
  const [low, peak] = [Math.min(-8, 4 * Math.floor(Math.min(...logs) / 4)), Math.max(2, 2 * Math.ceil(Math.max(...logs) / 2))];
  return { low, peak, step: peak - low > 28 ? 8 : peak - low > 14 ? 4 : 2 };
}

function makeChart(choose) {
  const band = vector("polygon", { class: "norms-band d" });
  const lines = Object.fromEntries(["bound", "a", "delta"].map((name) => [name, vector("polyline", { class: `norms-line ${name}` })]));
  const [rules, marks, gates, columns] = ["norms-rules", "norms-marks", "norms-gates", "norms-columns"].map((name) => vector("g", { class: name }));
  const here = vector("rect", { class: "norms-here", y: top - 6, height: gatesTop + gatesHigh - top + 12, rx: 6 });
  const names = [vector("text", { class: "first", x: 4, y: gatesTop + gatesHigh / 2 - 6 }, "gates"), vector("text", { class: "first", x: 4, y: gatesTop + gatesHigh / 2 + 19 }, "φ′"),
    vector("text", { class: "first", x: 4, y: high - 14 }, "layer")];
  const drawing = vector("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img" }, rules, here, band, ...Object.values(lines), marks, gates, ...names, columns);
  let [shown, space] = [0, 0];

  function setColumns(depth) {
    space = (wide - indent - 8) / (depth + 1);
    columns.replaceChildren(...Array.from({ length: depth + 1 }, (_, k) => {
      const reach = vector("rect", { class: "norms-reach", x: indent + k * space, y: 0, width: space, height: high });
      if (k) ["pointerenter", "click"].forEach((kind) => reach.addEventListener(kind, () => choose(k)));
      const name = vector("text", { class: k ? "norms-name" : "norms-name x", x: indent + (k + 0.5) * space, y: high - 14 }, k ? String(k) : "x");
      return vector("g", {}, ...(depth > 12 && k % 2 && k > 1 ? [] : [name]), reach);
    }));
    shown = depth;
  }

  function update(s, norms) {
    if (shown !== s.depth) setColumns(s.depth);
    const { low, peak, step } = decades(norms);
    const toX = (k) => (indent + (k + 0.5) * space).toFixed(1);
    const toY = (value) => (top + ((peak - Math.max(low, Math.log10(value || 1e-99))) / (peak - low)) * (floor - top)).toFixed(1);
    const path = (values, from) => values.map((v, k) => `${toX(k + from)},${toY(v)}`).join(" ");
    put(here, { x: indent + s.layer * space, width: space });
    put(lines.a, { points: path(norms.a, 0) });
    put(lines.delta, { points: path(norms.delta, 1) });
    put(lines.bound, { points: path(norms.bound, 1) });
    put(band, { points: [...norms.band.map(([least], k) => `${toX(k + 1)},${toY(least)}`), ...norms.band.map(([, most], k) => `${toX(k + 1)},${toY(most)}`).reverse()].join(" ") });
    const ticks = Array.from({ length: Math.floor((peak - low) / step) + 1 }, (_, k) => step * (Math.ceil(low / step) + k)).filter((e) => e <= peak);
    rules.replaceChildren(...ticks.map((e) => vector("g", {}, vector("line", { class: e ? "rule" : "rule one", x1: indent, x2: wide - 8, y1: toY(10 ** e), y2: toY(10 ** e) }),
      vector("text", { class: "last", x: indent - 7, y: Number(toY(10 ** e)) + 5 }, e ? `10${raised(e)}` : "1"))));
    marks.replaceChildren(...norms.a.map((v, k) => vector("circle", { class: k ? "y" : "x", cx: toX(k), cy: toY(v), r: 4 })),
      ...norms.delta.map((v, k) => vector("rect", { class: "d", x: toX(k + 1) - 4, y: toY(v) - 4, width: 8, height: 8 })));
    const room = Math.min(space * 0.82, 60);
    gates.replaceChildren(...norms.slopes.map((slopes, k) => {
      const left = Number(toX(k + 1)) - room / 2;
      const bars = slopes.map((slope, i) => `H${(left + (room * slope) / s.steepest).toFixed(1)}V${(gatesTop + ((i + 1) * gatesHigh) / width).toFixed(1)}`).join("");
      return vector("g", {}, vector("rect", { class: "norms-frame", x: left, y: gatesTop, width: room, height: gatesHigh }), vector("path", { class: "norms-gate d", d: `M${left} ${gatesTop}${bars}H${left}Z` }));
    }));
    put(drawing, { "aria-label": `Norms in ${s.depth} layers on a logarithmic scale. δ: ${norms.delta.map((v, k) => `layer ${k + 1} ${brief(v)}`).join(", ")}. Activations: ${brief(norms.a[1])} in the first layer, ${brief(norms.a[s.depth])} in the last.` });
  }
  return { drawing, update };
}

/** ‖δ⁽ᶩ⁾‖ ≤ max φ′ · ‖W‖₂ · ‖δ‖ with its numbers, and what it really is. */
function arithmetic(s, norms) {
  const [k, last] = [s.layer, s.layer === s.depth];
  const [group, sign] = [(...pieces) => h("span", { class: "group" }, ...pieces), (text) => h("span", { class: "sign" }, text)];
  const term = (kind, ...pieces) => h("span", { class: `term ${kind}` }, ...pieces);
  const bars = (kind, letter, layer, tail = "") => term(kind, "‖", symbol(kind, letter, layer), `‖${tail}`);
  const steep = s.steepest === 1 ? "1" : "¼";
  const stretch = brief(norms.spectral[k] ?? 0);
  const plain = !s.residual || last;
  const above = plain && !last ? bars("d", "δ", k + 1) : bars("d", "γ", plain ? k : k + 1);
  const arriving = last ? norms.gamma[k - 1] : plain ? norms.delta[k] : norms.gamma[k];
  const middle = last ? [] : plain ? [bars("w", "W", k + 1, "₂"), sign(" · ")] : ["(1 + ", term("", "max φ′"), sign(" · "), bars("w", "W", k + 1, "₂"), ")", sign(" · ")];
  const numbers = last ? [] : plain ? [term("w", stretch), sign(" · ")] : ["(1 + ", steep, sign(" · "), term("w", stretch), ")", sign(" · ")];
  const factor = last ? 1 : plain ? norms.spectral[k] : 1 + s.steepest * norms.spectral[k];
  return [group(bars("d", "δ", k), sign(" ≤ "), term("", "max φ′"), sign(" · "), ...middle, above), " ",
    group(sign("= "), steep, sign(" · "), ...numbers, term("d", brief(arriving))), " ", group(sign("= "), h("strong", { class: "total" }, brief(s.steepest * factor * arriving))),
    h("span", { class: "norms-note" }, "and in fact ", h("strong", { class: "d" }, brief(norms.delta[k - 1])))];
}

function verdict(s, norms) {
  const { whole, each, word } = fate(norms.delta);
  const open = norms.slopes.flat().reduce((sum, v) => sum + v, 0) / (width * s.depth);
  const gates = s.activation === "ReLU" || s.activation === "leaky ReLU" ? `${Math.round(100 * norms.slopes.flat().filter((v) => v === 1).length / (width * s.depth))} % of the gates are open.`
    : `The gates are ${Math.round((100 * open) / s.steepest)} % open on average: ${open > 0.8 * s.steepest ? "hardly any unit is saturated." : `${open > 0.45 * s.steepest ? "many" : "most"} units are saturated.`}`;
  if (s.depth === 1) return `One layer: δ has only its own gate to pass. ${gates}`;
  if (word === "gone") return `No gradient reaches layer 1: δ is exactly 0 there. ${gates}`;
  const way = whole < 1 ? `shrinks ${brief(1 / whole)}-fold, about ${brief(1 / each)}-fold a layer` : `grows ${brief(whole)}-fold, about ${brief(each)}-fold a layer`;
  const ends = { vanishes: "It vanishes.", explodes: "It explodes.", keeps: "It about keeps its size." };
  return `From layer ${s.depth} back to layer 1 δ ${way}. ${ends[word]} ${gates}`;
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const networks = makeNetworks();
  function read() {
    const s = Object.fromEntries(traits.map((name) => [name, model.get(name)]));
    return { ...s, gain: 2 ** s.exponent, layer: Math.min(s.layer, s.depth), steepest: activations[s.activation].steepest };
  }
  let [norms, key, band, bandKey] = [null, "", null, ""];
  function computed(s) {
    const [now, shared] = [6, 5].map((count) => traits.slice(0, count).map((name) => s[name]).join());
    if (now === key) return norms;
    if (shared !== bandKey) {   // the band is the same for every seed
      const all = Array.from({ length: shades }, (_, k) => deepNorms(networks, { ...s, seed: k + 1 }, false).delta);
      band = Array.from({ length: s.depth }, (_, k) => [Math.min(...all.map((d) => d[k])), Math.max(...all.map((d) => d[k]))]);
    }
    [norms, key, bandKey] = [{ ...deepNorms(networks, s), band }, now, shared];
    return norms;
  }
  const chart = makeChart((layer) => { if (model.get("layer") !== layer) set({ layer }); });
  const keys = Object.fromEntries(["a", "delta", "bound"].map((name) => [name, h("output")]));
  const item = (kind, name, symbols, note) => h("li", { class: kind }, h("span", { class: `norms-key ${name}`, "aria-hidden": "true" }), h("strong", {}, symbols), ` ${note} `, keys[name]);
  const legend = h("ul", { class: "norms-legend" }, item("y", "a", "‖a‖", "forward →"), item("d", "delta", "‖δ‖", "← backward"), item("d", "bound", "bound", "chained from the top"), h("li", {}, h("span", { class: "norms-key band", "aria-hidden": "true" }), `range of ‖δ‖ over seeds 1 to ${shades}`),
    h("li", {}, h("span", { class: "norms-key gate", "aria-hidden": "true" }), "gates: one bar a unit, φ′ long, in a frame max φ′ wide"));
  const [sum, voice] = [h("p", { class: "sum norms-sum" }), narrator()];
  const depth = slider({ label: "depth", min: 1, max: deepest, onInput: (value) => set({ depth: value }) });
  const scale = slider({ label: "n · Var(w)", min: -16, max: 24, onInput: (value) => set({ exponent: value / 4 }) });
  const layer = slider({ label: "layer", min: 1, max: deepest, onInput: (value) => set({ layer: value }) });
  const activation = choice("Activation φ", { sigmoid: "sigmoid", tanh: "tanh", ReLU: "ReLU", "leaky ReLU": "leaky" }, (value) => set({ activation: value }));
  const start = choice("Starting weights", starts, (name) => set({ exponent: presets[name][0], draw: presets[name][1] }));
  const residual = checkbox("shortcuts", (on) => set({ residual: on }));
  const turn = (by) => set({ seed: ((model.get("seed") - 1 + by + seeds) % seeds) + 1 });
  const seed = h("output", { class: "norms-seed" });
  const steps = h("span", { class: "steps" }, button("◀", "one seed back", () => turn(-1)).el, seed, button("▶", "one seed on", () => turn(1)).el);
  const reset = button("reset", "back to the worked example", () => set(model.get("initial")), "reset");
  stage(el, "gradient-norms", "Sizes of outputs and gradients, layer by layer");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Change φ and the weights until δ arrives at layer 1 as large as it started."), " Then make the network 20 layers deep."),
    h("div", { class: "norms-chart" }, chart.drawing, legend), sum, ...voice.parts,
    h("div", { class: "controls" }, activation.el, start.el, depth.el, scale.el, layer.el, residual.el, steps, reset.el));

  function draw() {
    const s = read();
    const found = computed(s);
    chart.update(s, found);
    keys.a.textContent = brief(found.a[s.layer]);
    keys.delta.textContent = brief(found.delta[s.layer - 1]);
    keys.bound.textContent = brief(found.bound[s.layer - 1]);
    sum.replaceChildren(...arithmetic(s, found));
    const named = Object.keys(presets).find((name) => presets[name][0] === s.exponent && presets[name][1] === s.draw);
    voice.tell(verdict(s, found), `${s.depth} layers of ${s.activation}, weights ${named ?? `${s.draw} with n times variance ${brief(s.gain)}`}${s.residual ? ", with shortcuts" : ""}, seed ${s.seed}, layer ${s.layer}.`);
    depth.sync(s.depth);
    scale.sync(Math.round(4 * s.exponent), brief(s.gain));
    layer.sync(s.layer, String(s.layer), s.depth);
    activation.sync(s.activation);
    start.sync(named);
    residual.sync(s.residual);
    seed.textContent = `seed ${s.seed}`;
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
