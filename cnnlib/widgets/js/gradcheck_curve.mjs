// GradcheckCurve: the error of forward, central and complex-step differences against the step h, on log-log axes.
// Traits   function: name   point: t   exponent: log₁₀ h   method: whose arithmetic is written   planted: a mistake
//          initial: traits for reset
// Equations central-diff, complex-step
import { assign, button, checkbox, choice, follow, h, menu, narrator, slider, stage } from "./draw.mjs";
import { put, vector } from "./svg.mjs";
import { bestStep, curve, expected, functions, lowest, methods, miss, shared } from "./gradcheck_curve_maths.mjs";

const traits = ["function", "point", "exponent", "method", "planted"];
const tones = { forward: "w", central: "x", complex: "y" };
const titles = { forward: "forward", central: "central", complex: "complex step" };
const slips = { "e^(sin t)": "cos t forgotten", "conv, sigmoid, ½Σ(y − t)²": "kernel not turned", "exp of a 2 × 2 mean": "1/s² missing", "relu(sin t)": "mask forgotten" };
const [wide, high, indent, ground, bottom, ceiling] = [640, 340, 52, 52, -18, 2];
const toX = (exponent) => indent + ((exponent - lowest) / -lowest) * (wide - indent - 14);
const toY = (error) => 10 + ((ceiling - Math.min(ceiling, Math.max(bottom, Math.log10(error || 1e-99)))) / (ceiling - bottom)) * (high - ground - 10);

const raised = (n) => [...String(n)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit] ?? (digit === "-" ? "⁻" : "·")).join("");
/** 5.7·10⁻⁷ */
export function scientific(value) {
  if (value === 0) return "0";
  const [digits, exponent] = value.toExponential(1).split("e");
  const power = Number(exponent);
  return (power === 0 ? digits : `${digits}·10${raised(power)}`).replace("-", "−");
}
const stepText = (exponent) => (Number.isInteger(exponent) ? `10${raised(exponent)}` : scientific(10 ** exponent));
const digitsOf = (value) => value.toFixed(16).replace("-", "−");

function makeChart() {
  const ticks = (from, to, by) => Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, k) => from + k * by);
  const rules = [...ticks(-16, 0, 4).map((e) => vector("g", {}, vector("line", { class: "rule", x1: indent, x2: wide - 10, y1: toY(10 ** e), y2: toY(10 ** e) }), vector("text", { class: "last", x: indent - 6, y: toY(10 ** e) + 5 }, e ? `10${raised(e)}` : "1"))),
    ...ticks(lowest, 0, 4).map((e) => vector("text", { x: toX(e), y: high - 30 }, e ? `10${raised(e)}` : "1"))];
  const names = [vector("text", { x: (wide + indent) / 2, y: high - 6 }, "step h"), vector("text", { class: "first", x: indent + 4, y: 20 }, "error")];
  const here = vector("line", { class: "here", y1: 8, y2: high - ground });
  const lines = Object.fromEntries(Object.keys(methods).map((m) => [m, vector("polyline", { class: `curve-line ${tones[m]} ${m}` })]));
  const dots = Object.fromEntries(Object.keys(methods).map((m) => [m, vector("circle", { class: `curve-dot ${tones[m]}`, r: 6 })]));
  const drawing = vector("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img" }, ...rules, ...names, here, ...Object.values(lines), ...Object.values(dots));
  const update = (s) => {
    put(here, { x1: toX(s.exponent), x2: toX(s.exponent) });
    for (const m of Object.keys(methods)) {
      const known = s.curves[m].length > 0;
      put(lines[m], { points: s.curves[m].map(([e, error]) => `${toX(e).toFixed(1)},${toY(error).toFixed(1)}`).join(" ") });
      put(dots[m], { cx: toX(s.exponent), cy: known ? toY(s.errors[m]).toFixed(1) : 0, r: known ? (m === s.method ? 8 : 5) : 0 });
    }
    put(drawing, { "aria-label": `Errors at h = ${stepText(s.exponent)}: ${Object.keys(methods).map((m) => `${titles[m]} ${s.errors[m] === null ? "not possible" : scientific(s.errors[m])}`).join(", ")}.` });
  };
  return { drawing, update };
}

/** Two nearly equal numbers whose leading digits, which cancel, are muted. */
function cancelling(a, b) {
  const [first, second] = [digitsOf(a), digitsOf(b)];
  const same = shared(first, second);
  const number = (text) => h("span", { class: "term" }, h("span", { class: "curve-gone" }, text.slice(0, same)), text.slice(same));
  return [number(first), h("span", { class: "sign" }, " − "), number(second)];
}

function arithmetic(s) {
  const { f, t, step, method } = s;
  const group = (...pieces) => h("span", { class: "group" }, ...pieces);
  const result = (value) => group(h("span", { class: "sign" }, "= "), h("strong", { class: "total" }, digitsOf(value).slice(0, 16)));
  if (s.errors[method] === null) return ["a maximum cannot choose between complex numbers"];
  if (method === "complex") return [group("Im f(t + ih) / h "), group(h("span", { class: "sign" }, "= "), scientific(f.complex([t, step])[1]), " / ", stepText(s.exponent)), " ", result(s.estimates[method])];
  const other = method === "forward" ? t : t - step;
  const name = method === "forward" ? "(f(t + h) − f(t)) / h " : "(f(t + h) − f(t − h)) / 2h ";
  return [group(name), group(h("span", { class: "sign" }, "= "), "(", ...cancelling(f.real(t + step), f.real(other)), ")", method === "forward" ? " / " : " / 2·", stepText(s.exponent)), " ", result(s.estimates[method])];
}

