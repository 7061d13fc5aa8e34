// MlpGraph: choose a weight of a 2–3–2 network, see its paths to E and its derivative, factor by factor.
// Traits   inputs, targets: 2 numbers   q: 3 × 3, r: 2 × 4 (rows: weights, then bias)   activation: sigmoid | tanh | relu
//          view: paths | backward   focus: weight, row-major through q, then r   frame: −1 all, else pieces shown   initial: for reset
// Equations backprop-output, backprop, backprop-weight
import { assign, button, choice, fitCells, follow, h, menu, narrator, player, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { passes, pathsToLoss, whereIs } from "./mlp_maths.mjs";
import { put, vector } from "./svg.mjs";
import { symbol } from "./sum.mjs";

const traits = ["inputs", "targets", "q", "r", "activation", "view", "focus", "frame"];
const spots = { p: [[45, 95], [45, 205]], q: [[175, 50], [175, 150], [175, 250]], r: [[305, 95], [305, 205]], e: [[405, 150]] };
const before = { q: "p", r: "q" };

/** Four significant digits, a real minus sign. */
function fine(value) {
  const text = Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-4) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", "−");
}

/** Everything the picture needs, worked out from the traits. */
function understand(model) {
  const net = Object.fromEntries(["inputs", "targets", "q", "r", "activation"].map((name) => [name, model.get(name)]));
  const found = passes(net);
  const at = whereIs(model.get("focus"), net);
  const view = model.get("view");
  const paths = pathsToLoss(model.get("focus"), net, found);
  const pieces = view === "paths" ? paths[0].factors.length : (at.layer === "q" ? 4 : 2);
  const frame = model.get("frame");
  const shown = frame < 0 ? pieces : Math.min(frame, pieces);
  const gradient = found[at.layer === "q" ? "dq" : "dr"][at.to][at.from];
  const name = at.bias ? `b${at.layer}${at.to + 1}` : `θ${at.layer}${at.to + 1}${at.from + 1}`;
  return { ...net, found, ...at, view, paths, pieces, shown, gradient, name };
}

const valueOf = ({ kind, value }) => h("span", { class: kind }, value < 0 ? `(${fine(value)})` : fine(value));
const sign = (text) => h("span", { class: "sign" }, text);
const between = (pieces, text) => pieces.flatMap((piece, i) => (i ? [sign(text), piece] : [piece]));
const group = (...parts) => h("span", { class: "group step" }, ...parts);
const ofE = (s) => [sign("∂E/∂"), symbol("w", s.bias ? "b" : "θ", s.name.slice(1))];

/** One product for each path, multiplied out from the weight towards E. */
function byPaths(s) {
  const hidden = () => sign("…");
  const product = (write) => s.paths.map(({ factors }) => h("span", { class: "term" }, ...between(factors.map((f, i) => (i < s.shown ? write(f) : hidden())), "·")));
  const total = s.shown < s.pieces ? hidden() : h("strong", { class: "total" }, fine(s.gradient));
  return [group(...ofE(s), sign(" = "), ...between(product((f) => symbol(f.kind, f.letter, f.index)), " + ")),
    group(sign("= "), ...between(product(valueOf), " + ")), group(sign("= "), total)];
}

/** The same number by back-propagation: from E back, each δ once. */
function byDeltas(s) {
  const { found, to, from, layer, bias } = s;
  const delta = (unit, k) => symbol("d", "δ", `${unit}${k + 1}`);
  const result = (value) => [sign(" = "), h("strong", { class: "total" }, fine(value))];
  const red = (value) => valueOf({ kind: "d", value });
  const last = (k) => group(delta("r", k), sign(" = "), symbol("d", "e", k + 1), sign("·"), symbol("y", "φ′", `r${k + 1}`), sign(" = "),
    red(found.miss[k]), sign("·"), valueOf({ kind: "y", value: found.output.slope[k] }), ...result(found.deltaR[k]));
  const [deltas, sources, letter] = layer === "q" ? [found.deltaQ, s.inputs, "p"] : [found.deltaR, found.hidden.out, "q"];
  const weight = bias ? group(...ofE(s), sign(" = "), delta(layer, to), ...result(s.gradient))
    : group(...ofE(s), sign(" = "), delta(layer, to), sign("·"), symbol("x", "o", `${letter}${from + 1}`), sign(" = "), red(deltas[to]), sign("·"), valueOf({ kind: "x", value: sources[from] }), ...result(s.gradient));
  if (layer === "r") return [last(to), weight].slice(0, s.shown);
  const sum = (write) => [sign("("), ...between(s.r.map((row, k) => h("span", { class: "term" }, ...write(row, k))), " + "), sign(")")];
  const middle = group(delta("q", to), sign(" = "), symbol("y", "φ′", `q${to + 1}`), sign("·"), ...sum((row, k) => [symbol("w", "θ", `r${k + 1}${to + 1}`), delta("r", k)]), sign(" = "),
    valueOf({ kind: "y", value: found.hidden.slope[to] }), sign("·"), ...sum((row, k) => [valueOf({ kind: "w", value: row[to] }), sign("·"), red(found.deltaR[k])]), ...result(found.deltaQ[to]));
  return [last(0), last(1), middle, weight].slice(0, s.shown);
}

