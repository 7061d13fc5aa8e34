// The pieces of the widgets that need no page: numbers as shown, numbers as typed, lists in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { follow, listed, show, typed } from "../../cnnlib/widgets/js/draw.mjs";
import { complaint } from "../../cnnlib/widgets/js/grid.mjs";
import { indexOf } from "../../cnnlib/widgets/js/trilinear.mjs";

test("numbers are shown with at most two decimals and a real minus sign", () => {
  assert.deepEqual([3, -2.5, 1 / 3, -0, -0.001, 1e3].map(show), ["3", "−2.5", "0.33", "0", "0", "1000"]);
});

test("typed numbers are read, everything else is NaN", () => {
  assert.deepEqual(["7", " −3 ", "-3", "1,5", "1e2"].map(typed), [7, -3, -3, 1.5, 100]);
  for (const text of ["", "  ", "abc", "1;2", "NaN", "<b>1</b>"]) assert.ok(Number.isNaN(typed(text)), text);
});

test("a refused value is explained, a good one is not", () => {
  for (const text of ["", "abc", "1e999", "NaN", "Infinity", "1000", "<img src=x>"]) assert.match(complaint(text), /number from −999 to 999; .* came/);
  for (const text of ["0", "999", "-999", "2.25"]) assert.equal(complaint(text), "");
});

test("lists read as a sentence", () => {
  assert.deepEqual([[], ["1"], ["1", "2"], ["1", "2", "3"]].map(listed), ["", "1", "1 and 2", "1, 2 and 3"]);
});

test("nodes count from 1, taps have row and column", () => {
  assert.equal(indexOf("x", 6, 2), "7");
  assert.deepEqual([0, 1, 2, 3].map((q) => indexOf("w", q, 2)), ["11", "12", "21", "22"]);
});

test("several changed traits cause one redraw, and none after the cleanup", async () => {
  const listeners = new Map();
  const model = { on: (name, f) => listeners.set(name, f), off: (name) => listeners.delete(name) };
  let drawn = 0;
  const stop = follow(model, ["a", "b"], () => { drawn += 1; });
  listeners.get("change:a")();
  listeners.get("change:b")();
  await Promise.resolve();
  assert.equal(drawn, 1);
  listeners.get("change:a")();
  stop();
  await Promise.resolve();
  assert.equal(drawn, 1);
  assert.equal(listeners.size, 0);
});
