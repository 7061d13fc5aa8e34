// conv_matrix_maths: a convolution as one matrix, and what that matrix does to numbers. Pure functions, no DOM.
// Pixels, outputs and taps are row-major numbers; a layout says which tap stands at each entry of W.
// Equations conv-matrix, matrix-dx, tied-sum

/** How many pixels one window spans along an axis. */
export function reach({ m, dilation }) {
  return dilation * (m - 1) + 1;
}

/** Outputs along one axis; 0 when the taps reach over more than the padded image. */
export function outputs(geometry) {
  const room = geometry.n + 2 * geometry.padding - reach(geometry);
  return room < 0 ? 0 : Math.floor(room / geometry.stride) + 1;
}

/**
 * Every entry of W, row by row, as { row, column, tap }; the tap is −1 where W is 0 in every layer of this geometry
 * (conv-matrix). `uses` are the entries with a tap.
 */
export function layOut(geometry) {
  const { n, m, stride, padding, dilation } = geometry;
  const size = outputs(geometry);
  const [rows, columns] = [size * size, n * n];
  const places = Array.from({ length: rows * columns }, (_, at) => ({ row: Math.floor(at / columns), column: at % columns, tap: -1 }));
  for (let row = 0; row < rows; row++) for (let tap = 0; tap < m * m; tap++) {
    const s = Math.floor(row / size) * stride + Math.floor(tap / m) * dilation - padding;
    const t = (row % size) * stride + (tap % m) * dilation - padding;
    if (s >= 0 && t >= 0 && s < n && t < n) places[row * columns + s * n + t].tap = tap;
  }
  return { size, rows, columns, places, uses: places.filter(({ tap }) => tap >= 0), tapCount: m * m };
}

/** y = W x. */
export function timesMatrix(layout, w, x) {
  const y = Array(layout.rows).fill(0);
  layout.uses.forEach(({ row, column, tap }) => { y[row] += w[tap] * x[column]; });
  return y;
}

/** γ = Wᵀ δ (matrix-dx). */
export function timesTransposed(layout, w, delta) {
  const gamma = Array(layout.columns).fill(0);
  layout.uses.forEach(({ row, column, tap }) => { gamma[column] += w[tap] * delta[row]; });
  return gamma;
}

/** ∂E/∂k: for each tap the sum of δ xᵀ over its places in W (tied-sum). */
export function tiedSum(layout, x, delta) {
  const sums = Array(layout.tapCount).fill(0);
  layout.uses.forEach(({ row, column, tap }) => { sums[tap] += delta[row] * x[column]; });
  return sums;
}

/** Weights of the layer when all entries are free, when those outside the windows are 0, and when taps are shared. */
export function counts(layout) {
  return { dense: layout.places.length, local: layout.uses.length, shared: layout.tapCount };
}

/** The entries that have a weight: a dense layer has one everywhere. */
export function weighted(layout, weights) {
  return weights === "dense" ? layout.places : layout.uses;
}

/** The weights that concern a focus { on: "y" | "x" | "w" | "entry", at }. */
export function placesOf(layout, { on, at }, weights) {
  const key = { y: (p) => p.row, x: (p) => p.column, w: (p) => p.tap, entry: (p) => p.row * layout.columns + p.column }[on];
  return weighted(layout, weights).filter((p) => key(p) === at);
}

/** Fit a square array to n × n as its own size follows: 1, 2, 3, … goes on counting, others gain zeros. */
export function fitted(rows, n) {
  const count = (size) => Array.from({ length: size }, (_, i) => Array.from({ length: size }, (__, j) => i * size + j + 1));
  if (rows.length === n) return rows;
  return count(n).map((row, i) => (String(rows) === String(count(rows.length)) ? row : row.map((_, j) => rows[i]?.[j] ?? 0)));
}

/** How many things of a kind there are to choose from. */
export function howMany(layout, on) {
  return { y: layout.rows, x: layout.columns, w: layout.tapCount, entry: layout.places.length }[on];
}
