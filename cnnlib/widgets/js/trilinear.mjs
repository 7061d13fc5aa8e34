// trilinear: who meets whom in T = Σ x·k·δ. Choose a pixel, a tap or an output: the products it takes part in
// name the cells to light up, the sum to write and the sentence to say. Equations: conv-trilinear, conv-dx, conv-dw
import { products } from "./tensor.mjs";
import { listed } from "./draw.mjs";
import { sumLine, symbol, usesLine } from "./sum.mjs";

const kinds = ["x", "w", "y"];

/** The printed index of a node: pixels and outputs count from 1, taps have row and column. */
export function indexOf(kind, q, kernelSize) {
  return kind === "w" ? `${Math.floor(q / kernelSize) + 1}${(q % kernelSize) + 1}` : String(q + 1);
}

/**
 * All that concerns one chosen node. `look` says for each of x, w, y how it is written here:
 * { letter, tone, values }; `result` is the one of the three that is being computed.
 */
export function meetings({ imageSize, kernelSize, geometry, turnedTaps = false, look, result, focusOn, focus }) {
  const last = kernelSize * kernelSize - 1;
  const all = products(imageSize, kernelSize, geometry).map((p) => (turnedTaps ? { ...p, w: last - p.w } : p));
  const mine = all.filter((p) => p[focusOn] === focus);
  const real = mine.filter((p) => p.x >= 0);
  const name = (kind, q) => indexOf(kind, q, kernelSize);
  const token = (kind, q) => ({ kind: look[kind].tone, letter: look[kind].letter, index: name(kind, q), value: look[kind].values[q] });
  const lit = Object.fromEntries(kinds.map((kind) => [kind, new Map(real.map((p) => [p[kind], p]))]));
  const third = (kind) => kinds.find((k) => k !== kind && k !== focusOn);
  const badge = (kind, q) => (kind === "w" || kind === focusOn || !lit[kind].has(q) ? ""
    : look[third(kind)].letter + name(third(kind), lit[kind].get(q)[third(kind)]));
  const order = result === "w" ? ["x", "y"] : ["w", result === "x" ? "y" : "x"];
  return { real, mine, name, token, lit, badge, tone: (kind) => look[third(kind) ?? kind].tone, order };
}

/** The line under the picture: the sum that makes a result, or the places an ingredient goes to. */
export function arithmetic(met, { look, result, focusOn, focus }) {
  const left = symbol(look[focusOn].tone, look[focusOn].letter, met.name(focusOn, focus));
  if (focusOn === result) {
    const terms = met.real.map((p) => met.order.map((kind) => met.token(kind, p[kind])));
    return sumLine(left, terms, look[result].values[focus]);
  }
  return usesLine(left, met.real.map((p) => {
    const pair = met.order.map((kind) => met.token(kind, p[kind]));
    return [...pair, met.token(result, p[result])];
  }));
}

/** "k22, k21" as a list of names, each once, in the order met. */
export function named(met, kind, letter = "") {
  return listed([...new Set(met.real.map((p) => letter + met.name(kind, p[kind])))]);
}
