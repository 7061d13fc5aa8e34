// inspector_words: what NetworkInspector says of the chosen number, as a line of arithmetic and as a sentence.
// Equations conv-fwd, maxpool-fwd, backprop-output, net6-delta-f, conv-dw, dense-dw
import { h } from "./draw.mjs";
import { pathsBack, three } from "./inspector_maths.mjs";

/** Four significant digits and a real minus sign. */
export function fine(value) {
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
}

// A factor is [name, kind, value].
const sign = (text) => h("span", { class: "sign" }, text);
const figure = (kind, value) => h("span", { class: kind }, value < 0 ? `(${fine(value)})` : fine(value));
const group = (...parts) => h("span", { class: "group" }, ...parts, " ");
const result = (value) => group(sign("= "), h("strong", { class: "total" }, fine(value)));
const between = (pieces, text) => pieces.flatMap((piece, i) => (i ? [sign(text), piece] : [piece]));
const tag = (kind, letter, index) => h("span", { class: kind }, letter, h("sub", {}, index));
const spot = (place, wide) => `${Math.floor(place / wide) + 1}${(place % wide) + 1}`;
const entry = (rows, place) => rows[Math.floor(place / rows[0].length)][place % rows[0].length];
const ofF = (letter, k, place) => tag(letter === "δ" ? "d" : "y", letter, `F${k + 1},${spot(place, 4)}`);
const ofO = (letter, n) => tag({ δ: "d", b: "w" }[letter] ?? "y", letter, `O${n + 1}`);
const ofV = (n, k, place) => tag("w", "w", `O${n + 1},${k + 1}-${spot(place, 2)}`);
const ofW = (k, place) => (place > 8 ? tag("w", "b", `F${k + 1}`) : tag("w", "w", `F${k + 1},${spot(place, 3)}`));

/** left = Σ names = Σ numbers = total; more than seven terms leave their names out. */
function sumOf(left, terms, value) {
  const sum = (write) => group(sign("= "), ...between(terms.map((term) => h("span", { class: "term" }, ...between(term.map(write), "·"))), " + "));
  return [group(...left), ...(terms.length > 7 ? [] : [sum(([name]) => name)]), sum(([, kind, number]) => figure(kind, number)), result(value)];
}

/** One line for each path from a δ of a filter map to the cost, then their sum. */
export function pathLines(s) {
  const paths = pathsBack(s.net, s.found, s.back, s.k, s.i, s.j);
  const wins = () => sign(paths[0].wins ? "·1·" : "·0·");
  const lines = paths.map((path) => h("span", { class: "group ins-path" }, sign(`O${path.n + 1}: `),
    h("span", { class: "ins-names" }, ofO("δ", path.n), "·", ofV(path.n, s.k, s.block), wins(), tag("y", "a′", ""),  " = "),
    figure("d", path.delta), "·", figure("w", path.weight), wins(), figure("y", path.slope), " = ", h("strong", {}, fine(path.product))));
  return [...lines, group(ofF("δ", s.k, s.at), " = ", ...between(paths.map(({ product }) => figure("d", product)), " + ")), result(s.back.deltaF[s.k][s.i][s.j])];
}

/** The sum behind any other δ or gradient. */
export function backwardLine({ found, back, net, image, target, on, k, at }) {
  const by = (name) => ["∂C/∂", name];
  const delta = (n) => [ofO("δ", n), "d", back.deltaOut[n]];
  if (on === "P") return sumOf([tag("d", "γ", `P${k + 1},${spot(at, 2)}`)], three.map((n) => [delta(n), [ofV(n, k, at), "w", entry(net.weights[n][k], at)]]), entry(back.gammaP[k], at));
  if (on === "W") return sumOf(by(ofW(k, at)), found.winner[k].map((place) => {
    const [i, j] = [(place >> 2) + Math.floor(at / 3), (place % 4) + (at % 3)];
    return [[ofF("δ", k, place), "d", entry(back.deltaF[k], place)], ...(at > 8 ? [] : [[tag("x", "x", `${i + 1}${j + 1}`), "x", image[i][j]]])];
  }), at > 8 ? back.gradient.filter_bias[k] : entry(back.gradient.filters[k], at));
  const [n, p] = [on === "V" ? at >> 2 : at, at % 4];
  if (on === "V") return sumOf(by(ofV(n, k, p)), [[delta(n), [tag("y", "a", `P${k + 1},${spot(p, 2)}`), "y", entry(found.pooled[k], p)]]], entry(back.gradient.weights[n][k], p));
  if (on === "B") return sumOf(by(ofO("b", n)), [[delta(n)]], back.deltaOut[n]);
  const [a, t] = [found.aOut[n], n === target - 1 ? 1 : 0];
  return sumOf([ofO("δ", n)], [[[h("span", {}, "(", ofO("a", n), " − ", tag("", "t", `${n + 1}`), ")"), "y", a - t], [ofO("a", n), "y", a], [h("span", {}, "(1 − ", ofO("a", n), ")"), "y", 1 - a]]], back.deltaOut[n]);
}

