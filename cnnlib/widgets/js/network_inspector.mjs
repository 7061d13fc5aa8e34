// NetworkInspector: the 6×6 network whole. Draw, see every z, a, δ and gradient, follow a δ path by path, train.
// Traits   image, target, filters, filter_bias, weights, output_bias   view: net | output | backward   focus_on, channel, focus
//          lesson: digits | picture   rate   pictures, labels   sample   steps, costs   fresh: 69 numbers   initial: for reset
// Equations backprop-output, net6-delta-f, conv-dw, dense-dw, sgd
import { assign, button, choice, follow, h, narrator, player, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { backward, costOf, descend, examine, forward, three } from "./inspector_maths.mjs";
import { backwardLine, fine, forwardLine, pathLines, sentence } from "./inspector_words.mjs";
import { put, vector } from "./svg.mjs";

const parameters = ["filters", "filter_bias", "weights", "output_bias"];
const traits = [...parameters, "image", "target", "view", "focus_on", "channel", "focus", "lesson", "rate", "pictures", "labels", "sample", "steps", "costs"];
const sizes = { F: 16, P: 4, O: 3, W: 10, V: 12, B: 3 };
const columns = { F: 4, P: 2, W: 3, V: 4 };
const longest = 500;   // steps of training in one go, and costs kept
const six = (pixels) => [0, 1, 2, 3, 4, 5].map((i) => pixels.slice(6 * i, 6 * i + 6));
const edited = (tree, [at, ...rest], value) => tree.map((part, i) => (i !== at ? part : rest.length ? edited(part, rest, value) : value));

/** Two digits that fit a small cell: .71, −.02, 1.6, 12. */
export function compact(value) {
  const size = Math.abs(value);
  const text = size < 0.005 ? "0" : size < 0.995 ? size.toFixed(2).slice(1) : String(Number(size.toPrecision(2)));
  return value < 0 && text !== "0" ? `−${text}` : text;
}

/** Everything the picture needs, worked out from the traits. */
export function understand(model) {
  const net = Object.fromEntries(parameters.map((name) => [name, model.get(name)]));
  const [image, target, on, k] = ["image", "target", "focus_on", "channel"].map((name) => model.get(name));
  const found = forward(net, image.flat());
  const back = backward(net, image.flat(), target, found);
  const at = Math.min(model.get("focus"), sizes[on] - 1);
  const block = on === "P" ? at : on === "F" ? 2 * (at >> 3) + ((at % 4) >> 1) : -1;
  const view = model.get("view");
  return { net, image, target, on, k, at, block, found, back, view, letter: { net: "z", output: "a", backward: "δ" }[view], backwards: view === "backward", i: at >> 2, j: at % 4 };
}

// --- the picture ----------------------------------------------------------------------------------
/** What stands in every matrix, as the grids want it. */
function plansOf(s) {
  const { found, back, net, backwards } = s;
  const ending = backwards ? ", in hundredths" : "";
  const tinted = (values) => {
    const top = Math.max(...values.flat(9).map(Math.abs), 1e-12);
    return (value, states, label, more = {}) => ({ value, text: compact(backwards ? 100 * value : value), heat: Math.abs(value) / top, label: label + ending, ...more, states: [...states, ...(value < 0 ? ["negative"] : [])] });
  };
  const picked = (kind, k, place) => (kind === s.on && place === s.at && (k === s.k || kind === "O" || kind === "B") ? ["picked"] : []);
  const onPath = (k, place) => (s.block === place && s.k === k ? ["lit"] : []);
  const cell = (rows, heat, name, states) => rows.map((row, i) => row.map((value, j) => heat(value, states(i, j), `${name} row ${i + 1}, column ${j + 1}`)));
  const [maps, pools, outs] = { net: [found.z, found.pooled, found.zOut], output: [found.a, found.pooled, found.aOut], backward: [back.deltaF, back.gammaP, back.deltaOut] }[s.view];
  const own = backwards ? back.gradient : net;
  const asValue = backwards ? tinted : () => (value, states, label, more) => ({ value, states: ["w", ...states], label, ...more, editable: true });
  const [heatF, heatP, heatW, heatV, heatO, heatB] = [tinted(maps), tinted(pools), asValue([own.filters, own.filter_bias]), asValue(own.weights), tinted(outs), asValue(own.output_bias)];
  const plans = { x: s.image.map((row, i) => row.map((value, j) => ({ value, text: value === 0 || value === 1 ? " " : compact(value), heat: Math.min(1, Math.abs(value)),
    states: s.on === "F" && i >= s.i && i < s.i + 3 && j >= s.j && j < s.j + 3 ? ["lit"] : [], label: `row ${i + 1}, column ${j + 1}, ${value ? "ink" : "paper"}` }))) };
  three.forEach((k) => {
    const wins = (i, j) => found.winner[k].includes(4 * i + j);
    plans[`F${k}`] = cell(maps[k], heatF, `${s.letter} F${k + 1}`, (i, j) => [...(wins(i, j) ? ["lit"] : backwards ? ["faint"] : []), ...picked("F", k, 4 * i + j)]);
    plans[`P${k}`] = cell(pools[k], heatP, `${backwards ? "γ" : "a"} P${k + 1}`, (i, j) => [...onPath(k, 2 * i + j), ...picked("P", k, 2 * i + j)]);
    plans[`W${k}`] = cell(own.filters[k], heatW, `filter F${k + 1}`, (i, j) => picked("W", k, 3 * i + j));
    plans[`W${k}`].push([heatW(own.filter_bias[k], picked("W", k, 9), `bias F${k + 1}`, { corner: "b" })]);
    plans[`V${k}`] = cell(three.map((n) => own.weights[n][k].flat()), heatV, `weights P${k + 1}, output`, (n, p) => [...onPath(k, p), ...picked("V", k, 4 * n + p)]);
  });
  plans.O = three.map((n) => [heatO(outs[n], [...(n === s.target - 1 ? ["lit"] : []), ...picked("O", 0, n)], `${s.letter} O${n + 1}`, { corner: String(n + 1) }), heatB(own.output_bias[n], picked("B", 0, n), `bias O${n + 1}`, { corner: "b" })]);
  return plans;
}

/** Lines from the chosen pixel to the pooled pixel, its three weights and the outputs, in the gaps between the matrices. */
function makeThreads(net, boards) {
  const drawing = vector("svg", { class: "ins-threads", "aria-hidden": "true" });
  const update = (s) => {
    drawing.replaceChildren();
    if (s.block < 0 || net.clientWidth < 560) return;
    const frame = net.getBoundingClientRect();
    const ends = (name, i) => {
      const { left, right } = boards[name].el.querySelector(".cells").getBoundingClientRect();
      const { top, height } = boards[name].el.querySelectorAll(".cnn-row")[i].firstChild.getBoundingClientRect();
      return { left: left - frame.left, right: right - frame.left, y: top - frame.top + height / 2 };
    };
    const line = (a, b, cut) => {
      const middle = (a.right + b.left) / 2;
      return vector("path", { class: `ins-thread${s.backwards ? " back" : ""}${cut ? " cut" : ""}`, d: `M${a.right} ${a.y}C${middle} ${a.y} ${middle} ${b.y} ${b.left} ${b.y}` });
    };
    const pooled = ends(`P${s.k}`, s.block >> 1);
    const from = s.on === "F" ? [line(ends(`F${s.k}`, s.i), pooled, s.found.winner[s.k][s.block] !== s.at)] : [];
    drawing.append(...from, ...three.flatMap((n) => { const weight = ends(`V${s.k}`, n); return [line(pooled, weight), line(weight, ends("O", n))]; }));
  };
  return { drawing, update };
}

function makeCurve() {
  const [width, height, left] = [340, 120, 34];
  const rules = [0, 0.5, 1].map((share) => [vector("line", { class: "rule", x1: left, x2: width }), vector("text", { class: "tick", x: left - 5 }), share]);
  const line = vector("polyline", { class: "loss-line" });
  const dot = vector("circle", { class: "loss-dot", r: 4 });
  const drawing = vector("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", class: "ins-curve" }, ...rules.flatMap((pair) => pair.slice(0, 2)), line, dot);
  const update = (costs) => {
    const top = [0.1, 0.2, 0.4, 0.8].find((t) => t >= Math.max(...costs)) ?? 1.6;
    const toX = (i) => (left + (i / Math.max(20, costs.length - 1)) * (width - left - 6)).toFixed(1);
    const toY = (cost) => (6 + (1 - cost / top) * (height - 16)).toFixed(1);
    rules.forEach(([rule, text, share]) => {
      const y = toY(share * top);
      put(rule, { y1: y, y2: y });
      put(text, { y });
      text.textContent = fine(share * top);
    });
    put(line, { points: costs.map((cost, i) => `${toX(i)},${toY(cost)}`).join(" ") });
    put(dot, { cx: toX(costs.length - 1), cy: toY(costs.at(-1)) });
    put(drawing, { "aria-label": `Cost over the last ${costs.length - 1} steps, now ${fine(costs.at(-1))}.` });
  };
  return { drawing, update };
}

