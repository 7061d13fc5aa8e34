// The gallery's arithmetic against cnnlib.mistakes: every mistake on every test input, and on edited numbers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { at, edited, examine, forward, where } from "../../cnnlib/widgets/js/mistake_gallery_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

function near(a, b, tolerance, place) {
  assert.equal(a.length, b.length, place);
  a.forEach((v, k) => assert.ok(Math.abs(v - b[k]) <= tolerance, `${place}[${k}]: ${v}, expected ${b[k]}`));
}

test("outputs, both gradients and the nudged one are those of Python", () => {
  assert.ok(cases.length > 90);
  for (const { mistake, layer, edits, expected } of cases) {
    const own = edited(layer, edits);
    near(forward(own), expected.y, 1e-9, `${mistake} y`);
    const found = examine(own, mistake);
    near(found.right, expected.right, 1e-9, `${mistake} right`);
    near(found.wrong, expected.wrong, 1e-9, `${mistake} wrong`);
    near(found.nudged, expected.nudged, 2e-6, `${mistake} nudged`);   // rounding of sums up to 10⁴, divided by 2h
    assert.equal(found.count, expected.count, mistake);
    for (const check of ["single", "together", "adjoint"]) near([found.checks[check]], [expected.checks[check]], 1e-6, `${mistake} ${check}`);
  }
});

test("edits touch a copy", () => {
  const { layer } = cases[0];
  const before = JSON.stringify(layer);
  assert.equal(edited(layer, { "dy 0": 99 }).dy.data[0], 99);
  assert.equal(JSON.stringify(layer), before);
});

test("flat indices and back", () => {
  const shape = [2, 3, 4, 5];
  for (let k = 0; k < 120; k++) assert.equal(at(shape, ...where(shape, k)), k);
});
