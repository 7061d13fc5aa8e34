// ParameterCounter: what one layer costs when it is dense, local or shared, on a log scale.
// Traits   image_size, kernel_size, channels, maps, stride, pool   ceil_mode: keep a partly filled block
//          units: "1000" | "outputs"   presets: { name: traits }   initial: traits for reset
// Equations param-count, out-size
import { assign, button, choice, follow, h, menu, narrator, slider, stage } from "./draw.mjs";
import { counted, decades, grouped, kinds, power, share, verdict } from "./parameter_counter_maths.mjs";

const traits = ["image_size", "kernel_size", "channels", "maps", "stride", "pool", "ceil_mode", "units"];
const words = {
  dense: ["dense", "every unit sees every pixel"],
  local: ["local", "every unit sees one window, with weights of its own"],
  shared: ["shared", "all units of a map use the same window of weights"],
  tail: ["tail", "dense layer from the pooled maps to 10 classes"],
};

/** One line of the chart: name, bar, total, and the formula with its numbers; `sync(layer, span)`. */
function bar(kind) {
  const [name, note] = words[kind];
  const fill = h("div", { class: "count-fill" });
  const track = h("div", { class: "count-track", "aria-hidden": "true" }, fill);
  const total = h("output", { class: "count-total" });
  const formula = h("p", { class: "sum count-formula" });
  const el = h("li", { class: `count-line ${kind}` }, h("span", { class: "count-name" }, h("strong", {}, name), ` ${note}`),
    track, total, formula);
  const factor = (f, text) => h("span", { class: f.tone }, text, ...(f.square ? [h("sup", {}, "2")] : []));
  const product = (layer, text) => layer.factors.flatMap((f, i) => (i ? [" · ", factor(f, text(f))] : [factor(f, text(f))]));
  const sync = (layer, span) => {
    el.classList.toggle("none", !layer);
    track.style.setProperty("--decades", 3 / span);
    fill.style.setProperty("--share", layer ? share(layer.weights + layer.biases, span) : 0);
    total.textContent = layer ? grouped(layer.weights + layer.biases) : "–";
    formula.replaceChildren(...(layer ? [
      h("span", { class: "group" }, ...product(layer, (f) => f.letter)), " ", h("span", { class: "group" }, "= ", ...product(layer, (f) => grouped(f.value))), " ",
      h("span", { class: "group" }, `= ${grouped(layer.weights)} weights`), " ",
      h("span", { class: "group" }, `+ ${grouped(layer.biases)} bias${layer.biases === 1 ? "" : "es"}`)] : ["there is no such layer"]));
  };
  return { el, sync };
}

/** A square drawn to scale with its title and caption; `sync(title, caption, share of the image, share of the window)`. */
function square(kind) {
  const [title, caption] = [h("div", { class: "title" }), h("div", { class: "caption" })];
  const pane = h("div", { class: "count-window" });
  const el = h("div", { class: `panel ${kind}` }, title, h("div", { class: "count-frame", "aria-hidden": "true" }, h("div", { class: "count-square" }, pane)), caption);
  const sync = (heading, note, size, inside = 0) => {
    title.textContent = heading;
    caption.textContent = note;
    el.style.setProperty("--size", size);
    el.style.setProperty("--inside", inside);
    pane.hidden = !inside;
  };
  return { el, sync };
}

