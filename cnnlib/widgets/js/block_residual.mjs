// block_residual: the second picture of BlockBuilder. What comes back through a chain, plain and around shortcuts.
// Equation residual-dx
import { decadesOf, passedBack, pathTerms, raised, sized } from "./block_builder_maths.mjs";
import { assign, h, show, slider } from "./draw.mjs";
import { vector } from "./svg.mjs";

const [left, right, height] = [16, 624, 52];
const signed = (value) => (value < 0 ? `(${show(value)})` : show(value));

/** Everything the picture needs, worked out from the traits. */
export function chainOf(model) {
  const [depth, c] = [model.get("depth"), model.get("slope")];
  const back = passedBack(depth, c);
  return { depth, c, ...back, ends: [back.plain.at(-1), back.around.at(-1)], span: decadesOf([...back.plain, ...back.around]) };
}

/** The sentence under the sum. */
export function chainSentence(s) {
  const [plain, around] = s.ends;
  const size = Math.abs(around);
  const first = s.c === 0 ? "A block that does nothing lets nothing back; the shortcut passes δ on unchanged."
    : `Plain, ${sized(plain)} of δ = 1 comes back; around the shortcuts, ${sized(around)}.`;
  const second = size > 1000 ? " Shortcuts do not prevent explosion: slopes above 0 add up." : size < 0.01 ? " Slopes below 0 make even the shortcuts fade." : "";
  return first + second;
}

/** A chain of blocks in a line; with arcs over them, or without. */
function chainDrawing(arcs) {
  const el = vector("svg", { viewBox: `0 0 640 ${height}`, role: "img", "aria-label": arcs ? "blocks with shortcuts" : "plain blocks" });
  let drawn = 0;
  const update = (depth) => {
    if (depth === drawn) return;
    drawn = depth;
    const [step, y] = [(right - left) / depth, 37];
    const side = Math.min(22, step * 0.55);
    const middle = (k) => left + (k + 0.5) * step;
    const boxes = Array.from({ length: depth }, (_, k) => vector("rect", { class: "block-box", x: middle(k) - side / 2, y: y - Math.min(11, side / 2), width: side, height: Math.min(22, side), rx: 2 }));
    const bows = arcs ? Array.from({ length: depth }, (_, k) => vector("path", { class: "block-bow", d: `M${middle(k) - step * 0.42} ${y}C${middle(k) - step * 0.42} ${y - 38} ${middle(k) + step * 0.42} ${y - 38} ${middle(k) + step * 0.42} ${y}` })) : [];
    el.replaceChildren(vector("path", { class: "block-head", d: `M1 ${y}l9 -5v10z` }), vector("line", { class: "block-wire", x1: 4, y1: y, x2: 640, y2: y }), ...bows, ...boxes);
  };
  return { el, update };
}

/** A bar on a log scale in which every block is one piece: its factor. */
function factorBar(name, arcs) {
  const chain = chainDrawing(arcs);
  const end = h("output");
  const track = h("div", { class: "block-log", "aria-hidden": "true" });
  const el = h("div", { class: `block-chain d${arcs ? " arcs" : ""}` }, h("p", { class: "block-name" }, h("strong", {}, name), end), chain.el, track);
  const update = (values, [low, high], formula) => {
    chain.update(values.length - 1);
    const at = (value) => (Math.log10(Math.abs(value)) - low) / (high - low);
    const pieces = values.slice(1).flatMap((value, k) => {
      if (!value || !values[k]) return [];
      const [a, b] = [at(values[k]), at(value)];
      const piece = h("span", { class: `block-piece${Math.abs(a - b) < 0.01 ? " thin" : ""}` });
      piece.style.setProperty("--from", Math.min(a, b));
      piece.style.setProperty("--wide", Math.abs(a - b));
      return [piece];
    });
    const one = h("span", { class: "block-one" });
    one.style.setProperty("--from", at(1));
    track.replaceChildren(...pieces, one);
    end.replaceChildren(...formula);
  };
  return { el, update };
}

function sumTerms({ depth, c, ends }) {
  const terms = pathTerms(depth, c);
  const name = ({ k, paths }) => h("span", { class: "term" }, k ? `${paths}·` : "", h("span", { class: "w" }, k ? signed(c) : "1"), ...(k > 1 ? [h("sup", {}, String(k))] : []));
  const more = depth + 1 > terms.length ? [" + …"] : [];
  const join = (write) => terms.flatMap((term, i) => (i ? [" + ", write(term)] : [write(term)]));
  return [h("span", { class: "group" }, "(1 + ", h("span", { class: "w" }, signed(c)), ")", h("sup", {}, String(depth)), " = ", ...join(name), ...more), " ",
    h("span", { class: "group" }, "= ", ...join(({ value }) => (value < 0 ? `(${sized(value)})` : sized(value))), ...more, " = ", h("strong", { class: "total" }, sized(ends[1])))];
}

/** Build the picture and its controls; `draw` shows the present state and returns what to say. */
export function residualView(model) {
  const set = (change) => assign(model, change);
  const bars = [factorBar("plain", false), factorBar("shortcuts", true)];
  const scale = h("div", { class: "block-scale", "aria-hidden": "true" });
  const sum = h("p", { class: "sum" });
  const depth = slider({ label: "blocks D", min: 1, max: 40, onInput: (value) => set({ depth: value }) });
  const slope = slider({ label: "slope c", min: -10, max: 20, onInput: (value) => set({ slope: value / 20 }) });
  const picture = h("div", {}, ...bars.map((bar) => bar.el), scale, sum);

  function draw() {
    const s = chainOf(model);
    const power = (base, value) => ["γ = ", h("span", { class: "w" }, base), h("sup", {}, String(s.depth)), "·δ = ", h("strong", {}, sized(value))];
    bars[0].update(s.plain, s.span, power(signed(s.c), s.ends[0]));
    bars[1].update(s.around, s.span, power(`(1 + ${signed(s.c)})`, s.ends[1]));
    const step = s.span[1] - s.span[0] > 40 ? 20 : s.span[1] - s.span[0] > 20 ? 10 : 5;
    const ticks = Array.from({ length: s.span[1] - s.span[0] + 1 }, (_, k) => s.span[0] + k).filter((exponent) => exponent % step === 0 || (exponent === s.span[1] && exponent > 0.12 * (exponent - s.span[0])));
    scale.replaceChildren(...ticks.map((exponent) => {
      const tick = h("span", { class: exponent ? "" : "block-unit" }, exponent ? `10${raised(exponent)}` : "1");
      tick.style.setProperty("--from", (exponent - s.span[0]) / (s.span[1] - s.span[0]));
      return tick;
    }));
    sum.replaceChildren(...sumTerms(s));
    depth.sync(s.depth);
    slope.sync(s.c * 20, show(s.c));
    return [chainSentence(s), `${s.depth} blocks of slope ${show(s.c)}.`, false];
  }

  return { strong: "Predict before you slide:", hint: " how much of δ = 1 comes back through 20 blocks of slope 0.1? And how much if every block has a shortcut?", picture, controls: [slope.el, depth.el], draw };
}
