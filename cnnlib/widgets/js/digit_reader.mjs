// DigitReader: draw a digit; the trained network reads it in the page, forward, and says backward what would change its mind.
// Traits   weights: w1 b1 w2 b2 w3 b3, flat   usual: ranges of the training pictures   presets: name → 64 sixteenths
//          picture: 8 rows of 0…1   towards: class k   layer, map, row, column: the chosen unit   part: the map whose products are written out
//          eraser   softness: of the brush   initial: traits for reset
// Equations conv-fwd, relu-dx, maxpool-fwd, maxpool-dx, dense-fwd, dense-dx, softmax, ce-dlogits, conv-dx
import { assign, button, checkbox, follow, h, listed, menu, narrator, show, slider, stage } from "./draw.mjs";
import { classes, pullBack, readDigit, shift, side, stepTowards, strangeness, takeApart } from "./digit_reader_maths.mjs";
import { drawingPad, exact, mindMap, placeOf } from "./digit_pad.mjs";
import { strip, workshop } from "./digit_inside.mjs";

const traits = ["picture", "towards", "layer", "map", "row", "column", "part", "eraser", "softness", "weights"];
const percent = (y) => (y > 0.9995 && y < 1 ? "over 99.9 %" : `${(100 * y).toFixed(1)} %`);
const order = (y) => Array.from(y, (_, k) => k).sort((a, b) => y[b] - y[a]);
const rows = (x) => Array.from({ length: side }, (_, i) => Array.from(x.slice(i * side, (i + 1) * side)));

/** What it reads and how sure it is, and how far to trust that. */
export function readingSentence(y, strange, blank) {
  const [best, second] = order(y);
  if (blank) return `Blank paper, and yet it answers ${best} with ${percent(y[best])}: “no digit” is not among its ten answers.`;
  const sure = y[best] > 0.95 ? "and is sure:" : y[best] > 0.6 ? "and leans that way:" : "but is in doubt:";
  const said = `It reads a ${best}, ${sure} ${percent(y[best])}; next comes ${second} with ${percent(y[second])}.`;
  return strange.length ? `${said} Do not trust it: no training digit ${listed(strange)}.` : said;
}

/** Ten classes with their probabilities as bars; the chosen one is class k. */
function bars(onChoose) {
  const name = `towards-${Math.random().toString(36).slice(2)}`;
  const lines = Array.from({ length: classes }, (_, k) => {
    const input = h("input", { type: "radio", name, value: k, "aria-label": `class ${k}`, "data-lm-suppress-shortcuts": "true" });
    const [fill, value] = [h("span", { class: "digit-fill" }), h("output", {})];
    input.addEventListener("change", () => onChoose(k));
    input.addEventListener("click", () => onChoose(k));
    return { input, fill, value, el: h("label", { class: "digit-bar" }, input, h("strong", {}, String(k)), h("span", { class: "digit-track" }, fill), value) };
  });
  const note = h("div", { class: "caption" });
  const el = h("fieldset", { class: "digit-bars y" }, h("legend", { class: "title" }, "y, the answer"), h("div", { class: "digit-lines" }, ...lines.map((line) => line.el)), note);
  function update(y, k) {
    const best = order(y)[0];
    note.textContent = `framed: class ${k}, chosen`;
    lines.forEach((line, j) => {
      line.fill.style.setProperty("--share", y[j].toFixed(4));
      line.value.textContent = `${(100 * y[j]).toFixed(1)} %`;
      line.value.title = String(y[j]);
      line.input.checked = j === k;
      line.input.setAttribute("aria-label", `class ${j}: ${(100 * y[j]).toFixed(1)} per cent`);
      line.el.classList.toggle("best", j === best);
    });
  }
  return { el, update };
}