function render({ model, el }) {
  const set = (change) => assign(model, change);
  const read = () => counted(Object.fromEntries(traits.map((name) => [name, model.get(name)])));
  const presets = model.get("presets");
  const squares = Object.fromEntries([["image", "x"], ["map", "y"], ["pooled", "y"]].map(([name, kind]) => [name, square(kind)]));
  const arrow = (text) => h("span", { class: "operator", "aria-hidden": "true" }, text);
  const lines = Object.fromEntries(kinds.map((kind) => [kind, bar(kind)]));
  const scale = h("div", { class: "count-scale", "aria-hidden": "true" });
  const voice = narrator();
  const control = (label, trait, max) => [trait, slider({ label, min: 1, max, onInput: (value) => set({ [trait]: value }) })];
  const sliders = Object.fromEntries([control("image", "image_size", 1000), control("kernel", "kernel_size", 32), control("maps", "maps", 64),
    control("stride", "stride", 8), control("pool", "pool", 8), control("maps in", "channels", 64)]);
  const units = choice("Units of the dense and the local layer", { 1000: "1000 units", outputs: "one per output" }, (value) => set({ units: value }));
  const rounding = choice("Rounding of the pooled size", { floor: "⌊ ⌋ round down", ceil: "⌈ ⌉ round up" }, (value) => set({ ceil_mode: value === "ceil" }));
  const names = Object.fromEntries(["own layer", ...Object.keys(presets)].map((name) => [name, name]));
  const layer = menu("layer", names, (name) => { if (name in presets) set(presets[name]); });
  const reset = button("reset", "back to the worked example", () => set(model.get("initial")), "reset");
  stage(el, "parameter-counter", "Counting weights: dense, local, shared");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Guess, then slide."), " Which controls move the shared bar, and which do not?"),
    h("div", { class: "formula count-sizes" }, squares.image.el, arrow("⋆"), squares.map.el, arrow("→"), squares.pooled.el),
    h("ul", { class: "count-chart" }, ...kinds.map((kind) => lines[kind].el)), scale, ...voice.parts,
    h("div", { class: "controls" }, units.el, rounding.el, ...Object.values(sliders).map((s) => s.el), layer.el, reset.el));

  function draw() {
    const c = read();
    const span = decades(c);
    const side = (size) => `${size} × ${size}`;
    squares.image.sync(`image${c.channels > 1 ? "s" : ""}`, `n = ${c.n}${c.channels > 1 ? `, ${c.channels} maps` : ""}; window ${c.m} × ${c.m}`, 1, c.output ? c.m / c.n : 0);
    squares.map.sync(c.maps > 1 ? "maps" : "map", c.output ? `${c.maps > 1 ? `${c.maps} maps, ` : ""}o = ⌊(${c.n} − ${c.m}) / ${c.stride}⌋ + 1 = ${c.output}` : "no output", c.output / c.n);
    const [left, right] = c.up ? ["⌈", "⌉"] : ["⌊", "⌋"];
    squares.pooled.sync("pooled", c.pooled ? `p = ${left}(${c.output} − ${c.pool}) / ${c.pool}${right} + 1 = ${c.pooled}` : "nothing to pool", c.pooled / c.n);
    kinds.forEach((kind) => lines[kind].sync(c[kind], span));
    const ticks = Array.from({ length: span / 3 + 1 }, (_, k) => 3 * k);
    scale.replaceChildren(...ticks.map((exponent) => {
      const tick = h("span", {}, exponent ? power(exponent) : "1");
      tick.style.setProperty("--share", exponent / span);
      return tick;
    }));
    const { text, warning } = verdict(c);
    const totals = kinds.filter((kind) => c[kind]).map((kind) => `${kind} ${grouped(c[kind].weights + c[kind].biases)}`).join(", ");
    const sizes = `${side(c.n)} image, ${c.m} × ${c.m} window, ${c.channels} in, ${c.maps} out, stride ${c.stride}, pooling by ${c.pool}, rounding ${c.up ? "up" : "down"}.`;
    voice.tell(text, `${sizes} ${c.output ? `Maps of ${c.output}, pooled ${c.pooled}. Parameters: ${totals}.` : ""}`, warning);
    traits.slice(0, 6).forEach((trait) => sliders[trait].sync(model.get(trait)));
    units.sync(c.mode);
    rounding.sync(c.up ? "ceil" : "floor");
    layer.sync(Object.keys(presets).find((name) => Object.entries(presets[name]).every(([trait, value]) => model.get(trait) === value)) ?? "own layer");
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return unfollow;
}

export default { render };
