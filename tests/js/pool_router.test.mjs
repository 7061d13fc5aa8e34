// Pooling in the browser's language against cnnlib (tests/widgets/test_pool_router.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isKronecker, pixelNames, poolAxis, poolWindows, routeBack } from "../../cnnlib/widgets/js/pool_router_maths.mjs";
import { readPool } from "../../cnnlib/widgets/js/pool_router.mjs";
import { poolSentence } from "../../cnnlib/widgets/js/pool_router_words.mjs";

const { routes, impossible, names } = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const near = (found, wanted) => found.length === wanted.length && found.every((v, k) => Math.abs(v - wanted[k]) < 1e-12 * Math.max(1, Math.abs(wanted[k])));
const model = (state) => ({ get: (name) => state[name] });
const rest = { count_padding: true, split_ties: false, numbering: "rows", focus_on: "y", focus: 0, frame: -1 };

test(`forward, γ, members and the cells nobody reads: ${routes.length} geometries, every kind`, () => {
  for (const { geometry, x, delta, answers, uses } of routes) {
    for (const [rule, p, gamma] of answers) {
      const windows = poolWindows(x, geometry, rule);
      const said = JSON.stringify([geometry, rule]);
      assert.ok(near(windows.map((w) => w.value), p), said);
      assert.ok(near(routeBack(windows, delta.flat(), geometry.n), gamma), said);
      if (isKronecker(geometry, rule)) {
        const share = rule.kind === "mean" ? 1 / geometry.m ** 2 : 1;
        assert.ok(near(gamma, x.flatMap((row, i) => row.map((_, j) => share * delta[Math.floor(i / geometry.m)][Math.floor(j / geometry.m)]))), said);
      }
    }
    const { count, extent, rest: behind } = poolAxis(geometry);
    assert.equal(count, delta.length);
    const found = Array(geometry.n ** 2).fill(0);
    poolWindows(x, geometry, answers[0][0]).forEach((w) => w.pixels.forEach((k) => { found[k] += 1; }));
    assert.deepEqual(found, uses);
    const last = (count - 1) * geometry.stride + geometry.m;
    assert.equal(extent - behind, last);
    assert.equal(behind, Math.max(0, geometry.n + 2 * geometry.padding - last));
  }
});

test("handing out step by step ends where the whole ends", () => {
  for (const { geometry, x, delta, answers } of routes.filter((_, k) => k % 7 === 0)) {
    const [rule, , gamma] = answers[1];
    const windows = poolWindows(x, geometry, rule);
    assert.ok(routeBack(windows, delta.flat(), geometry.n, 0).every((v) => v === 0));
    assert.ok(near(routeBack(windows, delta.flat(), geometry.n, windows.length), gamma));
  }
});

test("impossible settings have no window and say why", () => {
  assert.ok(impossible.length > 0);
  for (const geometry of impossible) {
    assert.equal(poolAxis(geometry).count, 0, JSON.stringify(geometry));
    const { n, m, stride, padding, ceil } = geometry;
    const said = poolSentence(readPool(model({ ...rest, x: [[1]], delta: [[1]], kind: "max", image_size: n, pool_size: m, stride, padding, ceil_mode: ceil })));
    assert.match(said, 2 * padding > m ? /more than half of a/ : /does not fit on a/);
  }
});

test("names row by row and block by block", () => {
  for (const { geometry, blocks } of names) {
    const windows = poolWindows(Array(geometry.n).fill(Array(geometry.n).fill(0)), geometry, { kind: "sum" });
    assert.deepEqual(pixelNames(geometry, windows, true), blocks);
    assert.deepEqual(pixelNames(geometry, windows, false), blocks.map((_, k) => k + 1));
  }
});

test("the sentences say who wins, ties, adds up, or is read by nobody", () => {
  const state = { ...rest, x: [[1, 3, 3], [2, 3, 0], [9, 9, 9]], delta: [[5]], kind: "max", image_size: 3, pool_size: 2, stride: 2, padding: 0, ceil_mode: false };
  const said = (change) => poolSentence(readPool(model({ ...state, ...change })));
  assert.match(said({}), /A tie at 3 between pixels 2 and 5.*By rule the first.*pixel 2, receives all of δ1/);
  assert.match(said({ split_ties: true }), /Split evenly, each receives 1\/2/);
  assert.match(said({ focus_on: "x", focus: 8 }), /No window reads pixel 9/);
  assert.match(said({ stride: 1, delta: [[1, 2], [3, 4]], focus_on: "x", focus: 1 }), /Pixel 2 lies in 2 windows and wins them all. Its shares add up/);
  assert.match(said({ kind: "l2", x: [[0, 0, 1], [0, 0, 1], [1, 1, 1]] }), /no gradient; by agreement 0/);
  assert.match(said({ kind: "mean", padding: 1, delta: [[1, 1], [1, 1]] }), /mean of pixel 1 and 3 zeros of the padding: each pixel receives 1\/4/);
});