/** Which pixels the chosen unit sees, as a frame on the picture. */
function seenFrom({ layer, row, column }) {
  const [from, size] = { first: [(q) => q - 1, 3], pooled: [(q) => 2 * q - 1, 4], second: [(q) => 2 * q - 3, 8], class: [() => 0, 8] }[layer];
  const span = (q) => [Math.max(0, from(q)), Math.min(side, from(q) + size)];
  const [[top, bottom], [left, right]] = [span(row), span(column)];
  return { row: top, column: left, rows: bottom - top, columns: right - left };
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const get = (...names) => names.map((name) => model.get(name));
  const net = () => model.get("weights");
  const flat = () => model.get("picture").flat();
  const drawn = (x) => set({ picture: rows(x) });
  let [run, gradient, key, pointed] = [null, null, "", -1];

  function computed() {
    const now = `${model.get("picture")}|${model.get("towards")}`;
    if (now === key) return;
    run = readDigit(net(), flat());
    gradient = pullBack(net(), run, model.get("towards"));
    key = now;
  }
  const chosen = () => {
    const [layer, map, row, column, part] = get("layer", "map", "row", "column", "part");
    const [count, n] = { first: [net().b1.length, side], pooled: [net().b1.length, side / 2], second: [net().b2.length, side / 2], class: [classes, 1] }[layer];
    return { layer, map: Math.min(map, count - 1), row: Math.min(row, n - 1), column: Math.min(column, n - 1), part };
  };
  const choose = (unit) => { if (Object.entries(unit).some(([name, value]) => model.get(name) !== value)) set(unit); };
  const focusPixel = (q) => { if (q !== pointed) { pointed = q; draw(); } };
  const pad = drawingPad({ tool: () => ({ x: flat(), softness: model.get("softness"), eraser: model.get("eraser") }), onDraw: drawn, onFocus: focusPixel });
  const mind = mindMap({ onFocus: focusPixel });
  const answer = bars((k) => choose({ towards: k, layer: "class", map: k, row: 0, column: 0 }));
  const strips = { first: strip("first", net().b1.length, choose), pooled: strip("pooled", net().b1.length, choose), second: strip("second", net().b2.length, choose) };
  const shop = workshop((part) => set({ part }));
  const voice = narrator();
  const pixel = h("p", { class: "digit-pointed" });
  const named = Object.keys(model.get("presets"));
  const example = menu("start from", Object.fromEntries([["", "own drawing"], ...named.map((name) => [name, name])]), (name) => { if (name) drawn(model.get("presets")[name].map((v) => v / 16)); });
  const uphill = button("", "", () => {
    const next = stepTowards(flat(), gradient);
    if (next) { voice.forgive(); drawn(next); } else voice.refuse(`No pixel can move: the gradient of class ${model.get("towards")} is 0, or points out of the range from paper to ink.`);
  }, "digit-uphill");
  const eraser = checkbox("eraser", (on) => set({ eraser: on }));
  const softness = slider({ label: "soft brush", min: 0, max: 4, onInput: (value) => set({ softness: value }) });
  const move = (text, name, down, right) => button(text, `move the drawing one pixel ${name}`, () => drawn(shift(flat(), down, right))).el;
  const shifts = h("span", { class: "steps digit-shift" }, h("span", {}, "move"), move("◀", "left", 0, -1), move("▲", "up", -1, 0), move("▼", "down", 1, 0), move("▶", "right", 0, 1));
  const clear = button("clear", "clear the paper", () => drawn(Array(side * side).fill(0)));
  const reset = button("reset", "back to the worked example", () => { voice.forgive(); set(model.get("initial")); }, "reset");
  stage(el, "digit-reader", "Draw a digit, and the network reads it");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Draw a digit over the whole height of the pad."), " Then choose another class beside it, see what would change the network’s mind, and push the picture uphill until it gives in."),
    h("div", { class: "digit-table" }, pad.el, answer.el, mind.el), pixel, ...voice.parts,
    h("div", { class: "controls" }, clear.el, example.el, eraser.el, softness.el, shifts, uphill.el, reset.el),
    h("div", { class: "digit-strips" }, strips.first.el, strips.pooled.el, strips.second.el), shop.el);
  el.addEventListener("input", voice.forgive);

  function draw() {
    computed();
    const [x, at, k] = [flat(), chosen(), model.get("towards")];
    pad.update(x, at.layer === "class" ? null : seenFrom(at), pointed);
    answer.update(run.y, k);
    mind.update(gradient, k, pointed);
    strips.first.update(run.a1, at.layer === "first" ? at : null);
    strips.pooled.update(run.p, at.layer === "pooled" ? at : null);
    strips.second.update(run.a2, at.layer === "second" ? at : null);
    shop.update(takeApart(net(), run, at), at, run);
    const ink = x.some((v) => v > 0);
    const said = readingSentence(run.y, ink ? strangeness(x, model.get("usual")) : [], !ink);
    voice.tell(said, `Class ${k} is chosen.`);
    pixel.textContent = pointed < 0 ? `E = −ln y for class ${k} is ${exact(-Math.log(run.y[k]))}. Point at a pixel to read its ink and its gradient.` : `Pixel at ${placeOf(pointed)}: ink ${show(x[pointed])}, ∂E/∂x = ${exact(gradient[pointed])} for class ${k}, where E = −ln y = ${exact(-Math.log(run.y[k]))}.`;
    const preset = named.find((name) => model.get("presets")[name].every((v, q) => Math.abs(v / 16 - x[q]) < 1e-4));
    example.sync(preset ?? "");
    uphill.sync(`one step uphill for ${k}`, `change the picture one step uphill for class ${k}`);
    eraser.sync(model.get("eraser"));
    softness.sync(model.get("softness"));
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
