// The last mile against cases written by cnnlib (tests/widgets/test_softmax_sliders.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as maths from "../../cnnlib/widgets/js/softmax_sliders_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const size = (v) => (Array.isArray(v) ? Math.max(...v.map(size)) : Math.abs(v));

/** Within 1e-12 of the kernels, relative to numbers over 1. */
function close(found, expected, what) {
  if (!Array.isArray(expected)) {
    assert.ok(Math.abs(found - expected) <= 1e-12 * Math.max(1, Math.abs(expected)), `${what}: ${found}, not ${expected}`);
    return;
  }
  assert.equal(found.length, expected.length, what);
  expected.forEach((v, i) => close(found[i], v, what));
}

test(`softmax, softmax-jac, ce-dlogits: ${cases.settings.length} settings agree with cnnlib`, () => {
  assert.ok(cases.settings.length > 3000);
  for (const { setting, y, t, J, ce, se, loss, right, dead } of cases.settings) {
    const m = maths.lastMile(setting);
    const what = JSON.stringify(setting);
    close(m.y, y, `y ${what}`);
    close(m.t, t, `t ${what}`);
    close(m.J, J, `J ${what}`);
    close(m.ce, ce, `ce ${what}`);
    close(m.se, se, `se ${what}`);
    close([m.loss.ce, m.loss.se], loss, `loss ${what}`);
    assert.deepEqual([m.right, m.dead], [right, dead], what);
  }
});

test("the tiny gradient of a true class in the dead zone is right in relation to itself", () => {
  for (const { setting, se } of cases.saturated) {
    const m = maths.lastMile(setting);
    assert.ok(size(se) < 1e-4);
    const [found, expected] = [m.se[setting.target], se[setting.target]];
    assert.ok(Math.abs(found - expected) <= 1e-12 * Math.abs(expected), `${found}, not ${expected}`);
  }
});

test("the drawn curves are the gradients at every score, and their zones are where the answer stays wrong", () => {
  for (const { setting } of cases.settings.slice(0, 200)) {
    for (let k = 0; k < setting.logits.length; k++) {
      const points = maths.alongScore(setting, k, 40);
      assert.deepEqual(points.map((p) => p.at), Array.from({ length: 41 }, (_, i) => i / 2 - 10));
      for (const p of points) {
        const m = maths.lastMile({ ...setting, logits: setting.logits.map((v, j) => (j === k ? p.at : v)) });
        assert.deepEqual([p.ce, p.se, p.right, p.dead], [m.ce[k], m.se[k], m.right, m.dead]);
        assert.ok(!(p.right && p.dead));
      }
      const dead = maths.runs(points, (p) => p.dead);
      const covered = points.filter((p) => dead.some(([a, b]) => a <= p.at && p.at <= b));
      assert.deepEqual(covered, points.filter((p) => p.dead));
    }
  }
});

test("numbers keep three decimals, tiny ones their size", () => {
  const said = { 0: "0", 1: "1", "-1": "−1", 0.665241: "0.665", "-0.33476": "−0.335", 0.0005: "0.001" };
  Object.entries(said).forEach(([value, text]) => assert.equal(maths.digits(Number(value)), text));
  assert.equal(maths.digits(-2.2507e-7), "−2.3·10⁻⁷");
  assert.equal(maths.digits(1.3e-34), "1.3·10⁻³⁴");
  assert.equal(maths.digits(0.00049), "4.9·10⁻⁴");
});

test("a score is a number from −10 to 10", () => {
  ["", "abc", "11", "-10.5", "NaN", "1e999"].forEach((text) => assert.match(maths.scoreComplaint(text, text ? Number(text) : NaN), /takes a number from −10 to 10; .* came/));
  [0, -10, 10, 2.25].forEach((value) => assert.equal(maths.scoreComplaint(String(value), value), ""));
});

test("the sentence names the right class, the believed one, a tie, the dead zone", () => {
  const said = (logits, target) => maths.verdict(maths.lastMile({ logits, target }));
  assert.match(said([1, 2, 3], 2), /^The answer is right: class 2 .* gets −0.335 from cross-entropy and −0.120 from squared error/);
  assert.match(said([-8, 8], 0), /wrong: class 1 is believed, and the true class 0 gets 1.1·10⁻⁷. Dead zone: squared error sends z₀ only −2.3·10⁻⁷; cross-entropy sends −1.000/);
  assert.match(said([0, 0], 0), /Class 0 shares the largest probability/);
});
