// draw: the few DOM pieces all widgets share. Native controls, no ids, no markup from strings.

/** Make an element: h("p", { class: "note" }, "text", child). Attributes that are false or null are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Make an element a widget of a kind: it gets the look, and a name under which screen readers announce the group. */
export function stage(el, kind, label) {
  el.classList.add("cnn-widget", kind);
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", label);
}

/** A number as the page shows it: at most two decimals and a real minus sign. */
export function show(value) {
  const rounded = Math.round(value * 100) / 100;
  return String(Object.is(rounded, -0) ? 0 : rounded).replace("-", "−");
}

/** The number somebody typed, or NaN; both minus signs count. */
export function typed(text) {
  const clean = text.trim().replace("−", "-").replace(",", ".");
  return clean === "" ? NaN : Number(clean);
}

/** "1, 2 and 3". */
export function listed(items) {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

const layouts = new WeakMap();   // formula row → { width, columns }

/**
 * Make the cells of a formula row as large as fits: its matrices have so many columns each, side by side on a wide
 * page and below one another on a narrow one (as the style sheet's 600 px have it). Names leave crowded cells.
 * The size is set in pixels, since a size that the browser must work out for each cell made redrawing slow.
 */
export function fitCells(formula, columns) {
  if (!layouts.has(formula)) {
    layouts.set(formula, { width: formula.clientWidth });
    new ResizeObserver(([entry]) => {
      layouts.get(formula).width = entry.contentRect.width;
      setCellSize(formula);
    }).observe(formula);
  }
  layouts.get(formula).columns = columns;
  setCellSize(formula);
}

function setCellSize(formula) {
  const { width, columns } = layouts.get(formula);
  const across = columns.reduce((total, count) => total + count, 0);
  const room = width > 600 ? (width - 176) / across : (width - 8) / Math.max(...columns);
  const least = matchMedia("(pointer: coarse)").matches ? 36 : 28;
  formula.style.setProperty("--cell", `${Math.max(least, Math.min(46, Math.floor(room - 4)))}px`);
  formula.classList.toggle("dense", across > 20);
}

/** Set several traits in one message. */
export function assign(model, traits) {
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  model.save_changes();
}

/** Redraw once after any of the traits changed, however many did; returns the cleanup. */
export function follow(model, traits, redraw) {
  let [asked, alive] = [false, true];
  const ask = () => {
    if (asked) return;
    asked = true;
    queueMicrotask(() => { asked = false; if (alive) redraw(); });
  };
  traits.forEach((trait) => model.on(`change:${trait}`, ask));
  return () => { alive = false; traits.forEach((trait) => model.off(`change:${trait}`, ask)); };
}

const quietKeys = { "data-lm-suppress-shortcuts": "true" };   // JupyterLab would take the arrow keys

/** A labelled range input; `sync(value, text)` shows a value without telling anybody. */
export function slider({ label, min, max, onInput }) {
  const input = h("input", { type: "range", min, max, step: 1, ...quietKeys });
  const output = h("output");
  input.addEventListener("input", () => onInput(Number(input.value)));
  const sync = (value, text = String(value), top = max) => {
    input.max = top;
    input.value = value;
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  return { el: h("label", { class: "control" }, h("span", {}, label), input, output), sync };
}

/** A push button; `sync(text, label)` renames it. */
export function button(text, label, onClick, name = "") {
  const el = h("button", { type: "button", class: name, "aria-label": label, ...quietKeys }, text);
  el.addEventListener("click", onClick);
  const sync = (newText, newLabel) => {
    el.textContent = newText;
    el.setAttribute("aria-label", newLabel);
  };
  return { el, sync };
}

/** A labelled checkbox. */
export function checkbox(label, onChange) {
  const input = h("input", { type: "checkbox", ...quietKeys });
  input.addEventListener("change", () => onChange(input.checked));
  return { el: h("label", { class: "control check" }, input, h("span", {}, label)), sync: (on) => { input.checked = on; } };
}

/** One choice out of a few, as native radio buttons that look like one bar. */
export function choice(legend, options, onChange) {
  const name = `choice-${Math.random().toString(36).slice(2)}`;
  const inputs = Object.entries(options).map(([value, text]) => {
    const input = h("input", { type: "radio", name, value, ...quietKeys });
    input.addEventListener("change", () => onChange(value));
    return [input, h("label", {}, input, h("span", {}, text))];
  });
  const el = h("fieldset", { class: "choice" }, h("legend", {}, legend), ...inputs.map(([, label]) => label));
  return { el, sync: (value) => inputs.forEach(([input]) => { input.checked = input.value === value; }) };
}

/** A labelled list of named options. A choice that changes no trait is taken back: the list shows what the model holds. */
export function menu(label, options, onChange) {
  const select = h("select", { ...quietKeys });
  let held;
  const sync = (value) => { select.value = held = value; };
  Object.entries(options).forEach(([value, text]) => select.append(h("option", { value }, text)));
  select.addEventListener("change", () => {
    onChange(select.value);
    // after the redraw, if there is one
    queueMicrotask(() => held === undefined || sync(held));
  });
  return { el: h("label", { class: "control" }, h("span", {}, label), select), sync };
}

/**
 * The sentence under a picture, and an unseen twin that screen readers speak: `tell(sentence, setting)` says the
 * setting as well when it is new, and marks a `warning` about a setting that does not work; `mute` during play.
 * `refuse` says why a typed value was not taken, until `forgive`.
 */
export function narrator() {
  const seen = h("p", { class: "says" });
  const spoken = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
  let [last, quiet] = ["", false];
  const tell = (sentence, setting, warning = false) => {
    seen.textContent = sentence;
    seen.classList.toggle("warning", warning);
    if (!quiet && (setting !== last || !spoken.textContent.endsWith(sentence))) spoken.textContent = setting === last ? sentence : `${setting} ${sentence}`;
    last = setting;
  };
  const refusal = h("p", { class: "refusal", role: "alert" });
  const refuse = (sentence) => { refusal.textContent = sentence; };
  return { parts: [seen, spoken, refusal], tell, refuse, forgive: () => refuse(""), mute: (on) => { quiet = on; } };
}

/** Call `advance` again and again until it answers false; `delay()` is read before each step. */
export function player({ advance, delay, onChange }) {
  let timer = null;
  const stop = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    onChange(false);
  };
  const tick = () => {
    if (!advance()) { stop(); return; }
    timer = setTimeout(tick, delay());
  };
  const toggle = () => {
    if (timer !== null) { stop(); return; }
    timer = setTimeout(tick, 0);
    onChange(true);
  };
  return { toggle, stop };
}

/** Turn an element once about its centre while the numbers in it stay upright; nothing when motion is unwelcome. */
export function spin(element, upright) {
  if (!element.isConnected || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const timing = { duration: 500, easing: "ease-in-out" };
  element.animate([{ transform: "rotate(-180deg)" }, { transform: "none" }], timing);
  upright.forEach((piece) => piece.animate([{ transform: "rotate(180deg)" }, { transform: "none" }], timing));
}
