// block_inception: the first picture of BlockBuilder. Four branches, the joined maps, and the way back.
// Equations param-count, concat-dx
import { branches, inceptionOf, inGroups } from "./block_builder_maths.mjs";
import { assign, checkbox, choice, h, slider } from "./draw.mjs";
import { symbol } from "./sum.mjs";

const most = { channels: 512, filters: 256 };
const maps = (count) => `${count} map${count === 1 ? "" : "s"}`;

/** Everything the picture needs, worked out from the traits. */
export function blockOf(model) {
  const names = ["channels", "filters", "reducers", "reduced"];
  const setting = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const focus = model.get("branch");
  const block = inceptionOf(setting);
  return { ...block, setting, rival: inceptionOf({ ...setting, reduced: !setting.reduced }), focus, lane: block.lanes[focus], back: model.get("backward") };
}

/** The sentence under the sum. */
export function blockSentence(s) {
  const { lane } = s;
  if (s.back) {
    return `The ${lane.name} branch takes channels ${lane.start} to ${lane.end - 1} of δ, ${maps(lane.maps)}, and returns ${maps(s.channels)}. What the four branches return is added.`;
  }
  const [least, other] = [Math.min(s.weights, s.rival.weights), Math.max(s.weights, s.rival.weights)];
  const times = `${(other / least).toFixed(2)} times as many weights`;
  const costs = s.weights === s.rival.weights ? "Reducers change nothing here." : (s.weights === least) === s.reduced ? `Without reducers the block has ${times}.` : `Here reducers do not pay: with them the block has ${times}.`;
  const leave = s.reduced ? `, ${s.depth} leave.` : `. The pool hands them all on, so ${s.depth} leave.`;
  return `${s.channels === 1 ? "1 map enters" : `${s.channels} maps enter`}${leave} ${costs}`;
}

const chip = (kind, text, note) => h("span", { class: `block-chip ${kind}` }, text, h("small", {}, note));
const arrow = (text) => h("span", { class: "block-arrow" }, text);

/** The pieces of one lane, from the input to its maps, or back from its share of δ. */
function laneOf(s, lane, k) {
  const filters = lane.steps.map((step) => chip("w", `${step.kernel}×${step.kernel}${s.back ? (step.kernel > 1 ? " ↺" : " ᵀ") : ""}`, String(s.back ? step.from : step.to)));
  const pool = lane.pool ? [chip("plain", s.back ? "to max" : "max 3×3", String(s.channels))] : [];
  const stages = [...pool, ...filters];
  const pieces = stages.flatMap((stage) => [arrow(s.back ? "←" : "→"), stage]);
  const first = s.back ? chip("d", `γ${"₁₂₃₄"[k]}`, String(s.channels)) : chip("x", "x", String(s.channels));
  const last = s.back ? [arrow("←"), chip("d", "δ", `${lane.start}…${lane.end - 1}`)] : [];
  return [first, ...pieces, ...last, h("strong", { class: "block-weights" }, inGroups(lane.weights))];
}

function weightLine({ lane }) {
  if (!lane.steps.length) return [h("span", { class: "group" }, `${lane.name}: no weights. A pool chooses; it learns nothing.`)];
  const term = (step, inner) => h("span", { class: "term" }, ...inner(step));
  const power = (step) => [h("span", { class: "x" }, String(step.from)), "·", h("span", { class: "w" }, String(step.kernel), h("sup", {}, "2")), "·", h("span", { class: "y" }, String(step.to))];
  const join = (inner) => lane.steps.flatMap((step, i) => (i ? [" + ", term(step, inner)] : [term(step, inner)]));
  const total = lane.steps.length > 1 ? [" ", h("span", { class: "group" }, "= ", h("strong", { class: "total" }, inGroups(lane.weights)))] : [];
  return [h("span", { class: "group" }, `${lane.name}: `, ...join(power)), " ", h("span", { class: "group" }, "= ", ...join((step) => [inGroups(step.weights)])), ...total];
}

function backLine(s) {
  const parts = s.lanes.flatMap((_, k) => [...(k ? [" + "] : []), h("span", { class: k === s.focus ? "block-mine" : "" }, symbol("d", "γ", k + 1))]);
  return [h("span", { class: "group" }, symbol("d", "γ"), " = ", ...parts), " ", h("span", { class: "group" }, "(", symbol("d", "γ", s.focus + 1), " from ", h("span", { class: "d" }, "δ", h("sub", {}, `${s.lane.start}…${s.lane.end - 1}`)), ")")];
}

