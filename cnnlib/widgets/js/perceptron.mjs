// Perceptron: move points, switch their labels, and watch one unit look for a line between them.
// Traits   points: [x₁, x₂][]   labels: ±1 each   activation: sign | sigmoid | tanh   w: [w₁, w₂]   b   rate: η
//          seen: samples shown so far   speed   presets: { name: { points, labels } }   initial: traits for reset
// Equations perceptron-update, logistic-grad, tanh-sigmoid
import { chord, clip, levels, loss, obstacle, step, target, unit } from "./perceptron_maths.mjs";
import { assign, button, choice, follow, h, listed, menu, narrator, player, show, slider, stage } from "./draw.mjs";
import { symbol } from "./sum.mjs";

const traits = ["points", "labels", "activation", "w", "b", "rate", "seen", "speed"];
const delays = { slow: 1500, normal: 600, fast: 120 };
const [low, high, scale] = [-1.5, 2.5, 100];
const square = [[low, low], [high, low], [high, high], [low, high]];
const arrows = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const names = { sign: "sign", sigmoid: "σ", tanh: "tanh" };

/** Everything the picture needs, worked out from the traits. */
export function read(model) {
  const s = Object.fromEntries(traits.map((name) => [name, model.get(name)]));
  const n = s.points.length;
  const all = s.points.map((_, i) => step(s, i));
  const next = all[s.seen % n];
  const wrong = all.filter((one) => !one.right).map((one) => one.index + 1);
  const mean = all.reduce((sum, one) => sum + loss(s.activation, one.z, one.label), 0) / n;
  return { ...s, n, all, next, wrong, mean, pass: Math.floor(s.seen / n), blocked: obstacle(s.points, s.labels),
    moves: next.error !== 0, flat: s.w.every((v) => v === 0) };
}

const at = ([x1, x2]) => `${show(x1)}, ${show(x2)}`;
const kindName = (label) => (label > 0 ? "plus" : "minus");
const numbered = (list) => (list.length > 1 ? `points ${listed(list)}` : `point ${list[0]}`);

/** Whether a line exists, and if not, which points show it. */
export function verdict(s) {
  const kinds = new Set(s.labels);
  if (!s.blocked) return kinds.size < 2 ? "All labels are equal, so there is nothing to separate." : "A line between the two kinds exists.";
  const [a, b] = s.blocked.map((list) => list.map((i) => i + 1));
  const why = { 11: `points ${a[0]} and ${b[0]} lie on the same spot and have different labels`,
    12: `point ${a[0]} lies on the segment between points ${listed(b)}, which have the other label`,
    22: `the segment between points ${listed(a)} crosses the segment between points ${listed(b)}`,
    13: `point ${a[0]} lies in the triangle of points ${listed(b)}, which have the other label` }[`${a.length}${b.length}`];
  return `No line exists: ${why}. Some point never gets to its own side.`;
}

/** What the next step does, in words. */
export function sentence(s) {
  const { next, activation } = s;
  if (activation === "sign" && !s.wrong.length) return `All ${s.n} points lie on their own side: the rule changes nothing any more.`;
  const who = `Point ${next.index + 1} is next`;
  const side = next.z === 0 ? (s.flat ? "gets z = 0, neither side" : "lies on the line itself") : `lies on the ${next.right ? "right" : "wrong"} side`;
  if (activation === "sign") return `${who}. It ${side}, so the step ${next.right ? "changes nothing" : `${next.label > 0 ? "adds" : "subtracts"} η times its input`}.`;
  const far = `The output is ${show(Math.abs(next.error))} ${next.error > 0 ? "too small" : "too large"}`;
  return `${who}. It ${side}. ${far}; the step ${next.error > 0 ? "adds" : "subtracts"} that much of η times its input.`;
}

function setting(s) {
  return `${s.activation} unit, weights ${show(s.w[0])} and ${show(s.w[1])}, bias ${show(s.b)}, pass ${s.pass}. ${
    s.wrong.length ? `On the wrong side or on the line: ${numbered(s.wrong)}.` : ""} ${verdict(s)}`;
}