/** Draw by pressing and moving, with mouse, pen or finger; space and Enter turn the focused pixel over. */
function makePen(board, model, change) {
  let ink = null;
  const turn = (cell, wanted) => {
    const [i, j] = cell.dataset.at.split(",").map(Number);
    const value = wanted ?? (model.get("image")[i][j] === 0 ? 1 : 0);
    if (model.get("image")[i][j] !== value) change(edited(model.get("image"), [i, j], value));
    return value;
  };
  board.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest(".cnn-cell");
    if (!cell || event.button > 0) return;
    event.target.releasePointerCapture(event.pointerId);
    ink = turn(cell);
  });
  board.addEventListener("pointermove", (event) => {
    if (!event.buttons) ink = null;
    const cell = ink === null ? null : document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-at]");
    if (cell && board.contains(cell)) turn(cell, ink);
  });
  board.addEventListener("keydown", (event) => {
    if (![" ", "Enter"].includes(event.key)) return;
    event.preventDefault();
    turn(event.target);
  });
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const restart = { steps: 0, costs: [] };
  const choose = (on, channel, focus) => set({ focus_on: on, channel, focus });
  const board = (kind, k) => grid({
    onPick: (i, j, hovered) => hovered || kind === "x" || (kind === "O" ? choose(j ? "B" : "O", 0, i) : choose(kind, k, columns[kind] * i + j)),
    onEdit: (i, j, value) => {
      const [name, path] = kind === "V" ? ["weights", [i, k, j >> 1, j % 2]] : kind === "O" ? ["output_bias", [i]] : i > 2 ? ["filter_bias", [k]] : ["filters", [k, i, j]];
      set({ [name]: edited(model.get(name), path, value), ...restart });
    },
    onRefuse: (text) => voice.refuse(text),
  });
  const kinds = ["W", "F", "P", "V"];
  const boards = { x: board("x", 0), O: board("O", 0), ...Object.fromEntries(three.flatMap((k) => kinds.map((kind) => [kind + k, board(kind, k)]))) };
  const shown = (more) => set({ ...more, ...(model.get("lesson") === "picture" ? restart : {}) });
  makePen(boards.x.el, model, (image) => shown({ image, sample: -1 }));
  const target = choice("The picture shows a", { 1: "1", 2: "2", 3: "3" }, (value) => shown({ target: Number(value) }));
  const digits = () => model.get("labels").slice(0, model.get("pictures").length).map((label, i) => ({ label, x: [...model.get("pictures")[i]].map(Number) }));
  const another = button("next digit", "show the next training digit", () => {
    const list = digits();
    const sample = (model.get("sample") + 1) % list.length;
    shown({ sample, image: six(list[sample].x), target: list[sample].label });
  });
  const clear = button("clear", "wipe the picture", () => shown({ image: six(Array(36).fill(0)), sample: -1 }));
  const view = choice("What to show", { net: "z", output: "a", backward: "δ" }, (value) => set({ view: value }));
  const lesson = choice("Learn from", { digits: "all digits", picture: "this picture" }, (value) => { film.stop(); set({ lesson: value, ...restart }); });
  const rate = slider({ label: "rate η", min: 1, max: 10, onInput: (value) => set({ rate: value }) });
  const school = () => (model.get("lesson") === "digits" ? digits() : [{ x: model.get("image").flat(), label: model.get("target") }]);
  const learn = () => {
    const { net, cost } = descend(understand(model).net, school(), model.get("rate"));
    set({ ...net, steps: model.get("steps") + 1, costs: [...model.get("costs"), cost].slice(-longest) });
    return model.get("steps") % longest !== 0;
  };
  const film = player({ advance: learn, delay: () => 40, onChange: (on) => { play.sync(on ? "❚❚ pause" : "▶ train", on ? "pause" : "train on from here"); voice.mute(on); if (!on) draw(); } });
  const step = button("one step", "one step downhill", () => { film.stop(); learn(); });
  const play = button("▶ train", "train on from here", film.toggle);
  const fresh = button("fresh weights", "start from random weights", () => {
    film.stop();
    const rest = [...model.get("fresh")];
    const refill = (part) => (Array.isArray(part) ? part.map(refill) : rest.shift());
    set({ ...Object.fromEntries(parameters.map((name) => [name, refill(model.get(name))])), ...restart });
  });
  const reset = button("reset", "back to the worked example", () => { film.stop(); voice.forgive(); set(model.get("initial")); }, "reset");
  const [curve, voice] = [makeCurve(), narrator()];
  const [sum, score, legend] = ["sum ins-sum", "caption ins-score", "caption ins-legend"].map((name) => h("p", { class: name }));
  const net = h("div", { class: "ins-net" },
    h("div", { class: "ins-side" }, boards.x.el, h("div", { class: "ins-tools" }, another.el, clear.el)),
    h("div", { class: "ins-lanes" }, ...three.map((k) => h("div", { class: "ins-lane" }, ...kinds.map((kind) => boards[kind + k].el)))),
    h("div", { class: "ins-side" }, boards.O.el, h("div", { class: "ins-target" }, h("span", { class: "caption" }, "target"), target.el)));
  const threads = makeThreads(net, boards);
  net.append(threads.drawing);
  stage(el, "network-inspector", "A whole network, forward and backward");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Choose a pixel of a δ map"), " and follow its three paths to the cost. Then draw a picture, and train."),
    net, legend, sum, ...voice.parts,
    h("div", { class: "ins-school" }, h("div", {}, curve.drawing, score), h("div", { class: "controls" }, view.el, lesson.el, h("span", { class: "steps" }, step.el, play.el), reset.el, rate.el, fresh.el)));

  el.addEventListener("input", voice.forgive);
  let current;
  function draw() {
    const s = understand(model);
    const [{ backwards }, plans] = [s, plansOf(s)];
    const [colour, slope] = backwards ? ["d", "∂C/∂"] : ["y", ""];
    current = s;
    boards.x.update(plans.x, { kind: "x", heading: "x", note: "press and draw", label: "picture x; space turns a pixel over" });
    three.forEach((k) => {
      const headings = { W: `${slope}w F${k + 1}`, F: `${s.letter} F${k + 1}`, P: `${backwards ? "γ" : "a"} P${k + 1}`, V: `${slope}w O1, O2, O3` };
      kinds.forEach((kind) => boards[kind + k].update(plans[kind + k], { kind: `${"WV".includes(kind) && !backwards ? "w" : colour} ins-${kind}`, heading: headings[kind], label: `${headings[kind]}, lane ${k + 1}` }));
    });
    boards.O.update(plans.O, { kind: colour, heading: `${s.letter} O`, note: `C = ${fine(costOf(s.found, s.target))}`, label: `${s.letter} of the outputs, and their biases` });
    threads.update(s);
    legend.textContent = `Thick border: winner, target. ${backwards ? "All numbers in hundredths." : "Underlined numbers can be changed."}`;
    sum.replaceChildren(...(!backwards ? forwardLine(s) : s.on === "F" ? pathLines(s) : backwardLine(s)));
    const pupils = school();
    const { cost, wrong } = examine(s.net, pupils);
    curve.update([...model.get("costs"), cost]);
    score.textContent = `${model.get("steps")} steps · cost ${fine(cost)} · ${wrong} of ${pupils.length} wrong`;
    score.classList.toggle("done", wrong === 0);
    voice.tell(sentence(s), `${score.textContent}. ${sum.textContent}.`);
    target.sync(String(s.target)); view.sync(s.view); lesson.sync(model.get("lesson")); rate.sync(model.get("rate"));
  }

  const watch = new ResizeObserver(() => threads.update(current));
  const unfollow = follow(model, traits, draw);
  draw();
  watch.observe(net);
  return () => { film.stop(); watch.disconnect(); unfollow(); };
}

export default { render };
