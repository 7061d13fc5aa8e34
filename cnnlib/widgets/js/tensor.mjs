// tensor: the arithmetic of the widgets. Pure functions on arrays of rows, no DOM.
// Every function is tested in Node and in the browser against arrays written by the Python kernels.
// Equations: conv-fwd, conv-dx, conv-dw, out-size, rot180, dilate

/** An h × w array of zeros. */
export function zeros(h, w = h) {
  return Array.from({ length: h }, () => Array(w).fill(0));
}

/** The n × n array 1, 2, 3, … in row-major order. */
export function counting(n) {
  return zeros(n).map((row, i) => row.map((_, j) => i * n + j + 1));
}

/** Whether two arrays of rows hold the same numbers in the same shape. */
export function same(a, b) {
  return a.length === b.length
    && a.every((row, i) => row.length === b[i].length && row.every((v, j) => v === b[i][j]));
}

/** Fit a square array to n × n: counting arrays stay counting, others keep their corner and gain zeros. */
export function resize(a, n) {
  if (a.length === n) return a;
  if (same(a, counting(a.length))) return counting(n);
  return zeros(n).map((row, i) => row.map((_, j) => a[i]?.[j] ?? 0));
}

/** Turn by 180°: rot(K)[u][v] = K[m−1−u][n−1−v]. */
export function rot180(a) {
  return a.map((row) => [...row].reverse()).reverse();
}

/** A border of zeros, `before` at the top and left, `after` at the bottom and right. */
export function pad(a, before, after = before) {
  const wide = a[0].length + before + after;
  const rows = a.map((row) => [...Array(before).fill(0), ...row, ...Array(after).fill(0)]);
  return [...zeros(before, wide), ...rows, ...zeros(after, wide)];
}

/** Insert stride − 1 zeros between neighbours. */
export function dilate(a, stride) {
  const spread = zeros((a.length - 1) * stride + 1, (a[0].length - 1) * stride + 1);
  a.forEach((row, i) => row.forEach((v, j) => { spread[i * stride][j * stride] = v; }));
  return spread;
}

/** Output length along one axis; 0 when the kernel does not fit. */
export function outputSize(n, m, { stride = 1, padding = 0 } = {}) {
  return Math.max(0, Math.floor((n + 2 * padding - m) / stride) + 1);
}

/** Rows at the end of the padded input that no window reaches. */
export function unusedRows(n, m, { stride = 1, padding = 0 } = {}) {
  return (n + 2 * padding - m) % stride;
}

/** Valid cross-correlation X ⋆ K (conv-fwd): the kernel is not turned. */
export function correlate2d(x, w, { stride = 1, padding = 0 } = {}) {
  const padded = pad(x, padding);
  const [h, k] = [w.length, w[0].length];
  const y = zeros(outputSize(x.length, h, { stride, padding }), outputSize(x[0].length, k, { stride, padding }));
  return y.map((row, i) => row.map((_, j) => {
    let total = 0;
    for (let u = 0; u < h; u++) for (let v = 0; v < k; v++) total += w[u][v] * padded[i * stride + u][j * stride + v];
    return total;
  }));
}

/** Kernel gradient (conv-dw): ∂E/∂k[u][v] = Σ δ[i][j] · x[iS+u−P][jS+v−P]. */
export function correlate2dDw(x, delta, kernelSize, { stride = 1, padding = 0 } = {}) {
  const padded = pad(x, padding);
  const dw = zeros(kernelSize);
  delta.forEach((row, i) => row.forEach((d, j) => {
    dw.forEach((taps, u) => taps.forEach((_, v) => { taps[v] += d * padded[i * stride + u][j * stride + v]; }));
  }));
  return dw;
}

/** δ spread by the stride, then padded so that sliding a turned kernel over it gives every pixel of X. */
export function spreadDelta(delta, inputSize, kernelSize, stride = 1) {
  const rest = unusedRows(inputSize, kernelSize, { stride });
  return pad(dilate(delta, stride), kernelSize - 1, kernelSize - 1 + rest);
}

/** Input gradient (conv-dx): the spread δ, full, with K turned by 180°. */
export function correlate2dDx(delta, w, inputSize, stride = 1) {
  return correlate2d(spreadDelta(delta, inputSize, w.length, stride), rot180(w));
}

/**
 * Every product x·k·δ of the trilinear form (conv-trilinear) as row-major numbers {x, w, y}:
 * output y reads pixel x through tap w. Pixels of the padding have x = −1.
 */
export function products(inputSize, kernelSize, { stride = 1, padding = 0 } = {}) {
  const list = [];
  const outputs = outputSize(inputSize, kernelSize, { stride, padding });
  const inside = (s) => s >= 0 && s < inputSize;
  for (let i = 0; i < outputs; i++) for (let j = 0; j < outputs; j++) {
    for (let u = 0; u < kernelSize; u++) for (let v = 0; v < kernelSize; v++) {
      const [s, t] = [i * stride + u - padding, j * stride + v - padding];
      const x = inside(s) && inside(t) ? s * inputSize + t : -1;
      list.push({ x, w: u * kernelSize + v, y: i * outputs + j });
    }
  }
  return list;
}
