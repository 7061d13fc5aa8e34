// SoftmaxSliders: scores become probabilities; two losses send their gradients back to the scores.
// Traits   logits: 2 to 5 scores   target: true class   smoothing: ε   temperature: T   focus: class
//          presets: { name: traits }   initial: traits for reset
// Equations softmax, softmax-jac, ce-dlogits, squared-error-da
import { assign, button, fitCells, follow, h, menu, narrator, show, slider, stage, typed } from "./draw.mjs";
import { alongScore, digits, lastMile, low, reach, runs, scoreComplaint, shifted, temperatures, verdict } from "./softmax_sliders_maths.mjs";
import { grid } from "./grid.mjs";
import { symbol } from "./sum.mjs";
import { put, vector } from "./svg.mjs";

const traits = ["logits", "target", "smoothing", "temperature", "focus"];
const most = 5;
const heads = ["class", "score z", "", "probability y", "target t", "cross-entropy", "squared error"];

/** A number over its bar; `signed` bars start in the middle. `sync(name, value, full)`. */
function meter(kind, signed) {
  const [number, fill] = [h("span", { class: "soft-number" }), h("span", { class: "soft-fill" })];
  const track = h("span", { class: "soft-track", role: "img" }, fill);
  const el = h("span", { class: `soft-meter ${kind} ${signed ? "signed" : ""}` }, number, track);
  const sync = (name, value, full = 1) => {
    const text = digits(value);
    number.textContent = text;
    number.title = String(value);
    track.setAttribute("aria-label", `${name} ${text}`);
    fill.style.setProperty("--share", Math.min(1, Math.abs(value) / full).toFixed(4));
    el.classList.toggle("minus", value < 0);
  };
  return { el, sync };
}

/** One class: slider and box for its score, probability, target, both gradients. */
function classRow(k, group, { onScore, onTarget, onPick, onRefuse }) {
  const range = slider({ label: `z${low(k)}`, min: -2 * reach, max: 2 * reach, onInput: (value) => onScore(value / 2) });
  range.el.querySelector("output").remove();
  const box = h("input", { type: "text", class: "soft-box", inputmode: "decimal", autocomplete: "off", "aria-label": `score of class ${k}`, "data-lm-suppress-shortcuts": "true" });
  const radio = h("input", { type: "radio", name: group, value: k, "aria-label": `class ${k} is the true one`, "data-lm-suppress-shortcuts": "true" });
  const share = h("span", {});
  const [y, ce, se] = [meter("y"), meter("d", true), meter("d striped", true)];
  const label = h("span", { class: "soft-name" }, String(k));
  const el = h("div", { class: "soft-row", role: "group", "aria-label": `class ${k}` }, label, range.el, box, y.el,
    h("label", { class: "soft-true" }, radio, share), ce.el, se.el);
  box.addEventListener("change", () => {
    const complaint = scoreComplaint(box.value, typed(box.value));
    if (complaint) onRefuse(complaint);
    else onScore(typed(box.value));
  });
  radio.addEventListener("change", () => onTarget(k));
  el.addEventListener("focusin", () => onPick(k));
  el.addEventListener("click", () => onPick(k));
  el.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && !event.buttons) onPick(k); });
  const sync = (m, focus) => {
    el.hidden = k >= m.z.length;
    if (el.hidden) return;
    const full = Math.max(1, 1 / m.T);
    el.classList.toggle("picked", k === focus);
    label.textContent = `${k === focus ? "▸ " : ""}${k}`;
    range.sync(Math.round(2 * m.z[k]), show(m.z[k]));
    box.value = String(m.z[k]).replace("-", "−");
    radio.checked = k === m.target;
    share.textContent = String(Number(m.t[k].toFixed(3)));
    y.sync("probability", m.y[k]);
    ce.sync("gradient of cross-entropy", m.ce[k], full);
    se.sync("gradient of squared error", m.se[k], full);
  };
  return { el, sync };
}