function verdict(s) {
  const { method, errors } = s;
  if (errors[method] === null) return ["The complex step needs a function that knows complex numbers. Choose another method, or another function.", true];
  const head = `With h = ${stepText(s.exponent)} the ${titles[method]} estimate and the backward pass differ by ${scientific(errors[method])}.`;
  if (s.planted && s.gap > 1e-12) return [`${head} No step brings the curve below ${scientific(s.gap)}: the backward pass is wrong (${slips[s.name]}).`, false];
  if (s.planted) return [`${head} The mistake (${slips[s.name]}) hides at this t: it changes nothing here.`, false];
  if (!s.costs) {
    const far = Math.abs(s.t);
    return [far <= s.step ? `${head} A false alarm: the kink at t = 0 lies within h, and the step sees both sides of it.` : `${head} The kink at t = 0 is ${scientific(far)} away, further than h.`, far <= s.step];
  }
  const { curvature, rounding } = s.costs;
  const main = curvature > rounding ? "Curvature costs most: take a smaller step." : method === "complex" ? "Nothing is subtracted, so nothing cancels." : "Rounding costs most: take a larger step.";
  return [`${head} Curvature should cost about ${scientific(curvature)}, rounding up to about ${scientific(rounding)}. ${main} The lowest point of this curve lies at h ≈ ${scientific(10 ** bestStep(s.curves[method]))}.`, false];
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  let [curves, key] = [null, ""];
  function read() {
    const [name, t, exponent, method, planted] = traits.map((trait) => model.get(trait));
    const [f, step] = [functions[name], 10 ** exponent];
    if (key !== `${name}/${t}/${planted}`) {
      curves = Object.fromEntries(Object.keys(methods).map((m) => [m, curve(name, m, t, planted)]));
      key = `${name}/${t}/${planted}`;
    }
    const all = (value) => Object.fromEntries(Object.keys(methods).map((m) => [m, value(m)]));
    return { name, t, exponent, method, planted, f, step, curves, errors: all((m) => miss(name, m, t, step, planted)), estimates: all((m) => methods[m](f, t, step)),
      gap: Math.abs(f.slope(t) - f.mistaken(t)), costs: expected(name, method, t, step) };
  }
  const chart = makeChart();
  const errors = Object.fromEntries(Object.keys(methods).map((m) => [m, h("output")]));
  const sum = h("p", { class: "sum curve-sum" });
  const compare = h("p", { class: "sum curve-sum" });
  const voice = narrator();
  const func = menu("function", Object.fromEntries(Object.keys(functions).map((name) => [name, name])), (name) => set({ function: name, ...(name === "relu(sin t)" ? { point: 0.01 } : {}) }));
  const step = slider({ label: "step h", min: lowest * 4, max: 0, onInput: (value) => set({ exponent: value / 4 }) });
  const point = slider({ label: "point t", min: -200, max: 200, onInput: (value) => set({ point: value / 100 }) });
  const method = choice("Method", titles, (value) => set({ method: value }));
  const planted = checkbox("plant a mistake", (on) => set({ planted: on }));
  const reset = button("reset", "back to the worked example", () => set(model.get("initial")), "reset");
  const legend = h("ul", { class: "curve-legend" }, ...Object.keys(methods).map((m) => h("li", { class: tones[m] }, h("span", { class: `curve-key ${m}`, "aria-hidden": "true" }), h("strong", {}, titles[m]), " ", errors[m])));
  stage(el, "gradcheck-curve", "Errors of three gradient checks");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Slide h to the left."), " Where does each method turn, and why? Then plant a mistake."),
    h("div", { class: "curve-chart" }, chart.drawing, legend), sum, compare, ...voice.parts,
    h("div", { class: "controls" }, step.el, method.el, func.el, point.el, planted.el, reset.el));

  function draw() {
    const s = read();
    chart.update(s);
    Object.keys(methods).forEach((m) => { errors[m].textContent = s.errors[m] === null ? "not possible" : scientific(s.errors[m]); });
    sum.replaceChildren(...arithmetic(s));
    const slope = s.planted ? s.f.mistaken(s.t) : s.f.slope(s.t);
    compare.replaceChildren(h("span", { class: "group" }, "backward pass "), h("span", { class: "group" }, h("span", { class: "sign" }, "= "), h("strong", { class: "total" }, digitsOf(slope).slice(0, 16))), ...(s.method === "complex" ? [] : [h("span", { class: "curve-note" }, "crossed out: digits that cancel")]));
    const [text, warning] = verdict(s);
    voice.tell(text, `${s.name} at t = ${s.t}${s.planted ? ", with a mistake planted" : ""}.`, warning);
    func.sync(s.name);
    step.sync(Math.round(s.exponent * 4), stepText(s.exponent), 0);
    point.sync(Math.round(s.t * 100), s.t.toFixed(2).replace("-", "−"), 200);
    method.sync(s.method);
    planted.sync(s.planted);
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
