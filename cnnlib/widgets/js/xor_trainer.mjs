// XorTrainer: gradient descent on XOR, step by step, with the region where the network says 1.
// Traits   hidden: 1…8 units   start: 0…50 (0 = all parameters zero)   steps: 0…5000 done   speed   initial: traits for reset
// Equations backprop, backprop-output, sgd
import { assign, button, follow, h, menu, narrator, player, slider, stage } from "./draw.mjs";
import { corners, lastStep, lineInside, netInput, sigmoid, surprise, trajectory, zeroLine } from "./xor_maths.mjs";
import { put, vector } from "./svg.mjs";

const traits = ["hidden", "start", "steps", "speed"];
const pace = { slow: 5, normal: 25, fast: 100 };
const [low, high, squares, size] = [-0.5, 1.5, 20, 260];
const place = (v) => ((v - low) / (high - low)) * size;
const across = (point) => [place(point[0]), size - place(point[1])];
const digits = (v, n = 3) => v.toFixed(n).replace("-", "−");

function makeMap() {
  const side = size / squares;
  const cells = Array.from({ length: squares * squares }, (_, k) => vector("rect", { class: "sure", width: side + 0.3, height: side + 0.3,
    x: (k % squares) * side, y: size - (Math.floor(k / squares) + 1) * side }));
  const units = vector("g", { class: "units" });
  const border = vector("path", { class: "border" });
  const points = corners.map(([x1, x2, t]) => {
    const [cx, cy] = across([x1, x2]);
    const shape = t ? vector("circle", { class: "one", cx, cy, r: 13 }) : vector("rect", { class: "none", x: cx - 12, y: cy - 12, width: 24, height: 24 });
    return vector("g", { class: "corner-point" }, shape, vector("text", { x: cx, y: cy + 6 }, String(t)));
  });
  const drawing = vector("svg", { viewBox: `0 0 ${size} ${size}`, role: "img" }, ...cells, units, border, ...points);
  const centre = (i) => low + ((i + 0.5) * (high - low)) / squares;
  const update = (p, hidden) => {
    cells.forEach((cell, k) => put(cell, { "fill-opacity": sigmoid(netInput(p, hidden, centre(k % squares), centre(Math.floor(k / squares)))).toFixed(3) }));
    const lines = zeroLine((x1, x2) => netInput(p, hidden, x1, x2), low, high, 2 * squares);
    put(border, { d: lines.map((ends) => ends.map((end, i) => `${i ? "L" : "M"}${across(end).map((v) => v.toFixed(1)).join(" ")}`).join("")).join("") });
    units.replaceChildren(...Array.from({ length: hidden }, (_, j) => lineInside(p[2 * j], p[2 * j + 1], p[2 * hidden + j], low, high)).filter(Boolean).map((ends) => {
      const [[x1, y1], [x2, y2]] = ends.map(across);
      return vector("line", { x1, y1, x2, y2 });
    }));
  };
  return { drawing, update };
}

