// Columns of windows against cases written by cnnlib.fast (tests/widgets/test_im2col_view_widget.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as maths from "../../cnnlib/widgets/js/im2col_maths.mjs";
import { columnsOf, columnsSentence } from "../../cnnlib/widgets/js/im2col_view.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const model = (traits) => ({ get: (name) => traits[name] });

test(`im2col, im2col-adjoint, col2im-uses: ${cases.length} settings agree with cnnlib.fast`, () => {
  assert.equal(cases.length, 4 * 3 * 2 * 2 * 2);
  for (const { setting, x, c, columns, back, uses, order } of cases) {
    assert.deepEqual(maths.im2col(x, setting), columns, JSON.stringify(setting));
    assert.deepEqual(maths.layColumns(setting).map(({ output }) => output), order);
    assert.deepEqual(maths.col2im(c, setting), back);
    assert.deepEqual(maths.useCounts(setting), uses);
    assert.equal(maths.innerProduct(columns, c), maths.innerProduct(x, back));
  }
});

test("conv-gemm, conv-gemm-backward: the rows and products the widget shows are those of the kernels", () => {
  for (const { setting, x, w, delta, y, dx, dw, order } of cases) {
    const { n: image_size, m: kernel_size, stride, padding } = setting;
    const traits = { x, w, delta, image_size, kernel_size, stride, padding, order: setting.order, focus_on: "y", focus: 0, frame: -1 };
    const forward = columnsOf(model({ ...traits, view: "forward" }));
    assert.deepEqual(forward.bottom, order.map((q) => y.flat()[q]));
    const back = columnsOf(model({ ...traits, view: "backward" }));
    assert.deepEqual(back.back, dx);
    assert.equal(back.sides[0], back.sides[1]);
    const rows = forward.matrix.map((row) => maths.innerProduct([row], [back.deltas]));
    assert.deepEqual(rows, dw.flat());
    const round = columnsOf(model({ ...traits, view: "round" }));
    assert.deepEqual(round.back.flat(), x.flat().map((v, p) => v * round.uses[p] + 0));   // + 0: no −0
  }
});

test("step by step, each column adds its own share and the last one completes the gradient", () => {
  for (const { setting, c, back } of cases) {
    const count = maths.layColumns(setting).length;
    let before = maths.col2im(c, setting, 0);
    assert.ok(before.flat().every((v) => v === 0));
    for (let k = 0; k < count; k++) {
      const after = maths.col2im(c, setting, k + 1);
      const { pixels } = maths.layColumns(setting)[k];
      const added = after.flat().map((v, p) => v - before.flat()[p]);
      added.forEach((v, p) => assert.equal(v, pixels.includes(p) ? c[pixels.indexOf(p)][k] : 0));
      before = after;
    }
    assert.deepEqual(before, back);
  }
});

test("the sentence names the pixels of the window and what falls on the padding", () => {
  for (const { setting, x, w, delta } of cases) {
    const { n: image_size, m: kernel_size, stride, padding } = setting;
    maths.layColumns(setting).forEach(({ pixels }, focus) => {
      const s = columnsOf(model({ x, w, delta, image_size, kernel_size, stride, padding, order: setting.order, view: "forward", focus_on: "y", focus, frame: -1 }));
      const said = columnsSentence(s);
      const ghosts = pixels.filter((p) => p < 0).length;
      pixels.filter((p) => p >= 0).forEach((p) => assert.match(said, new RegExp(`\\b${p + 1}\\b`)));
      assert.equal(said.includes("of the padding"), ghosts > 0, said);
      if (ghosts) assert.ok(said.includes(`${ghosts} zero`), said);
    });
  }
});
