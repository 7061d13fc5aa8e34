// The perceptron widget's arithmetic against cnnlib/perceptron.py (tests/widgets/test_perceptron_widget.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as maths from "../../cnnlib/widgets/js/perceptron_maths.mjs";
import { sentence, verdict } from "../../cnnlib/widgets/js/perceptron.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const near = (a, b, what) => assert.ok(Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b)), `${what}: ${a} is not ${b}`);

test(`perceptron-update, logistic-grad, tanh-sigmoid: ${cases.steps.length} steps`, () => {
  assert.ok(cases.steps.length > 200);
  for (const { state, index, w, b, y, loss } of cases.steps) {
    const found = maths.step(state, index);
    [...w, b].forEach((value, k) => near([...found.w, found.b][k], value, `${state.activation} ${k}`));
    near(found.y, y, "output");
    near(maths.loss(state.activation, found.z, found.label), loss, "loss");
  }
});

test(`runs of the truth tables from zero, ${cases.runs.length} of them`, () => {
  for (const { state, seen, w, b } of cases.runs) {
    let now = state;
    for (let k = 0; k < seen; k += 1) now = { ...now, ...maths.step(now, k % now.points.length) };
    assert.deepEqual([...now.w, now.b], [...w, b]);
  }
});

test(`whether a line exists: ${cases.planes.length} sets of points, exactly as in Python`, () => {
  for (const { points, labels, witness } of cases.planes) assert.deepEqual(maths.obstacle(points, labels), witness);
  assert.ok(cases.planes.some((c) => c.witness === null));
  for (const shape of ["11", "12", "22", "13"]) assert.ok(cases.planes.some((c) => c.witness?.map((part) => part.length).join("") === shape), shape);
});

test("the shading ends on the line, and each of its points has the level it says", () => {
  const square = [[-1.5, -1.5], [2.5, -1.5], [2.5, 2.5], [-1.5, 2.5]];
  for (const { state } of cases.steps) {
    for (const level of maths.levels(state.activation)) {
      for (const p of maths.clip(square, state.w, state.b, level)) assert.ok(maths.netInput(p, state.w, state.b) >= level - 1e-9);
    }
    for (const p of maths.chord(state.w, state.b, -1.5, 2.5) ?? []) near(maths.netInput(p, state.w, state.b), 0, "on the line");
  }
  assert.equal(maths.chord([0, 0], 1, -1.5, 2.5), null);
  assert.equal(maths.clip(square, [0, 0], -1).length, 0);
});

test("the levels of the shading are the outputs 0.1, 0.2, … 0.9", () => {
  maths.levels("sigmoid").forEach((z, k) => near(maths.unit("sigmoid", z), (k + 1) / 10, "sigmoid"));
  maths.levels("tanh").forEach((z, k) => near((1 + maths.unit("tanh", z)) / 2, (k + 1) / 10, "tanh"));
});

test("each kind of obstacle has its sentence", () => {
  const said = (blocked) => verdict({ blocked, labels: [1, -1] });
  assert.match(said([[0], [1]]), /points 1 and 2 lie on the same spot/);
  assert.match(said([[2], [0, 1]]), /point 3 lies on the segment between points 1 and 2/);
  assert.match(said([[0, 3], [1, 2]]), /segment between points 1 and 4 crosses the segment between points 2 and 3/);
  assert.match(said([[3], [0, 1, 2]]), /point 4 lies in the triangle of points 1, 2 and 3/);
  assert.equal(said(null), "A line between the two kinds exists.");
  assert.match(verdict({ blocked: null, labels: [1, 1] }), /nothing to separate/);
});

test("a step is said in words", () => {
  const s = { activation: "sign", n: 4, wrong: [2], next: { index: 1, z: 1, right: false, label: -1, error: -1 } };
  assert.equal(sentence(s), "Point 2 is next. It lies on the wrong side, so the step subtracts η times its input.");
  assert.match(sentence({ ...s, next: { ...s.next, z: 0 } }), /lies on the line itself/);
  assert.match(sentence({ ...s, wrong: [] }), /All 4 points lie on their own side/);
  assert.match(sentence({ ...s, activation: "tanh", next: { ...s.next, error: -1.5 } }), /1\.5 too large; the step subtracts/);
});