/** The arithmetic behind a z, an a or a parameter. */
export function forwardLine({ found, net, image, view, on, k, at, i, j }) {
  const squash = (name, z, a) => [group(name, " = σ(", figure("y", z), ") = 1 / (1 + e", h("sup", {}, fine(-z)), ")"), result(a)];
  const plain = (name, value) => [group(name), result(value)];
  if (on === "W") return plain(ofW(k, at), at > 8 ? net.filter_bias[k] : entry(net.filters[k], at));
  if (on === "V") return plain(ofV(at >> 2, k, at % 4), entry(net.weights[at >> 2][k], at % 4));
  if (on === "B") return plain(ofO("b", at), net.output_bias[at]);
  if (on === "P") return [group(tag("y", "a", `P${k + 1},${spot(at, 2)}`), " = max(", ...between([0, 1, 4, 5].map((step) => figure("y", entry(found.a[k], 8 * (at >> 1) + 2 * (at % 2) + step))), ", "), ")"), result(entry(found.pooled[k], at))];
  if (view === "output") return on === "O" ? squash(ofO("a", at), found.zOut[at], found.aOut[at]) : squash(ofF("a", k, at), found.z[k][i][j], found.a[k][i][j]);
  if (on === "O") return sumOf([ofO("z", at)], [...three.flatMap((m) => [0, 1, 2, 3].map((p) => [["", "w", entry(net.weights[at][m], p)], ["", "y", entry(found.pooled[m], p)]])), [["", "w", net.output_bias[at]]]], found.zOut[at]);
  const taps = net.filters[k].flat().map((w, tap) => [[ofW(k, tap), "w", w], [tag("x", "x", ""), "x", image[i + Math.floor(tap / 3)][j + (tap % 3)]]]).filter(([, [, , pixel]]) => pixel !== 0);
  return sumOf([ofF("z", k, at)], [...taps.map(([w, x]) => (x[2] === 1 ? [w] : [w, x])), [[ofW(k, 9), "w", net.filter_bias[k]]]], found.z[k][i][j]);
}

/** The sentence under the line. */
export function sentence({ found, target, view, on, k, at, block }) {
  const winner = block < 0 ? 0 : found.winner[k][block];
  const place = `row ${(winner >> 2) + 1}, column ${(winner % 4) + 1}`;
  const tie = block >= 0 && found.tied[k][block] > 1 ? " A tie: no derivative exists; by rule the first in reading order wins." : "";
  if (view === "backward") return {
    F: (winner === at ? "Largest of its block: three paths lead on to C, and their products add up. The factor a′ = a·(1 − a) is the slope of the sigmoid."
      : `Not the largest of its block (that is ${place}): a small change here changes nothing above: every path has the factor 0.`) + tie,
    P: "What arrives along three paths, before winner and slope.",
    O: "The miss a − t, times the slope of the sigmoid.",
    W: "Used at 16 places; 12 of them have δ = 0. Each winner's δ meets its own pixel.",
    V: "One use, one product: δ of the output, times what came through.",
    B: "Added as it is, so its gradient is δ.",
  }[on];
  return {
    F: view === "net" ? "The filter lies on the framed window; only ink counts." : "The sigmoid squeezes the net input between 0 and 1.",
    P: `The largest of its block goes on: ${place} of F${k + 1}.${tie}`,
    O: view === "net" ? "Twelve pooled numbers, each times its weight, and a bias." : `Its target is ${at === target - 1 ? 1 : 0}.`,
  }[on] ?? `Used ${on === "W" ? "at 16 places" : "once"}. Type another value.`;
}