/** What happened, in words. */
function words(s) {
  const units = s.layer === "q" ? "output units 1 and 2" : `output unit ${s.to + 1}`;
  const dead = s.found[s.layer === "q" ? "hidden" : "output"].slope[s.to] === 0;
  if (dead) return [`The slope φ′ of unit ${s.layer}${s.to + 1} is 0, so nothing comes back through it: ∂E/∂${s.name} = 0.`, true];
  if (s.view === "paths") return [`${s.name} reaches E along ${s.paths.length === 1 ? "one path" : "two paths"}, through unit ${s.layer}${s.to + 1}${s.layer === "q" ? ` and ${units}` : ""}: multiply along a path, add over paths.`, false];
  return [s.layer === "q" ? `Back from E: both δ of layer r are needed once, whichever weight you choose; unit q${s.to + 1} collects them, and its δ serves all its weights.`
    : `Back from E: δ of ${units} is the miss times the slope, and it serves all four weights of that unit.`, false];
}

function makeGraph(choose) {
  const edge = (layer, j, i) => {
    const [[x1, y1], [x2, y2]] = [spots[before[layer]][i], spots[layer][j]];
    const line = vector("line", { class: "edge", x1, y1, x2, y2 });
    const reach = vector("line", { class: "reach", x1, y1, x2, y2 });
    reach.addEventListener("click", () => choose(layer, j, i));
    const share = layer === "q" ? 0.42 + 0.16 * i : 0.46;
    const label = vector("text", { class: "edge-label", x: x1 + (x2 - x1) * share, y: y1 + (y2 - y1) * share - 4 });
    return { layer, j, i, line, reach, label };
  };
  const edges = [...[0, 1, 2].flatMap((j) => [0, 1].map((i) => edge("q", j, i))), ...[0, 1].flatMap((j) => [0, 1, 2].map((i) => edge("r", j, i)))];
  const ends = [0, 1].map((k) => vector("line", { class: "edge", x1: spots.r[k][0], y1: spots.r[k][1], x2: spots.e[0][0], y2: spots.e[0][1] }));
  const nodes = Object.entries(spots).flatMap(([layer, list]) => list.map(([x, y], j) => {
    const circle = vector("circle", { class: `unit ${{ p: "x", q: "x", r: "y", e: "d" }[layer]}`, cx: x, cy: y, r: 28 });
    const [name, value, under] = [[-5, "unit-name"], [12, "unit-value"], [43, "unit-delta"]].map(([dy, kind]) => vector("text", { class: kind, x, y: y + dy }));
    name.append(layer === "e" ? "E" : `o ${layer}${j + 1}`);
    return { layer, j, circle, value, under, parts: [circle, name, value, under] };
  }));
  const drawing = vector("svg", { viewBox: "0 0 440 300", role: "img", class: "mlp-drawing" }, ...edges.map((e) => e.line), ...ends, ...edges.map((e) => e.reach),
    ...nodes.flatMap((n) => n.parts), ...edges.map((e) => e.label));
  const update = (s) => {
    const { found } = s;
    const onPath = ({ layer, j, i }) => (layer === s.layer ? j === s.to && i === s.from : layer === "r" && i === s.to);
    edges.forEach((e) => {
      const chosen = e.layer === s.layer && onPath(e);
      put(e.line, { class: `edge ${onPath(e) ? (s.view === "paths" ? "lit" : "lit back") : ""} ${chosen ? "chosen" : ""}` });
      e.label.textContent = onPath(e) ? fine(s[e.layer][e.j][e.i]) : "";
    });
    ends.forEach((line, k) => put(line, { class: `edge ${s.paths.some((path) => path.k === k) ? (s.view === "paths" ? "lit" : "lit back") : ""}` }));
    const outs = { p: s.inputs, q: found.hidden.out, r: found.output.out, e: [found.loss] };
    const deltas = { q: found.deltaQ, r: found.deltaR };
    nodes.forEach((n) => {
      n.value.textContent = fine(Number(outs[n.layer][n.j].toPrecision(3)));
      n.under.textContent = s.view === "backward" && deltas[n.layer] ? `δ ${fine(Number(deltas[n.layer][n.j].toPrecision(3)))}` : "";
      const met = { p: s.layer === "q" && !s.bias && n.j === s.from, q: s.layer === "q" ? n.j === s.to : !s.bias && n.j === s.from, r: s.paths.some((path) => path.k === n.j), e: true }[n.layer];
      n.circle.classList.toggle("met", met);
    });
    put(drawing, { "aria-label": `Two inputs p, three hidden units q, two output units r, loss E = ${fine(found.loss)}. Lit: the ${s.paths.length === 1 ? "path" : "two paths"} from ${s.name} to E.` });
  };
  return { drawing, update };
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const focusOf = (layer, j, i) => (layer === "q" ? 3 * j + i : 9 + 4 * j + i);
  const choose = (layer, j, i) => {
    const focus = focusOf(layer, j, i);
    if (focus !== model.get("focus")) set({ focus, frame: -1 });
  };
  const replaced = (rows, i, j, value) => rows.map((row, a) => row.map((old, b) => (a === i && b === j ? value : old)));
  const matrix = (name) => grid({
    onPick: (i, j, hovered) => { if (!hovered) choose(name, i, j); },
    onEdit: (i, j, value) => set({ [name]: replaced(model.get(name), i, j, value) }),
    onRefuse: (text) => voice.refuse(text),
  });
  const column = (name) => grid({ onPick: () => {}, onEdit: (i, j, value) => set({ [name]: model.get(name).map((old, a) => (a === i ? value : old)) }), onRefuse: (text) => voice.refuse(text) });
  const grids = { inputs: column("inputs"), q: matrix("q"), r: matrix("r"), targets: column("targets") };
  const graph = makeGraph(choose);
  const lead = h("p", { class: "try" }, h("strong", {}, "Choose a weight"), ", in the picture or in Θ. How many paths lead from it to E?");
  const formula = h("div", { class: "formula" }, ...Object.values(grids).map((g) => g.el));
  const sum = h("p", { class: "sum mlp-sum" });
  const voice = narrator();
  const view = choice("How to compute", { paths: "path by path", backward: "backward" }, (value) => { film.stop(); set({ view: value, frame: -1 }); });
  const go = (by) => {
    const { pieces } = understand(model);
    const now = model.get("frame");
    const next = now < 0 ? (by > 0 ? 0 : pieces - 1) : now + by;
    set({ frame: next < 0 || next >= pieces ? -1 : next });
    return model.get("frame") >= 0;
  };
  const film = player({ advance: () => go(1), delay: () => 900, onChange: (on) => { play.sync(on ? "❚❚ pause" : "▶ play", on ? "pause" : "reveal piece by piece"); voice.mute(on); } });
  const back = button("◀ step", "one piece back", () => { film.stop(); go(-1); });
  const forth = button("step ▶", "one piece on", () => { film.stop(); go(1); });
  const play = button("▶ play", "reveal piece by piece", film.toggle);
  const phi = menu("φ", { sigmoid: "sigmoid", tanh: "tanh", relu: "ReLU" }, (value) => { film.stop(); set({ activation: value, frame: -1 }); });
  const blank = button("all weights 0", "set all weights and biases to 0", () => { film.stop(); set({ q: model.get("q").map((row) => row.map(() => 0)), r: model.get("r").map((row) => row.map(() => 0)), frame: -1 }); });
  const reset = button("reset", "back to the worked example", () => { film.stop(); voice.forgive(); set(model.get("initial")); }, "reset");
  stage(el, "mlp-graph", "A network with its weights as lines");
  el.replaceChildren(lead, graph.drawing, formula, sum, ...voice.parts,
    h("div", { class: "controls" }, view.el, h("span", { class: "steps" }, back.el, play.el, forth.el), phi.el, blank.el, reset.el,
      h("p", { class: "hint" }, "Every underlined number can be changed: type, drag it up or down, or turn the wheel. Arrow keys walk through the weights.")));
  el.addEventListener("input", voice.forgive);

  function plan(s, name) {
    if (name === "inputs" || name === "targets") return s[name].map((value, i) => [{ value, corner: String(i + 1), label: `${name === "inputs" ? "input o p" : "target t"}${i + 1}`, editable: true }]);
    return s[name].map((row, j) => row.map((value, i) => {
      const bias = i === row.length - 1;
      const states = name === s.layer && j === s.to && i === s.from ? ["picked"] : name === "r" && s.layer === "q" && i === s.to ? ["lit"] : [];
      return { value, corner: bias ? `b${j + 1}` : `${j + 1}${i + 1}`, states, label: bias ? `bias b ${name}${j + 1}` : `weight θ ${name}${j + 1}${i + 1}`, editable: true };
    }));
  }

  function draw() {
    const s = understand(model);
    const titles = { inputs: ["x", "o", "layer p"], q: ["w", "Θ | b", "layer q"], r: ["w", "Θ | b", "layer r"], targets: ["y", "t", "targets"] };
    Object.entries(grids).forEach(([name, g]) => {
      const [kind, heading, note] = titles[name];
      g.update(plan(s, name), { kind, heading, note, label: `${heading}, ${note}` });
    });
    fitCells(formula, [1, 3, 4, 1]);
    graph.update(s);
    sum.replaceChildren(...(s.view === "paths" ? byPaths(s) : byDeltas(s)));
    const [sentence, warning] = words(s);
    const piece = s.shown < s.pieces ? `Piece ${s.shown} of ${s.pieces}. ` : "";
    voice.tell(sentence, `${piece}${s.view === "paths" ? "Path by path" : "Backward"}, φ is ${s.activation}. ∂E/∂${s.name} = ${fine(s.gradient)}.`, warning);
    view.sync(s.view);
    phi.sync(s.activation);
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
