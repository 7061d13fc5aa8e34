// The training of XorTrainer, against the same runs in NumPy: every width and every starting point.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { corners, lineInside, mix, netInput, startingPoint, trajectory, zeroLine } from "../../cnnlib/widgets/js/xor_maths.mjs";

const { runs, hashes } = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

test("the hash and the starting points are the same numbers", () => {
  assert.ok(hashes.length >= 1000);
  for (const { hidden, start, point } of hashes) assert.deepEqual([...startingPoint(hidden, start)], point);
  assert.equal(new Set(Array.from({ length: 4000 }, (_, i) => mix(i))).size, 4000);
});

test("every run goes where NumPy's goes", () => {
  assert.equal(runs.length, 8 * 51);
  for (const { hidden, start, losses, solved } of runs) {
    const run = trajectory(hidden, start);
    const p = run.at(5000);
    for (const [step, loss] of Object.entries(losses)) {
      assert.ok(Math.abs(run.losses[step] - loss) <= 1e-7 * loss, `${hidden} units, start ${start}, step ${step}: ${run.losses[step]} is not ${loss}`);
    }
    assert.equal(corners.every(([x1, x2, t]) => netInput(p, hidden, x1, x2) > 0 === (t === 1)), solved, `${hidden} units, start ${start}`);
  }
});

test("looking back does not change the run", () => {
  const run = trajectory(2, 7);
  const at = [...run.at(40)];
  run.at(200);
  assert.deepEqual([...run.at(40)], at);
});

test("the zero line of a plane is that line", () => {
  const segments = zeroLine((x, y) => x + 2 * y - 1, -0.5, 1.5, 12);
  assert.ok(segments.length > 5);
  for (const end of segments.flat()) assert.ok(Math.abs(end[0] + 2 * end[1] - 1) < 1e-12);
});

test("a line is cut at the square, and one that misses it is left out", () => {
  const [a, b] = lineInside(1, 1, -1, 0, 1);
  for (const [x, y] of [a, b]) assert.ok(Math.abs(x + y - 1) < 1e-12 && x >= 0 && x <= 1);
  assert.notDeepEqual(a, b);
  assert.equal(lineInside(1, 1, -5, 0, 1), null);
  assert.equal(lineInside(0, 0, 1, 0, 1), null);
  assert.deepEqual(lineInside(0, 2, -1, 0, 1).map(([, y]) => y), [0.5, 0.5]);
});
