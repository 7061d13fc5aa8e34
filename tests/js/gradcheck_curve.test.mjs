// The error curves' arithmetic against cnnlib: values, slopes, mistaken slopes and three estimates at every step.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bestStep, curve, expected, functions, lowest, methods, miss, shared, unit } from "../../cnnlib/widgets/js/gradcheck_curve_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

test("values and slopes are those of the Python kernels", () => {
  assert.ok(cases.length > 100);
  for (const { name, t, value, slope, mistaken } of cases) {
    const f = functions[name];
    for (const [got, want] of [[f.real(t), value], [f.slope(t), slope], [f.mistaken(t), mistaken]]) {
      assert.ok(Math.abs(got - want) <= 1e-13 * Math.max(1, Math.abs(want)), `${name} at ${t}: ${got}, ${want}`);
    }
  }
});

test("estimates differ from Python's by rounding only", () => {
  for (const { name, t, value, slope, estimates } of cases) for (const [exponent, forward, central, complex] of estimates) {
    const h = 10 ** exponent;
    const noise = (16 * unit * Math.max(1, Math.abs(value), Math.abs(t * slope))) / h + 1e-13;
    for (const [method, want] of [["forward", forward], ["central", central]]) {
      const got = methods[method](functions[name], t, h);
      assert.ok(Math.abs(got - want) <= noise, `${name} ${method} at ${t}, h = ${h}: ${got}, ${want}`);
    }
    const got = methods.complex(functions[name], t, h);
    if (complex === null) assert.equal(got, null);
    else assert.ok(Math.abs(got - complex) <= 1e-12 * Math.max(1, Math.abs(complex)), `${name} complex ${got} ${complex}`);
  }
});

test("curves reach over all steps, and their lowest points lie where theory has them", () => {
  const name = "e^(sin t)";
  for (const method of ["forward", "central", "complex"]) assert.equal(curve(name, method, 0.7, false).length, -lowest * 4 + 1);
  assert.deepEqual(curve("relu(sin t)", "complex", 0.7, false), []);
  assert.ok(Math.abs(bestStep(curve(name, "forward", 0.7, false)) + 8) <= 1);
  assert.ok(Math.abs(bestStep(curve(name, "central", 0.7, false)) + 5.3) <= 1);
  for (const h of [1e-2, 1e-3]) {
    const { curvature } = expected(name, "central", 0.7, h);
    assert.ok(Math.abs(miss(name, "central", 0.7, h, false) / curvature - 1) < 0.01);
  }
  assert.equal(expected("relu(sin t)", "central", 0.7, 1e-3), null);
});

test("a planted mistake makes the curve flat", () => {
  for (const [name, f] of Object.entries(functions)) {
    const t = name.startsWith("relu") ? -0.7 : 0.7;
    const gap = Math.abs(f.slope(t) - f.mistaken(t));
    assert.ok(gap > 1e-3, name);
    for (const h of [1e-4, 1e-5, 1e-6]) assert.ok(Math.abs(miss(name, "central", t, h, true) / gap - 1) < 1e-3, name);
  }
});

test("shared leading characters", () => {
  assert.equal(shared("1.234", "1.239"), 4);
  assert.equal(shared("1.2", "1.2"), 3);
  assert.equal(shared("-1", "1"), 0);
});
