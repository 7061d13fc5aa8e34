// ConvBackward: choose a pixel, a tap or an output and read the sum behind its gradient.
// Traits   x, w, delta: rows of numbers   image_size, kernel_size, stride   view: forward | input | kernel
//          turned: whether K is turned in the input view   focus_on: x | w | y   focus: row-major index
//          frame: −1 the whole picture, else a step of “pad, turn, slide”   speed   initial: traits for reset
// Equations conv-trilinear, conv-fwd, conv-dx, conv-dw, conv-dx-strided
import { correlate2d, correlate2dDw, correlate2dDx, counting, outputSize, resize, spreadDelta, unusedRows, zeros } from "./tensor.mjs";
import { assign, button, checkbox, choice, fitCells, follow, h, menu, narrator, player, show, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { arithmetic, meetings, named } from "./trilinear.mjs";

const traits = ["x", "w", "delta", "image_size", "kernel_size", "stride", "view", "turned", "focus_on", "focus", "frame", "speed"];
const delays = { slow: 1500, normal: 750, fast: 250 };
const views = {
  forward: { result: "y", order: ["x", "w", "y"], signs: ["⋆", "="], letters: { x: "x", w: "k", y: "z" }, tones: { x: "x", w: "w", y: "y" } },
  input: { result: "x", order: ["x", "y", "w"], signs: ["=", "⋆"], letters: { x: "γ", w: "k", y: "δ" }, tones: { x: "d", w: "w", y: "d" } },
  kernel: { result: "w", order: ["w", "x", "y"], signs: ["=", "⋆"], letters: { x: "x", w: "∂k", y: "δ" }, tones: { x: "x", w: "w", y: "d" } },
};

/** Everything the picture needs, worked out from the traits. */
export function read(model) {
  const [n, m, stride, view] = ["image_size", "kernel_size", "stride", "view"].map((name) => model.get(name));
  const size = outputSize(n, m, { stride });
  const [x, w] = [resize(model.get("x"), n), resize(model.get("w"), m)];
  const delta = size ? resize(model.get("delta"), size) : [[0]];
  const wrong = view === "input" && !model.get("turned");
  const rest = size ? unusedRows(n, m, { stride }) : 0;
  const right = { forward: () => correlate2d(x, w, { stride }), kernel: () => correlate2dDw(x, delta, m, { stride }), input: () => correlate2dDx(delta, w, n, stride) };
  const found = wrong && size ? correlate2d(spreadDelta(delta, n, m, stride), w) : null;
  const truth = size ? right[view]() : zeros(1);
  const stages = view === "input" ? ["arrive", ...(stride > 1 ? ["spread"] : []), "pad", ...(wrong ? [] : ["turn"])] : [];
  const frame = model.get("frame");
  const { result, letters, tones } = views[view];
  const values = { x: x.flat(), w: w.flat(), y: delta.flat(), [result]: (found ?? truth).flat() };
  const look = Object.fromEntries(["x", "w", "y"].map((k) => [k, { letter: letters[k], tone: tones[k], values: values[k] }]));
  const sliding = frame < 0 || frame >= stages.length;
  const shown = frame < 0 ? Infinity : frame - stages.length;      // results revealed so far
  const focusOn = frame >= stages.length ? result : model.get("focus_on");
  const focus = Math.min(frame >= stages.length ? shown : model.get("focus"), values[focusOn].length - 1);
  const last = stages.length + values[result].length - 1;
  return { n, m, stride, view, size, x, w, delta, wrong, rest, truth, stages, stage: sliding ? "slide" : stages[frame],
    frame, last, shown, focusOn, focus, result, look, imageSize: n, kernelSize: m, geometry: { stride }, turnedTaps: wrong };
}

function describe(s, met, kind, q, place, editable) {
  const { letter, values } = s.look[kind];
  const waiting = kind === s.result && (q > s.shown || s.stage !== "slide" || !s.size);
  const states = [];
  if (s.stage === "slide" && s.size) {
    if (s.focusOn === kind && s.focus === q) states.push("picked");
    else if (met.lit[kind].has(q)) states.push("lit", `by-${met.tone(kind)}`);
  }
  const index = met.name(kind, q);
  return { value: waiting ? undefined : values[q], text: waiting ? "·" : undefined, states: waiting ? [...states, "hidden-value"] : states,
    corner: kind === "w" ? `k${index}` : index, badge: states.includes("lit") ? met.badge(kind, q) : "",
    label: `${letter}${index}, row ${place[0] + 1}, column ${place[1] + 1}`, editable: editable && !waiting };
}

const square = (size, cell) => zeros(size).map((row, i) => row.map((_, j) => cell(i, j)));

function planX(s, met) {
  return square(s.n, (i, j) => describe(s, met, "x", i * s.n + j, [i, j], s.view !== "input"));
}

const turnedNow = (s) => s.view === "input" && !s.wrong && !["arrive", "spread", "pad"].includes(s.stage);

function tapAt(s, i, j) {
  return turnedNow(s) ? (s.m - 1 - i) * s.m + (s.m - 1 - j) : i * s.m + j;
}

function planW(s, met) {
  return square(s.m, (i, j) => describe(s, met, "w", tapAt(s, i, j), [i, j], s.view !== "kernel"));
}

/** Row or column of the δ picture → output row or column, or −1 for a zero that was put in. */
function outputAt(s, i) {
  const [step, border] = s.view === "forward" ? [1, 0] : [s.stage === "arrive" ? 1 : s.stride, s.view === "input" && ["pad", "turn", "slide"].includes(s.stage) ? s.m - 1 : 0];
  const inner = i - border;
  return inner >= 0 && inner % step === 0 && inner / step < s.size ? inner / step : -1;
}

function planY(s, met) {
  if (!s.size) return [[{ text: "–", label: "no output", states: ["hidden-value"] }]];
  const padded = { arrive: s.size, spread: (s.size - 1) * s.stride + 1 + s.rest }[s.stage] ?? s.n + s.m - 1;
  const count = { forward: s.size, kernel: (s.size - 1) * s.stride + 1, input: padded }[s.view];
  const fresh = ["spread", "pad"].includes(s.stage) ? ["fresh"] : [];
  return square(count, (i, j) => {
    const [a, b] = [outputAt(s, i), outputAt(s, j)];
    if (a < 0 || b < 0) return { value: 0, states: ["zero", ...fresh], label: `zero, row ${i + 1}, column ${j + 1}` };
    return describe(s, met, "y", a * s.size + b, [i, j], s.view !== "forward");
  });
}

function windowOn(s, kind) {
  if (s.stage !== "slide" || !s.size || s.focusOn !== s.result || s.focus > s.shown) return null;
  const at = (columns, scale) => ({ row: Math.floor(s.focus / columns) * scale, column: (s.focus % columns) * scale });
  const span = (s.size - 1) * s.stride + 1;
  if (s.view === "forward" && kind === "x") return { ...at(s.size, s.stride), rows: s.m, columns: s.m };
  if (s.view === "kernel" && kind === "x") return { ...at(s.m, 1), rows: span, columns: span };
  if (s.view === "input" && kind === "y") return { ...at(s.n, 1), rows: s.m, columns: s.m };
  return null;
}

function headings(s) {
  const by = (a) => `${a} × ${a}`;
  const zerosIn = [s.stride > 1 && s.stage !== "arrive" ? "spread" : "", ["pad", "turn", "slide"].includes(s.stage) && s.m > 1 ? `padded by ${s.m - 1}` : ""].filter(Boolean).join(", ");
  const deltaNote = s.view === "input" && zerosIn ? "dashed: zeros put in" : by(s.size);
  return {
    x: s.view === "input" ? ["γ = ∂E/∂x", by(s.n)] : ["x", by(s.n)],
    w: s.view === "kernel" ? ["∂E/∂K", by(s.m)] : [turnedNow(s) ? "K, turned by 180°" : "K", by(s.m)],
    y: !s.size ? [s.view === "forward" ? "z = x ⋆ K" : "δ = ∂E/∂z", "no output"] : s.view === "forward" ? ["z = x ⋆ K", by(s.size)]
      : [`δ = ∂E/∂z${s.view === "input" && zerosIn ? `, ${zerosIn}` : s.stride > 1 && s.view === "kernel" ? ", spread" : ""}`, s.view === "kernel" && s.stride > 1 ? "dashed: zeros put in" : deltaNote],
  };
}

/** The sentence under the sum: what the chosen cell does, or what this step did. */
export function sentence(s, met) {
  const { n, m, stride, rest } = s;
  if (!s.size) return `A ${m} × ${m} kernel does not fit on a ${n} × ${n} image, so there is no output and no δ. Make the image larger or the kernel smaller.`;
  const next = stride > 1 ? "the windows jumped, so δ must be spread first" : "so that every pixel gets a window, δ needs a border";
  if (s.stage === "arrive") return `One δ has arrived for each output; there are ${s.size * s.size} of them and ${n * n} pixels. Next: ${next}.`;
  if (s.stage === "spread") return `The windows jumped by ${stride}: put ${stride - 1} zero${stride > 2 ? "s" : ""} between neighbouring δ${rest ? `, and ${rest} at the bottom and right for the strip no window reached` : ""}.`;
  if (s.stage === "pad") return m > 1 ? `Pad with m − 1 = ${m - 1} zeros on every side: now every pixel of the image has a window of its own.` : "A 1 × 1 kernel needs no padding: every pixel has one window already.";
  if (s.stage === "turn") return m > 1 ? `Turn the kernel by 180°: k${m}${m} comes to the top left. Now each δ meets the tap that carried the pixel to it.` : "Turning a 1 × 1 kernel changes nothing.";
  const me = met.name(s.focusOn, s.focus);
  const list = (kind, letter) => named(met, kind, letter);
  const many = met.real.length;
  if (s.focusOn === "x" && !many) return `Node ${me} lies in the strip that no window reaches: nothing depends on it, so its gradient is 0.`;
  const [outputs, taps] = many > 1 ? ["outputs", "taps"] : ["output", "tap"];
  if (s.focusOn === "x" && s.wrong) return `Without turning, the taps lie the wrong way round over δ, and node ${me} gets ${show(s.look.x.values[s.focus])}. The gradient is ${show(s.truth.flat()[s.focus])}.`;
  if (s.focusOn === "x") return `Node ${me} feeds ${outputs} ${list("y")}, through ${taps} ${list("w", "k")}.`;
  if (s.focusOn === "y") return s.view === "forward" ? `Output ${me} reads nodes ${list("x")}: one product per tap.` : `δ${me} goes back to node${many > 1 ? "s" : ""} ${list("x")}, through ${taps} ${list("w", "k")}${s.wrong ? ": the wrong way round, for the kernel was not turned" : ""}.`;
  const gradient = correlate2dDw(s.x, s.delta, m, { stride })[Math.floor(s.focus / m)][s.focus % m];
  return `Tap k${me} is used ${many === 1 ? "once" : `${many} times`}, once for each output; its gradient sums x·δ over all its uses: ∂E/∂k${me} = ${show(gradient)}.`;
}

/** The setting in words, for readers who hear the page. */
function setting(s) {
  const what = { forward: "Forward pass", input: `Gradient of the image, kernel ${s.wrong ? "not " : ""}turned`, kernel: "Gradient of the kernel" }[s.view];
  return `${what}: ${s.n} × ${s.n} image, ${s.m} × ${s.m} kernel, stride ${s.stride}, ${s.size} × ${s.size} outputs; all δ add up to ${show(s.delta.flat().reduce((a, b) => a + b, 0))}.`;
}

function render({ model, el }) {
  const set = (change) => { assign(model, change); };
  const sized = (change) => {
    const next = { n: model.get("image_size"), m: model.get("kernel_size"), stride: model.get("stride"), ...change };
    const size = outputSize(next.n, next.m, next);
    set({ image_size: next.n, kernel_size: next.m, stride: next.stride, frame: -1, x: resize(model.get("x"), next.n), w: resize(model.get("w"), next.m),
      ...(size ? { delta: resize(model.get("delta"), size) } : {}) });
  };
  const put = (name, q, value) => set({ [name]: read(model)[name].map((row, i) => row.map((v, j) => (i * row.length + j === q ? value : v))) });
  const choose = (kind, q, hovered) => {
    const s = read(model);
    if (q < 0 || s.stage !== "slide" || (hovered && s.frame >= 0) || (s.focus === q && s.focusOn === kind)) return;
    set({ focus_on: kind, focus: q, frame: -1 });
  };
  const locate = {
    x: (s, i, j) => i * s.n + j,
    w: (s, i, j) => tapAt(s, i, j),
    y: (s, i, j) => (s.size && outputAt(s, i) >= 0 && outputAt(s, j) >= 0 ? outputAt(s, i) * s.size + outputAt(s, j) : -1),
  };
  const grids = Object.fromEntries(["x", "w", "y"].map((kind) => [kind, grid({
    onPick: (i, j, hovered) => choose(kind, locate[kind](read(model), i, j), hovered),
    onEdit: (i, j, value) => put({ x: "x", w: "w", y: "delta" }[kind], locate[kind](read(model), i, j), value),
    onRefuse: (text) => voice.refuse(text),
  })]));

  const tryThis = h("p", { class: "try" });
  const formula = h("div", { class: "formula" });
  const sum = h("p", { class: "sum" });
  const voice = narrator();
  const turned = checkbox("turned", (on) => set({ turned: on, frame: -1 }));
  const view = choice("What to compute", { forward: "forward", input: "∂E/∂x", kernel: "∂E/∂K" }, (value) => set({ view: value, frame: -1, focus_on: views[value].result, focus: 0 }));
  const image = slider({ label: "image", min: 2, max: 6, onInput: (n) => sized({ n }) });
  const kernel = slider({ label: "kernel", min: 1, max: 4, onInput: (m) => sized({ m }) });
  const stride = slider({ label: "stride", min: 1, max: 3, onInput: (value) => sized({ stride: value }) });
  const go = (by) => {
    const s = read(model);
    const next = s.frame + by;
    set({ frame: !s.size || next < -1 || next > s.last ? (by < 0 ? s.last : -1) : next });
    return model.get("frame") >= 0;
  };
  const film = player({ advance: () => go(1), delay: () => delays[model.get("speed")], onChange: (on) => {
    play.sync(on ? "❚❚ pause" : "▶ play", on ? "pause" : "play all steps");
    voice.mute(on);
  } });
  const back = button("◀ step", "one step back", () => { film.stop(); go(-1); });
  const forth = button("step ▶", "one step on", () => { film.stop(); go(1); });
  const play = button("▶ play", "play all steps", film.toggle);
  const speed = menu("speed", { slow: "slow", normal: "normal", fast: "fast" }, (value) => set({ speed: value }));
  const fill = (make) => () => { const { size } = read(model); if (size) set({ delta: make(size), frame: -1 }); };
  const spike = (size) => zeros(size).map((row, i) => row.map((_, j) => Number(i === j && i === Math.floor(size / 2))));
  const ones = button("δ = 1 everywhere", "set every δ to 1", fill((size) => zeros(size).map((row) => row.map(() => 1))));
  const one = button("one δ only", "keep a single δ of 1", fill(spike));
  const count = button("δ = 1, 2, 3, …", "count the δ", fill(counting));
  const reset = button("reset", "back to the worked example", () => { film.stop(); voice.forgive(); set(model.get("initial")); }, "reset");
  const hint = h("p", { class: "hint" }, "Change a number in an underlined cell: type, drag it up or down, or turn the wheel; Page Up and Page Down count by one. Arrow keys walk through the cells.");
  const more = h("details", {}, h("summary", {}, "more: values and speed"), h("div", {}, count.el, ones.el, one.el, speed.el, hint));
  stage(el, "conv-backward", "Convolution, forward and backward");
  el.replaceChildren(tryThis, formula, sum, ...voice.parts, h("div", { class: "controls" }, view.el, h("span", { class: "steps" }, back.el, play.el, forth.el), reset.el, image.el, kernel.el, stride.el, more));
  formula.addEventListener("focusin", film.stop);
  el.addEventListener("input", voice.forgive);
  let [arranged, wasTurned] = ["", null];

  function draw() {
    const s = read(model);
    const met = meetings(s);
    const plans = { x: planX(s, met), w: planW(s, met), y: planY(s, met) };
    const { order, signs } = views[s.view];
    if (arranged !== s.view) {
      const sign = (text) => h("span", { class: "operator", "aria-hidden": "true" }, text);
      formula.replaceChildren(grids[order[0]].el, sign(signs[0]), grids[order[1]].el, sign(signs[1]), grids[order[2]].el);
      turned.el.remove();
      arranged = s.view;
    }
    const titles = headings(s);
    order.forEach((kind) => grids[kind].update(plans[kind], { kind: s.look[kind].tone, heading: titles[kind][0], note: titles[kind][1],
      label: `${titles[kind][0]}, ${plans[kind].length} by ${plans[kind].length}`, window: windowOn(s, kind) }));
    if (s.view === "input") grids.w.el.append(turned.el);
    if (wasTurned !== null && wasTurned !== turnedNow(s) && s.view === "input") grids.w.turn();
    wasTurned = turnedNow(s);
    fitCells(formula, order.map((kind) => plans[kind].length));
    const lead = { forward: ["Choose an output.", "Which pixels does it read?"], input: ["Choose a pixel of ∂E/∂x.", "Predict its value before you read the sum."], kernel: ["Choose a tap of ∂E/∂K.", "Which pixels did it meet, and with which δ?"] }[s.view];
    tryThis.replaceChildren(h("strong", {}, lead[0]), ` ${lead[1]}`);
    sum.replaceChildren(...(s.stage === "slide" && s.size ? arithmetic(met, s) : []));
    voice.tell(sentence(s, met), setting(s), !s.size || (s.wrong && s.stage === "slide"));
    view.sync(s.view);
    image.sync(s.n); kernel.sync(s.m); stride.sync(s.stride);
    turned.sync(!s.wrong);
    speed.sync(model.get("speed"));
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