const [wide, high, left, right, top, bottom] = [330, 226, 34, 8, 10, 40];

/** Both gradients of one class against its score, the present score marked, the dead zone shaded. */
function plot(onDrag) {
  const toX = (z) => left + ((z + reach) / (2 * reach)) * (wide - left - right);
  const toY = (v) => top + ((1 - v) / 2) * (high - top - bottom);                  // v in −1…1
  const mark = (z) => vector("text", { class: "tick", x: toX(z), y: high - 25 }, show(z));
  const level = vector("g", {});
  const [zones, name] = [vector("g", {}), vector("text", { class: "tick", x: toX(0), y: high - 7 })];
  const curves = { ce: vector("polyline", { class: "soft-curve" }), se: vector("polyline", { class: "soft-curve striped" }) };
  const now = vector("line", { class: "soft-now", y1: top, y2: high - bottom });
  const dots = { ce: vector("circle", { class: "soft-dot", r: 6 }), se: vector("rect", { class: "soft-dot striped", width: 10, height: 10 }) };
  const el = vector("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", class: "soft-plot" }, zones, level, ...[-10, -5, 0, 5, 10].map(mark), name, curves.ce, curves.se, now, dots.ce, dots.se);
  const drag = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = el.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * wide;
    onDrag(Math.max(-reach, Math.min(reach, Math.round(2 * (((at - left) / (wide - left - right)) * 2 - 1) * reach) / 2)));
  };
  ["pointerdown", "pointermove"].forEach((kind) => el.addEventListener(kind, drag));
  const zone = (kind, word) => ([from, to]) => {
    const room = toX(to) - toX(from);
    const flat = kind === "soft-right";
    const box = vector("rect", { class: kind, x: toX(from), width: Math.max(1, room), y: flat ? high - bottom - 6 : top, height: flat ? 6 : high - top - bottom });
    return [box, ...(room > 7.2 * word.length ? [vector("text", { class: `tick ${kind}-word`, x: toX(from) + room / 2, y: flat ? high - bottom - 10 : top + 12 }, word)] : [])];
  };
  const sync = (m, focus) => {
    const points = alongScore({ logits: m.z, target: m.target, smoothing: m.smoothing, temperature: m.T }, focus);
    const full = Math.max(1, 1 / m.T);
    zones.replaceChildren(...runs(points, (p) => p.dead).flatMap(zone("soft-dead", "dead zone")), ...runs(points, (p) => p.right).flatMap(zone("soft-right", "answer right")));
    level.replaceChildren(...[-1, 0, 1].flatMap((v) => [vector("line", { class: v ? "rule" : "axis", x1: left, x2: wide - right, y1: toY(v), y2: toY(v) }),
      vector("text", { class: "tick end", x: left - 5, y: toY(v) + 4 }, show(v * full))]));
    for (const kind of ["ce", "se"]) put(curves[kind], { points: points.map((p) => `${toX(p.at).toFixed(1)},${toY(p[kind] / full).toFixed(1)}`).join(" ") });
    const [x, ce, se] = [toX(m.z[focus]), toY(m.ce[focus] / full), toY(m.se[focus] / full)];
    put(now, { x1: x, x2: x });
    put(dots.ce, { cx: x, cy: ce });
    put(dots.se, { x: x - 5, y: se - 5 });
    name.textContent = `score z${low(focus)}, the others held`;
    const dead = runs(points, (p) => p.dead).map(([a, b]) => `${show(a)} to ${show(b)}`).join(" and ");
    put(el, { "aria-label": `Gradient at class ${focus} against its score, at ${show(m.z[focus])}: cross-entropy ${digits(m.ce[focus])}, squared error ${digits(m.se[focus])}. ${dead ? `Dead zone from ${dead}.` : "No dead zone."}` });
  };
  return { el, sync };
}