/** Build the picture and its controls; `draw` shows the present state and returns what to say. */
export function inceptionView(model) {
  const set = (change) => assign(model, change);
  const replace = (name, k, value) => set({ [name]: model.get(name).map((old, i) => (i === k ? value : old)) });
  const lanes = branches.map((branch, k) => {
    const el = h("button", { type: "button", class: "block-lane" });
    el.addEventListener("click", () => set({ branch: k }));
    return el;
  });
  const segments = branches.map((branch, k) => {
    const el = h("div", { class: "block-segment" });
    el.addEventListener("click", () => set({ branch: k }));
    return el;
  });
  const legend = h("p", { class: "caption block-legend" });
  const joined = h("p", { class: "caption block-joined" });
  const bars = ["with reducers", "without"].map((name) => {
    const [fill, total] = [h("div", { class: "block-fill" }), h("output")];
    return { el: h("li", { class: "block-bar" }, h("span", {}, name), h("div", { class: "block-track", "aria-hidden": "true" }, fill), total), fill, total };
  });
  const sum = h("p", { class: "sum" });
  const direction = choice("Direction", { forward: "forward", backward: "backward" }, (value) => set({ backward: value === "backward" }));
  const reduced = checkbox("1×1 reducers", (on) => set({ reduced: on }));
  const channels = slider({ label: "maps in", min: 1, max: most.channels, onInput: (value) => set({ channels: value }) });
  const filters = slider({ label: "filters", min: 1, max: most.filters, onInput: (value) => replace("filters", model.get("branch"), value) });
  const reducer = slider({ label: "reduce to", min: 1, max: most.filters, onInput: (value) => replace("reducers", branches[model.get("branch")].reducer, value) });
  const picture = h("div", {}, legend, h("div", { class: "block-lanes" }, ...lanes), h("div", { class: "block-depth" }, ...segments), joined, h("ul", { class: "block-bars" }, ...bars.map((bar) => bar.el)), sum);

  function draw() {
    const s = blockOf(model);
    lanes.forEach((el, k) => {
      el.replaceChildren(...laneOf(s, s.lanes[k], k));
      el.setAttribute("aria-pressed", String(k === s.focus));
      el.setAttribute("aria-label", `branch ${s.lanes[k].name}: ${inGroups(s.lanes[k].weights)} weights, ${maps(s.lanes[k].maps)}`);
    });
    segments.forEach((el, k) => {
      el.style.setProperty("flex-grow", s.lanes[k].maps);
      el.className = `block-segment ${s.back ? "d" : "y"}${k === s.focus ? " picked" : ""}`;
      el.textContent = s.lanes[k].maps / s.depth > 0.07 ? String(s.lanes[k].maps) : "";
    });
    joined.textContent = s.back ? `δ: ${maps(s.depth)}, split by channel; branch ${s.lane.name} takes ${s.lane.start} to ${s.lane.end - 1}` : `output: ${maps(s.depth)}, joined; branch ${s.lane.name} fills ${s.lane.start} to ${s.lane.end - 1}`;
    legend.textContent = s.back ? "from right to left: a share of δ, kernels (↺ turned, ᵀ transposed) with the maps they hand back, γ" : "each box: a kernel and how many maps it makes; on the right, its branch's weights";
    const counts = s.reduced ? [s.weights, s.rival.weights] : [s.rival.weights, s.weights];
    bars.forEach(({ el, fill, total }, i) => {
      fill.style.setProperty("--share", counts[i] / Math.max(...counts));
      total.textContent = `${inGroups(counts[i])} weights`;
      el.classList.toggle("chosen", s.reduced === (i === 0));
    });
    sum.replaceChildren(...(s.back ? backLine(s) : weightLine(s)));
    direction.sync(s.back ? "backward" : "forward");
    reduced.sync(s.reduced);
    channels.sync(s.channels);
    filters.el.hidden = !s.lane.steps.length;
    filters.sync(s.setting.filters[s.focus]);
    reducer.el.hidden = s.lane.reducer === undefined || !s.reduced;
    if (s.lane.reducer !== undefined) reducer.sync(s.setting.reducers[s.lane.reducer]);
    const told = `${maps(s.channels)} in, branch ${s.lane.name} in the focus, ${s.reduced ? "with" : "without"} reducers: ${inGroups(s.weights)} weights.`;
    return [blockSentence(s), told, false];
  }

  return { strong: "Choose a branch.", hint: " Which one has the most weights? Then switch the reducers off and guess the new total.", picture, controls: [direction.el, reduced.el, channels.el, filters.el, reducer.el], draw };
}
