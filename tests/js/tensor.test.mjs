// The widgets' arithmetic against arrays written by the Python kernels (tests/widgets/test_tensor_js.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as tensor from "../../cnnlib/widgets/js/tensor.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

/** Sum the products of the trilinear form that share one node: an independent way to each gradient. */
function fromProducts(list, kind, count, value) {
  const total = Array(count).fill(0);
  list.filter((p) => p.x >= 0).forEach((p) => { total[p[kind]] += value(p); });
  return total;
}

test(`conv-fwd, conv-dx, conv-dw: ${cases.backward.length} geometries of ConvBackward`, () => {
  assert.ok(cases.backward.length > 50);
  for (const { n, m, stride, x, w, delta, y, dx, dw } of cases.backward) {
    assert.deepEqual(tensor.correlate2d(x, w, { stride }), y, `forward ${[n, m, stride]}`);
    assert.deepEqual(tensor.correlate2dDx(delta, w, n, stride), dx, `dx ${[n, m, stride]}`);
    assert.deepEqual(tensor.correlate2dDw(x, delta, m, { stride }), dw, `dw ${[n, m, stride]}`);
    const [X, W, D] = [x.flat(), w.flat(), delta.flat()];
    const list = tensor.products(n, m, { stride });
    assert.deepEqual(fromProducts(list, "y", D.length, (p) => X[p.x] * W[p.w]), y.flat());
    assert.deepEqual(fromProducts(list, "x", X.length, (p) => W[p.w] * D[p.y]), dx.flat());
    assert.deepEqual(fromProducts(list, "w", W.length, (p) => X[p.x] * D[p.y]), dw.flat());
  }
});

test(`conv-fwd, out-size: ${cases.stepper.length} geometries of ConvStepper`, () => {
  assert.ok(cases.stepper.length > 400);
  for (const { n, m, stride, padding, turned, x, w, y, size } of cases.stepper) {
    const geometry = { stride, padding };
    assert.equal(tensor.outputSize(n, m, geometry), size);
    assert.deepEqual(tensor.correlate2d(x, turned ? tensor.rot180(w) : w, geometry), y);
    const list = tensor.products(n, m, geometry);
    const tap = (p) => (turned ? m * m - 1 - p.w : p.w);
    assert.deepEqual(fromProducts(list, "y", size * size, (p) => x.flat()[p.x] * w.flat()[tap(p)]), y.flat());
  }
});

test("correlate2d on rectangles, where exchanged height and width would show", () => {
  assert.ok(cases.rectangles.length >= 10);
  for (const { x, w, stride, padding, y } of cases.rectangles) assert.deepEqual(tensor.correlate2d(x, w, { stride, padding }), y);
});

test("rot180 and dilate as in Python", () => {
  for (const { a, stride, turned, spread } of cases.moves) {
    assert.deepEqual(tensor.rot180(a), turned);
    assert.deepEqual(tensor.dilate(a, stride), spread);
  }
});

test("resize as in Python: counting stays counting, the rest keeps its corner", () => {
  for (const { rows, size, resized } of cases.resized) assert.deepEqual(tensor.resize(rows, size), resized);
  const fits = [[5, 1], [0, 2]];
  assert.equal(tensor.resize(fits, 2), fits, "what fits already is not copied");
});

test("same needs every number and the same shape", () => {
  assert.ok(tensor.same([[1, 2], [3, 4]], [[1, 2], [3, 4]]) && tensor.same([], []));
  for (const other of [[[1, 2]], [[1, 2], [3, 4], [5, 6]], [[1, 2], [3, 4, 5]], [[1, 2, 5], [3, 4]], [[1, 2], [0, 4]], [[1, 0], [3, 4]]]) {
    assert.ok(!tensor.same([[1, 2], [3, 4]], other), JSON.stringify(other));
  }
});

test("a kernel larger than the image has no output", () => {
  assert.equal(tensor.outputSize(3, 4, { stride: 1 }), 0);
  assert.equal(tensor.outputSize(2, 4, { stride: 3 }), 0);
  assert.deepEqual(tensor.products(2, 4, { stride: 3 }), []);
});

test("padding and unused rows", () => {
  assert.deepEqual(tensor.pad([[1, 2]], 1, 0), [[0, 0, 0], [0, 1, 2]]);
  assert.equal(tensor.unusedRows(6, 3, { stride: 2 }), 1);
  assert.equal(tensor.unusedRows(5, 3, { stride: 2 }), 0);
  assert.equal(tensor.unusedRows(5, 3, { stride: 3, padding: 1 }), 1);
});
