// The 6×6 network of the page against cnnlib (tests/widgets/test_network_inspector_widget.py writes CNN_CASES).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { backward, costOf, descend, examine, forward, pathsBack, three } from "../../cnnlib/widgets/js/inspector_maths.mjs";
import { fine, sentence } from "../../cnnlib/widgets/js/inspector_words.mjs";
import { compact, understand } from "../../cnnlib/widgets/js/network_inspector.mjs";

const cases = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const flat = (value) => (typeof value === "number" ? [value] : Object.values(value).flatMap(flat));
const lesson = cases.pictures.map((text, i) => ({ x: [...text].map(Number), label: cases.labels[i] }));

function near(found, expected, tolerance, name) {
  const [a, b] = [flat(found), flat(expected)];
  assert.equal(a.length, b.length, name);
  a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) <= tolerance, `${name}: ${value} is not ${b[i]}`));
}

test(`every z, a, δ and gradient agrees with cnnlib in ${cases.passes.length} settings`, () => {
  assert.equal(cases.passes.length, 85);
  for (const expected of cases.passes) {
    const found = forward(expected.net, expected.x);
    const back = backward(expected.net, expected.x, expected.label, found);
    for (const name of ["z", "a", "pooled", "zOut", "aOut"]) near(found[name], expected[name], 1e-13, name);
    for (const name of ["deltaOut", "gammaP"]) near(back[name], expected[name], 1e-13, name);
    near(costOf(found, expected.label), expected.cost, 1e-13, "cost");
    const names = ["filters", "filter_bias", "weights", "output_bias"];
    names.forEach((name) => near(back.gradient[name], expected.gradient[name], 1e-12, name));
    if (found.tied.flat().every((count) => count === 1)) near(back.deltaF, expected.deltaF, 1e-13, "deltaF");
  }
});

test("the products of the three paths add up to δ, and a pixel that does not win has none", () => {
  for (const { net, x, label } of cases.passes) {
    const found = forward(net, x);
    const back = backward(net, x, label, found);
    for (const k of three) for (let at = 0; at < 16; at++) {
      const paths = pathsBack(net, found, back, k, at >> 2, at % 4);
      const sum = paths.reduce((total, path) => total + path.product, 0);
      assert.ok(Math.abs(sum - back.deltaF[k][at >> 2][at % 4]) < 1e-15);
      assert.equal(paths[0].wins, found.winner[k].includes(at));
      paths.forEach((path) => assert.ok(path.wins ? Math.abs(path.product - path.delta * path.weight * path.slope) < 1e-18 : path.product === 0));
    }
    found.winner.forEach((winners) => assert.equal(new Set(winners).size, 4));
  }
});

test("of equal numbers the first in reading order wins, and the tie is counted", () => {
  const net = { ...cases.start, filters: three.map(() => three.map(() => [0.1, 0.2, 0.3])), filter_bias: [0, 0, 0] };
  const found = forward(net, Array(36).fill(1));
  assert.deepEqual(found.winner, three.map(() => [0, 2, 8, 10]));
  assert.ok(found.tied.flat().every((count) => count === 4));
});

test("100 steps of training in the page are those of cnnlib to 1e-10, for every rate", () => {
  assert.deepEqual(cases.trained.map(({ rate }) => rate), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const { rate, steps, net, cost } of cases.trained) {
    let mine = cases.start;
    for (let step = 0; step < steps; step++) mine = descend(mine, lesson, rate).net;
    near(mine, net, 1e-10, `rate ${rate}`);
    near(examine(mine, lesson).cost, cost, 1e-10, `cost at rate ${rate}`);
    assert.ok(cost < examine(cases.start, lesson).cost);
  }
});

test("training reaches zero errors on the generated digits and stays there", () => {
  let [net, last] = [cases.start, -1];
  assert.ok(examine(net, lesson).wrong > 20);
  for (let step = 1; step <= 500; step++) {
    net = descend(net, lesson, 3).net;
    if (examine(net, lesson).wrong) last = step;
  }
  assert.ok(last < 100, `still wrong after step ${last}`);
});

test("a step reports the cost before it and moves against the mean gradient", () => {
  const { net, cost } = descend(cases.start, lesson, 2);
  assert.equal(cost, examine(cases.start, lesson).cost);
  const gradients = lesson.map(({ x, label }) => backward(cases.start, x, label, forward(cases.start, x)).gradient.output_bias[0]);
  const mean = gradients.reduce((a, b) => a + b, 0) / lesson.length;
  near(net.output_bias[0], cases.start.output_bias[0] - 2 * mean, 1e-15, "b");
});

test("numbers in small cells", () => {
  const pairs = [[0, "0"], [0.004, "0"], [-0.004, "0"], [0.71, ".71"], [-0.0251, "−.03"], [0.999, "1"], [1.64, "1.6"], [-12.3, "−12"], [9.97, "10"]];
  pairs.forEach(([value, text]) => assert.equal(compact(value), text));
  assert.equal(fine(-0.0187871), "−0.01879");
  assert.equal(fine(0.00001234), "1.23e−5");
});

test("the words say whether the chosen pixel wins", () => {
  const { net, x } = cases.passes[0];
  const image = three.concat([3, 4, 5]).map((i) => x.slice(6 * i, 6 * i + 6));
  const state = { ...net, image, target: 2, view: "backward", focus_on: "F", channel: 0, focus: 0 };
  const model = { get: (name) => state[name] };
  assert.match(sentence(understand(model)), /^Largest of its block: three paths/);
  state.focus = 1;
  assert.match(sentence(understand(model)), /^Not the largest of its block \(that is row 1, column 1\)/);
  state.image = image.map((row) => row.map(() => 0));
  state.focus = 0;
  assert.match(sentence(understand(model)), /A tie: no derivative exists/);
  for (const view of ["net", "output", "backward"]) for (const on of "FPOWVB") {
    Object.assign(state, { view, focus_on: on, focus: 2 });
    assert.ok(sentence(understand(model)).length > 10);
  }
});
