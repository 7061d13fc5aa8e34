// Im2colView: a window becomes a column, and going back a column is added onto its window.
// Traits   x, w, delta: rows of numbers   image_size, kernel_size, stride, padding   view: forward | backward | round
//          order: rows | columns, of the windows   focus_on: x | w | y   focus: pixel, tap or column number
//          frame: −1 the whole picture, else the last column handled   speed   initial: traits for reset
// Equations im2col, conv-gemm, conv-gemm-backward, im2col-adjoint, col2im-uses
import { counting, outputSize, resize, zeros } from "./tensor.mjs";
import { assign, button, checkbox, choice, fitCells, follow, h, listed, menu, narrator, player, show, slider, stage } from "./draw.mjs";
import { grid } from "./grid.mjs";
import { sumLine, symbol } from "./sum.mjs";
import { col2im, im2col, innerProduct, layColumns, outer, rowTimes, useCounts } from "./im2col_maths.mjs";

const traits = ["x", "w", "delta", "image_size", "kernel_size", "stride", "padding", "view", "order", "focus_on", "focus", "frame", "speed"];
const delays = { slow: 1600, normal: 900, fast: 300 };
const times = (count) => (count === 1 ? "once" : `${count} times`);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Everything the picture needs, worked out from the traits. */
export function columnsOf(model) {
  const [n, m, stride, padding, order, view] = ["image_size", "kernel_size", "stride", "padding", "order", "view"].map((name) => model.get(name));
  const setting = { n, m, stride, padding, order };
  const size = outputSize(n, m, { stride, padding });
  const [x, w, delta] = [resize(model.get("x"), n), resize(model.get("w"), m), resize(model.get("delta"), size)];
  const [windows, unfolded] = [layColumns(setting), im2col(x, setting)];
  const deltas = windows.map(({ output }) => delta.flat()[output]);
  const matrix = view === "backward" ? outer(w.flat(), deltas) : unfolded;
  const frame = Math.min(model.get("frame"), windows.length - 1);
  const done = frame < 0 ? windows.length : frame + 1;
  const back = col2im(matrix, setting, done);
  const focusOn = frame < 0 ? model.get("focus_on") : "y";
  const limit = { x: n * n, w: m * m, y: windows.length }[focusOn];
  const focus = frame < 0 ? Math.min(model.get("focus"), limit - 1) : frame;
  return { n, m, stride, padding, order, view, size, setting, x, w, delta, windows, matrix, deltas, frame, done, back, focusOn, focus,
    uses: useCounts(setting).flat(), image: view === "forward" ? x : back, bottom: view === "forward" ? rowTimes(w.flat(), unfolded) : deltas,
    sides: [innerProduct(unfolded, matrix), innerProduct(x, col2im(matrix, setting))] };
}

const tones = { forward: ["x", "x", "y"], backward: ["d", "d", "d"], round: ["x", "x", "y"] };
const letters = { forward: ["x", "x", "z"], backward: ["γ", "k·δ", "δ"], round: ["r", "x", ""] };
const inWindow = (s) => (s.focusOn === "y" ? s.windows[s.focus].pixels : []);

function planImage(s) {
  const wide = s.n + 2 * s.padding;
  const [window, tapped] = [new Set(inWindow(s)), new Set(s.focusOn === "w" ? s.windows.map(({ pixels }) => pixels[s.focus]) : [])];
  return zeros(wide).map((row, i) => row.map((_, j) => {
    const [a, b] = [i - s.padding, j - s.padding];
    if (a < 0 || b < 0 || a >= s.n || b >= s.n) {
      const text = s.view === "forward" ? "0" : "–";
      return { text, states: ["zero"], label: s.view === "forward" ? "zero of the padding" : "padding, dropped" };
    }
    const p = a * s.n + b;
    const picked = s.focusOn === "x" && s.focus === p;
    return { value: s.image[a][b], corner: String(p + 1), badge: wide < 7 ? `×${s.uses[p]}` : "", editable: s.view === "forward",
      states: [...(picked ? ["picked"] : []), ...(window.has(p) || tapped.has(p) ? ["lit"] : []), "by-y"],
      label: `${letters[s.view][0]}${p + 1}, row ${a + 1}, column ${b + 1}, used ${times(s.uses[p])}` };
  }));
}

