// The deep network's norms against cnnlib over the whole range of every slider; draws, spectral norms, words.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { brief } from "../../cnnlib/widgets/js/gradient_norms.mjs";
import { activations, deepest, deepNorms, draws, fate, leak, makeNetworks, presets, seeds, spectralNorm, width } from "../../cnnlib/widgets/js/gradient_norms_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const networks = makeNetworks();

const near = (got, want, label) => {
  assert.equal(got.length, want.length, label);
  got.forEach((value, k) => assert.ok(Math.abs(value - want[k]) <= 1e-9 * Math.abs(want[k]), `${label}, entry ${k}: ${value}, ${want[k]}`));
};

test("sizes and presets are those of the Python module", () => {
  assert.deepEqual([width, deepest, seeds, leak], cases.sizes);
  assert.deepEqual(Object.fromEntries(Object.entries(activations).map(([name, a]) => [name, a.steepest])), cases.steepest);
  assert.deepEqual(presets, { "N(0, 1/n)": [0, "normal"], Xavier: [0, "uniform"], He: [1, "normal"], "N(0, 16/n)": [4, "normal"] });
});

test("every draw is Python's draw", () => {
  for (const { seed, draw, start, values } of cases.draws) {
    [...draws(seed, start, values.length, draw)].forEach((v, k) => assert.ok(Math.abs(v - values[k]) <= 1e-14 * Math.max(1, Math.abs(values[k])), `${seed} ${draw} ${k}`));
  }
});

test("norms, bounds and slopes agree with cnnlib in every setting", () => {
  assert.ok(cases.runs.length > 500);
  for (const { setting, a, gamma, delta, bound, spectral, slopes } of cases.runs) {
    const got = deepNorms(networks, setting);
    for (const [name, want] of Object.entries({ a, gamma, delta, bound, spectral })) near(got[name], want, `${JSON.stringify(setting)} ${name}`);
    got.slopes.forEach((row, k) => row.forEach((v, i) => assert.ok(Math.abs(v - slopes[k][i]) < 1e-9)));
    got.delta.forEach((v, k) => assert.ok(v <= got.bound[k] * (1 + 1e-12), "delta-bound"));
    assert.deepEqual(deepNorms(networks, setting, false).delta, got.delta);
  }
});

test("spectral norms of matrices whose answer is known", () => {
  const close = (got, want) => assert.ok(Math.abs(got - want) < 1e-12, `${got}, ${want}`);
  close(spectralNorm([3, 0, 0, -5], 2), 5);
  close(spectralNorm([1, 1, 1, 1], 2), 2);
  close(spectralNorm([0, 1, 0, 0], 2), 1);
  assert.equal(spectralNorm([0, 0, 0, 0], 2), 0);
});

test("what became of δ", () => {
  assert.deepEqual(fate([1e-6, 1e-3, 1]), { whole: 1e-6, each: 1e-6 ** 0.5, word: "vanishes" });
  assert.equal(fate([100, 1]).word, "explodes");
  assert.equal(fate([0.9, 1]).word, "keeps");
  assert.equal(fate([0.3]).word, "keeps");
  assert.equal(fate([0, 1]).word, "gone");
});

test("numbers in words", () => {
  assert.deepEqual([0, 0.25, 0.0712, 1.914, 999, 4567, 5.94e-7].map(brief), ["0", "0.25", "0.071", "1.91", "999", "4.6·10³", "5.9·10⁻⁷"]);
});
