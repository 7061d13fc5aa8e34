/* fire.js: a reader gone wild, for the tests. fire(widget, seed, count) does `count` random things to a widget's
 * controls and answers with what it did last and with every number that should not stand on the page.
 * The same seed does the same things as long as the widget draws the same controls.
 */
(() => {
  "use strict";
  const TYPED = ["", " ", "0", "-0", "−3", "7", "2.5", "1/3", "1e999", "-1e999", "NaN", "Infinity", "1e-320", "999", "-999", "1000", "12abc",
    "٣", "\u202e12", "1\u200b2", "0x10", "1_000", "<img src=x onerror='window.canary=1'>", "\"><script>window.canary=1</script>",
    "javascript:window.canary=1", "${window.canary=1}", "{{constructor.constructor('window.canary=1')()}}", "9".repeat(400), "x".repeat(100000)];
  const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Enter", " ", "Escape", "Delete", "Backspace", "5", "a"];
  const CONTROLS = "input, select, button, summary, [tabindex], [data-at]";
  const WIDTHS = [320, 360, 480, 720, 1000, 1280, 1600];
  const WRONG = /\bNaN\b|Infinity|undefined|\[object|\bnull\b|∞/;

  /** Numbers from 0 to 1 that a seed fixes (mulberry32). */
  function dice(seed) {
    let a = seed >>> 0;
    return () => {
      a = (a + 0x6d2b79f5) >>> 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  const pointer = (kind, x, y, more) => new PointerEvent(kind, { bubbles: true, cancelable: true, clientX: x, clientY: y,
    pointerId: 1, pointerType: "mouse", isPrimary: true, button: 0, buttons: kind === "pointerup" ? 0 : 1, ...more });
  const say = (target, kind) => target.dispatchEvent(new Event(kind, { bubbles: true }));

  /** What a widget shows, piece by piece: its words, values and marks, without what is only spoken, refused or hidden. */
  function face(widget) {
    document.activeElement?.blur();
    const pieces = [];
    const skipped = ".unseen, .refusal, [role=status], [role=alert], [aria-live], [hidden], .digit-pointed";
    const walk = document.createTreeWalker(widget, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    while (walk.nextNode()) {
      const node = walk.currentNode;
      if ((node.closest ?? (() => null)).call(node, skipped) || node.parentElement.closest(skipped)) continue;
      if (node.nodeType === Node.TEXT_NODE) pieces.push(node.data.trim());
      else if (["checkbox", "radio"].includes(node.type)) pieces.push(String(node.checked));
      else if (node.value !== undefined && ["INPUT", "SELECT"].includes(node.tagName)) pieces.push(node.value);
    }
    return pieces.filter(Boolean);
  }

  /** A model without a page or a kernel behind it, which counts who listens. */
  class Model {
    constructor(traits) { Object.assign(this, { traits, listeners: new Map() }); }
    get(name) { return this.traits[name]; }
    set(name, value) {
      const changes = typeof name === "object" ? name : { [name]: value };
      for (const [key, next] of Object.entries(changes)) {
        if (JSON.stringify(this.traits[key]) === JSON.stringify(next)) continue;
        this.traits[key] = next;
        [...(this.listeners.get(`change:${key}`) ?? [])].forEach((heard) => heard(this, next));
      }
    }
    on(name, heard) { this.listeners.set(name, [...(this.listeners.get(name) ?? []), heard]); }
    off(name, heard) { this.listeners.set(name, (this.listeners.get(name) ?? []).filter((one) => one !== heard)); }
    save_changes() {}
    get count() { return [...this.listeners.values()].reduce((sum, list) => sum + list.length, 0); }
  }

  /** Mount a widget for the host, and keep what it is made of and what it sends. */
  function watched(widget, context) {
    const { model, el } = context;
    const [mine, set] = [{ el, model, sent: [], unsent: {} }, model.set.bind(model)];
    model.set = (name, value) => { Object.assign(mine.unsent, typeof name === "object" ? name : { [name]: value }); return set(name, value); };
    model.save_changes = () => { mine.sent.push(JSON.parse(JSON.stringify(mine.unsent))); mine.unsent = {}; };
    mine.mount = (traits) => {
      const [fresh, place] = [new Model(structuredClone(traits)), document.createElement("div")];
      document.body.append(place);
      return { model: fresh, place, cleanup: widget.render({ model: fresh, el: place, signal: new AbortController().signal }) };
    };
    (window.mounted ??= {})[model.id] = mine;
    return (mine.cleanup = widget.render(context));
  }

  /** The face of a fresh widget of the same kind with other traits. */
  async function again(name, traits) {
    const { place, cleanup } = mounted[name].mount({ ...mounted[name].model.traits, ...traits });
    place.style.width = `${mounted[name].el.getBoundingClientRect().width}px`; // some draw less where there is less room
    await new Promise((resolve) => later(resolve, 20));
    const found = face(place);
    cleanup?.();
    place.remove();
    return found;
  }

  /** The words of a widget that hold no number though they should; what the reader typed may be repeated. */
  function wrong(widget) {
    const found = [];
    // the border of a maximum is -∞, as chapter 7 has it, and nothing else is
    const border = (element, text) => (element.closest(".pool-router .cnn-cell.zero") ? text.replace("−∞", "border") : text);
    const walk = document.createTreeWalker(widget, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const { data, parentElement } = walk.currentNode;
      if (WRONG.test(border(parentElement, data)) && !parentElement.closest("[role=alert], [role=status], style, option")) found.push(data.slice(0, 120));
    }
    for (const element of widget.querySelectorAll("[aria-label], [title], [aria-valuetext]")) {
      for (const name of ["aria-label", "title", "aria-valuetext"]) if (WRONG.test(border(element, element.getAttribute(name) ?? ""))) found.push(`${name}: ${element.getAttribute(name).slice(0, 120)}`);
    }
    for (const element of widget.querySelectorAll("svg *")) {
      for (const { name, value } of element.attributes) if (WRONG.test(value)) found.push(`${element.tagName} ${name}: ${value.slice(0, 80)}`);
    }
    return found;
  }

  /** What waits or listens outside of any widget: timers and frames to come, listeners of the page and the browser. */
  const later = window.setTimeout.bind(window);
  const waiting = new Set();
  let heard = 0;
  for (const [begin, end] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"], ["requestAnimationFrame", "cancelAnimationFrame"]]) {
    const [start, stop] = [window[begin].bind(window), window[end].bind(window)];
    window[begin] = (act, ...more) => {
      const id = `${begin} ${start((...values) => { if (begin !== "setInterval") waiting.delete(id); act(...values); }, ...more)}`;
      waiting.add(id);
      return Number(id.split(" ")[1]);
    };
    window[end] = (id) => { waiting.delete(`${begin} ${id}`); stop(id); };
  }
  
  for (const target of [window, document, document.documentElement, MediaQueryList.prototype, visualViewport]) {
    const [add, remove] = [target.addEventListener, target.removeEventListener];
    target.addEventListener = function counted(...all) { heard += 1; return add.apply(this, all); };
    target.removeEventListener = function counted(...all) { heard -= 1; return remove.apply(this, all); };
  }

  /** Mount a widget so many times, start what can be played, and take it away again; what is left over each time? */
  async function mounts(name, times) {
    const left = { listeners: 0, page: 0, timers: 0 };
    for (let n = 0; n < times; n += 1) {
      const [before, timers] = [heard, waiting.size];
      const { model, place, cleanup } = mounted[name].mount(mounted[name].model.traits);
      [...place.querySelectorAll("button")].filter((one) => /^(▶|play|run)/.test(one.textContent)).forEach((one) => one.click());
      await new Promise((resolve) => later(resolve, 20));
      cleanup?.();
      place.remove();
      await null;
      // one frame that was asked for may still come; what plays on asks again and again
      for (let tries = 0; waiting.size > timers && tries < 25; tries += 1) await new Promise((resolve) => later(resolve, 20));
      left.listeners += model.count;
      left.page += heard - before;
      left.timers += waiting.size - timers;
    }
    return left;
  }

  const acts = {
    range(input, pick) {
      const [least, most, step] = [Number(input.min), Number(input.max), Number(input.step) || 1];
      const steps = Math.round((most - least) / step);
      input.value = pick([least, most, least + step * Math.floor(pick() * (steps + 1))]);
      say(input, "input");
      say(input, "change");
    },
    text(input, pick) {
      input.focus();
      input.value = pick(TYPED);
      input.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: pick(["insertText", "insertFromPaste"]), data: input.value.slice(0, 9) }));
      const end = pick(["change", "Enter", "blur", "stay"]);
      if (end === "change") say(input, "change");
      if (end === "Enter") { key(input, "Enter"); say(input, "change"); }
      if (end === "blur") { say(input, "change"); input.blur(); }
    },
    select(select, pick) {
      if (!select.options.length) return;
      select.selectedIndex = Math.floor(pick() * select.options.length);
      say(select, "input");
      say(select, "change");
    },
    press(target) { target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1 })); },
    key(target, pick) {
      target.focus();
      for (let n = 1 + Math.floor(pick() * 4); n; n -= 1) key(document.activeElement ?? target, pick(KEYS));
    },
    wheel(target, pick) {
      target.focus();
      target.dispatchEvent(new WheelEvent("wheel", { bubbles: true, cancelable: true, deltaY: pick([-100, 100]) }));
    },
    drag(target, pick) {
      const box = target.getBoundingClientRect();
      const [x, y] = [box.left + pick() * box.width, box.top + pick() * box.height];
      target.dispatchEvent(pointer("pointerdown", x, y));
      for (let n = Math.floor(pick() * 5); n; n -= 1) {
        const [u, v] = [x + (pick() - 0.5) * 400, y + (pick() - 0.5) * 400];
        (document.elementFromPoint(u, v)?.closest(".cnn-widget") === target.closest(".cnn-widget") ? document.elementFromPoint(u, v) : target).dispatchEvent(pointer("pointermove", u, v));
      }
      target.dispatchEvent(pointer(pick(["pointerup", "pointercancel"]), x, y));
    },
    hover(target) {
      const { left, top } = target.getBoundingClientRect();
      for (const kind of ["pointerover", "pointermove", "pointerout"]) target.dispatchEvent(pointer(kind, left + 2, top + 2, { buttons: 0 }));
    },
  };

  function key(target, name) {
    const more = { key: name, bubbles: true, cancelable: true };
    target.dispatchEvent(new KeyboardEvent("keydown", more));
    target.dispatchEvent(new KeyboardEvent("keyup", more));
  }

  /** The kinds of things that can be done to a control, the likeliest first. */
  function ways(control) {
    if (control.type === "range") return ["range", "range", "range", "key"];
    if (control.tagName === "SELECT") return ["select"];
    if (control.tagName === "INPUT" && ["text", "number", "search"].includes(control.type)) return ["text", "text", "key", "wheel", "drag"];
    if (control.tagName === "BUTTON" || control.type === "checkbox" || control.type === "radio" || control.tagName === "SUMMARY") return ["press", "press", "press", "key"];
    return ["press", "key", "drag", "hover", "wheel"];
  }

  async function fire(widget, seed, count) {
    const next = dice(seed);
    const pick = (list) => (list ? list[Math.floor(next() * list.length)] : next());
    const did = [];
    for (let n = 0; n < count; n += 1) {
      const luck = pick();
      if (luck < 0.02) { widget.parentElement.style.width = `${pick(WIDTHS)}px`; did.push("width"); }
      else if (luck < 0.03) { document.documentElement.dataset.theme = pick(["light", "dark"]); did.push("theme"); }
      else {
        const controls = [...widget.querySelectorAll(CONTROLS)].filter((e) => !e.disabled && e.getClientRects().length);
        if (!controls.length) throw new Error("nothing here can be operated");
        // cells outnumber the other controls by far: half of the time choose among those
        const few = controls.filter((e) => ["BUTTON", "SELECT", "SUMMARY"].includes(e.tagName) || (e.tagName === "INPUT" && e.type !== "text"));
        const control = few.length && pick() < 0.5 ? pick(few) : pick(controls);
        const way = pick(ways(control));
        did.push(`${way} ${(control.getAttribute("aria-label") ?? control.closest("label")?.textContent ?? control.textContent).slice(0, 40)}`);
        acts[way](control, pick);
      }
      await null; // between two events of a reader, what was put off to the end of the event is done
      if (n % 4 === 3) await new Promise((resolve) => setTimeout(resolve, 0));
      const found = n % 4 === 3 ? wrong(widget) : [];
      if (found.length) return { wrong: found.slice(0, 3), did: did.slice(-6) };
    }
    return { wrong: [], did: did.slice(-6) };
  }

  // An event made by a script belongs to no pointer that could be captured.
  const capture = Element.prototype.setPointerCapture;
  Element.prototype.setPointerCapture = function patient(id) { try { capture.call(this, id); } catch (error) { if (error.name !== "NotFoundError") throw error; } };
  Object.assign(window, { fire, face, again, watched, mounts });
})();