function planMatrix(s) {
  return s.matrix.map((row, tap) => row.map((value, k) => {
    const p = s.windows[k].pixels[tap];
    const name = `row k${tap + 1}, column ${s.windows[k].output + 1}`;
    const hidden = k >= s.done;
    if (p < 0) return { text: hidden ? "·" : s.view === "backward" ? show(value) : "0", states: ["zero"], label: `${name}, padding` };
    const lit = (s.focusOn === "x" && s.focus === p) || (s.focusOn === "y" && s.focus === k) || (s.focusOn === "w" && s.focus === tap);
    return { value: hidden ? undefined : value, text: hidden ? "·" : undefined, corner: String(p + 1), label: `${name}, pixel ${p + 1}`,
      states: [...(hidden ? ["hidden-value"] : []), ...(lit && !hidden ? ["lit"] : [])] };
  }));
}

function planBottom(s) {
  return [s.bottom.map((value, k) => {
    const hidden = s.view === "forward" && k >= s.done;
    return { value: hidden ? undefined : value, text: hidden ? "·" : undefined, corner: String(s.windows[k].output + 1), editable: s.view === "backward",
      states: [...(hidden ? ["hidden-value"] : []), ...(s.focusOn === "y" && s.focus === k ? ["picked"] : [])], label: `${letters[s.view][2]}${s.windows[k].output + 1}` };
  })];
}

function planKernel(s) {
  return [s.w.flat().map((value, tap) => ({ value, corner: `k${tap + 1}`, editable: true, label: `tap k${tap + 1}`,
    states: s.focusOn === "w" && s.focus === tap ? ["picked"] : s.focusOn === "y" ? ["lit"] : [] }))];
}

const pixel = (p, value) => (p < 0 ? { kind: "sign", letter: "0", index: "", value: 0 } : { kind: "x", letter: "x", index: p + 1, value });
const group = (...pieces) => h("span", { class: "group" }, ...pieces);
const item = (...pieces) => h("span", { class: "group use" }, ...pieces);
const spaced = (items, sign) => items.flatMap((item, i) => (i ? [h("span", { class: "sign" }, sign), item] : [item]));

/** The line with the numbers of the chosen pixel, tap or column. */
function workLine(s) {
  const { focus, view, windows } = s;
  const [taps, flat] = [s.w.flat(), s.x.flat()];
  const tap = (r) => ({ kind: "w", letter: "k", index: r + 1, value: taps[r] });
  if (s.focusOn === "y") {
    const { output, pixels } = windows[focus];
    if (view === "forward") return sumLine(symbol("y", "z", output + 1), pixels.map((p, r) => [tap(r), pixel(p, flat[p])]), s.bottom[focus]);
    const shares = pixels.map((p, r) => [p, r]).filter(([p]) => p >= 0).map(([p, r]) => item(
      symbol(view === "round" ? "x" : "d", view === "round" ? "r" : "γ", p + 1), " += ", h("strong", {}, show(s.matrix[r][focus]))));
    return shares.length ? spaced(shares, " · ") : [group("nothing but padding: all of it is dropped")];
  }
  if (s.focusOn === "w") {
    const found = windows.map(({ pixels }) => pixels[focus]);
    const row = found.map((p) => (p < 0 ? item("0") : symbol("x", "x", p + 1)));
    if (view !== "backward") return [item("row of ", symbol("w", "k", focus + 1), " : "), " ", ...spaced(row, " ")];
    return sumLine(symbol("w", "∂E/∂k", focus + 1), found.map((p, k) => [pixel(p, flat[p]), { kind: "d", letter: "δ", index: windows[k].output + 1, value: s.deltas[k] }])
      .filter(([a]) => a.index !== ""), innerProduct([found.map((p) => flat[p] ?? 0)], [s.deltas]));
  }
  const copies = windows.flatMap(({ pixels }, k) => pixels.flatMap((p, r) => (p === focus ? [[k, r]] : [])));
  if (view === "forward") {
    const places = copies.map(([k, r]) => item(symbol("w", "k", r + 1), " in column ", String(windows[k].output + 1)));
    return [item(symbol("x", "x", focus + 1), " = ", show(flat[focus]), " : "), " ", ...(places.length ? spaced(places, " · ") : ["in no column"])];
  }
  if (view === "round") return [group(symbol("x", "r", focus + 1), " = "), " ", group(`${copies.length} · `, symbol("x", "x", focus + 1)), " ", group(`= ${copies.length} · ${show(flat[focus])} = `, h("strong", { class: "total" }, show(s.image.flat()[focus])))];
  return sumLine(symbol("d", "γ", focus + 1), copies.map(([k, r]) => [tap(r), { kind: "d", letter: "δ", index: windows[k].output + 1, value: s.deltas[k] }]), s.image.flat()[focus]);
}

