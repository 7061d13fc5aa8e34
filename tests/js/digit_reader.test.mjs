// The network of DigitReader against cnnlib (tests/widgets/test_digit_reader_widget.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { dab, pullBack, readDigit, shift, stepTowards, strangeness, stroke, takeApart } from "../../cnnlib/widgets/js/digit_reader_maths.mjs";
import { readingSentence } from "../../cnnlib/widgets/js/digit_reader.mjs";
import { steps } from "../../cnnlib/widgets/js/digit_inside.mjs";

const { weights, usual, drawings, dabs } = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const near = (found, wanted, most, said) => {
  assert.equal(found.length, wanted.length, said);
  wanted.forEach((v, q) => assert.ok(Math.abs(found[q] - v) <= most, `${said}: ${found[q]} is not ${v}`));
};

test(`forward and backward equal cnnlib on ${drawings.length} drawings`, () => {
  for (const { x, towards, y, z, a1, p, a2, dx } of drawings) {
    const run = readDigit(weights, x);
    near(run.z, z, 1e-9, "scores");
    near(run.y, y, 1e-9, "probabilities");
    near(pullBack(weights, run, towards), dx, 1e-6, "gradient");
    if (!a1) continue;
    near(run.a1, a1, 1e-9, "a1");
    near(run.p, p, 1e-9, "p");
    near(run.a2, a2, 1e-9, "a2");
  }
});

test("a unit taken apart adds up to what the network computed", () => {
  const run = readDigit(weights, drawings[0].x);
  const all = { first: [8, 8, run.z1], second: [16, 4, run.z2], class: [10, 1, run.z], pooled: [8, 4, run.p] };
  for (const [layer, [count, n, wanted]] of Object.entries(all)) {
    for (let q = 0; q < wanted.length; q++) {
      const at = { layer, map: Math.floor(q / (n * n)), row: Math.floor(q / n) % n, column: q % n };
      assert.ok(at.map < count);
      const { parts, bias, total, size } = takeApart(weights, run, at);
      assert.equal(total, wanted[q]);
      parts.forEach(({ window }) => assert.equal(window.length, size * size));
      assert.ok(Math.abs(parts.reduce((sum, part) => sum + part.sum, bias) - wanted[q]) < 1e-9, JSON.stringify(at));
    }
  }
});

test("a step uphill raises the probability and stays on paper", () => {
  for (const { x, towards, y } of drawings.slice(0, 200)) {
    const gradient = pullBack(weights, readDigit(weights, x), towards);
    const next = stepTowards(x, gradient, 1e-3);
    if (next === null) { assert.ok(y[towards] > 1 - 1e-9); continue; }
    assert.ok(next.every((v) => v >= 0 && v <= 1));
    assert.ok(Math.abs(Math.max(...next.map((v, q) => Math.abs(v - x[q]))) - 1e-3) < 1.1e-4);
    if (y[towards] < 0.999) assert.ok(readDigit(weights, next).y[towards] > y[towards] - 1e-9, `${towards}`);
  }
  assert.equal(stepTowards([0, 1], [1, -1]), null);
  assert.equal(stepTowards([0.5], [0]), null);
  assert.deepEqual(stepTowards([0, 0.5], [1, 2], 0.25), [0, 0.25]);
  assert.deepEqual(stepTowards([0, 0.9], [1, -2], 0.25), [0, 1]);
});

test("the brush inks as its definition says, erasing mirrors it, a stroke joins its ends", () => {
  for (const { row, column, softness, inked } of dabs) {
    const blank = Array(64).fill(0);
    near(dab(blank, row, column, softness), inked, 1.01e-4, JSON.stringify([row, column, softness]));
    near(dab(blank.map(() => 1), row, column, softness, true), inked.map((v) => 1 - v), 1.01e-4, "eraser");
  }
  const line = stroke(Array(64).fill(0), [0.5, 0.5], [7.5, 7.5], 0);
  for (let k = 0; k < 8; k++) assert.equal(line[9 * k], 1);
  assert.deepEqual(stroke(Array(64).fill(0), [2.5, 3.5], [2.5, 3.5], 2), dab(Array(64).fill(0), 2.5, 3.5, 2));
});

test("moving loses what leaves the frame", () => {
  const x = Array.from({ length: 64 }, (_, q) => q + 1);
  assert.equal(shift(x, 1, 0)[8], 1);
  assert.deepEqual(shift(x, 1, 0).slice(0, 8), Array(8).fill(0));
  assert.equal(shift(x, 0, -1)[0], 2);
  assert.equal(shift(x, 0, -1)[7], 0);
});

test("drawings unlike the training pictures are told apart from those like them", () => {
  assert.equal(strangeness(Array(64).fill(1), usual).includes("has so much ink"), true);
  assert.deepEqual(strangeness(dab(Array(64).fill(0), 1, 1, 0), usual), ["has so little ink"]);
  const stripe = (inked) => Array.from({ length: 64 }, (_, q) => Number(inked(Math.floor(q / 8), q % 8)));
  assert.ok(strangeness(stripe((i) => i < 3), usual).includes("lies so high"));
  assert.ok(strangeness(stripe((i) => i > 4), usual).includes("lies so low"));
  assert.ok(strangeness(stripe((i, j) => j < 3), usual).includes("lies so far left"));
  assert.ok(strangeness(stripe((i, j) => j > 4), usual).includes("lies so far right"));
  assert.ok(strangeness(stripe((i, j) => j < 3), usual).includes("has ink in those places"));
  assert.deepEqual(strangeness(Array(64).fill(1), {}), []);
  drawings.filter((d) => d.seen).forEach(({ x }) => assert.deepEqual(strangeness(x, usual), []));
  assert.ok(drawings.some((d) => d.seen));
});

test("the sentence says what is read, how sure, and how far to trust it", () => {
  const y = (share) => [share, 1 - share, ...Array(8).fill(0)];
  assert.equal(readingSentence(y(0.9996), [], false), "It reads a 0, and is sure: over 99.9 %; next comes 1 with 0.0 %.");
  assert.match(readingSentence(y(0.7), [], false), /reads a 0, and leans that way: 70.0 %; next comes 1 with 30.0 %/);
  assert.match(readingSentence(y(0.45), [], false), /reads a 1, but is in doubt: 55.0 %/);
  assert.match(readingSentence(y(0.7), ["lies so high", "has so much ink"], false), /Do not trust it: no training digit lies so high and has so much ink/);
  assert.match(readingSentence(y(0.7), [], true), /^Blank paper, and yet it answers 0 with 70.0 %/);
});

test("arrow keys walk from map to map and come back", () => {
  let at = { layer: "first", map: 0, row: 2, column: 7 };
  at = steps(at, "ArrowRight", 8, 8);
  assert.deepEqual(at, { layer: "first", map: 1, row: 2, column: 0 });
  assert.deepEqual(steps(at, "ArrowLeft", 8, 8), { layer: "first", map: 0, row: 2, column: 7 });
  assert.equal(steps({ ...at, map: 7, column: 7 }, "ArrowRight", 8, 8).map, 0);
  assert.equal(steps({ ...at, row: 0 }, "ArrowUp", 8, 8).row, 7);
  assert.equal(steps(at, "PageDown", 8, 8).map, 2);
  assert.equal(steps(at, "x", 8, 8), null);
});
