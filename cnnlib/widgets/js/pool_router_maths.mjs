// pool_router_maths: pooling by its definition, window by window, forward and backward. Pure functions, no DOM.
// A geometry is { n, m, stride, padding, ceil }; a rule is { kind: sum | mean | max | l2, countPadding, split }.
// Equations maxpool-fwd, maxpool-dx, avgpool-fwd, avgpool-dx, sumpool-dx, lppool-dx, out-size, upsample

/** Windows along one axis, the cells they reach over, and the cells behind the last of them. */
export function poolAxis({ n, m, stride, padding, ceil }) {
  const room = n + 2 * padding - m;
  if (room < 0 || 2 * padding > m) return { count: 0, extent: n + 2 * padding, rest: 0 };
  const whole = Math.floor(room / stride) + 1;
  const count = ceil && room % stride && whole * stride < n + padding ? whole + 1 : whole;
  const reach = stride * (count - 1) + m;
  return { count, extent: Math.max(n + 2 * padding, reach), rest: Math.max(0, n + 2 * padding - reach) };
}

/** The parts of ∂p/∂a for the pixels of one window. */
function shares(values, p, members, { kind, split }) {
  if (kind === "l2") return values.map((a) => (p === 0 ? 0 : a / p));
  if (kind !== "max") return values.map(() => 1 / (kind === "mean" ? members : 1));
  const winners = values.filter((a) => a === p).length;
  return values.map((a, k) => (split ? Number(a === p) / winners : Number(k === values.indexOf(p))));
}

/**
 * Every window in row-major order: { row, column } of its corner on the image, the pixels it reads (row-major numbers),
 * how many members its mean divides by, its value p, the share of its gradient that each pixel receives, and how many
 * pixels are as large as the largest.
 */
export function poolWindows(x, geometry, rule) {
  const { n, m, stride, padding } = geometry;
  const { count } = poolAxis(geometry);
  const reduce = { sum: (v) => v.reduce((a, b) => a + b, 0), max: (v) => Math.max(...v), l2: (v) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)) };
  return Array.from({ length: count * count }, (_, q) => {
    const [row, column] = [Math.floor(q / count) * stride - padding, (q % count) * stride - padding];
    const pixels = [];
    let padded = 0;
    for (let s = row; s < row + m; s++) for (let t = column; t < column + m; t++) {
      if (s < n + padding && t < n + padding) padded++;
      if (s >= 0 && s < n && t >= 0 && t < n) pixels.push(s * n + t);
    }
    const values = pixels.map((k) => x[Math.floor(k / n)][k % n]);
    const members = rule.countPadding ? padded : pixels.length;
    const p = rule.kind === "mean" ? reduce.sum(values) / members : reduce[rule.kind](values);
    const ties = values.filter((a) => a === Math.max(...values)).length;
    return { row, column, pixels, values, members, value: p, shares: shares(values, p, members, rule), ties };
  });
}

/** γ, row-major: every δ is handed out by the shares of its window, and what meets on a pixel adds up. */
export function routeBack(windows, delta, n, upTo = windows.length) {
  const gamma = Array(n * n).fill(0);
  windows.slice(0, upTo).forEach((w, q) => w.pixels.forEach((pixel, k) => { gamma[pixel] += w.shares[k] * delta[q]; }));
  return gamma;
}

/** Whether γ is the Kronecker product of δ with a constant block: sum or mean, blocks side by side, nothing left over. */
export function isKronecker({ n, m, stride, padding }, { kind }) {
  return (kind === "sum" || kind === "mean") && stride === m && padding === 0 && n % m === 0;
}

/** The pixels' names: row by row, or block by block (only where blocks lie side by side); 0 for a pixel in no block. */
export function pixelNames(geometry, windows, byBlocks) {
  const { n, m, stride, padding } = geometry;
  const names = Array.from({ length: n * n }, (_, k) => k + 1);
  if (!byBlocks || stride !== m || padding) return names;
  names.fill(0);
  windows.flatMap((w) => w.pixels).forEach((pixel, k) => { names[pixel] = k + 1; });
  return names;
}
