// Two maps into one against cases written by cnnlib (tests/widgets/test_channel_mixer.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mixed, productsOf } from "../../cnnlib/widgets/js/channel_mixer_maths.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

test(`conv-fwd over two maps: ${cases.length} mixes, whole and term by term`, () => {
  assert.ok(cases.length >= 60);
  for (const { mix, z } of cases) {
    assert.deepEqual(mixed(mix), z);
    z.forEach((row, i) => row.forEach((value, j) => {
      const terms = productsOf(mix, i, j);
      const total = terms.flat().reduce((sum, { x, k }) => sum + x * k, mix.bias);
      assert.equal(total, value);
      terms.forEach((list, c) => list.forEach((t) => {
        assert.equal(mix.maps[c].flat()[t.pixel], t.x);
        assert.equal(mix.kernels[mix.crossed ? 1 - c : c].flat()[t.tap], t.k);
      }));
    }));
  }
});
