// MistakeGallery: nine wrong backward passes beside the right ones, what checks say, what training does.
// Traits   mistake, test_input: names   focus: entry of the spoiled gradient   edits: { "dy 3": 5 }
//          cases: { mistake: { input: layer } }   texts: { mistake: [says, seen, hides] }   runs: { mistake: { right, wrong } }
// Equations vjp, central-diff, adjoint
import { assign, button, fitCells, follow, h, menu, narrator, show, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { put, vector } from "./svg.mjs";
import { at, edited, examine, nudge, spoiled, where } from "./mistake_gallery_maths.mjs";

const traits = ["mistake", "test_input", "focus", "edits", "runs"];
const seen = 1e-6;   // a relative error that rounding does not explain
const area = ([, , rows, columns]) => rows * columns;
const per = (gap) => (gap < seen ? "0" : gap < 0.005 ? String(Number(gap.toPrecision(1))) : gap.toFixed(2));

/** The nine names as one list of native radio buttons, each with what the nudging finds on this input. */
function catalogue(names, onChange) {
  const group = `gallery-${Math.random().toString(36).slice(2)}`;
  const items = names.map((name) => {
    const input = h("input", { type: "radio", name: group, value: name, "data-lm-suppress-shortcuts": "true" });
    const mark = h("span", { class: "gallery-mark" });
    input.addEventListener("change", () => onChange(name));
    return { name, input, mark, el: h("label", {}, input, h("span", { class: "gallery-name" }, name), mark) };
  });
  const sync = (chosen, gaps) => items.forEach(({ name, input, mark, el }) => {
    input.checked = name === chosen;
    const hidden = gaps[name] < seen;
    el.classList.toggle("gallery-hidden", hidden);
    mark.textContent = hidden ? "hidden" : `✗ ${per(gaps[name])}`;
  });
  return { el: h("fieldset", { class: "gallery-list" }, h("legend", {}, "The mistake, and the relative error that nudging finds"), ...items.map((i) => i.el)), sync };
}

/** Which blocks of an array one panel shows: rows of [first, second] index pairs, below and beside one another. */
function blocks(layer, [a, b]) {
  const range = (n) => Array.from({ length: n }, (_, i) => i);
  if (layer.kind === "conv" && layer.wrong === "dw") {
    const samples = range(layer.x.shape[0]);
    return [["x", "x", `x, input map ${b}`, samples.map((n) => [[n, b]])], ["dy", "d", `δ, output map ${a}`, samples.map((n) => [[n, a]])]];
  }
  if (layer.kind === "conv") {
    const maps = range(layer.w.shape[0]);
    return [["dy", "d", `δ of sample ${a}`, maps.map((o) => [[a, o]])], ["w", "w", "K, o ↓, c →", maps.map((o) => maps.map((c) => [o, c]))]];
  }
  return [...(layer.kind === "maximum" ? [["x", "x", "x", [[[a, b]]]]] : []), ["dy", "d", layer.kind === "flatten" ? "δ, one vector" : "δ", [[[a, b]]]]];
}

/** Rows of flat indices for blocks of one array. */
function places(shape, pattern) {
  const [, , rows, columns] = shape;
  return pattern.flatMap((line) => Array.from({ length: rows }, (_, i) => line.flatMap(([a, b]) => (
    Array.from({ length: columns }, (_, j) => at(shape, a, b, i, j))))));
}

/** Loss against epochs of two runs. */
function makeCurves() {
  const [width, height, left, floor] = [300, 170, 34, 24];
  const rules = vector("g");
  const lines = ["gallery-right", "gallery-wrong"].map((name) => vector("polyline", { class: name }));
  const drawing = vector("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, rules, ...lines);
  const note = h("div", { class: "caption" });
  const el = h("div", { class: "panel gallery-runs" }, h("div", { class: "title" }, "training on the digits"), drawing, note);
  const update = (run) => {
    el.hidden = !run;
    if (!run) return;
    const both = [run.right[0], run.wrong[0]];
    const top = Math.ceil(Math.max(...both.flat()) * 2) / 2;
    const x = (k) => left + 6 + (k * (width - left - 14)) / (both[0].length - 1 || 1);
    const y = (v) => 8 + (1 - v / top) * (height - floor - 8);
    rules.replaceChildren(...[0, top / 2, top].flatMap((v) => [vector("line", { x1: left, x2: width, y1: y(v), y2: y(v) }), vector("text", { x: left - 4, y: y(v) + 4, class: "last" }, show(v))]),
      ...[1, both[0].length].map((k) => vector("text", { x: x(k - 1), y: height - 6 }, String(k))), vector("text", { x: (left + width) / 2, y: height - 6 }, "epoch"));
    lines.forEach((line, i) => put(line, { points: both[i].map((v, k) => `${x(k).toFixed(1)},${y(v).toFixed(1)}`).join(" ") }));
    const share = (v) => `${(100 * v).toFixed(1)} %`;
    note.replaceChildren(h("span", { class: "gallery-right" }, `── right: ${share(run.right[1])} of test digits`), h("br"), h("span", { class: "gallery-wrong" }, `╌╌ with the mistake: ${share(run.wrong[1])}`));
    put(drawing, { "aria-label": `Training loss over ${both[0].length} epochs, falling from ${show(both[0][0])} to ${show(both[0].at(-1))} with the right pass and from ${show(both[1][0])} to ${show(both[1].at(-1))} with the mistake.` });
  };
  return { el, update };
}

const word = { dx: "pixel", dw: "tap" };

/** The sum that made one entry, its numbers in the order of the formula. */
function sumOf(name, list, layer, total) {
  const number = (value) => (value < 0 ? `(${show(value)})` : show(value));
  const pieces = list.flatMap(({ factor, of, delta }, i) => [i ? h("span", { class: "sign" }, " + ") : "",
    h("span", { class: "term" }, h("span", { class: of ?? "" }, number(factor)), "·", h("span", { class: "d" }, number(layer.dy.data[delta])))]);
  return h("p", { class: "sum" }, h("span", { class: "gallery-tag" }, name), ...(pieces.length ? pieces : ["nothing arrives"]), h("span", { class: "sign" }, " = "), h("strong", { class: "total" }, show(total)));
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const [cases, texts] = [model.get("cases"), model.get("texts")];
  const names = Object.keys(cases);
  const cache = new Map();
  const untouched = (mistake, input) => {
    const key = `${mistake}/${input}`;
    if (!cache.has(key)) cache.set(key, examine(cases[mistake][input], mistake));
    return cache.get(key);
  };
  function read() {
    const [mistake, input, edits] = ["mistake", "test_input", "edits"].map((name) => model.get(name));
    const base = cases[mistake][input];
    const own = Object.keys(edits).length > 0;
    const layer = own ? edited(base, edits) : base;
    const found = own ? examine(layer, mistake) : untouched(mistake, input);
    const focus = Math.min(model.get("focus"), found.right.length - 1);
    return { mistake, input, edits, layer, found, focus, shape: spoiled(layer).shape };
  }
  const panels = { x: null, w: null, dy: null, right: null, wrong: null };
  let shown = {};   // panel → rows of flat indices, as drawn last
  const voice = narrator();
  for (const name of Object.keys(panels)) {
    const given = name in { x: 1, w: 1, dy: 1 };
    panels[name] = grid({
      onPick: (i, j) => { if (!given) set({ focus: shown[name][i][j] }); },
      onEdit: (i, j, value) => { if (!shown[name]) return; voice.forgive(); set({ edits: { ...model.get("edits"), [`${name} ${shown[name][i][j]}`]: value } }); },
      onRefuse: voice.refuse,
    });
  }
  const list = catalogue(names, (mistake) => set({ mistake, edits: {}, focus: best(mistake, model.get("test_input")) }));
  const inputs = Object.fromEntries(Object.keys(cases[names[0]]).map((name) => [name, name]));
  const input = menu("test input", inputs, (test_input) => set({ test_input, edits: {}, focus: best(model.get("mistake"), test_input) }));
  const slice = menu("show", {}, (value) => { const s = read(); set({ focus: Number(value) * area(s.shape) + (s.focus % area(s.shape)) }); });
  const select = slice.el.querySelector("select");
  const reset = button("reset", "back to the worked example", () => { voice.forgive(); set(model.get("initial")); }, "reset");
  const formula = h("div", { class: "formula" });
  const arrow = h("span", { class: "operator", "aria-hidden": "true" }, "→");
  const outcome = h("div", { class: "gallery-pair" }, panels.right.el, panels.wrong.el);
  const work = h("div", { class: "gallery-work" });
  const checks = h("ul", { class: "gallery-checks" });
  const curves = makeCurves();

  /** The entry to look at first: where the two gradients differ most. */
  function best(mistake, test_input) {
    const { right, wrong } = untouched(mistake, test_input);
    const gaps = right.map((v, k) => Math.abs(v - wrong[k]));
    const first = gaps.slice(0, area(spoiled(cases[mistake][test_input]).shape));
    const near = Math.max(...first) > 0 ? first : gaps;
    return near.indexOf(Math.max(...near));
  }

  stage(el, "mistake-gallery", "Nine mistakes, and the checks that catch them");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Pick a mistake, then a test input that hides it."), " Then edit a number until it shows again."),
    h("div", { class: "gallery-input" }, input.el), list.el, formula, work, ...voice.parts, h("div", { class: "gallery-verdict" }, h("div", {}, h("div", { class: "title" }, "what each check says"), checks), curves.el),
    h("div", { class: "controls" }, slice.el, reset.el));

  function cellPlan(s, name, terms) {
    const { found, layer, focus } = s;
    const values = name in found ? found[name] : layer[name].data;
    const [mine, wrongly] = terms;
    const of = (list) => new Set(list.flatMap((t) => (name === "dy" ? [t.delta] : t.of === name ? [t.from] : [])));
    const [lit, strayed] = [of(mine), of(wrongly)];
    return shown[name].map((row) => row.map((k) => {
      const states = [];
      if (name in found) { if (k === focus) states.push("picked"); if (name === "wrong" && found.differ[k]) states.push("gallery-off"); }
      else if (lit.has(k) || strayed.has(k)) states.push(strayed.has(k) ? "lit" : "gallery-missed");
      const [, , i, j] = where(name in found ? s.shape : layer[name].shape, k);
      return { value: values[k], states, editable: !(name in found), corner: layer.kind === "flatten" && name === "dy" ? String(k % area(s.shape)) : "", label: `${name} ${i}, ${j}${states.includes("gallery-off") ? ", wrong" : ""}` };
    }));
  }

  function drawPanels(s) {
    const [a, b] = where(s.shape, s.focus);
    const given = blocks(s.layer, [a, b]);
    const letter = s.layer.wrong === "dw" ? "∂E/∂K" : "γ";
    const views = [...given, ["right", "y", `${letter} right`, [[[a, b]]]], ["wrong", "d", `${letter} wrong`, [[[a, b]]]]];
    const terms = [s.found.rightTerms[s.focus], s.found.wrongTerms[s.focus]];
    const order = [...given.map(([name]) => panels[name].el), arrow, outcome];
    // until they are drawn, no panel has entries: one that goes now leaves no number behind
    shown = {};
    if (order.length !== formula.children.length || order.some((panel, i) => formula.children[i] !== panel)) formula.replaceChildren(...order);
    views.forEach(([name, kind, heading, pattern]) => {
      shown[name] = places(name in s.found ? s.shape : s.layer[name].shape, pattern);
      panels[name].update(cellPlan(s, name, terms), { kind, heading, label: heading, note: pattern.length > 1 ? `${s.layer.wrong === "dw" ? "sample" : "map"} 0 over ${s.layer.wrong === "dw" ? "sample" : "map"} 1` : name === "wrong" ? `${s.found.count ? `${s.found.count} of ${s.found.right.length}` : "no"} entries are wrong` : "" });
    });
    fitCells(formula, views.map(([name]) => shown[name][0].length));
  }

  function drawSlices(s) {
    const [first, second] = s.shape;
    const words = s.layer.wrong === "dw" ? (o, c) => `kernel ${c} → ${o}` : (n, c) => `sample ${n}, map ${c}`;
    const options = Array.from({ length: first * second }, (_, k) => words(Math.floor(k / second), k % second));
    if ([...select.options].map((o) => o.text).join() !== options.join()) select.replaceChildren(...options.map((text, k) => h("option", { value: k }, text)));
    slice.sync(String(Math.floor(s.focus / area(s.shape))));
  }

  function drawWork(s) {
    const { up, down, h: step, slope } = nudge(s.layer, s.focus);
    const four = (v) => (Math.round(v * 1e4) / 1e4).toFixed(4).replace("-", "−");
    work.replaceChildren(sumOf("right", s.found.rightTerms[s.focus], s.layer, s.found.right[s.focus]), sumOf("wrong", s.found.wrongTerms[s.focus], s.layer, s.found.wrong[s.focus]),
      h("p", { class: "sum" }, h("span", { class: "gallery-tag" }, "nudged"), h("span", { class: "term" }, `(${four(up)} − ${down < 0 ? `(${four(down)})` : four(down)})`), " / ", show(2 * step * 1e4), "·10⁻⁴", h("span", { class: "sign" }, " = "), h("strong", { class: "total" }, show(slope))));
  }

  function drawChecks(s) {
    const { checks: said, fair } = s.found;
    const line = (name, gap, right) => {
      const [caught, alarm] = [gap >= seen, right >= seen];
      const verdict = caught ? (alarm ? `${per(gap)}, but the right one: ${per(right)}` : `caught: ${per(gap)}`) : s.found.count ? "blind: passes" : "passes";
      return h("li", { class: caught ? "gallery-caught" : "gallery-blind" }, h("span", {}, `${caught ? "✗" : "✓"} ${name}`), h("span", {}, verdict));
    };
    checks.replaceChildren(line("shapes agree", 0, 0), line("nudge one by one", said.single, fair.single), line(`nudge all ${word[s.layer.wrong]}s at once`, said.together, fair.together), line("adjoint test with this δ", said.adjoint, fair.adjoint));
  }

  function draw() {
    const s = read();
    const gaps = Object.fromEntries(names.map((name) => [name, (name === s.mistake ? s.found : untouched(name, s.input)).checks.single]));
    list.sync(s.mistake, gaps);
    drawPanels(s);
    drawSlices(s);
    drawWork(s);
    drawChecks(s);
    curves.update(model.get("runs")[s.mistake]);
    input.sync(s.input);
    const [says, met, hides] = texts[s.mistake];
    const caught = names.filter((name) => gaps[name] >= seen).length;
    const here = Object.keys(s.edits).length ? "With your numbers" : `On the test input “${s.input}”`;
    const state = s.found.count ? `${here} ${s.found.count} of ${s.found.right.length} entries are wrong.` : `${here} the wrong pass gives the right answer.`;
    voice.tell(`${says} ${state} It hides where ${hides}. Where it is met: ${met}`, `${s.mistake}; ${caught} of ${names.length} mistakes show on this input.`, false);
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
