// The counts of ParameterCounter against those of the Python class, and the words about them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { counted, decades, grouped, kinds, pooledSize, power, share, verdict } from "../../cnnlib/widgets/js/parameter_counter_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const setting = (change = {}) => ({ image_size: 1000, kernel_size: 10, channels: 1, maps: 1, stride: 1, pool: 2, ceil_mode: false, units: "1000", ...change });

test("param-count, out-size: every count is the Python one", () => {
  assert.ok(cases.length > 300);
  for (const { traits, counts } of cases) {
    const c = counted(traits);
    assert.equal(c.output, counts.output ?? 0);
    assert.equal(c.pooled, counts.pooled ?? 0);
    for (const kind of kinds) assert.deepEqual(c[kind] && [c[kind].weights, c[kind].biases], counts[kind] ?? null, `${kind} of ${JSON.stringify(traits)}`);
  }
});

test("the largest count is still a whole number that JavaScript holds exactly", () => {
  const c = counted(setting({ kernel_size: 1, channels: 64, maps: 64, units: "outputs" }));
  assert.ok(c.dense.weights + c.dense.biases < Number.MAX_SAFE_INTEGER);
});

test("the numbers of the chapter", () => {
  const c = counted(setting());
  assert.deepEqual([c.dense.weights, c.local.weights, c.shared.weights, c.shared.biases], [1e9, 1e5, 100, 1]);
  assert.deepEqual([c.output, c.pooled, counted(setting({ ceil_mode: true })).pooled], [991, 495, 496]);
});

test("floor and ceil part exactly when a remainder is left", () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let pool = 1; pool <= Math.min(8, size); pool += 1) assert.equal(pooledSize(size, pool, true) - pooledSize(size, pool, false), size % pool ? 1 : 0);
  }
});

test("numbers are grouped, powers raised, bars fill the log scale", () => {
  assert.deepEqual([1, 999, 1000, 10000, 1e9].map(grouped), ["1", "999", "1000", "10\u202f000", "1\u202f000\u202f000\u202f000"]);
  assert.equal(power(12), "10¹²");
  assert.equal(decades(counted(setting({ image_size: 6, kernel_size: 3 }))), 9);
  assert.equal(decades(counted(setting())), 9);
  assert.equal(decades(counted(setting({ maps: 64, units: "outputs" }))), 15);
  assert.equal(share(1e9 + 1000, 9), 1);
  assert.ok(Math.abs(share(1000, 9) - 1 / 3) < 1e-12);
});

test("impossible settings are explained, possible ones are judged", () => {
  assert.match(verdict(counted(setting({ image_size: 5 }))).text, /10 × 10 kernel does not fit on a 5 × 5 image/);
  const small = verdict(counted(setting({ image_size: 11, pool: 3 })));
  assert.ok(small.warning);
  assert.match(small.text, /3 × 3 blocks needs a map of at least 3 × 3, but this map is 2 × 2/);
  const plain = verdict(counted(setting()));
  assert.ok(!plain.warning);
  assert.match(plain.text, /^The window saves a factor of 10.000; sharing saves another factor of 1000\. But the shared layer has 982.081 outputs/);
  assert.match(plain.text, /991 = 2 · 495 \+ 1: rounding down drops the last row and column\.$/);
  assert.match(verdict(counted(setting({ units: "outputs" }))).text, /another factor of 982.081\. 991/);
  assert.match(verdict(counted(setting({ image_size: 10, pool: 1, units: "outputs" }))).text, /saves nothing; sharing saves nothing/);
  assert.match(verdict(counted(setting({ maps: 64, image_size: 12, kernel_size: 3 }))).text, /factor of 16; sharing saves another factor of 15\.6\./);
});