const sign = (text) => h("span", { class: "sign" }, text);
const group = (...parts) => h("span", { class: "group" }, ...parts);
const amount = (kind, value) => h("span", { class: kind }, value < 0 ? `(${digits(value)})` : digits(value));
const added = (pieces) => pieces.flatMap((piece, i) => (i ? [sign(" + "), piece] : [piece]));
const over = (T) => (T === 1 ? "" : ` / ${show(T)}`);

/** Three lines: the probability of the chosen class and what each loss sends back to its score. */
function arithmetic(m, k) {
  const scale = over(m.T);
  const powers = shifted(m.z, m.T);
  const e = (v) => h("span", { class: "term x" }, "e", h("sup", {}, show(v)));
  const line = (...parts) => h("p", { class: "sum soft-sum" }, ...parts.flatMap((part) => [part, " "]));
  const partial = (name) => group(h("span", { class: "soft-loss" }, name), " ", h("span", { class: "symbol d" }, "∂E/∂z", h("sub", {}, String(k))));
  const rest = m.z.map((_, j) => j);
  return [
    line(group(symbol("y", "y", k)), group(sign("= "), e(powers[k]), sign(" / ("), ...added(powers.map(e)), sign(")")), group(sign("= "), h("strong", { class: "total" }, digits(m.y[k])))),
    line(partial("cross-entropy"), group(sign(m.T === 1 ? "= " : "= ("), symbol("y", "y", k), sign(" − "), symbol("", "t", k), sign(m.T === 1 ? "" : `)${scale}`)),
      group(sign(m.T === 1 ? "= " : "= ("), amount("y", m.y[k]), sign(" − "), digits(m.t[k]), sign(m.T === 1 ? "" : `)${scale}`)), group(sign("= "), h("strong", { class: "total" }, digits(m.ce[k])))),
    line(partial("squared error"), group(sign("= "), ...added(rest.map((j) => h("span", { class: "term" }, amount("y", m.J[k][j]), "·", amount("d", m.miss[j]))))),
      group(sign("= "), h("strong", { class: "total" }, digits(m.se[k])))),
  ];
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const read = () => lastMile(Object.fromEntries(traits.map((name) => [name, model.get(name)])));
  const score = (k, value) => set({ logits: model.get("logits").map((v, j) => (j === k ? value : v)) });
  const pick = (k) => { if (k !== model.get("focus")) set({ focus: k }); };
  const voice = narrator();
  const name = `true-${Math.random().toString(36).slice(2)}`;
  const rows = Array.from({ length: most }, (_, k) => classRow(k, name, { onPick: pick, onTarget: (target) => set({ target }),
    onScore: (value) => { voice.forgive(); score(k, value); }, onRefuse: (text) => { voice.refuse(text); rows[k].sync(read(), model.get("focus")); } }));
  const losses = heads.map((text) => h("span", {}, text));
  const sums = heads.map(() => h("span", {}));
  const picture = plot((value) => score(model.get("focus"), value));
  const table = grid({ onPick: (i) => pick(i), onEdit: () => {}, onRefuse: () => {} });
  const lines = h("div", { class: "soft-lines" });
  const classes = slider({ label: "classes", min: 2, max: most, onInput: (count) => {
    const z = model.get("logits");
    set({ logits: Array.from({ length: count }, (_, k) => z[k] ?? 0), target: Math.min(model.get("target"), count - 1), focus: Math.min(model.get("focus"), count - 1) });
  } });
  const heat = slider({ label: "temperature T", min: 0, max: temperatures.length - 1, onInput: (i) => set({ temperature: temperatures[i] }) });
  const smooth = slider({ label: "smoothing ε", min: 0, max: 10, onInput: (value) => set({ smoothing: value / 20 }) });
  const presets = model.get("presets");
  const choices = menu("example", Object.fromEntries(["own scores", ...Object.keys(presets)].map((key) => [key, key])), (key) => { if (key in presets) set(presets[key]); });
  const reset = button("reset", "back to the worked example", () => { voice.forgive(); set(model.get("initial")); }, "reset");
  const key = h("span", { class: "caption soft-key", "aria-hidden": "true" }, h("span", {}, h("i", { class: "soft-fill" }), " cross-entropy"), h("span", {}, h("i", { class: "soft-fill striped" }), " squared error"));
  const title = h("div", { class: "title" });
  const task = h("p", { class: "try" });
  const panel = h("div", { class: "panel d soft-panel" }, title, picture.el, key);
  stage(el, "softmax-sliders", "Scores, probabilities and losses");
  el.replaceChildren(task,
    h("div", { class: "soft-table" }, h("div", { class: "soft-row soft-head", "aria-hidden": "true" }, ...losses), ...rows.map((row) => row.el), h("div", { class: "soft-row soft-foot" }, ...sums)),
    h("div", { class: "formula soft-pictures" }, panel, table.el), lines, ...voice.parts,
    h("div", { class: "controls" }, classes.el, heat.el, smooth.el, choices.el, reset.el));

  el.addEventListener("input", voice.forgive);

  function drawTable(m, focus) {
    const count = m.z.length;
    table.update(m.J.map((row, i) => row.map((value, j) => ({ value, text: show(value), heat: Math.min(1, 4 * m.T * Math.abs(value)), states: [value < 0 ? "negative" : "", i === j && i === focus ? "picked" : ""],
      label: `∂y${low(i)}/∂z${low(j)}` }))), { kind: "y", heading: m.T === 1 ? "∂y/∂z = diag(y) − yyᵀ" : "∂y/∂z = (diag(y) − yyᵀ)/T", note: "framed: the row of the chosen class",
      label: `Jacobian of softmax, ${count} by ${count}`, window: { row: focus, column: 0, rows: 1, columns: count } });
    fitCells(el.querySelector(".soft-pictures"), [count, 9]);
  }

  function draw() {
    const [m, focus] = [read(), Math.min(model.get("focus"), model.get("logits").length - 1)];
    rows.forEach((row) => row.sync(m, focus));
    losses[5].replaceChildren("cross-entropy ", h("b", {}, m.T === 1 ? "y − t" : "(y − t)/T"));
    losses[6].replaceChildren("squared error ", h("b", {}, "J·(y − t)"));
    const total = (list) => `sum ${digits(Math.round(list.reduce((sum, v) => sum + v, 0) * 1e12) / 1e12)}`;
    [[3, m.y], [4, m.t], [5, m.ce], [6, m.se]].forEach(([i, list]) => { sums[i].replaceChildren(total(list), ...(i < 5 ? [] : [h("b", {}, `E = ${digits(m.loss[i === 5 ? "ce" : "se"])}`)])); });
    task.replaceChildren(...(m.dead ? [h("strong", {}, "Wake squared error up:"), ` raise z${low(m.target)}, the score of the true class. How far must it go before both losses pull?`]
      : [h("strong", {}, "Make the network confidently wrong:"), ` pull z${low(m.target)}, the score of the true class, down to −10. Which loss still complains?`]));
    title.textContent = `∂E/∂z${low(focus)}, the gradient at class ${focus}`;
    picture.sync(m, focus);
    drawTable(m, focus);
    lines.replaceChildren(...arithmetic(m, focus));
    voice.tell(verdict(m), `${m.z.length} classes, scores ${m.z.map(show).join(", ")}, true class ${m.target}, smoothing ${show(m.smoothing)}, temperature ${show(m.T)}. Class ${focus}: probability ${digits(m.y[focus])}, gradients ${digits(m.ce[focus])} and ${digits(m.se[focus])}.`, m.dead);
    classes.sync(m.z.length);
    heat.sync(temperatures.reduce((best, T, i) => (Math.abs(T - m.T) < Math.abs(temperatures[best] - m.T) ? i : best), 0), show(m.T));
    smooth.sync(Math.round(20 * m.smoothing), show(m.smoothing));
    const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
    choices.sync(Object.keys(presets).find((one) => Object.entries(presets[one]).every(([trait, value]) => trait === "focus" || same(model.get(trait), value))) ?? "own scores");
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