/** The sentence under the line. */
export function columnsSentence(s) {
  const { view, focus, windows, uses } = s;
  const entries = s.m * s.m * windows.length;
  if (s.focusOn === "x") {
    const used = uses[focus] ? `Pixel ${focus + 1} lies in ${plural(uses[focus], "window")}` : `No window reads pixel ${focus + 1}`;
    if (view === "forward") return uses[focus] ? `${used}, so it is copied ${times(uses[focus])}. In all, ${s.n * s.n} pixels fill ${entries} entries.` : `${used}, so it is not copied.`;
    if (view === "round") return `${used}: there and back multiplies it by ${uses[focus]}.`;
    return uses[focus] ? `${used}, and its gradient adds up ${plural(uses[focus], "share")}, one from each.` : `${used}, so its gradient is 0.`;
  }
  if (s.focusOn === "w") return view === "backward" ? `The gradient of tap k${focus + 1} is its row of im2col(x), met with δ: a matrix product as well.` : `The row of tap k${focus + 1} is the image as that tap sees it: one shifted picture.`;
  const { output, pixels } = windows[focus];
  const inside = pixels.filter((p) => p >= 0).map((p) => p + 1);
  const ghosts = pixels.length - inside.length;
  const border = ghosts ? `${inside.length ? " and " : ""}${plural(ghosts, "zero")} of the padding` : "";
  const names = inside.length ? `pixel${inside.length > 1 ? "s" : ""} ${listed(inside)}` : "";
  if (view === "forward") return `Window ${output + 1} holds ${names}${border}: they become column ${output + 1}. Under it stands the kernel’s row times that column.`;
  if (!inside.length) return `Column ${output + 1} belongs to zeros of the padding, so all of it is dropped.`;
  return `Column ${output + 1} is added onto ${names}${ghosts ? `; ${plural(ghosts, "share")} on the padding ${ghosts > 1 ? "are" : "is"} dropped` : ""}. Where windows overlap, shares add up.`;
}

function adjointLine(s) {
  if (s.view === "forward") return [group(`${s.n * s.n} pixels → ${s.m * s.m} · ${s.windows.length} = ${s.m * s.m * s.windows.length} entries`)];
  const c = s.view === "backward" ? "Kᵀδ" : "im2col(x)";
  return [group(`⟨im2col(x), ${c}⟩ = `, h("strong", {}, show(s.sides[0]))), " ", group(" = ", h("strong", {}, show(s.sides[1])), ` = ⟨x, col2im(${c})⟩`)];
}

const headings = { forward: ["x", "im2col(x)", "z = K · im2col(x)"], backward: ["γ = col2im(Kᵀδ)", "Kᵀδ", "δ"], round: ["r = col2im(im2col(x))", "im2col(x)", ""] };

