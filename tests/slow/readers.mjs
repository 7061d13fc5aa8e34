// Open pages of the book in Firefox or Chromium, move every control of every widget with the keyboard, and
// write down what the pages asked for, complained of and showed: one JSON report per run.
//
//   node readers.mjs '{"browser": "firefox", "program": "/usr/bin/firefox-esr", "bases": ["http://…"],
//                      "pages": ["notebooks/05-…"], "act": true, "pictures": "folder or empty"}'
//
// Both browsers run this script, so their reports can be compared line by line.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";

const task = JSON.parse(process.argv[2]);
const puppeteer = createRequire(task.modules)("puppeteer-core").default;
const alone = {   // no first-run pages, no host but this one
  firefox: { extraPrefsFirefox: { "network.proxy.type": 0, "ui.prefersReducedMotion": 1 } },
  chrome: { args: ["--no-sandbox", "--force-prefers-reduced-motion", "--no-proxy-server", "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"] },
}[task.browser];

/* --- run in the page ------------------------------------------------------------------------------ */

/** Everything a reader sees in a widget, in the order of the document: texts, values, what is chosen. */
function shown(index) {
  const words = [];
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) words.push(node.data.trim());
    if (node.nodeType !== Node.ELEMENT_NODE || !node.checkVisibility()) return;
    if (node.matches("input, select")) words.push(`<${node.matches("[type=radio], [type=checkbox]") ? node.checked : node.value}>`);
    if (node.matches("svg[aria-label], [role=img][aria-label]")) words.push(node.getAttribute("aria-label"));
    if (!node.matches("select")) node.childNodes.forEach(visit);
  };
  visit(document.querySelectorAll(".cnn-widget")[index]);
  return words.join(" ");
}

/** The controls of a widget that Tab reaches, with what each is and what it is called. */
function controls(index) {
  const widget = document.querySelectorAll(".cnn-widget")[index];
  widget.querySelectorAll("details").forEach((box) => { box.open = true; });
  const stops = [...widget.querySelectorAll("input, select, button, [tabindex='0']")]
    .filter((el) => !el.disabled && el.tabIndex >= 0 && el.checkVisibility());
  stops.forEach((el, at) => { el.dataset.stop = at; });   // a redrawn widget may have more cells, or fewer
  return stops.map((el, at) => ({
    at, kind: el.matches("input") ? el.type : el.matches("select, button") ? el.localName : el.role ?? "box",
    name: (el.ariaLabel ?? el.closest("label")?.textContent ?? "").trim().slice(0, 60),
  }));
}

/** Give a control the focus as Tab would; answer where it stands, to choose a key. */
function focus(index, at) {
  const widget = document.querySelectorAll(".cnn-widget")[index];
  const el = widget.querySelector(`[data-stop="${at}"]`);
  if (!el?.checkVisibility() || el.disabled) return null;
  el.focus();
  return { held: document.activeElement === el, ring: el.matches(":focus-visible"),
    last: el.matches("select") ? el.selectedIndex === el.length - 1 : el.type === "range" && el.value === el.max };
}

/** What a screen reader is told: the live regions of a widget, and the name and value of what has the focus. */
function told(index) {
  const widget = document.querySelectorAll(".cnn-widget")[index];
  const regions = [...widget.querySelectorAll("[role=status], [role=alert], [aria-live], output")].map((el) => el.textContent.trim());
  const el = document.activeElement;
  return [...regions, el.ariaLabel, el.ariaValueText, el.ariaPressed, el.checked, el.value].join(" | ");
}

/** Movements that take longer than a frame, though the reader asked for none. */
function moving() {
  return document.getAnimations().filter((each) => each.playState === "running" && each.effect.getComputedTiming().activeDuration > 17)
    .map(({ effect }) => effect.target?.getAttribute("class") ?? "something");
}

/** Two frames: what an event started is drawn. */
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));

/* --- one page -------------------------------------------------------------------------------------- */
const keys = {
  range: ({ last }) => [last ? "ArrowLeft" : "ArrowRight"],
  select: ({ last }) => [last ? "ArrowUp" : "ArrowDown"],
  radio: () => [" "], checkbox: () => [" "], button: () => ["Enter"],
  text: () => ["2", "Tab"], number: () => ["2", "Tab"],
};
const goesOn = /^(play|pause|train|show every|run|reveal)/i;   // by itself: its last word depends on the clock
const most = 40;                                          // controls of one widget

async function act(page, index, report) {
  const found = await page.evaluate(controls, index);
  const order = [...found.filter(({ name }) => !goesOn.test(name)), ...found.filter(({ name }) => goesOn.test(name))];
  for (const { at, kind, name } of order.slice(0, most)) {
    const state = await page.evaluate(focus, index, at);
    if (!state) continue;
    const before = await page.evaluate(told, index);
    const pressed = (keys[kind] ?? (() => ["ArrowRight", "ArrowDown"]))(state);
    for (const key of pressed) await page.keyboard.press(key);
    await page.evaluate(drawn);
    const runs = kind === "button" && goesOn.test(name);
    if (runs) await new Promise((resolve) => setTimeout(resolve, 400));
    report.push({ widget: index, control: `${kind} “${name}”`, keys: pressed.join(" "), ...state, runs,
      moving: await page.evaluate(moving), told: (await page.evaluate(told, index)) !== before, shown: await page.evaluate(shown, index) });
    if (runs) await page.keyboard.press(pressed[0]);   // the same button pauses
  }
}

async function visit(browser, base, name) {
  const page = await browser.newPage();
  const seen = { base: base.split(":")[0], name, messages: [], outside: [], failed: [], widgets: [], acts: [] };
  page.on("console", (message) => { if (["warn", "warning", "error", "assert"].includes(message.type())) seen.messages.push(message.text()); });
  page.on("pageerror", (error) => seen.messages.push(`uncaught: ${error.message}`));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^(http|ws)s?:$/.test(protocol) && hostname !== "127.0.0.1") seen.outside.push(request.url());
  });
  page.on("response", (response) => { if (response.status() >= 400) seen.failed.push(`${response.url()}: ${response.status()}`); });
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(`${base}/${name}.html`, { waitUntil: "load" });
  await page.waitForFunction("[...document.querySelectorAll('.cnn-host')].every((el) => el.dataset.state && el.dataset.state !== 'waiting')", { timeout: 90_000 });
  seen.widgets = await page.evaluate(() => [...document.querySelectorAll(".cnn-host")].map((el) => [el.classList[2] ?? "", el.dataset.state]));
  if (task.pictures) await picture(page, name);
  if (task.act && seen.base === "http") {
    for (let index = 0; index < seen.widgets.length; index++) await act(page, index, seen.acts);
  }
  await page.close();
  return seen;
}

async function picture(page, name) {
  const file = `${task.pictures}/${task.browser}-${name.split("/").at(-1)}.png`;
  await page.evaluate(() => document.querySelector(".cnn-widget")?.scrollIntoView({ block: "start" }));
  await page.screenshot({ path: file });
}

const browser = await puppeteer.launch({ browser: task.browser, executablePath: task.program, headless: true, ...alone });
const report = { version: await browser.version(), visits: [] };
for (const base of task.bases) for (const name of task.pages) report.visits.push(await visit(browser, base, name));
await browser.close();
writeFileSync(task.report, JSON.stringify(report));
