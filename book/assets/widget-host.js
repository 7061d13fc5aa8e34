/* widget-host.js: run anywidget modules on a built page, without a kernel and without a network.
 *
 * The build leaves two kinds of JSON in a page: one "state" script with every widget's traits (its
 * ES module `_esm` and style `_css` among them) and one "view" script where a widget stands. This
 * host does for them what a live notebook does: a model per state, `initialize` once per model,
 * `render({ model, el, signal })` once per view. Two views of one model share it and follow each other.
 *
 * It is a classic script, loaded with `async`, since browsers refuse module scripts on file://; a widget's module is
 * imported from a Blob of its own text, which stands in the state or, if it is long, in a script in `widgets/`
 * that many pages share. The first view and those near the reader are drawn at once,
 * the others when they come near or, once the reader has moved, when the browser is idle, and all of them
 * before printing. When a widget cannot start, a sentence says so and the figure kept in the cell's <noscript> is shown.
 */
(() => {
  "use strict";
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const FOLDER = new URL("widgets/", document.currentScript.src || location.href);
  const modules = new Map(); // module text or file -> promise of its { initialize, render }
  const styles = new Map(); // style text or file -> promise that it is in the page
  const models = new Map(); // model id -> model
  const PATIENCE = 10000; // milliseconds

  /** The model interface of the anywidget contract: get, set, on, off, save_changes, send. */
  class Model {
    constructor(id, traits) {
      Object.assign(this, { id, traits, listeners: new Map() });
    }
    get(name) {
      return this.traits[name];
    }
    /** Set one trait, or several from an object; "change:name" and "change" fire at once if a value differs. */
    set(names, value) {
      const update = typeof names === "object" ? names : { [names]: value };
      const changed = Object.keys(update).filter((name) => !same(this.traits[name], update[name]));
      Object.assign(this.traits, update);
      for (const name of changed) this.emit(`change:${name}`, update[name]);
      if (changed.length) this.emit("change");
      return this;
    }
    on(names, callback) {
      for (const name of names.split(/\s+/)) {
        this.listeners.set(name, [...(this.listeners.get(name) ?? []), callback]);
      }
      return this;
    }
    /** Remove one callback of some events, all callbacks of some events, or everything. */
    off(names, callback) {
      for (const name of names ? names.split(/\s+/) : [...this.listeners.keys()]) {
        const rest = (this.listeners.get(name) ?? []).filter((each) => callback && each !== callback);
        this.listeners.set(name, rest);
      }
      return this;
    }
    emit(name, value) {
      for (const callback of this.listeners.get(name) ?? []) callback(this, value);
    }
    save_changes() {} // nobody to tell: there is no kernel
    send() {}
  }

  function same(a, b) {
    if (Object.is(a, b)) return true;
    const plain = [a, b].every((v) => v && typeof v === "object" && !ArrayBuffer.isView(v));
    return plain && JSON.stringify(a) === JSON.stringify(b);
  }

  /** Put each base64 buffer back at its path among the traits, as a DataView. */
  function restore(traits, buffers) {
    for (const { data, path } of buffers ?? []) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const place = path.slice(0, -1).reduce((inner, key) => (Object.hasOwn(inner, key) ? inner[key] : null), traits);
      place[path.at(-1)] = new DataView(bytes.buffer);
    }
    return traits;
  }

  /** Fetch a file of the book by an element, since that works from disk too. */
  function fetched(tag, address, name) {
    return new Promise((resolve, reject) => {
      const element = Object.assign(document.createElement(tag), { [address]: new URL(name, FOLDER) });
      if (tag === "link") element.rel = "stylesheet";
      element.onload = resolve;
      element.onerror = () => reject(new Error(`the file ${name} did not arrive`));
      document.head.append(element);
    });
  }

  async function moduleOf(esm) {
    if (esm.file && !globalThis.cnnModules?.[esm.file]) await fetched("script", "src", esm.file);
    const text = esm.file ? globalThis.cnnModules[esm.file] : esm;
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    const module = await import(url);
    URL.revokeObjectURL(url);
    const widget = module.default ?? module;
    return typeof widget === "function" ? widget() : widget;
  }

  async function dress(css) {
    if (css?.file) await fetched("link", "href", css.file);
    else if (css) document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  }

  /** Do a thing once for a text, or for the file that holds it. */
  function once(done, text, act) {
    const key = text?.file ?? text;
    if (!done.has(key)) done.set(key, act(text));
    return done.get(key);
  }

  /** What a script of the page says; nothing if it cannot be read, which is then told. */
  function data(script) {
    try {
      return JSON.parse(script.textContent) ?? {};
    } catch (error) {
      console.error("The widgets of this page cannot be read:", error);
      return {};
    }
  }

  function readModels() {
    for (const script of document.querySelectorAll(STATE)) {
      for (const [id, entry] of Object.entries(data(script).state ?? {})) {
        if (entry?.model_module !== "anywidget" || !entry.state) continue;
        const traits = restore(entry.state, entry.buffers);
        for (const name of ["_esm", "_css"]) {
          // the build writes a text that several widgets share only once (book/ext/widget_state.py)
          if (traits[name]?.like) traits[name] = models.get(traits[name].like)?.get(name);
        }
        models.set(id, new Model(id, traits));
      }
    }
  }

  async function start(model) {
    const [widget] = await Promise.all([
      once(modules, model.get("_esm"), moduleOf),
      once(styles, model.get("_css"), dress),
    ]);
    model.started ??= Promise.resolve(widget.initialize?.({ model, signal: lifetime.signal }));
    await model.started;
    return widget;
  }

  const lifetime = new AbortController();

  async function draw(el, id) {
    try {
      const model = models.get(id);
      if (!model?.get("_esm")) throw new Error("it needs a live notebook");
      const widget = await start(model);
      const cleanup = await widget.render?.({ model, el, signal: lifetime.signal });
      if (typeof cleanup === "function") lifetime.signal.addEventListener("abort", () => cleanup());
      el.dataset.state = "drawn";
      performance.mark("widget-drawn");
    } catch (error) {
      console.error("A widget could not start:", error);
      fail(el, error);
    }
  }

  /** Say in words that the widget is missing and show the figure that readers without JavaScript see. */
  async function fail(el, error) {
    el.dataset.state = "failed";
    const words = document.createElement("p");
    words.setAttribute("role", "alert");
    words.textContent = `This widget could not start: ${error?.message ?? error}. ` +
      "The text does not depend on it; where there is a figure below, it shows the widget's first state.";
    el.replaceChildren(words);
    await read; // the figure stands after the widget
    const spare = el.closest(".cell, .cell_output")?.querySelector("noscript");
    if (spare) el.append(document.createRange().createContextualFragment(spare.textContent));
  }

  const waiting = new Map(); // element -> model id
  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => drawNow(entry.target)),
    { rootMargin: "100% 0px" }
  );

  function drawNow(el) {
    const id = waiting.get(el);
    if (!waiting.delete(el)) return;
    near.unobserve(el);
    draw(el, id);
  }

  /** Has the browser read a script to its end? While it still reads there, nothing stands behind it, at any level. */
  function isWhole(script) {
    if (document.readyState !== "loading") return true;
    for (let node = script; node; node = node.parentNode) if (node.nextSibling) return true;
    return false;
  }

  /** Give each view that has been read so far its place; draw the very first without waiting for the rest. */
  function scan() {
    for (const script of document.querySelectorAll(`${VIEW}:not([data-placed])`)) {
      if (!isWhole(script)) continue;
      if (!models.size) readModels();
      script.dataset.placed = "";
      const el = Object.assign(document.createElement("div"), { className: "cnn-host" });
      el.dataset.state = "waiting";
      script.after(el);
      waiting.set(el, data(script).model_id);
      if (document.querySelector(".cnn-host") === el) drawNow(el);
      else near.observe(el);
    }
  }

  /** Start what the first widget needs (book/ext/light_pages.py) while the browser still reads the page. */
  function warm() {
    const later = () => {}; // what goes wrong is told where the widget stands
    for (const file of Object.keys(globalThis.cnnModules ?? {})) once(modules, { file }, moduleOf).catch(later);
    const style = document.querySelector('meta[name="widget-style"]');
    if (style) once(styles, { file: style.content.split("/").at(-1) }, dress).catch(later);
  }

  let finishReading;
  const read = new Promise((resolve) => (finishReading = resolve));
  const reading = new MutationObserver(scan); // the page is long: the first widget need not wait for its end
  const idle = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));

  function drawRest() {
    const [next] = waiting.keys();
    if (next) drawNow(next);
    if (waiting.size) idle(drawRest);
  }

  /** Leave the browser alone until the reader moves (book.js tells) or has read for a while. */
  function waitForReader() {
    const pause = setTimeout(() => dispatchEvent(new Event("readermoves")), PATIENCE);
    addEventListener("readermoves", () => clearTimeout(pause) ?? idle(drawRest), { once: true });
  }

  function whenRead() {
    if (document.readyState === "loading") return;
    reading.disconnect();
    finishReading();
    document.removeEventListener("readystatechange", whenRead);
    scan();
    if (document.readyState === "complete") waitForReader();
    else addEventListener("load", waitForReader);
  }

  warm();
  reading.observe(document, { childList: true, subtree: true });
  document.addEventListener("readystatechange", whenRead);
  addEventListener("beforeprint", () => [...waiting.keys()].forEach(drawNow));
  addEventListener("pagehide", (event) => event.persisted || lifetime.abort());
  scan();
  whenRead();
})();
