// grid: one matrix of the formula, as cells a reader can point at, walk through and edit.
// A cell is described by { text, value, label, corner, badge, states, editable }.
import { h, show, spin, typed } from "./draw.mjs";

const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const nudges = { PageUp: 1, PageDown: -1 };
const limit = 999;

/** Why a typed text is no value, as a sentence; empty when it is one. */
export function complaint(text) {
  const value = typed(text);
  if (Number.isFinite(value) && Math.abs(value) <= limit) return "";
  const came = text.trim() === "" ? "nothing" : `“${text.trim().slice(0, 12)}”`;
  return `A cell takes a number from −${limit} to ${limit}; ${came} came, so the old value stays.`;
}

/**
 * A matrix with a title, a caption and a movable window frame.
 * onPick(row, column, hovered) when a cell is pointed at or focused, onEdit(row, column, value), onRefuse(sentence).
 */
export function grid({ onPick, onEdit, onRefuse }) {
  const title = h("div", { class: "title", "aria-hidden": "true" });
  const table = h("div", { role: "grid", class: "cells" });
  const frame = h("div", { class: "window", "aria-hidden": "true" });
  const caption = h("div", { class: "caption" });
  const el = h("div", { class: "panel" }, title, h("div", { class: "sheet" }, table, frame), caption);
  let [cells, shape, active, described, before, building] = [[], "", [0, 0], [], 0];

  const quiet = { "data-lm-suppress-shortcuts": "true", tabindex: -1 };
  const template = (value, extra) => h("div", { role: "gridcell", class: "cnn-cell", ...extra },
    h("span", { class: "corner", "aria-hidden": "true" }), value, h("span", { class: "cnn-badge", "aria-hidden": "true" }));
  const templates = {
    still: template(h("span", { class: "value" }), quiet),
    editable: template(h("input", { class: "value", type: "text", inputmode: "decimal", autocomplete: "off", ...quiet }), {}),
  };

  function makeCell(i, j, editable) {
    const cell = templates[editable ? "editable" : "still"].cloneNode(true);
    const [corner, value, badge] = cell.children;
    const stop = editable ? value : cell;
    stop.dataset.at = `${i},${j}`;
    return { cell, corner, value, badge, stop, editable, painted: "" };
  }

  /** Give the table the plan's shape; cells that can stay do, so that focus and time are not lost. Was the focus lost? */
  function build(plan) {
    const held = table.contains(document.activeElement);
    const old = cells;
    building = true;
    cells = plan.map((row, i) => row.map(({ editable = false }, j) => (
      old[i]?.[j]?.editable === editable ? old[i][j] : makeCell(i, j, editable))));
    while (table.children.length > plan.length) table.lastChild.remove();
    cells.forEach((row, i) => {
      const line = table.children[i] ?? table.appendChild(h("div", { role: "row", class: "cnn-row" }));
      while (line.children.length > row.length) line.lastChild.remove();
      row.forEach(({ cell }, j) => {
        if (!line.children[j]) line.append(cell);
        else if (line.children[j] !== cell) line.children[j].replaceWith(cell);
      });
    });
    building = false;
    active = [Math.min(active[0], plan.length - 1), Math.min(active[1], plan[0].length - 1)];
    return held && !table.contains(document.activeElement);
  }

  /** Show a plan: rows of cell descriptions, plus { kind, heading, note, label, window }. */
  function update(plan, { kind, heading, note = "", label, window: box = null }) {
    const key = plan.map((row) => row.map((c) => (c.editable ? "e" : "r")).join("")).join("/");
    const lost = key !== shape && build(plan);
    [shape, described] = [key, plan];
    table.style.setProperty("--columns", plan[0].length);
    el.className = `panel ${kind}`;
    title.textContent = heading;
    caption.textContent = note;
    table.setAttribute("aria-label", label);
    const chosen = plan.flatMap((row, i) => row.map((c, j) => (c.states?.includes("picked") ? [i, j] : null))).find(Boolean);
    if (chosen && !table.contains(document.activeElement)) active = chosen;
    plan.forEach((row, i) => row.forEach((spec, j) => paint(cells[i][j], spec, i === active[0] && j === active[1])));
    frame.hidden = !box;
    if (box) Object.entries(box).forEach(([name, size]) => frame.style.setProperty(`--${name}`, size));
    if (lost) cells[active[0]][active[1]].stop.focus();  // once there is a number in it to come back to
  }

  function paint(parts, spec, reachable) {
    const { cell, value, corner, badge, stop } = parts;
    const text = spec.text ?? show(spec.value);
    if (spec.editable && value.value !== text) {
      const typing = document.activeElement === value && (typed(value.value) === spec.value || complaint(value.value));
      if (!typing) value.value = text;
    }
    const states = [...(spec.states ?? []), spec.editable && "editable", spec.badge && "badged", spec.heat !== undefined && "heat", text.length > 4 && "long"];
    const wanted = [text, spec.value, states.filter(Boolean).join(" "), spec.corner, spec.badge, spec.label, spec.heat, reachable].join("|");
    if (wanted === parts.painted) return;
    parts.painted = wanted;
    cell.className = `cnn-cell ${states.filter(Boolean).join(" ")}`;
    if (!spec.editable) value.textContent = text;
    cell.title = spec.value !== undefined && show(spec.value) !== String(spec.value).replace("-", "−") ? String(spec.value) : "";
    if (spec.heat !== undefined) cell.style.setProperty("--heat", spec.heat.toFixed(3));
    corner.textContent = spec.corner ?? "";
    badge.textContent = spec.badge ?? "";
    stop.setAttribute("aria-label", `${spec.label}: ${text}`);
    stop.tabIndex = reachable ? 0 : -1;
    cell.ariaSelected = spec.states?.includes("picked") ? "true" : null;
  }

  const place = (target) => target.closest(".cnn-cell")?.querySelector("[data-at]") ?? target.closest("[data-at]");
  const at = (target) => place(target)?.dataset.at.split(",").map(Number) ?? null;
  const pick = (event) => {
    const [i, j] = at(event.target) ?? [];
    if (i !== undefined) onPick(i, j, event.type === "pointerover");
  };

  function change(i, j, value) {
    const sentence = complaint(String(value));
    if (sentence) onRefuse(sentence);
    else onEdit(i, j, value);
  }

  function step(event, by) {
    const [i, j] = at(event.target);
    if (!described[i][j].editable) return;
    event.preventDefault();
    change(i, j, described[i][j].value + by);
    cells[i][j].value.value = show(described[i][j].value);
  }

  table.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse" && !event.buttons) pick(event); });
  table.addEventListener("click", pick);
  table.addEventListener("focusin", (event) => {
    active = at(event.target);
    before = described[active[0]][active[1]].value;
    pick(event);
    if (event.target.select) event.target.select();
  });
  table.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in nudges) step(event, nudges[event.key]);
    if (event.key === "Enter") event.target.select?.();
    const move = arrows[event.key];
    if (!move || inText(event.target, move[1])) return;
    const [i, j] = at(event.target);
    const next = cells[i + move[0]]?.[j + move[1]];
    event.preventDefault();
    next?.stop.focus();
  });
  table.addEventListener("input", (event) => {
    const [i, j] = at(event.target);
    if (!complaint(event.target.value)) onEdit(i, j, typed(event.target.value));
  });
  const leave = ({ target }) => {
    // a cell that is taken away has no place any more
    if (building || target.value === undefined) return;
    const [i, j] = at(target);
    const sentence = complaint(target.value);
    if (sentence) {
      onEdit(i, j, before);           // on the way to 1000, 100 had been taken
      onRefuse(sentence);
    } else before = typed(target.value);
    target.value = show(before);
  };
  ["change", "focusout"].forEach((name) => table.addEventListener(name, leave));
  table.addEventListener("wheel", (event) => {
    if (place(event.target) === document.activeElement) step(event, event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  drag(table, (target) => { const [i, j] = at(target) ?? []; return described[i]?.[j]; }, (target, value) => change(...at(target), value));

  return { el, update, turn: () => spin(table, cells.flat().map((c) => c.cell)) };
}

/** Whether a caret inside a typed number still has somewhere to go before the cell is left. */
function inText(input, sideways) {
  if (!sideways || input.value === undefined || input.selectionStart !== input.selectionEnd) return false;
  return sideways < 0 ? input.selectionStart > 0 : input.selectionEnd < input.value.length;
}

/** Dragging an editable cell up or down with the mouse changes its value, one unit per 8 pixels. */
function drag(table, specAt, change) {
  let hold = null;
  table.addEventListener("pointerdown", (event) => {
    const spec = specAt(event.target);
    if (spec?.editable && event.pointerType === "mouse") hold = { target: event.target, from: event.clientY, value: spec.value, last: 0 };
  });
  table.addEventListener("pointermove", (event) => {
    if (!hold) return;
    if (!event.buttons) { hold = null; return; }
    const by = Math.round((hold.from - event.clientY) / 8);
    if (by === hold.last) return;
    table.setPointerCapture(event.pointerId);
    hold.last = by;
    change(hold.target, hold.value + by);
  });
  ["pointerup", "pointercancel"].forEach((name) => table.addEventListener(name, () => { hold = null; }));
}
