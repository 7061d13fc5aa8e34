// The arithmetic of MlpGraph, against gradients written by the Python kernels.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { passes, pathsToLoss, whereIs } from "../../cnnlib/widgets/js/mlp_maths.mjs";

const { networks } = JSON.parse(readFileSync(process.env.CNN_CASES, "utf8"));
const near = (a, b, text) => assert.ok(Math.abs(a - b) <= 1e-12 * (1 + Math.abs(b)), `${text}: ${a} is not ${b}`);

test("loss and all seventeen derivatives agree with the kernels, backward and path by path", () => {
  assert.ok(networks.length >= 90);
  for (const net of networks) {
    const found = passes(net);
    near(found.loss, net.loss, "loss");
    [...net.dq.flat(), ...net.dr.flat()].forEach((expected, focus) => {
      const { layer, to, from } = whereIs(focus, net);
      near(found[layer === "q" ? "dq" : "dr"][to][from], expected, `backward ${focus}`);
      const sum = pathsToLoss(focus, net, found).reduce((total, path) => total + path.factors.reduce((product, f) => product * f.value, 1), 0);
      near(sum, expected, `paths ${focus}`);
    });
  }
});

test("a weight of layer q has two paths, a weight of layer r one; a bias has no input factor", () => {
  const [net] = networks;
  const paths = (focus) => pathsToLoss(focus, net, passes(net)).map((path) => path.factors.map((f) => f.letter).join(""));
  assert.deepEqual(paths(1), ["oφ′θφ′e", "oφ′θφ′e"]);
  assert.deepEqual(paths(2), ["φ′θφ′e", "φ′θφ′e"]);
  assert.deepEqual(paths(9), ["oφ′e"]);
  assert.deepEqual(paths(16), ["φ′e"]);
});
