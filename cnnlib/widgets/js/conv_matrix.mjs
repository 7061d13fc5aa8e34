// ConvMatrix: one convolution as a sparse matrix W, its transpose, and the sum over tied entries.
// Traits   x, w, delta: rows of numbers   image_size, kernel_size, stride, padding, dilation
//          view: forward | backward | gradient   weights: dense | local | shared
//          focus_on: y | x | w | entry   focus: row-major number   initial: traits for reset
// Equations conv-matrix, matrix-dx, tied-sum
import { assign, button, choice, fitCells, follow, h, listed, narrator, show, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { counts, fitted, howMany, layOut, placesOf, reach, tiedSum, timesMatrix, timesTransposed } from "./conv_matrix_maths.mjs";
import { sumLine, symbol, usesLine } from "./sum.mjs";
import { heatMap, network, upright, upTo } from "./conv_matrix_draw.mjs";

const sizes = ["image_size", "kernel_size", "stride", "padding", "dilation"];
const traits = ["x", "w", "delta", ...sizes, "view", "weights", "focus_on", "focus"];
// lines of cells, beyond which W is drawn as a map of small squares
const tooMany = 17;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Everything the picture needs, worked out from the traits. */
export function read(model) {
  const [n, m, stride, padding, dilation] = sizes.map((name) => model.get(name));
  const geometry = { n, m, stride, padding, dilation };
  const layout = layOut(geometry);
  const [x, w] = [fitted(model.get("x"), n).flat(), fitted(model.get("w"), m).flat()];
  const delta = layout.size ? fitted(model.get("delta"), layout.size).flat() : [];
  const [view, weights] = [model.get("view"), model.get("weights")];
  const focus = settled(layout, { on: model.get("focus_on"), at: model.get("focus") }, weights);
  return { ...geometry, layout, x, w, delta, view, weights, focus, places: placesOf(layout, focus, weights),
    y: timesMatrix(layout, w, x), gamma: timesTransposed(layout, w, delta), dw: tiedSum(layout, x, delta) };
}

/** A shared weight is chosen by its tap, a weight of its own by its entry; numbers stay in range. */
export function settled(layout, { on, at }, weights) {
  const focus = { on, at: Math.max(0, Math.min(at, howMany(layout, on) - 1)) };
  if (on === "entry" && weights === "shared" && layout.places[focus.at]?.tap >= 0) return { on: "w", at: layout.places[focus.at].tap };
  const first = layout.uses.find((use) => use.tap === focus.at);
  if (on === "w" && weights !== "shared" && first) return { on: "entry", at: first.row * layout.columns + first.column };
  return focus;
}

const tapName = (s, tap) => `${Math.floor(tap / s.m) + 1}${(tap % s.m) + 1}`;
const entryOf = (s) => [Math.floor(s.focus.at / s.layout.columns), s.focus.at % s.layout.columns];
const look = (s, tap) => (s.weights === "shared" && tap >= 0 ? `tap-${tap % s.m} tap-row-${Math.floor(tap / s.m)}` : "w");

/** The line under the picture: the sum that makes a number, or the places a number goes to. */
function arithmetic(s) {
  const { on, at } = s.focus;
  const part = (kind, letter, index, value) => ({ kind, letter, index, value });
  const makers = {
    k: (p, d = "") => (s.weights === "shared" ? part("w", `${d}k`, tapName(s, p.tap), s.w[p.tap]) : part("w", `${d}W`, `${p.row + 1},${p.column + 1}`, s.w[p.tap] ?? 0)),
    x: (p) => part("x", "x", p.column + 1, s.x[p.column]),
    δ: (p) => part("d", "δ", p.row + 1, s.delta[p.row]),
    y: (p) => part("y", "y", p.row + 1),
    γ: (p) => part("d", "γ", p.column + 1),
    "∂": (p) => makers.k(p, "∂"),
  };
  const all = (letters) => s.places.map((p) => [...letters].map((letter) => makers[letter](p)));
  const left = (kind, letter) => symbol(kind, letter, at + 1);
  if (on === "w" || on === "entry") {
    const [row, column] = entryOf(s);
    const name = on === "w" ? symbol("w", "k", tapName(s, at)) : symbol("w", "W", `${row + 1},${column + 1}`);
    if (on === "entry" && !s.places.length) return [name, " = 0"];
    return sumLine(h("span", {}, "∂E/∂", name), all("δx"), on === "w" ? s.dw[at] : s.delta[row] * s.x[column]);
  }
  if (s.view === "gradient") return usesLine(on === "y" ? left("d", "δ") : left("x", "x"), all("δx∂"));
  if (s.view === "forward") return on === "y" ? sumLine(left("y", "y"), all("kx"), s.y[at]) : usesLine(left("x", "x"), all("kxy"));
  return on === "x" ? sumLine(left("d", "γ"), all("kδ"), s.gamma[at]) : usesLine(left("d", "δ"), all("kδγ"));
}

/** What the chosen thing shows, in words. */
export function sentence(s) {
  const { layout, weights, view, focus: { on, at }, places } = s;
  if (!layout.size) return `No output, so W has no rows: the taps reach over ${reach(s)} pixels, the padded image has ${s.n + 2 * s.padding}. Take a larger image, more padding, or fewer or closer taps.`;
  if (on === "w") return aboutTap(s);
  if (on === "entry") return aboutEntry(s);
  const [name, other, index] = on === "y" ? ["output", "pixel", "column"] : ["pixel", "output", "row"];
  const line = `${(on === "y") === (view !== "backward") ? "Row" : "Column"} ${at + 1} of ${{ forward: "W", backward: "Wᵀ", gradient: "G" }[view]}`;
  if (!places.length) return `${line} is empty: ${on === "x" ? `no window reads pixel ${at + 1}` : `window ${at + 1} lies on padding only`}.`;
  const met = `${other}${places.length > 1 ? "s" : ""} ${listed(places.map((p) => p[index] + 1))}`;
  if (weights === "dense") return `${line}: in a dense layer the ${name} has a weight for every ${other}; ${places.filter(({ tap }) => tap < 0).length} of the ${places.length} are 0 only for now.`;
  if (view === "gradient") return `${line} is ${on === "y" ? `the image times δ${at + 1}` : `δ times pixel ${at + 1}`}; only its entries at ${met} have a weight to go to.`;
  if (view === "forward") return on === "y" ? `${line} makes output ${at + 1}: it is the kernel, laid over ${met}.` : `${line} belongs to pixel ${at + 1}, which feeds ${met}.`;
  return on === "x" ? `${line} was column ${at + 1} of W: what pixel ${at + 1} gave to ${met} comes back along the same lines.` : `${line} was row ${at + 1} of W: δ${at + 1} goes back to ${met}, which output ${at + 1} had read.`;
}

function aboutTap(s) {
  const [name, count] = [`k${tapName(s, s.focus.at)}`, s.places.length];
  const missed = s.layout.rows - count;
  if (!count) return `Tap ${name} meets only padding: it stands nowhere in W, and its gradient is 0.`;
  return `Tap ${name} stands in W ${plural(count, "time")}, ${missed ? `not in the ${plural(missed, "row")} where it lies on padding` : "once in every row"}. It is one number, so its gradient adds up ${count > 1 ? `${count} entries` : "one entry"} of G = δ xᵀ.`;
}

function aboutEntry(s) {
  const [row, column] = entryOf(s);
  const tap = s.layout.places[s.focus.at].tap;
  const share = (r, c) => show(s.delta[r] * s.x[c]);
  if (tap < 0 && s.weights === "dense") return `No window joins pixel ${column + 1} and output ${row + 1}, but a dense layer has a weight there: 0 now, with the gradient ${share(row, column)}.`;
  if (tap < 0) return `Pixel ${column + 1} does not lie under window ${row + 1}: no line, no weight. The product δ${row + 1}·x${column + 1} = ${share(row, column)} is dropped.`;
  const alike = s.layout.uses.filter((use) => use.tap === tap).map((use) => share(use.row, use.column));
  const list = listed(alike.length > 9 ? [...alike.slice(0, 8), "so on"] : alike);
  return `A weight of its own. The entries that begin as k${tapName(s, tap)} have the gradients ${list}${new Set(alike).size > 1 ? ": after one step of training they differ" : ""}.`;
}

/** The setting in words, for readers who hear the page. */
function setting(s) {
  return `${headings[s.view][0]}, ${s.weights}: image ${s.n}, kernel ${s.m}, stride ${s.stride}, padding ${s.padding}, dilation ${s.dilation}; W is ${s.layout.rows} by ${s.layout.columns}.`;
}

/** One cell of the table: pixels above (row −1), outputs at the left (column −1), entries of W between them. */
function describe(s, row, column) {
  const { focus, view, layout: { places, columns } } = s;
  const states = (kind, at, test) => [...(focus.on === kind && focus.at === at ? ["picked"] : []), ...(s.places.some(test) ? ["lit"] : [])];
  if (row < 0 && column < 0) return { text: "", label: "corner", states: ["cm-corner"] };
  const side = (kind, k, letter, tone, values, key) => ({ value: values[k], corner: String(k + 1), editable: "xδ".includes(letter), label: `${letter}${k + 1}`, states: [tone, ...states(kind, k, (p) => p[key] === k)] });
  if (row < 0) return side("x", column, ...(view === "backward" ? ["γ", "d", s.gamma] : ["x", "x", s.x]), "column");
  if (column < 0) return side("y", row, ...(view === "forward" ? ["y", "y", s.y] : ["δ", "d", s.delta]), "row");
  const { tap } = places[row * columns + column];
  const name = s.weights === "shared" && tap >= 0 ? `k${tapName(s, tap)}` : "";
  return { value: view === "gradient" ? s.delta[row] * s.x[column] : s.w[tap] ?? 0, corner: name, label: `${view === "gradient" ? "G" : "W"} ${row + 1},${column + 1} ${name}`,
    states: [tap >= 0 || s.weights === "dense" ? look(s, tap) : "cm-none", ...states("entry", row * columns + column, (p) => p.row === row && p.column === column)] };
}

function planTable(s) {
  if (!s.layout.size) return [[{ text: "–", label: "no row", states: ["hidden-value"] }]];
  const [down, across] = [upTo(s.layout.rows, -1), upTo(s.layout.columns, -1)];
  return upright(s) ? down.map((r) => across.map((c) => describe(s, r, c))) : across.map((c) => down.map((r) => describe(s, r, c)));
}

function planKernel(s) {
  const sums = s.view === "gradient";
  return upTo(s.m).map((u) => upTo(s.m).map((v) => {
    const tap = u * s.m + v;
    const state = s.focus.on === "w" && s.focus.at === tap ? "picked" : s.places.some((p) => p.tap === tap) ? "lit" : "";
    return { value: (sums ? s.dw : s.w)[tap], corner: `k${tapName(s, tap)}`, editable: !sums, label: `${sums ? "∂E/∂k" : "k"}${tapName(s, tap)}`, states: [look(s, tap), state] };
  }));
}

const headings = {
  forward: ["W", "x above, y = W x at the left", "Point at an output, then choose backward.", " Which lines does a row of W hold?"],
  backward: ["Wᵀ", "δ above, γ = Wᵀ δ at the left", "Point at a pixel γ.", " Which column of W has become its row?"],
  gradient: ["G = δ xᵀ", "x above, δ at the left", "Point at a tap of ∂E/∂K.", " Which entries of G does it add up? Then choose local."],
};

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const put = (name, q, value) => {
    const size = { x: "n", w: "m" }[name];
    const rows = fitted(model.get(name), size ? read(model)[size] : read(model).layout.size);
    set({ [name]: rows.map((row, i) => row.map((old, j) => (i * row.length + j === q ? value : old))) });
  };
  const choose = (on, at) => {
    const s = read(model);
    const next = settled(s.layout, { on, at }, s.weights);
    if (at >= 0 && (next.on !== s.focus.on || next.at !== s.focus.at)) set({ focus_on: next.on, focus: next.at });
  };
  const pointed = (row, column) => {
    if (row < 0) choose("x", column);
    else if (column < 0) choose("y", row);
    else choose("entry", row * read(model).layout.columns + column);
  };
  const turned = (i, j) => (upright(read(model)) ? [i - 1, j - 1] : [j - 1, i - 1]);
  const onRefuse = (text) => voice.refuse(text);
  const table = grid({
    onPick: (i, j) => { if (read(model).layout.size) pointed(...turned(i, j)); },
    onEdit: (i, j, value) => { const [row, column] = turned(i, j); put(row < 0 ? "x" : "delta", row < 0 ? column : row, value); },
    onRefuse,
  });
  const kernel = grid({
    onPick: (i, j) => choose("w", i * read(model).m + j),
    onEdit: (i, j, value) => put("w", i * read(model).m + j, value),
    onRefuse,
  });
  const map = heatMap(pointed);
  const net = network(pointed);
  const cells = table.el.querySelector(".cells");
  cells.after(map.el);
  const arrow = h("span", { class: "operator", "aria-hidden": "true" }, "→");
  const formula = h("div", { class: "formula" });
  const [lead, sum] = [h("p", { class: "try" }), h("p", { class: "sum" })];
  const voice = narrator();
  const bar = (legend, names, trait) => choice(legend, Object.fromEntries(names.map((name) => [name, name])), (value) => set({ [trait]: value }));
  const view = bar("What to compute", Object.keys(headings), "view");
  const kinds = ["dense", "local", "shared"];
  const weights = bar("Which entries are weights", kinds, "weights");
  const limits = [[2, 6], [1, 4], [1, 3], [0, 2], [1, 2]];
  const sliders = sizes.map((name, k) => slider({ label: name.split("_")[0], min: limits[k][0], max: limits[k][1], onInput: (value) => set({ [name]: value }) }));
  const about = choice("What to look at", { y: "an output", x: "a pixel", w: "a weight" }, (on) => choose(on, 0));
  const which = slider({ label: "number", min: 1, max: 1, onInput: (value) => choose(read(model).focus.on, value - 1) });
  const reset = button("reset", "back to the worked example", () => { voice.forgive(); set(model.get("initial")); }, "reset");
  el.addEventListener("input", voice.forgive);
  stage(el, "conv-matrix", "Convolution as a matrix");
  el.replaceChildren(lead, formula, net.el, sum, ...voice.parts, h("div", { class: "controls" }, view.el, weights.el, reset.el, ...sliders.map((s) => s.el),
    h("details", {}, h("summary", {}, "more: choose by number, edit"), h("div", {}, about.el, which.el,
      h("p", { class: "hint" }, "Point at a cell, a node or a line. Change an underlined number: type, drag, or turn the wheel. Arrow keys walk through the cells.")))));
  let shown = "";

  function draw() {
    const s = read(model);
    const small = Math.max(s.layout.rows, s.layout.columns) < tooMany;
    const order = [kernel.el, arrow, table.el];
    if (s.view === "gradient") order.reverse();
    if (formula.firstChild !== order[0]) formula.replaceChildren(...order);
    const [heading, sides, ask, question] = headings[s.view];
    const [down, across] = upright(s) ? [s.layout.rows, s.layout.columns] : [s.layout.columns, s.layout.rows];
    const note = s.layout.size ? `${down} × ${across}; ${sides}` : "no rows";
    const texts = { kind: "w", heading, note, label: `${heading}, ${note}` };
    const looks = (tap) => look(s, tap);
    table.update(small ? planTable(s) : [[{ text: "", label: "" }]], texts);
    cells.hidden = !small;
    map.el.hidden = small;
    if (!small) map.update(s, texts.label, looks);
    const [title, under] = s.view === "gradient" ? ["∂E/∂K", s.weights === "shared" ? "sums over G" : "if shared"] : ["K", "fills W"];
    kernel.update(planKernel(s), { kind: "w", heading: title, note: under, label: title });
    if (small && shown && shown !== s.view && [shown, s.view].includes("backward")) reflect(cells);
    shown = s.view;
    fitCells(formula, small ? [s.m, across + 1] : [s.m, 9]);
    net.update(s, looks, (tap) => `k${tapName(s, tap)}`);
    lead.replaceChildren(h("strong", {}, ask), question);
    sum.replaceChildren(...(s.layout.size ? arithmetic(s) : []));
    const total = counts(s.layout);
    weights.el.querySelectorAll("label span").forEach((span, k) => { span.textContent = `${kinds[k]} ${total[kinds[k]]}`; });
    voice.tell(sentence(s), setting(s), !s.layout.size);
    view.sync(s.view);
    weights.sync(s.weights);
    about.sync(s.focus.on === "entry" ? "w" : s.focus.on);
    const many = howMany(s.layout, s.focus.on);
    which.sync(s.focus.at + 1, `${s.focus.at + 1} of ${many}`, Math.max(1, many));
    sliders.forEach((each, k) => each.sync(model.get(sizes[k])));
  }

  const unfollow = follow(model, traits, draw);
  draw();
  const unwatch = net.watch(draw);
  return () => { unwatch(); unfollow(); };
}

/** Start from the mirror image in the diagonal, which is what stood there before, and turn over to the transpose. */
function reflect(cells) {
  if (!cells.isConnected || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  cells.animate(["rotate3d(1, 1, 0, 180deg)", "none"].map((transform) => ({ transform, transformOrigin: "0 0" })), { duration: 550, easing: "ease-in-out" });
}

export default { render };
