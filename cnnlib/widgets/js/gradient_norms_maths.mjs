// gradient_norms_maths: a deep network of random weights, once forward and once back; numbers only, no DOM.
// Tested in Node against cnnlib. Equations delta-product, delta-bound
import { mix, sigmoid } from "./xor_maths.mjs";

export const width = 32;
export const deepest = 20;
export const seeds = 40;
export const leak = 0.1;

/** name → { phi, slope, steepest } */
export const activations = {
  sigmoid: { phi: sigmoid, slope: (z) => { const y = sigmoid(z); return y * (1 - y); }, steepest: 0.25 },
  tanh: { phi: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2, steepest: 1 },
  ReLU: { phi: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0), steepest: 1 },
  "leaky ReLU": { phi: (z) => (z > 0 ? z : leak * z), slope: (z) => (z > 0 ? 1 : leak), steepest: 1 },
};

/** Names of usual starts: the exponent of the gain n·Var(w) and the distribution. */
export const presets = { "N(0, 1/n)": [0, "normal"], Xavier: [0, "uniform"], He: [1, "normal"], "N(0, 16/n)": [4, "normal"] };

const hashed = (seed, n) => (mix(seed * 65536 + n) + 0.5) / 2 ** 32;

/** An even count of numbers with mean 0 and variance 1; normal ones come in pairs, by Box and Muller. */
export function draws(seed, start, count, draw = "normal") {
  const values = new Float64Array(count);
  if (draw === "uniform") return values.map((_, i) => Math.sqrt(3) * (2 * hashed(seed, start + i) - 1));
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(hashed(seed, start + i)));
    const turn = 2 * Math.PI * hashed(seed, start + i + 1);
    values[i] = radius * Math.cos(turn);
    values[i + 1] = radius * Math.sin(turn);
  }
  return values;
}

/** W v, row by row. */
export function product(w, v) {
  const n = v.length;
  return Float64Array.from({ length: w.length / n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j += 1) sum += w[i * n + j] * v[j];
    return sum;
  });
}

/** Wᵀ v for a square W. */
export function pulled(w, v) {
  const [n, result] = [v.length, new Float64Array(v.length)];
  for (let i = 0; i < n; i += 1) for (let j = 0; j < n; j += 1) result[j] += w[i * n + j] * v[i];
  return result;
}

export const norm = (v) => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));

/** Diagonal and off-diagonal of a symmetric matrix after reflections that leave its eigenvalues alone; spoils `a`. */
function tridiagonal(a) {
  const [n, off] = [a.length, []];
  for (let k = 0; k < n - 2; k += 1) {
    const v = Float64Array.from(a, (row, i) => (i > k ? row[k] : 0));
    off[k] = v[k + 1] > 0 ? -norm(v) : norm(v);
    if (off[k] === 0) continue;
    v[k + 1] -= off[k];
    const length = v.reduce((sum, value) => sum + value * value, 0);
    const q = new Float64Array(n);
    let along = 0;
    for (let i = k + 1; i < n; i += 1) {
      for (let j = k + 1; j < n; j += 1) q[i] += a[i][j] * v[j];
      q[i] *= 2 / length;
      along += (q[i] * v[i]) / length;
    }
    for (let i = k + 1; i < n; i += 1) q[i] -= along * v[i];
    for (let i = k + 1; i < n; i += 1) for (let j = k + 1; j < n; j += 1) a[i][j] -= v[i] * q[j] + q[i] * v[j];
  }
  if (n > 1) off[n - 2] = a[n - 1][n - 2];
  return [a.map((row, i) => row[i]), off];
}

/** ‖W‖₂ of a square W: the root of the largest eigenvalue of WᵀW, found by halving an interval. */
export function spectralNorm(w, n = width) {
  const squared = Array.from({ length: n }, () => new Float64Array(n));
  for (let k = 0; k < n; k += 1) for (let i = 0; i < n; i += 1) for (let j = 0; j < n; j += 1) squared[i][j] += w[k * n + i] * w[k * n + j];
  const [diagonal, off] = tridiagonal(squared);
  const above = (x) => {   // is an eigenvalue larger than x? So is a pivot of the matrix minus x then larger than 0.
    let pivot = diagonal[0] - x;
    for (let i = 1; i < n && pivot <= 0; i += 1) pivot = diagonal[i] - x - off[i - 1] ** 2 / (pivot || -1e-300);
    return pivot > 0;
  };
  let [low, high] = [0, diagonal.reduce((sum, value) => sum + value, 0)];
  for (let k = 0; k < 60; k += 1) {
    const middle = (low + high) / 2;
    [low, high] = above(middle) ? [middle, high] : [low, middle];
  }
  return Math.sqrt(high);
}

/** The draws of one seed, kept: base weights of variance 1 and, once asked for, their spectral norms. */
export function makeNetworks() {
  const known = new Map();
  const layer = (seed, draw, k) => {
    const key = `${seed} ${draw} ${k}`;
    if (!known.has(key)) known.set(key, { w: draws(seed, width * width * k, width * width, draw), stretch: null });
    return known.get(key);
  };
  const stretch = (seed, draw, k) => {
    const found = layer(seed, draw, k);
    found.stretch ??= spectralNorm(found.w);
    return found.stretch;
  };
  return { weights: (seed, draw, k) => layer(seed, draw, k).w, stretch };
}

/**
 * One network forward and back. Returns norms per layer: a (from the input on), gamma, delta; the bound on delta
 * and the spectral norms, unless `withBound` is false; and the slopes of all units, sorted.
 */
export function deepNorms(networks, { depth, activation, gain, draw, residual, seed }, withBound = true) {
  const [{ phi, slope, steepest }, scale] = [activations[activation], Math.sqrt(gain / width)];
  let a = draws(seed, 60000, width);
  const [zs, norms] = [[], { a: [norm(a)], gamma: [], delta: [], bound: [], spectral: [], slopes: [] }];
  for (let k = 0; k < depth; k += 1) {
    zs.push(product(networks.weights(seed, draw, k), a).map((value) => scale * value));
    const before = a;
    a = zs[k].map((z, i) => phi(z) + (residual ? before[i] : 0));
    norms.a.push(norm(a));
  }
  let gamma = draws(seed, 61000, width);
  const length = norm(gamma);
  gamma = gamma.map((value) => value / length);
  for (let [k, most] = [depth - 1, 1]; k >= 0; k -= 1) {
    const slopes = zs[k].map(slope);
    const delta = gamma.map((value, i) => value * slopes[i]);                   // delta-product
    const back = pulled(networks.weights(seed, draw, k), delta);
    norms.gamma.unshift(norm(gamma));
    norms.delta.unshift(norm(delta));
    norms.slopes.unshift([...slopes.sort()]);
    gamma = gamma.map((value, i) => scale * back[i] + (residual ? value : 0));
    if (!withBound) continue;
    const top = scale * networks.stretch(seed, draw, k);
    norms.spectral.unshift(top);
    norms.bound.unshift(steepest * most);
    most *= steepest * top + (residual ? 1 : 0);                                // delta-bound
  }
  return norms;
}

/** What became of δ on its way down: the factor per layer, and a word for it. */
export function fate(delta) {
  const steps = delta.length - 1;
  const whole = delta[0] / delta[steps];
  const each = steps ? whole ** (1 / steps) : 1;
  return { whole, each, word: !delta[0] ? "gone" : each < 0.8 ? "vanishes" : each > 1.25 ? "explodes" : "keeps" };
}
