// parameter_counter_maths: the counts behind ParameterCounter and the words for them. No DOM.
// Tested in Node and on the built page against the Python class. Equations param-count, out-size
import { outputSize } from "./tensor.mjs";

export const kinds = ["dense", "local", "shared", "tail"];
const classes = 10;

/** Places of a pooling block along a side of `size` pixels; 0 when not one fits. */
export function pooledSize(size, pool, up) {
  return size < pool ? 0 : (up ? Math.ceil : Math.floor)((size - pool) / pool) + 1;
}

/** Everything the picture needs: sizes, and per kind of layer { factors, weights, biases }. Sizes that do not exist are 0. */
export function counted({ image_size: n, kernel_size: m, channels, maps, stride, pool, ceil_mode: up, units: mode }) {
  const output = outputSize(n, m, { stride });
  const pooled = pooledSize(output, pool, up);
  const units = mode === "1000" ? 1000 : maps * output * output;
  const see = (letter, side, tone) => [{ letter: "C", value: channels, tone: "" }, { letter, value: side, square: true, tone }];
  const layer = (exists, factors, biases) => (exists ? { factors, biases, weights: factors.reduce((product, f) => product * (f.square ? f.value ** 2 : f.value), 1) } : null);
  return { n, m, channels, maps, stride, pool, up, mode, output, pooled, units,
    dense: layer(output, [...see("n", n, "x"), { letter: "U", value: units, tone: "y" }], units),
    local: layer(output, [...see("m", m, "w"), { letter: "U", value: units, tone: "y" }], units),
    shared: layer(output, [...see("m", m, "w"), { letter: "O", value: maps, tone: "y" }], maps),
    tail: layer(pooled, [{ letter: "O", value: maps, tone: "y" }, { letter: "p", value: pooled, square: true, tone: "y" }, { letter: "10", value: classes, tone: "" }], classes) };
}

/** 1 000 000: groups of three digits, kept on one line; four digits stay together. */
export function grouped(value) {
  return value < 10000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Decades that the bars span: a multiple of three, at least nine, enough for the weights. */
export function decades(c) {
  const most = Math.max(1, ...kinds.map((kind) => c[kind]?.weights ?? 1));
  return Math.max(9, 3 * Math.ceil(Math.log10(most) / 3));
}

/** The share of the bar's track that a number fills on the log scale. */
export function share(value, span) {
  return Math.min(1, Math.log10(Math.max(1, value)) / span);
}

/** 10⁹. */
export function power(exponent) {
  return `10${[...String(exponent)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

const times = (ratio) => (Number.isInteger(ratio) ? grouped(ratio) : grouped(Math.round(ratio * 10) / 10));
const by = (a) => `${grouped(a)} × ${grouped(a)}`;
const block = (a) => `${a} × ${a}`;

/** The sentence under the bars; a problem comes as { warning: true }. */
export function verdict(c) {
  if (!c.output) return { warning: true, text: `A ${block(c.m)} kernel does not fit on ${c.n === 1 ? "an image of a single pixel" : `a ${by(c.n)} image`}. Make the image larger or the kernel smaller.` };
  if (!c.pooled) return { warning: true, text: `Pooling by ${block(c.pool)} blocks needs a map of at least ${block(c.pool)}, but this map is ${by(c.output)}. Pool less, or make the map larger: a larger image, a smaller kernel or a smaller stride.` };
  const window = c.dense.weights / c.local.weights;
  const sharing = c.local.weights / c.shared.weights;
  const first = window === 1 ? "The window is the whole image, so looking locally saves nothing" : `The window saves a factor of ${times(window)}`;
  const second = sharing === 1 ? "sharing saves nothing: every unit is a map of its own." : sharing < 1 ? "sharing costs more here: there are more maps than units." : `sharing saves another factor of ${times(sharing)}.`;
  const outputs = c.maps * c.output ** 2;
  const honest = c.mode === "1000" && outputs !== 1000 ? ` But the shared layer has ${grouped(outputs)} output${outputs === 1 ? "" : "s"}, the other two have 1000.` : "";
  return { warning: false, text: `${first}; ${second}${honest}${remainder(c)}` };
}

/** Where floor and ceil part: 991 = 2 · 495 + 1. */
function remainder(c) {
  const rest = c.output % c.pool;
  if (!rest) return "";
  const whole = (c.output - rest) / c.pool;
  const lines = rest === 1 ? "last row and column" : `last ${rest} rows and columns`;
  return ` ${grouped(c.output)} = ${c.pool} · ${grouped(whole)} + ${rest}: ${c.up ? `rounding up pools the ${lines} in partly filled blocks` : `rounding down drops the ${lines}`}.`;
}
