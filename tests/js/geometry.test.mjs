// One axis of a convolution against cases written by cnnlib (tests/widgets/test_geometry.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as maths from "../../cnnlib/widgets/js/geometry_maths.mjs";
import { axisSentence, lost } from "../../cnnlib/widgets/js/geometry.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));

test(`out-size: formula, count and cnnlib agree in ${cases.length} geometries`, () => {
  assert.equal(cases.length, 10 * 5 * 4 * 5 * 3);
  for (const { geometry, size, unread } of cases) {
    const windows = maths.layWindows(geometry);
    const formula = maths.sizeByFormula(geometry);
    assert.equal(formula.size, size, JSON.stringify(geometry));
    assert.equal(windows.length, size);
    const cells = maths.axisCells(geometry);
    assert.deepEqual(cells.filter((c) => c.pixel >= 0 && !c.reads).map((c) => c.pixel), unread);
    if (!size) continue;
    assert.equal(cells.filter((c) => c.behind).length, formula.rest);
    assert.equal(cells.reduce((sum, c) => sum + c.reads, 0), size * geometry.m);
    assert.equal(windows[0].at(-1) - windows[0][0] + 1, maths.reach(geometry));
    const said = lost({ cells, byFormula: formula });
    unread.forEach((pixel) => assert.ok(said.includes(String(pixel + 1)), said));
    assert.equal(said.includes("behind the last window"), formula.rest > 0);
  }
});

test("a setting without a window says how far the taps reach", () => {
  const geometry = { n: 2, m: 3, stride: 1, padding: 0, dilation: 2 };
  const s = { ...geometry, windows: maths.layWindows(geometry), reach: maths.reach(geometry), cells: [] };
  assert.match(axisSentence(s), /3 taps, 2 apart, reach over 5 cells, and the padded axis has only 2/);
});

test("the named paddings give the lengths they are named for, at stride 1", () => {
  for (let n = 1; n < 10; n++) for (let m = 1; m <= 5; m++) for (let dilation = 1; dilation <= 3; dilation++) {
    const { narrow, same, wide } = maths.namedPadding({ m, dilation });
    const length = (padding) => maths.layWindows({ n, m, stride: 1, padding, dilation }).length;
    assert.equal(length(narrow), Math.max(0, n - dilation * (m - 1)));
    assert.equal(length(wide), n + dilation * (m - 1));
    assert.equal(same % 1 !== 0, (dilation * (m - 1)) % 2 === 1);
    if (same % 1 === 0) assert.equal(length(same), n);
  }
});
