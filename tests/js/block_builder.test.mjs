// The arithmetic of BlockBuilder against layers, gradients and lit pixels of cnnlib, and the words about them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as maths from "../../cnnlib/widgets/js/block_builder_maths.mjs";
import { blockOf, blockSentence } from "../../cnnlib/widgets/js/block_inception.mjs";
import { chainOf, chainSentence } from "../../cnnlib/widgets/js/block_residual.mjs";
import { fieldOf, fieldSentence } from "../../cnnlib/widgets/js/block_field.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const model = (traits) => ({ get: (name) => traits[name] });
const block = (change = {}) => blockOf(model({ channels: 192, filters: [64, 128, 32, 32], reducers: [96, 16], reduced: true, branch: 1, backward: false, ...change }));
const lenet = [[5, 1], [2, 2], [5, 1], [2, 2], [5, 1]];
const field = (change = {}) => fieldOf(model({ layers: lenet, image_size: 32, level: 2, unit: 4, ...change }));

test("param-count, concat-dx: branches, channels and totals are those of cnnlib's layers", () => {
  for (const { traits, lanes, total } of cases.inception) {
    const found = maths.inceptionOf(traits);
    assert.deepEqual(found.lanes.map((l) => [l.maps, l.start, l.end, l.weights]), lanes, JSON.stringify(traits));
    assert.deepEqual([found.weights, found.depth], [total, lanes.at(-1)[2]]);
  }
});

test("residual-dx: products are the gradients that cnnlib sends back", () => {
  for (const [depth, c, plain, around] of cases.residual) {
    const found = maths.passedBack(depth, c);
    assert.equal(found.plain.length, depth + 1);
    for (const [mine, theirs] of [[found.plain.at(-1), plain], [found.around.at(-1), around]]) {
      assert.ok(Math.abs(mine - theirs) <= 1e-12 * Math.abs(theirs), `${depth} ${c}: ${mine} ${theirs}`);
    }
    const all = maths.pathTerms(depth, c, depth + 1);
    const sum = all.reduce((total, term) => total + term.value, 0);
    const size = all.reduce((total, term) => total + Math.abs(term.value), 0);
    assert.ok(Math.abs(sum - around) <= 1e-12 * size);
    assert.equal(all.reduce((total, term) => total + term.paths, 0), 2 ** depth);
    const [low, high] = maths.decadesOf([...found.plain, ...found.around]);
    [...found.plain, ...found.around].filter(Boolean).forEach((v) => assert.ok(Math.log10(Math.abs(v)) >= low - 1e-6 && Math.log10(Math.abs(v)) <= high + 1e-6));
  }
});

test("receptive-field, out-size: spans, jumps, units and paths are those of lit pixels", () => {
  let lit = 0;
  for (const { layers, n, units, fields, lit: pictures } of cases.field) {
    const rungs = maths.ladder(layers, n);
    assert.deepEqual(rungs.map((r) => [r.r, r.j]), fields);
    assert.deepEqual(rungs.map((r) => r.units), units);
    for (const [level, unit, pixels] of pictures) {
      const counts = maths.pathCounts(layers, n, level, unit);
      assert.deepEqual(counts[0], pixels, JSON.stringify([layers, n, level, unit]));
      const first = pixels.findIndex(Boolean);
      assert.deepEqual([first, pixels.findLastIndex(Boolean)], [unit * rungs[level].j, unit * rungs[level].j + rungs[level].r - 1]);
      lit += 1;
    }
  }
  assert.ok(lit > 500);
});

test("the sentences about branches", () => {
  assert.equal(blockSentence(block()), "192 maps enter, 256 leave. Without reducers the block has 2.37 times as many weights.");
  assert.match(blockSentence(block({ reduced: false })), /hands them all on, so 416 leave. Without reducers the block has 2.37/);
  assert.match(blockSentence(block({ channels: 4 })), /reducers do not pay/);
  assert.match(blockSentence(block({ backward: true })), /takes channels 64 to 191 of δ, 128 maps, and returns 192 maps/);
  assert.match(blockSentence(block({ channels: 1, reducers: [1, 1] })), /^1 map enters/);
});

test("the sentences about chains", () => {
  const said = (depth, slope) => chainSentence(chainOf(model({ depth, slope })));
  assert.equal(said(20, 0.1), "Plain, 1.00·10⁻²⁰ of δ = 1 comes back; around the shortcuts, 6.73.");
  assert.match(said(20, 0.5), /9.54·10⁻⁷ .* 3325. Shortcuts do not prevent explosion/);
  assert.match(said(20, -0.5), /Slopes below 0 make even the shortcuts fade/);
  assert.match(said(20, 0), /lets nothing back; the shortcut passes δ on unchanged/);
  assert.match(said(3, -0.5), /−0.125/);
});

test("the sentences about fields", () => {
  assert.equal(fieldSentence(field()), "Unit 4 of layer 3 sees pixels 8 to 21. 5 paths lead to pixels 12 to 17, only 1 to the first.");
  assert.match(fieldSentence(field({ image_size: 10 })), /Layer 3 has no unit: its window of 5 does not fit on the 3 units below/);
  assert.match(fieldSentence(field({ image_size: 4, level: 0 })), /window of 5 does not fit on 4 pixels/);
  assert.match(fieldSentence(field({ layers: [[1, 2], [3, 2]], level: 1, unit: 0 })), /sees pixels 0 to 4, but skips 2 in between. To each of them leads one path/);
  assert.match(fieldSentence(field({ layers: [[1, 1]], level: 0, unit: 7 })), /sees pixel 7 alone/);
  assert.equal(field({ layers: [[1, 1]], level: 5, unit: 47 }).unit, 31);
});

test("numbers are written in three digits", () => {
  assert.deepEqual([6.7275, 3325.26, 0, -0.121577, 1e-20, -9.54e-7, 1.1e12, 99999].map(maths.sized), ["6.73", "3325", "0", "−0.122", "1.00·10⁻²⁰", "−9.54·10⁻⁷", "1.10·10¹²", "99999"]);
  assert.equal(maths.inGroups(163328), "163\u202f328");
});
