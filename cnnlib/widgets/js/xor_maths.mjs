// xor_maths: a 2–h–1 network (tanh, then sigmoid with cross-entropy) that learns XOR; numbers only, no DOM.
// Parameters lie in one Float64Array: h pairs of weights, h biases, h output weights, one output bias.

export const corners = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]];   // x₁, x₂, target
export const rate = 0.1;
export const lastStep = 5000;

/** MurmurHash3's last step: the same 32 bits for the same number, everywhere. */
export function mix(n) {
  let bits = n | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Starting parameters number `start`: uniform between −1 and 1; number 0 is all zeros. */
export function startingPoint(hidden, start) {
  return Float64Array.from({ length: 4 * hidden + 1 }, (_, i) => (start ? mix(1000 * start + i + 1) / 2 ** 31 - 1 : 0));
}

/** The output's net input at a point, and the hidden outputs on the way. */
export function netInput(p, hidden, x1, x2, tanhs = []) {
  let z = p[4 * hidden];
  for (let j = 0; j < hidden; j += 1) {
    tanhs[j] = Math.tanh(p[2 * j] * x1 + p[2 * j + 1] * x2 + p[2 * hidden + j]);
    z += p[3 * hidden + j] * tanhs[j];
  }
  return z;
}

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Cross-entropy of one point, from the net input; large ones do no harm. */
export function surprise(z, target) {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z;
}

/** The loss: the sum over the four points. */
export function xorLoss(p, hidden) {
  return corners.reduce((sum, [x1, x2, t]) => sum + surprise(netInput(p, hidden, x1, x2), t), 0);
}

/** The gradient of that loss, by back-propagation. Equations backprop-output and backprop. */
export function xorGradient(p, hidden) {
  const g = new Float64Array(p.length);
  const o = [];
  for (const [x1, x2, t] of corners) {
    const deltaR = sigmoid(netInput(p, hidden, x1, x2, o)) - t;
    g[4 * hidden] += deltaR;
    for (let j = 0; j < hidden; j += 1) {
      const deltaQ = (1 - o[j] * o[j]) * p[3 * hidden + j] * deltaR;
      g[2 * j] += deltaQ * x1;
      g[2 * j + 1] += deltaQ * x2;
      g[2 * hidden + j] += deltaQ;
      g[3 * hidden + j] += deltaR * o[j];
    }
  }
  return g;
}

/** A run of gradient descent that remembers every step: `at(k)` works out only what is not known yet. */
export function trajectory(hidden, start) {
  const points = [startingPoint(hidden, start)];
  const losses = [xorLoss(points[0], hidden)];
  const at = (k) => {
    while (points.length <= k) {
      const g = xorGradient(points.at(-1), hidden);
      points.push(points.at(-1).map((value, i) => value - rate * g[i]));
      losses.push(xorLoss(points.at(-1), hidden));
    }
    return points[k];
  };
  return { at, losses };
}

/** Where f crosses zero on a grid of n × n squares: pairs of points, by linear interpolation. */
export function zeroLine(f, low, high, n) {
  const place = (i) => low + ((high - low) * i) / n;
  const values = Array.from({ length: n + 1 }, (_, i) => Array.from({ length: n + 1 }, (_, j) => f(place(i), place(j))));
  const segments = [];
  const cut = ([a, b], [c, d]) => {
    const [v, w] = [values[a][b], values[c][d]];
    if (v > 0 === w > 0) return [];
    const share = v / (v - w);
    return [[place(a + share * (c - a)), place(b + share * (d - b))]];
  };
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const round = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const cuts = round.flatMap((corner, k) => cut(corner, round[(k + 1) % 4]));
      for (let k = 0; k + 1 < cuts.length; k += 2) segments.push([cuts[k], cuts[k + 1]]);
    }
  }
  return segments;
}

/** The part of the line w₁x₁ + w₂x₂ + b = 0 inside a square, as two points, or null. */
export function lineInside(w1, w2, b, low, high) {
  const ends = [];
  for (const edge of [low, high]) {
    if (w2) ends.push([edge, -(b + w1 * edge) / w2]);
    if (w1) ends.push([-(b + w2 * edge) / w1, edge]);
  }
  const inside = ends.filter((point) => point.every((v) => v >= low - 1e-9 && v <= high + 1e-9));
  const far = inside.find((point) => Math.hypot(point[0] - inside[0][0], point[1] - inside[0][1]) > 1e-6);
  return far ? [inside[0], far] : null;
}
