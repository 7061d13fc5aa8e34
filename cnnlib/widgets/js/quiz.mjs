// Quiz: questions whose answer is a number, a row or a grid; a wrong answer is told what it looks like.
// Traits   questions: as question() of quiz.py makes them   typed, checked: rows of texts for each question
//          sizes: [rows, columns] chosen   tries, hints: counts   opened: is the solution shown   initial: for reset
import { assign, button, follow, h, menu, stage } from "./draw.mjs";
import { judge } from "./quiz_maths.mjs";

const state = ["typed", "checked", "sizes", "tries", "hints", "opened"];
const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const kinds = [["x", "xX"], ["w", "wWKkΘθβ"], ["y", "yYzZpP"], ["d", "δγΔΓd"]];
const kindOf = (name) => (kinds.find(([, letters]) => letters.includes(name[0])) ?? ["x"])[0];
const replaced = (list, k, value) => list.map((old, i) => (i === k ? value : old));
const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const written = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
const calm = { "data-lm-suppress-shortcuts": "true", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };

/** A table of what is given, in the colour of its quantity. */
function table({ name, values }) {
  const cells = h("div", { class: "cells", role: "img", "aria-label": `${name}: ${values.map((row) => row.map(written).join(", ")).join("; ")}` },
    ...values.flatMap((row) => row.map((v) => h("span", { class: "cnn-cell", "aria-hidden": "true" }, written(v)))));
  cells.style.setProperty("--columns", values[0].length);
  return h("div", { class: `panel ${kindOf(name)}` }, h("div", { class: "title" }, name), h("div", { class: "sheet" }, cells));
}