function makeCurve() {
  const [width, height, left, floor] = [260, 260, 40, 26];
  const [top, bottom] = [Math.log10(5), -3];
  const toX = (step) => left + (step / lastStep) * (width - left - 8);
  const toY = (loss) => 8 + ((top - Math.log10(Math.max(loss, 1e-3))) / (top - bottom)) * (height - floor - 8);
  const grid = [1, 0.1, 0.01, 0.001].map((v) => vector("g", {}, vector("line", { class: "rule", x1: left, x2: width, y1: toY(v), y2: toY(v) }),
    vector("text", { class: "tick", x: left - 5, y: toY(v) + 4 }, String(v))));
  const ticks = [0, 2500, 5000].map((v, i) => vector("text", { class: `tick ${["first", "middle", "last"][i]}`, x: toX(v), y: height - 7 }, String(v)));
  const marks = [["4 ln 2", 4 * Math.LN2, -5], ["2 ln 2", 2 * Math.LN2, 13]].map(([name, v, dy]) => vector("g", {}, vector("line", { class: "mark", x1: left, x2: width, y1: toY(v), y2: toY(v) }),
    vector("text", { class: "tick", x: width - 2, y: toY(v) + dy }, name)));
  const line = vector("polyline", { class: "loss-line" });
  const dot = vector("circle", { class: "loss-dot", r: 5 });
  const drawing = vector("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, ...grid, ...ticks, ...marks, line, dot);
  const update = (losses, steps) => {
    const stride = Math.max(1, Math.ceil(steps / 250));
    const shown = Array.from({ length: Math.floor(steps / stride) + 1 }, (_, i) => i * stride).concat(steps);
    put(line, { points: shown.map((k) => `${toX(k).toFixed(1)},${toY(losses[k]).toFixed(1)}`).join(" ") });
    put(dot, { cx: toX(steps).toFixed(1), cy: toY(losses[steps]).toFixed(1) });
  };
  return { drawing, update };
}

const pointName = ([x1, x2]) => `(${x1}, ${x2})`;

function report(s) {
  const wrong = corners.filter((corner, i) => s.outputs[i] > 0.5 !== (corner[2] === 1)).map(pointName);
  const tied = s.outputs.every((y) => y === 0.5);
  if (s.start === 0 && tied) return [`All parameters are zero, so every output is ½, every derivative is 0, and after ${s.steps} steps nothing has moved. E stays at 4 ln 2.`, true];
  if (!wrong.length) return [`After ${s.steps} steps all four points are on the right side. The network has learned XOR; the rest is growing confidence.`, false];
  const list = wrong.length > 1 ? `${wrong.slice(0, -1).join(", ")} and ${wrong.at(-1)} are` : `${wrong[0]} is`;
  if (s.steps < lastStep) return [`After ${s.steps} steps ${list} on the wrong side. ${s.steps ? "Train on." : "Press train."}`, false];
  return [`After ${s.steps} steps ${list} still on the wrong side: this run is stuck${s.hidden === 1 ? ", as every run with one hidden unit must be" : ""}. Try another start, or more hidden units.`, true];
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  let [run, key] = [null, ""];
  const read = () => {
    const [hidden, start, steps] = ["hidden", "start", "steps"].map((name) => model.get(name));
    if (key !== `${hidden}/${start}`) [run, key] = [trajectory(hidden, start), `${hidden}/${start}`];
    const p = run.at(steps);
    const nets = corners.map(([x1, x2]) => netInput(p, hidden, x1, x2));
    return { hidden, start, steps, p, outputs: nets.map(sigmoid), terms: corners.map((corner, i) => surprise(nets[i], corner[2])), loss: run.losses[steps] };
  };
  const [map, curve] = [makeMap(), makeCurve()];
  const body = h("tbody");
  const table = h("table", { class: "xor-points" }, h("thead", {}, h("tr", {}, ...["x₁, x₂", "target", "output", "share of E"].map((text) => h("th", { scope: "col" }, text)))), body);
  const sum = h("p", { class: "sum" });
  const voice = narrator();
  const hidden = slider({ label: "hidden units", min: 1, max: 8, onInput: (value) => { film.stop(); set({ hidden: value, steps: 0 }); } });
  const start = slider({ label: "start", min: 0, max: 50, onInput: (value) => { film.stop(); set({ start: value, steps: 0 }); } });
  const steps = slider({ label: "steps", min: 0, max: lastStep, onInput: (value) => { film.stop(); set({ steps: value }); } });
  const go = (by) => set({ steps: Math.max(0, Math.min(lastStep, model.get("steps") + by)) });
  const film = player({
    advance: () => { go(pace[model.get("speed")]); return model.get("steps") < lastStep; },
    delay: () => 40,
    onChange: (on) => { play.sync(on ? "❚❚ pause" : "▶ train", on ? "pause" : "train on from here"); voice.mute(on); if (!on) draw(); },
  });
  const back = button("◀ 100", "100 steps back", () => { film.stop(); go(-100); });
  const forth = button("100 ▶", "100 steps on", () => { film.stop(); go(100); });
  const play = button("▶ train", "train on from here", () => { if (model.get("steps") >= lastStep) set({ steps: 0 }); film.toggle(); });
  const speed = menu("speed", { slow: "slow", normal: "normal", fast: "fast" }, (value) => set({ speed: value }));
  const reset = button("reset", "back to the first picture", () => { film.stop(); set(model.get("initial")); }, "reset");
  const panel = (kind, title, note, ...parts) => h("div", { class: `panel ${kind}` }, h("div", { class: "title" }, title), ...parts, h("div", { class: "caption" }, note));
  stage(el, "xor-trainer", "A small network learns XOR");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Press train."), " Then change the start: does every run find a way?"),
    h("div", { class: "formula" },
      panel("y", "output y over x₁ (right) and x₂ (up)", "thick line: y = ½; dashed: where a hidden unit is 0", map.drawing),
      panel("d", "loss E against steps", "logarithmic scale", curve.drawing), panel("y", "the four points", "", table)),
    sum, ...voice.parts,
    h("div", { class: "controls" }, h("span", { class: "steps" }, back.el, play.el, forth.el), steps.el, hidden.el, start.el, speed.el, reset.el));

  function draw() {
    const s = read();
    map.update(s.p, s.hidden);
    curve.update(run.losses, s.steps);
    put(map.drawing, { "aria-label": `The square from −½ to 1½. Output at ${corners.map((corner, i) => `${pointName(corner)}: ${digits(s.outputs[i], 2)}`).join(", ")}.` });
    put(curve.drawing, { "aria-label": `Loss over ${s.steps} steps, from ${digits(run.losses[0])} to ${digits(s.loss)}.` });
    body.replaceChildren(...corners.map(([x1, x2, t], i) => h("tr", {}, h("th", { scope: "row" }, `${x1}, ${x2}`), h("td", {}, String(t)),
      h("td", { class: "y" }, `${digits(s.outputs[i])} ${s.outputs[i] > 0.5 === (t === 1) ? "✓" : "✗"}`), h("td", { class: "d" }, digits(s.terms[i])))));
    sum.replaceChildren("E = ", ...s.terms.flatMap((v, i) => [...(i ? [" + "] : []), h("span", { class: "d" }, digits(v))]), " = ", h("strong", { class: "total" }, digits(s.loss)));
    const [sentence, warning] = report(s);
    voice.tell(sentence, `${s.hidden} hidden unit${s.hidden > 1 ? "s" : ""}, start ${s.start}.`, warning);
    hidden.sync(s.hidden);
    start.sync(s.start, s.start ? String(s.start) : "0 (zeros)");
    steps.sync(s.steps);
    speed.sync(model.get("speed"));
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
