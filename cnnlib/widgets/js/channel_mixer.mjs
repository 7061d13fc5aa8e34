// ChannelMixer: two maps, two kernels, one output. Read one output's sum over both maps; cross the kernels as convn does.
// Traits   x1, x2, k1, k2: rows of numbers   b: bias   kernel_size   table: both | first | second   crossed: convn's third axis
//          step: output in the focus, row-major   presets: { name: { x1, x2, k1, k2, b } }   initial: traits for reset
// Equations conv-fwd, conv-table
import { resize } from "./tensor.mjs";
import { mixed, partner, productsOf } from "./channel_mixer_maths.mjs";
import { assign, button, checkbox, choice, fitCells, follow, h, menu, narrator, show, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { symbol } from "./sum.mjs";

const traits = ["x1", "x2", "k1", "k2", "b", "kernel_size", "table", "crossed", "step"];
const low = ["₁", "₂"];
const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Everything the picture needs, worked out from the traits. */
export function mixOf(model) {
  const m = model.get("kernel_size");
  const table = model.get("table");
  const mix = {
    maps: [model.get("x1"), model.get("x2")], kernels: [resize(model.get("k1"), m), resize(model.get("k2"), m)],
    bias: model.get("b"), uses: [table !== "second", table !== "first"], crossed: model.get("crossed"),
  };
  const z = mixed(mix);
  const step = Math.min(model.get("step"), z.length * z.length - 1);
  const at = [Math.floor(step / z.length), step % z.length];
  return { ...mix, m, table, z, step, at, size: z.length, right: mixed({ ...mix, crossed: false }), terms: productsOf(mix, ...at) };
}

/** The sentence under the sum. */
export function mixSentence(s) {
  const name = `Output ${s.step + 1}`;
  const [value, right] = [s.z[s.at[0]][s.at[1]], s.right[s.at[0]][s.at[1]]];
  if (s.crossed && alike(s.z, s.right)) return "The kernels are crossed, yet no output changes. With such numbers a test would not notice the trap.";
  if (s.crossed) return `Turned along the third axis too, map 1 meets K₂ and map 2 meets K₁. ${name} is ${show(value)}; ${value === right ? "by chance that is right here, but other outputs are wrong" : `map by map it is ${show(right)}`}.`;
  if (s.table === "both") return `${name} adds ${s.terms[0].length} products from map 1, ${s.terms[1].length} from map 2, and the bias.`;
  return `The connection table lists map ${s.table === "first" ? 1 : 2} only: ${name.toLowerCase()} adds ${s.m * s.m} products of that map, and the bias.`;
}

const valued = (kind, value) => h("span", { class: kind }, value < 0 ? `(${show(value)})` : show(value));

function mixLine(s) {
  const parts = s.terms.flatMap((terms, c) => {
    if (!terms.length) return [];
    const total = terms.reduce((sum, { x, k }) => sum + x * k, 0);
    const products = terms.flatMap(({ x, k }, i) => [...(i ? [" + "] : []), h("span", { class: "term" }, valued("w", k), "·", valued("x", x))]);
    return [h("span", { class: "group mixer-part" }, h("span", { class: "sign" }, `map ${c + 1}: `), ...products, h("span", { class: "sign" }, " = "), h("strong", {}, show(total)))];
  });
  const totals = s.terms.filter((terms) => terms.length).map((terms) => terms.reduce((sum, { x, k }) => sum + x * k, 0));
  const addends = [...totals, s.bias].map((v) => (v < 0 ? `(${show(v)})` : show(v)));
  const last = h("span", { class: "group mixer-part" }, symbol("y", "z", s.step + 1), ` = ${addends.join(" + ")} = `, h("strong", { class: "y total" }, show(s.z[s.at[0]][s.at[1]])));
  return [...parts, last];
}

function plansOfMix(s) {
  const square = (rows, cell) => rows.map((row, i) => row.map((value, j) => cell(value, i, j)));
  const lane = (c) => {
    const p = partner(c, s.crossed);
    const hit = new Map(s.terms[c].map((t) => [t.pixel, t]));
    const index = (q) => `${Math.floor(q / s.m) + 1}${(q % s.m) + 1}`;
    const map = square(s.maps[c], (value, i, j) => {
      const met = hit.get(i * s.maps[c].length + j);
      return { value, editable: true, states: [...(met ? ["lit", "by-w"] : []), ...(s.uses[c] ? [] : ["hidden-value"])], badge: met ? `k${index(met.tap)}` : "", label: `map ${c + 1}, row ${i + 1}, column ${j + 1}` };
    });
    const kernel = square(s.kernels[p], (value, i, j) => ({ value, editable: true, corner: `k${i + 1}${j + 1}`, states: s.uses[c] ? ["lit"] : ["hidden-value"], label: `kernel ${p + 1}, row ${i + 1}, column ${j + 1}` }));
    return { map, kernel, p };
  };
  const output = square(s.z, (value, i, j) => ({ value, corner: String(i * s.size + j + 1), editable: false, states: i === s.at[0] && j === s.at[1] ? ["picked"] : [], label: `output ${i * s.size + j + 1}, row ${i + 1}, column ${j + 1}` }));
  return { lanes: [lane(0), lane(1)], output, bias: [[{ value: s.bias, editable: true, states: [], label: "bias" }]] };
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const voice = narrator();
  const put = (name, rows, i, j, value) => set({ [name]: rows.map((row, r) => row.map((v, c) => (r === i && c === j ? value : v))) });
  const onRefuse = (text) => voice.refuse(text);
  const nothing = () => {};
  const maps = [0, 1].map((c) => grid({ onPick: nothing, onRefuse, onEdit: (i, j, value) => put(`x${c + 1}`, mixOf(model).maps[c], i, j, value) }));
  const kernels = [0, 1].map((c) => grid({ onPick: nothing, onRefuse, onEdit: (i, j, value) => {
    const s = mixOf(model);
    const p = partner(c, s.crossed);
    put(`k${p + 1}`, s.kernels[p], i, j, value);
  } }));
  const bias = grid({ onPick: nothing, onRefuse, onEdit: (i, j, value) => set({ b: value }) });
  const output = grid({ onPick: (i, j) => { const step = i * mixOf(model).size + j; if (step !== model.get("step")) set({ step }); }, onEdit: nothing, onRefuse });

  const operator = (sign) => h("span", { class: "operator", "aria-hidden": "true" }, sign);
  const lanes = [0, 1].map((c) => h("div", { class: "mixer-lane" }, maps[c].el, operator("⋆"), kernels[c].el));
  const formula = h("div", { class: "formula" }, h("div", { class: "mixer-lanes" }, lanes[0], operator("+"), lanes[1]),
    operator("+"), bias.el, operator("="), output.el);
  const sum = h("p", { class: "sum" });
  const go = (by) => { const { step, size } = mixOf(model); set({ step: (step + by + size * size) % (size * size) }); };
  const back = button("◀ step", "one output back", () => go(-1));
  const forth = button("step ▶", "one output on", () => go(1));
  const crossed = checkbox("turn the third axis too (convn)", (on) => set({ crossed: on }));
  const table = choice("Connection table", { both: "1 and 2", first: "map 1", second: "map 2" }, (value) => set({ table: value }));
  const kernel = slider({ label: "kernel", min: 1, max: 3, onInput: (m) => set({ kernel_size: m, k1: resize(model.get("k1"), m), k2: resize(model.get("k2"), m) }) });
  const presets = model.get("presets");
  const own = "own numbers";
  const numbers = menu("numbers", Object.fromEntries([...Object.keys(presets), own].map((name) => [name, name])), (name) => {
    if (name in presets) { voice.forgive(); set({ ...presets[name], kernel_size: presets[name].k1.length }); }
  });
  const reset = button("reset", "back to the worked example", () => { voice.forgive(); set(model.get("initial")); }, "reset");
  el.addEventListener("input", voice.forgive);

  stage(el, "channel-mixer", "Two input maps make one output");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Choose an output."), " Predict its value from both maps, then read the sum. What happens if the kernels change places?"),
    formula, sum, ...voice.parts,
    h("div", { class: "controls" }, h("span", { class: "steps" }, back.el, forth.el), table.el, reset.el, crossed.el, kernel.el, numbers.el,
      h("p", { class: "hint" }, "Change a number in an underlined cell: type, drag it up or down, or turn the wheel; Page Up and Page Down count by one.")));

  function draw() {
    const s = mixOf(model);
    const plans = plansOfMix(s);
    const window = { row: s.at[0], column: s.at[1], rows: s.m, columns: s.m };
    plans.lanes.forEach(({ map, kernel: taps, p }, c) => {
      maps[c].update(map, { kind: "x", heading: `x${low[c]}`, note: s.uses[c] ? "4 × 4" : "not in the table", label: `map ${c + 1}, 4 by 4`, window: s.uses[c] ? window : null });
      kernels[c].update(taps, { kind: "w", heading: `K${low[p]}`, note: s.crossed ? "changed places" : `${s.m} × ${s.m}`, label: `kernel ${p + 1}, ${s.m} by ${s.m}` });
      lanes[c].classList.toggle("mixer-off", !s.uses[c]);
    });
    bias.update(plans.bias, { kind: "w", heading: "b", label: "bias" });
    output.update(plans.output, { kind: "y", heading: "z", note: `${s.size} × ${s.size}`, label: `output z, ${s.size} by ${s.size}` });
    fitCells(formula, [s.maps[0].length + s.m + 1, s.size]);
    sum.replaceChildren(...mixLine(s));
    const wrong = s.crossed && !alike(s.z, s.right);
    voice.tell(mixSentence(s), `Kernels ${s.m} × ${s.m}, ${s.table === "both" ? "both maps" : `${s.table} map only`}${s.crossed ? ", third axis turned" : ""}: ${s.size} × ${s.size} outputs.`, wrong);
    crossed.sync(s.crossed); table.sync(s.table); kernel.sync(s.m);
    numbers.sync(Object.keys(presets).find((name) => Object.entries(presets[name]).every(([trait, value]) => alike(value, model.get(trait)))) ?? own);
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
