// PoolRouter: pool a map forward, and follow every δ back to the pixels that made it.
// Traits   x, delta: rows of numbers   kind: sum | mean | max | l2   image_size, pool_size, stride, padding, ceil_mode
//          count_padding, split_ties, numbering: rows | blocks   focus_on: x | y   focus: row-major index
//          frame: −1 the whole picture, else the δ that is just being handed out   initial: traits for reset
// Equations maxpool-fwd, maxpool-dx, avgpool-fwd, avgpool-dx, sumpool-dx, lppool-dx, upsample
import { counting, resize, zeros } from "./tensor.mjs";
import { assign, button, checkbox, choice, fitCells, follow, h, menu, narrator, player, show, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { put, vector } from "./svg.mjs";
import { isKronecker, pixelNames, poolAxis, poolWindows, routeBack } from "./pool_router_maths.mjs";
import { kindNames, nameOf, poolSentence, poolSetting, root, written } from "./pool_router_words.mjs";

const traits = ["x", "delta", "kind", "image_size", "pool_size", "stride", "padding", "ceil_mode", "count_padding", "split_ties", "numbering", "focus_on", "focus", "frame"];
const fills = {
  "1, 2, 3, …": counting,
  "all equal": (n) => zeros(n).map((row) => row.map(() => 1)),
};
const symbolOf = (kind, letter, index) => h("span", { class: `symbol ${kind}` }, letter, h("sub", {}, String(index)));
const place = (i, j) => `row ${i + 1}, column ${j + 1}`;

/** Everything the picture needs, worked out from the traits. */
export function readPool(model) {
  const get = (name) => model.get(name);
  const [n, m, stride, padding] = ["image_size", "pool_size", "stride", "padding"].map(get);
  const geometry = { n, m, stride, padding, ceil: get("ceil_mode") };
  const rule = { kind: get("kind"), countPadding: get("count_padding"), split: get("split_ties") };
  const { count, extent, rest } = poolAxis(geometry);
  const x = resize(get("x"), n);
  const delta = count ? resize(get("delta"), count) : [[0]];
  const windows = poolWindows(x, geometry, rule);
  const frame = count ? Math.min(get("frame"), windows.length - 1) : -1;
  const focusOn = frame >= 0 ? "y" : get("focus_on");
  const focus = frame >= 0 ? frame : Math.min(get("focus"), (focusOn === "x" ? n * n : windows.length) - 1);
  const gamma = routeBack(windows, delta.flat(), n, frame >= 0 ? frame + 1 : windows.length);
  const byBlocks = get("numbering") === "blocks";
  const uses = zeros(n).flat();
  windows.forEach((w) => w.pixels.forEach((k) => { uses[k] += 1; }));
  const met = !count ? [] : focusOn === "y" ? [focus] : windows.flatMap((w, q) => (w.pixels.includes(focus) ? [q] : []));
  return { ...geometry, ...rule, x, delta, windows, count, extent, rest, frame, focusOn, focus, gamma, uses, met, byBlocks,
    names: pixelNames(geometry, windows, byBlocks), blocksWork: stride === m && !padding, kronecker: count > 0 && isKronecker(geometry, rule) };
}

function planImage(s) {
  const over = s.windows[s.focusOn === "y" ? s.focus : -1];
  return zeros(s.count ? s.extent : s.n).map((row, i) => row.map((_, j) => {
    const [r, c] = s.count ? [i - s.padding, j - s.padding] : [i, j];
    if (r < 0 || c < 0 || r >= s.n || c >= s.n) {
      const beyond = r >= s.n + s.padding || c >= s.n + s.padding;
      return { text: beyond ? " " : s.kind === "max" ? "−∞" : "0", states: ["zero", ...(beyond ? ["unused"] : [])], label: `${beyond ? "beyond the edge" : "padding"}, ${place(i, j)}` };
    }
    const pixel = r * s.n + c;
    const k = over ? over.pixels.indexOf(pixel) : -1;
    const tied = s.kind === "max" && k >= 0 && over.ties > 1 && over.values[k] === over.value;
    const states = [];
    if (s.focusOn === "x" && s.focus === pixel) states.push("picked");
    else if (k >= 0 && (s.kind !== "max" || over.shares[k] > 0)) states.push("lit");
    if (s.count && !s.uses[pixel]) states.push("unused");
    if (tied) states.push("tied");
    return { value: s.x[r][c], states, corner: nameOf(s, pixel), badge: tied ? "tie" : "", label: `a${nameOf(s, pixel)}, ${place(i, j)}`, editable: true };
  }));
}

const noOutput = [[{ text: "–", label: "no output", states: ["hidden-value"] }]];

function planOutput(s, letter) {
  if (!s.count) return noOutput;
  return zeros(s.count).map((row, i) => row.map((_, j) => {
    const q = i * s.count + j;
    const w = s.windows[q];
    const states = [];
    if (s.focusOn === "y" && s.focus === q) states.push("picked");
    else if (s.focusOn === "x" && s.met.includes(q)) states.push("lit", "by-w");
    const share = s.focusOn === "x" && letter === "δ" && s.count < 7 && s.met.includes(q) ? `·${written(s, q, w.pixels.indexOf(s.focus), true)}` : "";
    const tie = letter === "p" && s.kind === "max" && w.ties > 1 ? "tie" : "";
    return { value: letter === "p" ? w.value : s.delta[i][j], states, corner: q + 1, badge: share || tie,
      label: `${letter}${q + 1}, ${place(i, j)}`, editable: letter === "δ" };
  }));
}

function planGamma(s) {
  return zeros(s.n).map((row, i) => row.map((_, j) => {
    const pixel = i * s.n + j;
    const label = `γ${nameOf(s, pixel)}, ${place(i, j)}`;
    if (!s.count) return { text: "–", label, states: ["hidden-value"] };
    const w = s.windows[s.focusOn === "y" ? s.focus : -1];
    const k = w ? w.pixels.indexOf(pixel) : -1;
    const states = [];
    if (s.focusOn === "x" && s.focus === pixel) states.push("picked");
    else if (k >= 0 && w.shares[k] !== 0) states.push("lit", "by-w", ...(s.frame >= 0 ? ["fresh"] : []));
    if (!s.uses[pixel]) states.push("unused");
    return { value: s.gamma[pixel], states, corner: nameOf(s, pixel), badge: s.n < 7 && k >= 0 && w.shares[k] !== 0 ? `·${written(s, s.focus, k, true)}` : "", label };
  }));
}

const group = (...pieces) => h("span", { class: "group" }, ...pieces);
const sign = (text) => h("span", { class: "sign" }, text);
const between = (pieces, text) => pieces.flatMap((piece, i) => (i ? [sign(text), piece] : [piece]));
const coloured = (kind, value) => h("span", { class: `term ${kind}` }, value < 0 ? `(${show(value)})` : show(value));

/** p₁ = max(a₁, a₂, …) = max(1, 3, …) = 4, and where δ₁ goes. */
function outputLines(s) {
  const w = s.windows[s.focus];
  const wrap = (pieces) => ({
    sum: () => between(pieces, " + "),
    mean: () => [sign("("), ...between(pieces, " + "), sign(`) / ${w.members}`)],
    max: () => [sign("max("), ...between(pieces, ", "), sign(")")],
    l2: () => [sign("√("), ...between(pieces.map((p) => h("span", {}, p, h("sup", {}, "2"))), " + "), sign(")")],
  }[s.kind]());
  const names = w.pixels.length > 9 ? [] : [group(sign("= "), ...wrap(w.pixels.map((pixel) => symbolOf("x", "a", nameOf(s, pixel))))), " "];
  const forward = [group(symbolOf("y", "p", s.focus + 1), " "), ...names, group(sign("= "), ...wrap(w.values.map((a) => coloured("x", a)))), " ",
    group(sign("= "), h("strong", { class: "total y" }, show(w.value)))];
  const paid = new Map();
  w.pixels.forEach((pixel, k) => {
    const share = s.kind === "l2" && w.pixels.length > 4 ? `a/${root(w.value)}` : written(s, s.focus, k);
    if (w.shares[k] !== 0) paid.set(share, [...(paid.get(share) ?? []), symbolOf("d", "γ", nameOf(s, pixel))]);
  });
  const deals = [...paid].map(([share, list]) => h("span", { class: "use" }, h("span", { class: "w" }, share), "·", symbolOf("d", "δ", s.focus + 1), sign(" → "), ...between(list, ", ")));
  return [forward, deals.length ? between(deals, " ; ") : [symbolOf("d", "δ", s.focus + 1), sign(" → nowhere")]];
}

/** γ₁₃ = ¼·δ₁ + ¼·δ₂ + … = ¼·1 + ¼·2 + … = 2.5 */
function pixelLines(s) {
  const left = group(symbolOf("d", "γ", nameOf(s, s.focus)), " ");
  const parts = s.met.map((q) => [written(s, q, s.windows[q].pixels.indexOf(s.focus)), q]);
  const factor = (text) => h("span", { class: "w" }, text);
  const term = (text, ...rest) => h("span", { class: "term" }, factor(text), "·", ...rest);
  const names = parts.length > 9 ? [] : [group(sign("= "), ...between(parts.map(([text, q]) => term(text, symbolOf("d", "δ", q + 1))), " + ")), " "];
  const numbers = parts.length ? [...names, group(sign("= "), ...between(parts.map(([text, q]) => term(text, coloured("d", s.delta.flat()[q]))), " + ")), " "] : [];
  return [[left, ...numbers, group(sign("= "), h("strong", { class: "total d" }, show(s.gamma[s.focus])))], []];
}

/** Lines from every δ in the focus to the pixels it pays, in the gaps between the cells so that no number is crossed. */
function drawArrows(svg, lane, from, to, s) {
  const base = lane.getBoundingClientRect();
  const rect = (el) => el.getBoundingClientRect();
  const [here, there] = [from, to].map((el) => rect(el.querySelector(".cells")));
  const cells = (el, q) => rect(el.querySelectorAll(".cnn-cell")[q]);
  const links = s.met.flatMap((q) => s.windows[q].pixels.flatMap((pixel, k) => (s.windows[q].shares[k] !== 0 && (s.focusOn === "y" || pixel === s.focus) ? [[q, pixel]] : [])));
  const at = (u, v) => `${(u - base.left).toFixed(1)} ${(v - base.top).toFixed(1)}`;
  put(svg, { width: base.width, height: base.height });
  svg.replaceChildren(...links.flatMap(([q, pixel]) => {
    const [a, b] = [cells(from, q), cells(to, pixel)];
    const [x, y, u, v] = [a.right + 2, a.bottom + 2, b.left - 2, b.top - 2];
    const path = here.right < there.left
      ? `M${at(a.right - 6, y)} H${(here.right - base.left).toFixed(1)} C${at((here.right + there.left) / 2, y)} ${at((here.right + there.left) / 2, v)} ${at(there.left - 2, v)} H${(b.left + 5 - base.left).toFixed(1)}`
      : `M${at(x, a.bottom - 6)} V${(here.bottom - base.top).toFixed(1)} C${at(x, (here.bottom + there.top) / 2)} ${at(u, (here.bottom + there.top) / 2)} ${at(u, there.top - 2)} V${(b.top + 5 - base.top).toFixed(1)}`;
    const tip = `M${at(b.left + 1, b.top - 6)} L${at(b.left + 9, b.top - 1)} L${at(b.left + 1, b.top + 3)} Z`;
    return [vector("path", { d: path, class: "pool-line", pathLength: 1 }), vector("path", { d: tip, class: "pool-tip" })];
  }));
  svg.classList.toggle("moving", s.frame >= 0);
}

function render({ model, el }) {
  const set = (change) => { voice.forgive(); assign(model, change); };
  const sized = (change) => {
    const now = { n: model.get("image_size"), m: model.get("pool_size"), stride: model.get("stride"), padding: model.get("padding"), ceil: model.get("ceil_mode") };
    const next = { ...now, ...change };
    if (change.m && now.stride === now.m) next.stride = next.m;     // the stride is the window's size until told otherwise
    const { count } = poolAxis(next);
    set({ image_size: next.n, pool_size: next.m, stride: next.stride, padding: next.padding, ceil_mode: next.ceil, frame: -1,
      x: resize(model.get("x"), next.n), ...(count ? { delta: resize(model.get("delta"), count) } : {}) });
  };
  const edited = (rows, i, j, value) => rows.map((row, r) => row.map((v, c) => (r === i && c === j ? value : v)));
  const choose = (kind, q, hovered) => {
    const s = readPool(model);
    if (!s.count || q < 0 || (hovered && s.frame >= 0) || (s.focus === q && s.focusOn === kind)) return;
    assign(model, { focus_on: kind, focus: q, frame: -1 });
  };
  const inImage = (i, j) => {
    const s = readPool(model);
    const [r, c] = s.count ? [i - s.padding, j - s.padding] : [i, j];
    return r >= 0 && c >= 0 && r < s.n && c < s.n ? [r, c, r * s.n + c] : [r, c, -1];
  };
  const onRefuse = (text) => voice.refuse(text);
  const pickOutput = (i, j, hovered) => choose("y", i * readPool(model).count + j, hovered);
  const grids = {
    a: grid({ onRefuse, onPick: (i, j, hovered) => choose("x", inImage(i, j)[2], hovered),
      onEdit: (i, j, value) => { const [r, c] = inImage(i, j); assign(model, { x: edited(readPool(model).x, r, c, value) }); } }),
    p: grid({ onRefuse, onPick: pickOutput, onEdit: () => {} }),
    d: grid({ onRefuse, onPick: pickOutput, onEdit: (i, j, value) => assign(model, { delta: edited(readPool(model).delta, i, j, value) }) }),
    ones: grid({ onRefuse, onPick: () => {}, onEdit: () => {} }),
    g: grid({ onRefuse, onPick: (i, j, hovered) => choose("x", i * readPool(model).n + j, hovered), onEdit: () => {} }),
  };

  const operator = (text) => h("span", { class: "operator", "aria-hidden": "true" }, text);
  const tryThis = h("p", { class: "try" }, h("strong", {}, "Choose a δ and predict which pixels it pays."), " Then choose a pixel of γ: which δ does it collect?");
  const arrows = vector("svg", { class: "pool-arrows", "aria-hidden": "true" });
  const [times, equal] = [operator(""), operator("=")];
  const forwardLane = h("div", { class: "pool-lane" }, grids.a.el, operator("→"), grids.p.el);
  const backLane = h("div", { class: "pool-lane" }, grids.d.el, times, grids.ones.el, equal, grids.g.el, arrows);
  const formula = h("div", { class: "formula" }, forwardLane, backLane);
  const [sum, back] = [h("p", { class: "sum" }), h("p", { class: "sum pool-back" })];
  const voice = narrator();
  const kind = choice("Kind of pooling", kindNames, (value) => set({ kind: value, frame: -1 }));
  const image = slider({ label: "image", min: 2, max: 8, onInput: (n) => sized({ n }) });
  const pool = slider({ label: "window", min: 1, max: 4, onInput: (m) => sized({ m }) });
  const stride = slider({ label: "stride", min: 1, max: 4, onInput: (value) => sized({ stride: value }) });
  const padding = slider({ label: "padding", min: 0, max: 2, onInput: (value) => sized({ padding: value }) });
  const ceil = checkbox("ceil mode", (on) => sized({ ceil: on }));
  const go = (by) => {
    const s = readPool(model);
    const next = s.frame + by;
    assign(model, { frame: !s.count || next < -1 || next >= s.windows.length ? (by < 0 ? s.windows.length - 1 : -1) : next });
    return model.get("frame") >= 0;
  };
  const film = player({ advance: () => go(1), delay: () => 900, onChange: (on) => {
    play.sync(on ? "❚❚ pause" : "▶ hand out", on ? "pause" : "hand out the δ one by one");
    voice.mute(on);
  } });
  const before = button("◀ step", "one δ back", () => { film.stop(); go(-1); });
  const play = button("▶ hand out", "hand out the δ one by one", film.toggle);
  const after = button("step ▶", "one δ on", () => { film.stop(); go(1); });
  const reset = button("reset", "back to the worked example", () => { film.stop(); set(model.get("initial")); }, "reset");
  const numbering = choice("Names of the pixels", { rows: "row by row", blocks: "block by block" }, (value) => {
    set({ numbering: value });
    if (value === "blocks" && !readPool(model).blocksWork) voice.refuse("Counting block by block needs blocks side by side: stride = window, padding 0. Until then the names stay row by row.");
  });
  const split = checkbox("split ties evenly", (on) => set({ split_ties: on }));
  const counted = checkbox("mean counts padding", (on) => set({ count_padding: on }));
  let filled = "";
  const values = menu("put into the image", { "": "choose…", ...Object.fromEntries(Object.keys(fills).map((name) => [name, name])) }, (name) => {
    if (fills[name]) set({ x: fills[name](model.get("image_size")), frame: -1 });
    filled = `${name}: `;
    values.sync("");
  });
  const hint = h("p", { class: "hint" }, "Change an underlined number: type, drag it up or down, turn the wheel, or press Page Up and Page Down. Arrow keys walk through the cells.");
  const more = h("details", {}, h("summary", {}, "more: names of pixels, ties, values"), h("div", {}, numbering.el, split.el, counted.el, values.el, hint));
  stage(el, "pool-router", "Pooling, forward and backward");
  el.replaceChildren(tryThis, formula, sum, back, ...voice.parts, h("div", { class: "controls" }, kind.el, h("span", { class: "steps" }, before.el, play.el, after.el), reset.el,
    image.el, pool.el, stride.el, padding.el, ceil.el, more));
  formula.addEventListener("focusin", film.stop);
  el.addEventListener("input", voice.forgive);

  function draw() {
    const s = readPool(model);
    const by = (a) => `${a} × ${a}`;
    const w = s.count && s.focusOn === "y" ? s.windows[s.focus] : null;
    const frame = w && { row: w.row + s.padding, column: w.column + s.padding, rows: s.m, columns: s.m };
    const notes = [s.padding ? "dashed: padding" : "", s.count && s.uses.includes(0) ? "striped: read by no window" : ""].filter(Boolean).join("; ");
    const head = { sum: "p, the sums", mean: "p, the means", max: "p, the maxima", l2: "p, the norms" }[s.kind];
    const fill = (name, plan, kindOf, heading, size, note, window) => grids[name].update(plan, { kind: kindOf, heading, note: note || (size ? by(size) : "none"), label: `${heading}, ${size} by ${size}`, window });
    fill("a", planImage(s), "x", "a", s.n, notes, frame);
    fill("p", planOutput(s, "p"), "y", head, s.count);
    fill("d", planOutput(s, "δ"), "d", "δ = ∂E/∂p", s.count);
    fill("g", planGamma(s), "d", "γ = ∂E/∂a", s.n, s.frame >= 0 ? `after ${s.frame + 1} of ${s.windows.length} δ` : "");
    const share = s.kind === "mean" ? `1/${s.m * s.m}` : "1";
    if (s.kronecker) fill("ones", zeros(s.m).map((row, i) => row.map((_, j) => ({ text: share, label: place(i, j) }))), "w", "share", s.m);
    grids.ones.el.hidden = equal.hidden = !s.kronecker;
    times.textContent = s.kronecker ? "⊗" : "";
    const lanes = [s.extent + s.count, s.count + s.n + (s.kronecker ? s.m : 0)];
    fitCells(formula, lanes[0] + lanes[1] <= 12 ? lanes : [Math.max(...lanes) / 2, Math.max(...lanes) / 2]);
    const lines = !s.count ? [[], []] : s.focusOn === "y" ? outputLines(s) : pixelLines(s);
    sum.replaceChildren(...lines[0]);
    back.replaceChildren(...lines[1]);
    voice.tell(poolSentence(s), filled + poolSetting(s), !s.count);
    filled = "";
    kind.sync(s.kind); image.sync(s.n); pool.sync(s.m); stride.sync(s.stride); padding.sync(s.padding); ceil.sync(s.ceil);
    numbering.sync(s.byBlocks ? "blocks" : "rows"); split.sync(s.split); counted.sync(s.countPadding);
    link();
  }
  const link = () => { if (el.isConnected) drawArrows(arrows, backLane, grids.d.el, grids.g.el, readPool(model)); };
  const watch = new ResizeObserver(link);
  const unfollow = follow(model, traits, draw);
  draw();
  watch.observe(formula);
  return () => { film.stop(); watch.disconnect(); unfollow(); };
}

export default { render };