function render({ model, el }) {
  const set = (change) => { assign(model, change); };
  const sized = (change) => {
    const next = { n: model.get("image_size"), m: model.get("kernel_size"), stride: model.get("stride"), padding: model.get("padding"), ...change };
    set({ image_size: next.n, kernel_size: next.m, stride: next.stride, padding: next.padding, frame: -1, x: resize(model.get("x"), next.n), w: resize(model.get("w"), next.m),
      delta: resize(model.get("delta"), outputSize(next.n, next.m, next)) });
  };
  const put = (name, q, value) => set({ [name]: columnsOf(model)[name].map((row, i) => row.map((v, j) => (i * row.length + j === q ? value : v))) });
  const choose = (kind, q, hovered) => {
    const s = columnsOf(model);
    if (q < 0 || (hovered && s.frame >= 0) || (s.focusOn === kind && s.focus === q)) return;
    set({ focus_on: kind, focus: q, frame: -1 });
  };
  const inImage = (i, j) => {
    const { n, padding } = columnsOf(model);
    const [a, b] = [i - padding, j - padding];
    return a < 0 || b < 0 || a >= n || b >= n ? -1 : a * n + b;
  };
  const onRefuse = (text) => voice.refuse(text);
  const grids = {
    image: grid({ onPick: (i, j, hovered) => choose("x", inImage(i, j), hovered), onEdit: (i, j, value) => put("x", inImage(i, j), value), onRefuse }),
    matrix: grid({ onPick: (_, k, hovered) => choose("y", k, hovered), onEdit: () => {}, onRefuse }),
    kernel: grid({ onPick: (_, r, hovered) => choose("w", r, hovered), onEdit: (_, r, value) => put("w", r, value), onRefuse }),
    bottom: grid({ onPick: (_, k, hovered) => choose("y", k, hovered), onEdit: (_, k, value) => put("delta", columnsOf(model).windows[k].output, value), onRefuse }),
  };
  const arrow = h("span", { class: "operator", "aria-hidden": "true" });
  const long = h("div", { class: "im2col-long" }, grids.matrix.el, grids.bottom.el);
  const formula = h("div", { class: "formula im2col-board" }, grids.image.el, arrow, long, grids.kernel.el);
  const [work, adjoint, lead] = [h("p", { class: "sum" }), h("p", { class: "sum im2col-adjoint" }), h("p", { class: "try" })];
  const voice = narrator();
  const go = (by) => {
    const s = columnsOf(model);
    const next = s.frame + by;
    set({ frame: next < -1 ? s.windows.length - 1 : next >= s.windows.length ? -1 : next, focus_on: "y", focus: Math.max(0, Math.min(next, s.windows.length - 1)) });
    return model.get("frame") >= 0;
  };
  const film = player({ advance: () => go(1), delay: () => delays[model.get("speed")], onChange: (on) => {
    play.sync(on ? "❚❚ pause" : "▶ play", on ? "pause" : "play all columns");
    voice.mute(on);
  } });
  const back = button("◀ step", "one column back", () => { film.stop(); go(-1); });
  const forth = button("step ▶", "one column on", () => { film.stop(); go(1); });
  const play = button("▶ play", "play all columns", film.toggle);
  const view = choice("Direction", { forward: "forward", backward: "backward", round: "round trip" }, (value) => { film.stop(); set({ view: value, frame: -1 }); });
  const image = slider({ label: "image", min: 3, max: 6, onInput: (n) => sized({ n }) });
  const kernel = slider({ label: "kernel", min: 1, max: 3, onInput: (m) => sized({ m }) });
  const stride = slider({ label: "stride", min: 1, max: 2, onInput: (value) => sized({ stride: value }) });
  const padding = slider({ label: "padding", min: 0, max: 1, onInput: (value) => sized({ padding: value }) });
  const fill = (make) => () => { const s = columnsOf(model); set({ x: make(s.n), w: make(s.m), delta: make(s.size), frame: -1 }); };
  const count = button("count: 1, 2, 3, …", "fill image, kernel and δ by counting", fill(counting));
  const ones = button("all ones", "fill image, kernel and δ with ones", fill((size) => zeros(size).map((row) => row.map(() => 1))));
  const speed = menu("speed", { slow: "slow", normal: "normal", fast: "fast" }, (value) => set({ speed: value }));
  const order = checkbox("windows column by column", (on) => set({ order: on ? "columns" : "rows", frame: -1 }));
  const reset = button("reset", "back to the worked example", () => { film.stop(); voice.forgive(); set(model.get("initial")); }, "reset");
  const hint = h("p", { class: "hint" }, "Change a number in an underlined cell: type, drag it up or down, or turn the wheel; Page Up and Page Down count by one. Arrow keys walk through the cells.");
  stage(el, "im2col-view", "Convolution as a product of columns");
  el.replaceChildren(lead, formula, work, adjoint, ...voice.parts, h("div", { class: "controls" }, view.el, h("span", { class: "steps" }, back.el, play.el, forth.el), reset.el,
    image.el, kernel.el, stride.el, padding.el, h("details", {}, h("summary", {}, "more: values, order and speed"), h("div", {}, count.el, ones.el, order.el, speed.el, hint))));
  formula.addEventListener("focusin", film.stop);
  el.addEventListener("input", voice.forgive);
  let last = { frame: -1 };

  /** Let copies of the cells fly along the chosen column, in the direction of the view. */
  function fly(s) {
    if (!el.isConnected || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const at = (piece, i, j) => piece.el.querySelectorAll(".cnn-row")[i].children[j].getBoundingClientRect();
    const [home, { row, column }] = [el.getBoundingClientRect(), s.windows[s.frame]];
    const flights = s.windows[s.frame].pixels.map((_, tap) => {     // measure all ends first: each ghost moves the page's layout
      const ends = [at(grids.image, row + Math.floor(tap / s.m), column + (tap % s.m)), at(grids.matrix, tap, s.frame)];
      return s.view === "forward" ? ends : ends.reverse();
    });
    const spot = (box) => ({ transform: `translate(${box.left - home.left}px, ${box.top - home.top}px)` });
    flights.forEach(([from, to], tap) => {
      const ghost = h("span", { class: `im2col-ghost ${tones[s.view][0]}`, "aria-hidden": "true" }, show(s.matrix[tap][s.frame]));
      el.append(ghost);
      const gone = () => ghost.remove();
      ghost.animate([{ ...spot(from), opacity: 1 }, { ...spot(to), opacity: .6 }], { duration: Math.min(450, delays[model.get("speed")]), easing: "ease-in-out" }).finished.then(gone, gone);
    });
  }

  /** Scroll the columns sideways until the chosen one is in sight. */
  function reveal(k) {
    const cell = grids.matrix.el.querySelector(".cnn-row").children[k];
    if (!cell || long.scrollWidth <= long.clientWidth) return;
    const { offsetLeft, offsetWidth } = cell;
    if (offsetLeft < long.scrollLeft || offsetLeft + offsetWidth > long.scrollLeft + long.clientWidth) long.scrollLeft = offsetLeft - long.clientWidth / 2;
  }

  function draw() {
    const s = columnsOf(model);
    const [imageTone, matrixTone, bottomTone] = tones[s.view];
    const [imageTitle, matrixTitle, bottomTitle] = headings[s.view];
    const chosen = s.focusOn === "y" ? s.windows[s.focus] : null;
    const taps = s.m * s.m;
    grids.image.update(planImage(s), { kind: imageTone, heading: imageTitle, note: [s.n + 2 * s.padding < 7 ? "×: number of windows" : "", s.padding ? "dashed: padding" : ""].filter(Boolean).join("; "), label: `${imageTitle}, ${s.n} by ${s.n}`,
      window: chosen && { row: chosen.row, column: chosen.column, rows: s.m, columns: s.m } });
    const box = s.focusOn === "y" ? { row: 0, column: s.focus, rows: taps, columns: 1 } : s.focusOn === "w" ? { row: s.focus, column: 0, rows: 1, columns: s.windows.length } : null;
    grids.matrix.update(planMatrix(s), { kind: matrixTone, heading: matrixTitle, note: `${taps} × ${s.windows.length}: a column for each window`, label: `${matrixTitle}, ${taps} by ${s.windows.length}`, window: box });
    grids.kernel.update(planKernel(s), { kind: "w", heading: "K as one row", label: "kernel as one row" });
    grids.bottom.update(planBottom(s), { kind: bottomTone, heading: bottomTitle, label: bottomTitle });
    [grids.kernel.el, grids.bottom.el].forEach((part) => { part.hidden = s.view === "round"; });
    arrow.textContent = s.view === "forward" ? "→" : "←";
    fitCells(formula, [Math.max(s.n + 2 * s.padding, taps), Math.min(s.windows.length, 16)]);
    lead.replaceChildren(...{ forward: [h("strong", {}, "Step through the windows."), " Which pixel is copied most often?"], backward: [h("strong", {}, "Step through the columns."), " Predict what is added to the pixels, and where."],
      round: [h("strong", {}, "Copy the windows, then add them back."), " Does the image return?"] }[s.view]);
    work.replaceChildren(...workLine(s));
    adjoint.replaceChildren(...adjointLine(s));
    const words = { forward: "Windows become columns", backward: "Columns are added back", round: "There and back" }[s.view];
    const ones = model.get("x").flat().every((value) => value === 1) ? " of ones" : "";
    voice.tell(columnsSentence(s), `${words}: ${s.n} × ${s.n} image${ones}, ${s.m} × ${s.m} kernel, stride ${s.stride}, padding ${s.padding}, ${plural(s.windows.length, "column")}.`);
    view.sync(s.view); image.sync(s.n); kernel.sync(s.m); stride.sync(s.stride); padding.sync(s.padding); order.sync(s.order === "columns"); speed.sync(model.get("speed"));
    long.classList.toggle("im2col-wide", s.windows.length > 9);
    if (s.frame >= 0 && s.frame === last.frame + 1 && s.view === last.view) { reveal(s.focus); fly(s); }
    else if (chosen) requestAnimationFrame(() => reveal(s.focus));
    last = s;
  }

  const unfollow = follow(model, traits, draw);
  draw();
  return () => { film.stop(); unfollow(); };
}

export default { render };
