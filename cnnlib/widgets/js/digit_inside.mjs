// digit_inside: the maps between picture and answer, and the arithmetic of one chosen unit.
import { h, show } from "./draw.mjs";
import { pooled, side } from "./digit_reader_maths.mjs";
import { put, vector } from "./svg.mjs";
import { symbol } from "./sum.mjs";

export const stations = {
  first: { n: side, name: "a¹, after convolution and ReLU", source: "x", tone: "x" },
  pooled: { n: pooled, name: "p, the largest of each 2 × 2", source: "a¹", tone: "y" },
  second: { n: pooled, name: "a², after convolution and ReLU", source: "p", tone: "y" },
};

/** One row of maps. Arrow keys and pointer choose a unit: onChoose({ layer, map, row, column }). */
export function strip(layer, count, onChoose) {
  const { n, name } = stations[layer];
  const tiles = Array.from({ length: count }, (_, map) => {
    const units = Array.from({ length: n * n }, (__, q) => vector("rect", { x: q % n, y: Math.floor(q / n), width: 1, height: 1, class: "digit-unit" }));
    const here = vector("rect", { class: "digit-here", width: 1, height: 1 });
    const svg = vector("svg", { viewBox: `-.1 -.1 ${n + 0.2} ${n + 0.2}`, class: "digit-map", "data-map": map, "aria-hidden": "true" }, vector("rect", { class: "digit-paper", width: n, height: n }), ...units, here);
    return { svg, units, here, box: h("div", { class: "digit-tile" }, svg, h("span", {}, String(map))) };
  });
  const maps = h("div", { class: "digit-maps", tabindex: 0, role: "application", "aria-roledescription": "maps", "data-lm-suppress-shortcuts": "true" }, ...tiles.map((tile) => tile.box));
  const scale = h("span", { class: "digit-scale" });
  const el = h("div", { class: "digit-strip y" }, h("div", { class: "title" }, name, scale), maps);
  let at = { layer, map: 0, row: 0, column: 0 };
  const pick = (event) => {
    const svg = event.target.closest?.("svg[data-map]");
    if (!svg) return;
    const box = svg.getBoundingClientRect();
    const along = (from, size) => Math.max(0, Math.min(n - 1, Math.floor((from / size) * n)));
    onChoose({ layer, map: Number(svg.dataset.map), row: along(event.clientY - box.top, box.height), column: along(event.clientX - box.left, box.width) });
  };
  maps.addEventListener("click", pick);
  maps.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") pick(event); });
  maps.addEventListener("keydown", (event) => {
    const next = steps(at, event.key, n, count);
    if (!next) return;
    event.preventDefault();
    onChoose(next);
  });

  /** Show the maps; `unit` is the chosen one when it lies here. */
  function update(values, unit) {
    const top = Math.max(...values, 1e-9);
    scale.textContent = `largest ${show(Math.max(...values))}`;
    if (unit) at = unit;
    tiles.forEach(({ units, here, box }, map) => {
      units.forEach((rect, q) => { const level = (values[map * n * n + q] / top).toFixed(3); if (rect.level !== level) { rect.level = level; rect.setAttribute("fill-opacity", level); } });
      const chosen = unit?.map === map;
      box.classList.toggle("picked", chosen);
      here.classList.toggle("gone", !chosen);
      if (chosen) put(here, { x: unit.column, y: unit.row });
    });
    const value = values[(at.map * n + at.row) * n + at.column];
    maps.setAttribute("aria-label", `${name}: ${count} maps of ${n} by ${n}. Arrow keys walk through the units, page keys change the map. Map ${at.map}, row ${at.row}, column ${at.column}: ${show(value)}`);
  }
  return { el, update };
}

/** The unit one arrow or page key further; null for other keys. */
export function steps({ layer, map, row, column }, key, n, count) {
  const wrap = (value, size) => (value + size) % size;
  const next = { ArrowUp: { row: wrap(row - 1, n) }, ArrowDown: { row: wrap(row + 1, n) },
    ArrowLeft: column ? { column: column - 1 } : { map: wrap(map - 1, count), column: n - 1 },
    ArrowRight: column < n - 1 ? { column: column + 1 } : { map: wrap(map + 1, count), column: 0 },
    PageUp: { map: wrap(map - 1, count) }, PageDown: { map: wrap(map + 1, count) } }[key];
  return next ? { layer, map, row, column, ...next } : null;
}