/** z = w₁x₁ + w₂x₂ + b, the output, and the new weights, with numbers. */
function arithmetic(s) {
  const { next } = s;
  const sign = (text) => h("span", { class: "sign" }, text);
  const put = (kind, value) => h("span", { class: kind }, value < 0 ? `(${show(value)})` : show(value));
  const group = (...parts) => h("span", { class: "group" }, ...parts);
  const exact = (...values) => (values.every((v) => Math.abs(v * 100 - Math.round(v * 100)) < 1e-9) ? " = " : " ≈ ");
  const triple = (kind, values) => h("span", { class: `term ${kind}` }, `(${values.map(show).join(", ")})`);
  const [[w1, w2], b, [x1, x2]] = [s.w, s.b, next.x];
  const factor = s.activation === "sign" ? (next.error ? "t" : "0") : "(t − y)";
  const first = h("p", { class: "sum" }, group(symbol("", "z"), sign(" = "), symbol("w", "w", 1), symbol("x", "x", 1), sign(" + "), symbol("w", "w", 2), symbol("x", "x", 2), sign(" + "), symbol("w", "b")), " ",
    group(sign(exact(w1, w2, b, next.z)), put("w", w1), "·", put("x", x1), sign(" + "), put("w", w2), "·", put("x", x2), sign(" + "), put("w", b), sign(exact(w1, w2, b, next.z)), h("strong", {}, show(next.z))), " ",
    group(symbol("y", "y"), sign(` = ${names[s.activation]}(z)${exact(next.y)}`), h("span", { class: "y" }, show(next.y))), " ", group(symbol("", "t"), sign(" = "), show(next.t)));
  const second = h("p", { class: "sum" }, group(symbol("w", "w", 1), sign(", "), symbol("w", "w", 2), sign(", "), symbol("w", "b"), sign(" ← "), triple("w", [w1, w2, b]), sign(" + "), "η", "·", h("span", { class: "d" }, factor), "·", triple("x", [x1, x2, 1])), " ",
    group(sign(exact(...s.w, b, next.error, ...next.w, next.b)), triple("w", [w1, w2, b]), sign(" + "), show(s.rate), "·", put("d", next.error), "·", triple("x", [x1, x2, 1])), " ",
    group(sign(exact(...s.w, b, next.error, ...next.w, next.b)), triple("w", [...next.w, next.b])));
  return [first, second];
}

