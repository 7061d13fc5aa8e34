// The matrix of a convolution against cases written by cnnlib (tests/widgets/test_conv_matrix_widget.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { read, sentence, settled } from "../../cnnlib/widgets/js/conv_matrix.mjs";
import * as maths from "../../cnnlib/widgets/js/conv_matrix_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const model = (state) => ({ get: (name) => state[name] });
const fill = ({ n, m, stride, padding, dilation }) => ({ image_size: n, kernel_size: m, stride, padding, dilation, x: [[1]], w: [[1]], delta: [[1]], view: "forward", weights: "shared", focus_on: "y", focus: 0 });

test(`conv-matrix: W, W x, Wᵀ δ and the tied sums agree with cnnlib in ${cases.length} geometries`, () => {
  assert.equal(cases.length, 5 * 4 * 3 * 3 * 2);
  for (const { geometry, size, matrix, x, w, delta, y, dx, dw } of cases) {
    const layout = maths.layOut(geometry);
    assert.equal(layout.size, size, JSON.stringify(geometry));
    assert.deepEqual(layout.places.map((p) => p.tap + 1), matrix);
    if (!size) continue;
    assert.deepEqual(maths.timesMatrix(layout, w, x), y);
    assert.deepEqual(maths.timesTransposed(layout, w, delta), dx);
    assert.deepEqual(maths.tiedSum(layout, x, delta), dw);
    const nonzero = matrix.filter(Boolean).length;
    assert.deepEqual(maths.counts(layout), { dense: matrix.length, local: nonzero, shared: geometry.m ** 2 });
  }
});

test("the places of outputs, pixels and taps each cover all weights once", () => {
  for (const { geometry } of cases) {
    const layout = maths.layOut(geometry);
    for (const [weights, total] of [["shared", layout.uses.length], ["local", layout.uses.length], ["dense", layout.places.length]]) {
      for (const on of ["y", "x", "entry"]) {
        let met = 0;
        for (let at = 0; at < Math.min(40, maths.howMany(layout, on)); at++) met += maths.placesOf(layout, { on, at }, weights).length;
        if (maths.howMany(layout, on) <= 40) assert.equal(met, total, `${on} ${weights}`);
      }
    }
    const taps = Array.from({ length: layout.tapCount }, (_, at) => maths.placesOf(layout, { on: "w", at }, "shared").length);
    assert.equal(taps.reduce((a, b) => a + b, 0), layout.uses.length);
  }
});

test("every focus, however far out of range, settles on something that exists and can be put in words", () => {
  for (const { geometry } of cases) for (const weights of ["dense", "local", "shared"]) for (const on of ["y", "x", "w", "entry"]) for (const at of [0, 3, 3599]) {
    const layout = maths.layOut(geometry);
    const focus = settled(layout, { on, at }, weights);
    assert.ok(focus.at >= 0 && focus.at < Math.max(1, maths.howMany(layout, focus.on)));
    assert.deepEqual(settled(layout, focus, weights), focus);
    if (weights === "shared" && focus.on === "entry" && layout.size) assert.equal(layout.places[focus.at].tap, -1);
    if (weights !== "shared" && focus.on === "w" && layout.size) assert.equal(maths.placesOf(layout, focus, "shared").length, 0);
    for (const view of ["forward", "backward", "gradient"]) {
      const said = sentence(read(model({ ...fill(geometry), view, weights, focus_on: on, focus: at })));
      assert.match(said, /^[A-Z].*\.$/);
      assert.doesNotMatch(said, /undefined|NaN|\bnull\b/);
      assert.equal(/No output/.test(said), !layout.size);
    }
  }
});

test("a matrix follows its size: counting goes on, other numbers keep their corner", () => {
  assert.deepEqual(maths.fitted([[1, 2], [3, 4]], 3), [[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
  assert.deepEqual(maths.fitted([[1, 2, 3], [4, 5, 6], [7, 8, 9]], 2), [[1, 2], [3, 4]]);
  assert.deepEqual(maths.fitted([[5, 0], [0, 7]], 3), [[5, 0, 0], [0, 7, 0], [0, 0, 0]]);
  assert.deepEqual(maths.fitted([[5, 6], [7, 8]], 3), [[5, 6, 0], [7, 8, 0], [0, 0, 0]]);
  assert.deepEqual(maths.fitted([[5, 6], [7, 8]], 1), [[5]]);
  const own = [[1, 0], [2, -1]];
  assert.equal(maths.fitted(own, 2), own);
});

test("what is said about the worked example", () => {
  const at = (state) => sentence(read(model({ ...fill({ n: 3, m: 2, stride: 1, padding: 0, dilation: 1 }), delta: [[1, 0], [2, -1]], ...state })));
  assert.equal(at({}), "Row 1 of W makes output 1: it is the kernel, laid over pixels 1, 2, 4 and 5.");
  assert.match(at({ view: "backward", focus_on: "x", focus: 4 }), /^Row 5 of Wᵀ was column 5 of W: .* outputs 1, 2, 3 and 4 /);
  assert.match(at({ view: "gradient", focus_on: "w" }), /^Tap k11 stands in W 4 times, once in every row\. .* adds up 4 entries/);
  assert.match(at({ weights: "local", focus_on: "w" }), /gradients 1, 0, 8 and −5: after one step of training they differ\.$/);
  assert.match(at({ weights: "dense", focus_on: "entry", focus: 2 }), /pixel 3 and output 1, .* with the gradient 3\.$/);
  assert.match(at({ focus_on: "entry", focus: 2 }), /δ1·x3 = 3 is dropped\.$/);
  const edge = (focus) => sentence(read(model({ ...fill({ n: 2, m: 3, stride: 3, padding: 1, dilation: 1 }), focus_on: "w", focus })));
  assert.match(edge(0), /^Tap k11 meets only padding: it stands nowhere in W/);
  assert.match(edge(4), /^Tap k22 stands in W 1 time, once in every row\. .* adds up one entry/);
});