/** A small matrix of numbers; null stands for a zero of the padding. */
function matrix(kind, heading, values, size, marked = () => false) {
  const cells = values.map((v, q) => h("span", { class: `cnn-cell ${v === null ? "zero" : "heat"}${marked(q) ? " lit" : ""}${v !== null && show(v).length > 4 ? " long" : ""}` }, h("span", { class: "value" }, v === null ? "0" : show(v))));
  const sheet = h("div", { class: "cells" }, ...cells);
  sheet.style.setProperty("--columns", size);
  return h("div", { class: `panel ${kind}` }, h("div", { class: "title" }, heading), sheet);
}

/** What goes into the chosen unit: its window and taps, the products of one part, and the sum over the parts. */
export function workshop(onPart) {
  const [pair, products, total, chips] = [h("div", { class: "formula digit-pair" }), h("p", { class: "sum" }), h("p", { class: "sum" }), h("div", { class: "digit-chips" })];
  const title = h("div", { class: "digit-chosen" });
  const el = h("div", { class: "digit-workshop" }, title, pair, products, total, chips);
  chips.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-part]");
    if (chip) onPart(Number(chip.dataset.part));
  });
  const group = (...pieces) => h("span", { class: "group" }, ...pieces);
  const sign = (text) => h("span", { class: "sign" }, text);
  const number = (kind, v) => h("span", { class: kind }, v < 0 ? `(${show(v)})` : show(v));

  function update(found, at, run) {
    const { layer, map, row, column } = at;
    const c = Math.min(at.part, found.parts.length - 1);
    const { window, taps, sum } = found.parts[c];
    const one = found.parts.length === 1;
    const { source, tone } = stations[layer] ?? { source: "a²", tone: "y" };
    title.textContent = layer === "class" ? `How the score of class ${map} comes about` : `How map ${map} of ${stations[layer].name.split(",")[0]} gets its number at row ${row}, column ${column}`;
    const from = one ? `${source}${layer === "pooled" ? `, map ${map}` : ""}` : `${source}, map ${c}`;
    const best = window.indexOf(sum);
    const sheets = [matrix(tone, from, window, found.size, (q) => layer === "pooled" && q === best)];
    if (taps) sheets.push(h("span", { class: "operator", "aria-hidden": "true" }, layer === "class" ? "·" : "⋆"), matrix("w", one ? `filter ${map}` : layer === "class" ? "its weights" : `filter ${map}, part ${c}`, taps, found.size));
    pair.replaceChildren(...sheets);
    const terms = taps ? window.flatMap((v, t) => (v ? [h("span", { class: "term" }, number("w", taps[t]), "·", number(tone, v))] : [])) : [];
    const joined = terms.flatMap((term, t) => (t ? [sign(" + "), term] : [term]));
    const left = taps ? (one ? [] : [group(`map ${c}: `)]) : [group("the largest of ", ...window.flatMap((v, t) => [t ? ", " : "", number("y", v)]))];
    const ends = group(sign(taps ? (joined.length ? " = " : "nothing under the taps: ") : " is "), h("strong", { class: "total" }, show(sum)));
    products.replaceChildren(...left, ...(joined.length ? [group(...joined)] : []), " ", ends);
    total.hidden = !taps;
    if (taps) total.replaceChildren(...summed(found, layer, map, one, run));
    chips.hidden = one;
    if (!one) offer(found.parts, c);
  }

  /** Each part's sum is a button that opens it; the buttons stay while their numbers change, so that focus does. */
  function offer(parts, c) {
    while (chips.children.length > parts.length) chips.lastChild.remove();
    while (chips.children.length < parts.length) chips.append(h("button", { type: "button", class: "digit-chip", "data-part": chips.children.length, "data-lm-suppress-shortcuts": "true" }, h("small", {}, String(chips.children.length)), h("span", {})));
    parts.forEach((p, k) => {
      const chip = chips.children[k];
      chip.lastChild.textContent = show(p.sum);
      chip.classList.toggle("picked", k === c);
      chip.setAttribute("aria-pressed", String(k === c));
      chip.setAttribute("aria-label", `map ${k} adds ${show(p.sum)}`);
    });
  }

  /** z = bias + the parts' sums, and what becomes of z. */
  function summed(found, layer, map, one, run) {
    const z = group(symbol("y", "z", layer === "class" ? map : ""), sign(" = "), h("span", { class: "w" }, show(found.bias)), ...(one ? [sign(" + "), number("", found.parts[0].sum)] : [sign(" + the sums from all maps")]));
    const after = layer === "class" ? [sign(", softmax → "), h("strong", { class: "y" }, `${(100 * run.y[map]).toFixed(1)} %`)] : [sign(", ReLU → "), h("strong", { class: "y" }, show(Math.max(0, found.total)))];
    return [z, " ", group(sign("= "), h("strong", { class: "total" }, show(found.total)), ...after)];
  }
  return { el, update };
}