/** The fields of one answer; `sync(rows of texts, bad places)`. */
function fields(number, { onType, onEnter }) {
  const cells = h("div", { class: "cells", role: "group", "aria-label": `answer to question ${number}` });
  const el = h("div", { class: "panel d quiz-answer" }, h("div", { class: "title" }, "your answer"), h("div", { class: "sheet" }, cells));
  let inputs = [];
  const build = (rows) => {
    inputs = rows.map((row, i) => row.map((_, j) => {
      const input = h("input", { class: "value", type: "text", "aria-label": row.length * rows.length > 1 ? `question ${number}, row ${i}, column ${j}` : `answer to question ${number}`, ...calm });
      input.dataset.at = `${i},${j}`;
      return input;
    }));
    cells.replaceChildren(...inputs.flat().map((input) => h("div", { class: "cnn-cell editable" }, input, h("span", { class: "cnn-badge", "aria-hidden": "true" }))));
    cells.style.setProperty("--columns", rows[0]?.length ?? 1);
  };
  cells.addEventListener("input", () => onType(inputs.map((row) => row.map((input) => input.value))));
  cells.addEventListener("keydown", (event) => {
    if (event.key === "Enter") onEnter();
    const move = arrows[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    const { dataset, selectionStart, selectionEnd, value } = event.target;
    if (move[1] && (selectionStart !== selectionEnd || selectionStart !== (move[1] < 0 ? 0 : value.length))) return;
    const [i, j] = dataset.at.split(",").map(Number);
    const next = inputs[i + move[0]]?.[j + move[1]];
    if (next) { event.preventDefault(); next.focus(); next.select(); }
  });
  const sync = (rows, bad) => {
    if (rows.length !== inputs.length || rows.some((row, i) => row.length !== inputs[i].length)) build(rows);
    el.hidden = !rows.length;
    rows.forEach((row, i) => row.forEach((text, j) => {
      const input = inputs[i][j];
      const marked = bad.some(([a, b]) => a === i && b === j);
      if (input.value !== text) input.value = text;
      if (marked) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
      input.parentElement.classList.toggle("quiz-bad", marked);
      input.nextSibling.textContent = marked ? "✗" : "";
    }));
  };
  return { el, sync };
}

/** One question with its controls; `sync()` shows the traits and answers whether the answer is right. */
function item(model, k) {
  const question = model.get("questions")[k];
  const number = k + 1;
  const read = (name) => model.get(name)[k];
  const set = (changes) => assign(model, Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, replaced(model.get(name), k, value)])));
  let complaint = "";
  const check = () => {
    const typed = read("typed");
    complaint = "";
    if (equal(read("checked"), typed)) return;
    const judged = judge(question, typed).kind !== "refused";
    set({ checked: typed.map((row) => [...row]), tries: read("tries") + (judged ? 1 : 0) });
  };
  const resize = (side, value) => {
    const size = replaced(read("sizes"), side, Number(value));
    const [rows, columns] = size;
    const old = read("typed");
    const typed = rows && columns ? Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) => old[i]?.[j] ?? "")) : [];
    set({ sizes: size, typed });
  };
  const answer = fields(number, { onType: (typed) => { complaint = ""; set({ typed }); }, onEnter: check });
  const choices = Object.fromEntries(["–", 1, 2, 3, 4, 5, 6].map((text, n) => [n, String(text)]));
  const sides = question.size_asked ? ["rows", "columns"].map((name, side) => menu(name, choices, (value) => resize(side, value))) : [];
  const ready = () => read("tries") > 0;
  const hint = button("", "", () => { if (read("hints") < question.hints.length) set({ hints: read("hints") + 1 }); });
  const solve = button("", "", () => {
    complaint = ready() ? "" : "Try first: type an answer and check it. The solution opens after that.";
    if (ready()) set({ opened: !read("opened") });
    else sync();
  });
  const reply = h("p", { class: "quiz-reply", role: "status", "aria-live": "polite" });
  const hints = h("ul", { class: "quiz-hints" });
  const solution = h("div", { class: "quiz-solution" });
  const note = question.digits ? ` (${question.digits} decimals)` : "";
  const el = h("li", { class: "quiz-item" }, h("p", { class: "quiz-ask" }, question.ask + note),
    h("div", { class: "formula" }, ...question.given.map(table), ...(sides.length ? [h("div", { class: "quiz-sizes" }, ...sides.map((s) => s.el))] : []), answer.el),
    h("div", { class: "quiz-buttons" }, button("check", `check the answer to question ${number}`, check).el, ...(question.hints.length ? [hint.el] : []), solve.el),
    reply, hints, solution);

  function sync() {
    const current = read("checked") && equal(read("checked"), read("typed"));
    const verdict = current ? judge(question, read("checked")) : null;
    answer.sync(read("typed"), verdict?.bad ?? []);
    sides.forEach((side, s) => side.sync(read("sizes")[s]));
    const said = complaint || (verdict ? `${verdict.kind === "right" ? "✓ " : verdict.kind === "refused" ? "" : "✗ "}${verdict.text}` : "");
    if (reply.textContent !== said) reply.textContent = said;
    const mood = complaint ? "refused" : verdict?.kind ?? "";
    reply.className = `quiz-reply ${mood === "right" ? "quiz-right" : mood === "refused" ? "quiz-refused" : ""}`;
    const shown = read("hints");
    const left = question.hints.length - shown;
    hint.sync(left ? `hint ${shown + 1} of ${question.hints.length}` : "no more hints", `${left ? "show a hint" : "no more hints"} for question ${number}`);
    hints.replaceChildren(...question.hints.slice(0, shown).map((text) => h("li", {}, text)));
    const open = read("opened");
    solve.sync(open ? "hide solution" : "solution", `${open ? "hide" : "show"} the solution of question ${number}`);
    if (open && !solution.children.length) solution.replaceChildren(table({ name: "d", values: question.answer }), h("p", {}, question.solution));
    if (open) solution.querySelector(".title").textContent = "answer";
    solution.hidden = !open;
    return verdict?.kind === "right";
  }
  return { el, sync };
}

/** An answer and how it is found: at the end of a printed sheet. */
function solved({ answer, solution }) {
  const grid = table({ name: "d", values: answer });
  grid.querySelector(".title").remove();
  return h("li", { class: "quiz-item" }, h("div", { class: "quiz-solution" }, grid, h("p", {}, solution)));
}

function render({ model, el }) {
  const list = h("ol", { class: "quiz-list" });
  const score = h("output", { class: "quiz-score" });
  const paper = h("div", { class: "quiz-paper" });
  const reset = button("start again", "empty all answers", () => assign(model, model.get("initial")), "reset");
  let [items, asked] = [[], null];
  stage(el, "quiz", "Questions, checked as you answer");
  el.replaceChildren(h("p", { class: "try" }, h("strong", {}, "Work on paper, then type."), " Fractions such as 1/4 are welcome; a wrong answer is told what it looks like."), list,
    h("div", { class: "controls" }, score, reset.el), paper);
  const draw = () => {
    if (asked !== model.get("questions")) {
      asked = model.get("questions");
      items = asked.map((_, k) => item(model, k));
      list.replaceChildren(...items.map((one) => one.el));
      paper.replaceChildren(h("p", { class: "title" }, "Answers"), h("ol", { class: "quiz-list" }, ...asked.map(solved)));
    }
    const right = items.map((one) => one.sync()).filter(Boolean).length;
    score.textContent = `${right} of ${items.length} right`;
  };
  const unfollow = follow(model, ["questions", ...state], draw);
  draw();
  return unfollow;
}

export default { render };