// --- the plane ---------------------------------------------------------------------------------
function s2(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

const px = ([x1, x2]) => [(x1 - low) * scale, (high - x2) * scale];
const coordinates = (points) => points.map((p) => px(p).map((v) => v.toFixed(1)).join(",")).join(" ");
const stroke = (name, points) => s2("polyline", { class: name, points: coordinates(points) });

function frame() {
  const ticks = [-1, 0, 1, 2].flatMap((v) => [stroke(v ? "rule" : "axis", [[v, low], [v, high]]), stroke(v ? "rule" : "axis", [[low, v], [high, v]])]);
  const text = (p, content, name) => s2("text", { x: px(p)[0], y: px(p)[1], class: name }, content);
  const labels = [-1, 1, 2].flatMap((v) => [text([v, -0.17], show(v), "tick"), text([-0.12, v - 0.05], show(v), "tick")]);
  return [...ticks, ...labels, text([2.38, 0.08], "x₁", "name"), text([0.14, 2.35], "x₂", "name")];
}

function scene(s) {
  const bands = (s.flat && !s.b && s.activation === "sign" ? [] : levels(s.activation)).map((level) => clip(square, s.w, s.b, level)).filter((polygon) => polygon.length > 2);
  const shade = bands.map((polygon) => s2("polygon", { class: s.activation === "sign" ? "band whole" : "band", points: coordinates(polygon) }));
  const proof = s.blocked ? s.blocked.filter((list) => list.length > 1).map((list) => stroke("proof", [...list, list[0]].map((i) => s.points[i]))) : [];
  const ends = chord(s.w, s.b, low, high);
  const line = ends ? [stroke("line", ends), ...arrow(ends, s.w)] : [];
  const coming = s.moves && chord(s.next.w, s.next.b, low, high);
  return [...shade, ...frame(), ...proof, ...(coming ? [stroke("coming", coming)] : []), ...line];
}

/** The weights as an arrow: it stands on the line and points to the positive side. */
function arrow([p, q], w) {
  const length = Math.hypot(...w);
  const foot = p.map((v, k) => (v + q[k]) / 2);
  const tip = foot.map((v, k) => v + (0.42 * w[k]) / length);
  const barb = (side) => tip.map((v, k) => v - (0.12 * w[k] + side * 0.07 * (k ? w[0] : -w[1])) / length);
  return [stroke("line", [foot, tip]), stroke("line", [barb(1), tip, barb(-1)])];
}

/** The table beside the plane: one row for each point. */
function rows(s) {
  return s.all.map((one) => h("tr", { class: one.index === s.next.index ? "next" : null },
    h("th", { scope: "row" }, `${one.index === s.next.index ? "▸ " : ""}${one.index + 1}`), h("td", { class: "x" }, `(${at(one.x)})`), h("td", {}, show(target(s.activation, one.label))),
    h("td", { title: String(one.z) }, show(one.z)), h("td", { class: "y", title: String(one.y) }, show(unit(s.activation, one.z))), h("td", {}, one.right ? "✓" : h("strong", { class: "d" }, "✗"))));
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const svg = s2("svg", { viewBox: `0 0 ${(high - low) * scale} ${(high - low) * scale}`, "aria-hidden": "true" });
  const dots = h("div", { class: "cnn-dots" });
  const plane = h("div", { class: "cnn-plane", role: "group", "aria-label": "points in the plane" }, svg, dots);
  const body = h("tbody");
  const note = h("p", { class: "caption" });
  const head = ["point", "x", "t", "z", "y", "right"].map((text) => h("th", { scope: "col", class: { x: "x", y: "y" }[text] ?? null }, text));
  const table = h("table", { class: "cnn-points" }, h("thead", {}, h("tr", {}, ...head)), body);
  const sums = h("div", {});
  const exists = h("p", { class: "verdict" });
  const voice = narrator();

  const move = (index, point) => {
    const inside = point.map((v) => Math.min(high, Math.max(low, Math.round(v * 100) / 100)));
    set({ points: model.get("points").map((old, i) => (i === index ? inside : old)) });
  };
  const flip = (index) => set({ labels: model.get("labels").map((label, i) => (i === index ? -label : label)) });

  function makeDot(index) {
    const dot = h("button", { type: "button", class: "cnn-dot", "data-lm-suppress-shortcuts": "true" }, h("span", { "aria-hidden": "true" }), h("sub", { "aria-hidden": "true" }, String(index + 1)));
    let held = null;
    dot.addEventListener("click", () => { if (held !== "moved") flip(index); held = null; });
    dot.addEventListener("keydown", (event) => {
      if (!(event.key in arrows) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const by = event.shiftKey ? 0.5 : 0.1;
      move(index, model.get("points")[index].map((v, k) => v + by * arrows[event.key][k]));
    });
    dot.addEventListener("pointerdown", (event) => { if (event.button === 0) { held = [event.clientX, event.clientY]; dot.setPointerCapture(event.pointerId); } });
    dot.addEventListener("pointermove", (event) => {
      if (!held || !dot.hasPointerCapture(event.pointerId)) return;
      if (held !== "moved" && Math.hypot(event.clientX - held[0], event.clientY - held[1]) < 5) return;
      held = "moved";
      const box = plane.getBoundingClientRect();
      const share = [(event.clientX - box.left) / box.width, (box.bottom - event.clientY) / box.height];
      move(index, share.map((part) => Math.round((low + part * (high - low)) * 10) / 10));
    });
    dot.addEventListener("pointercancel", () => { held = null; });
    return dot;
  }

  const settled = (s) => s.activation === "sign" && !s.wrong.length;
  const advance = (count) => {
    for (let k = 0; k < count; k += 1) {
      const { next, seen } = read(model);
      set({ w: next.w, b: next.b, seen: seen + 1 });
    }
    return !settled(read(model));
  };
  const film = player({ advance: () => !settled(read(model)) && advance(1), delay: () => delays[model.get("speed")], onChange: (on) => {
    play.sync(on ? "❚❚ pause" : "▶ play", on ? "pause" : "play all updates");
    voice.mute(on);
  } });
  const forth = button("step ▶", "show the next point", () => { film.stop(); advance(1); });
  const round = button("pass ▶▶", "show every point once", () => { film.stop(); advance(model.get("points").length); });
  const play = button("▶ play", "play all updates", film.toggle);
  const afresh = button("w = 0", "start from zero weights", () => { film.stop(); set({ w: [0, 0], b: 0, seen: 0 }); });
  const kind = choice("Activation", { sign: "sign", sigmoid: "sigmoid", tanh: "tanh" }, (value) => set({ activation: value }));
  const own = (change) => { film.stop(); set({ ...change, seen: 0 }); };
  const w1 = slider({ label: "w₁", min: -8, max: 8, onInput: (value) => own({ w: [value, model.get("w")[1]] }) });
  const w2 = slider({ label: "w₂", min: -8, max: 8, onInput: (value) => own({ w: [model.get("w")[0], value] }) });
  const bias = slider({ label: "b", min: -8, max: 8, onInput: (value) => own({ b: value }) });
  const rate = slider({ label: "step η", min: 1, max: 20, onInput: (value) => set({ rate: value / 10 }) });
  const presets = model.get("presets");
  const picture = menu("points", Object.fromEntries(["own points", ...Object.keys(presets)].map((name) => [name, name])), (name) => {
    film.stop();
    if (name in presets) set({ ...presets[name], w: [0, 0], b: 0, seen: 0 });
  });
  const speed = menu("speed", { slow: "slow", normal: "normal", fast: "fast" }, (value) => set({ speed: value }));
  const reset = button("reset", "back to the worked example", () => { film.stop(); set(model.get("initial")); }, "reset");
  const hint = h("p", { class: "hint" }, "Drag a point, or give it the focus and press the arrow keys (with Shift: larger steps). A click, Enter or the space bar switches its label. The orange arrow stands on the line and points to the side where z is positive; the dashed line is where the next step leads.");
  stage(el, "perceptron", "The perceptron rule, one update at a time");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Predict the next step"), " before you press it: does the line move, and which way? Then drag a point, or switch its label."),
    h("div", { class: "formula" }, h("div", { class: "panel" }, plane), h("div", { class: "panel" }, table, note)), exists, sums, ...voice.parts,
    h("div", { class: "controls" }, h("span", { class: "steps" }, forth.el, round.el, play.el), picture.el, kind.el, rate.el, afresh.el, reset.el,
      h("details", {}, h("summary", {}, "more: place the line yourself, speed"), h("div", {}, w1.el, w2.el, bias.el, speed.el, hint))));
  plane.addEventListener("focusin", film.stop);

  function paintDots(s) {
    while (dots.children.length > s.n) dots.lastChild.remove();
    while (dots.children.length < s.n) dots.append(makeDot(dots.children.length));
    s.all.forEach((one, i) => {
      const dot = dots.children[i];
      const [x, y] = px(one.x).map((v) => v / ((high - low) * scale));
      dot.style.setProperty("--px", x.toFixed(4));
      dot.style.setProperty("--py", y.toFixed(4));
      dot.className = ["cnn-dot", kindName(one.label), one.right ? "" : "wrong", i === s.next.index ? "next" : ""].join(" ");
      dot.firstChild.textContent = one.label > 0 ? "+" : "−";
      dot.setAttribute("aria-label", `point ${i + 1}, ${kindName(one.label)}, at ${at(one.x)}${one.right ? "" : one.z ? ", on the wrong side" : ", on the line"}`);
    });
  }

  function draw() {
    const s = read(model);
    svg.replaceChildren(...scene(s));
    paintDots(s);
    body.replaceChildren(...rows(s));
    const count = s.wrong.length;
    note.textContent = `pass ${s.pass} · ${count ? `${count} of ${s.n} not on ${count > 1 ? "their" : "its"} own side` : "all on their own side"} · mean E ${show(s.mean)}`;
    sums.replaceChildren(...arithmetic(s));
    exists.textContent = verdict(s);
    exists.classList.toggle("none", Boolean(s.blocked));
    voice.tell(sentence(s), setting(s));
    kind.sync(s.activation);
    w1.sync(s.w[0], show(s.w[0])); w2.sync(s.w[1], show(s.w[1])); bias.sync(s.b, show(s.b));
    rate.sync(Math.round(s.rate * 10), show(s.rate));
    speed.sync(s.speed);
    picture.sync(Object.keys(presets).find((name) => JSON.stringify([presets[name].points, presets[name].labels]) === JSON.stringify([s.points, s.labels])) ?? "own points");
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
