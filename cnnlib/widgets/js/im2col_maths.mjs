// im2col_maths: windows of an image as columns, and columns added back onto the image. Pure functions, no DOM.
// A setting is { n, m, stride, padding, order }: order "rows" lists the windows row by row, "columns" column by column.
// Equations im2col, im2col-adjoint, col2im-uses, conv-gemm, conv-gemm-backward
import { outputSize, zeros } from "./tensor.mjs";

/** The windows in the order of the columns: output number (row-major), place, pixels by tap (−1 in the padding). */
export function layColumns({ n, m, stride, padding, order = "rows" }) {
  const size = outputSize(n, m, { stride, padding });
  return Array.from({ length: size * size }, (_, k) => {
    const [a, b] = [Math.floor(k / size), k % size];
    const [i, j] = order === "rows" ? [a, b] : [b, a];
    const pixels = Array.from({ length: m * m }, (__, tap) => {
      const [s, t] = [i * stride + Math.floor(tap / m) - padding, j * stride + (tap % m) - padding];
      return s >= 0 && s < n && t >= 0 && t < n ? s * n + t : -1;
    });
    return { output: i * size + j, row: i * stride, column: j * stride, pixels };
  });
}

/** im2col: one row per tap, one column per window; zeros where a window lies on the padding. */
export function im2col(x, setting) {
  const [flat, columns] = [x.flat(), layColumns(setting)];
  return zeros(setting.m ** 2, columns.length).map((row, tap) => row.map((_, k) => flat[columns[k].pixels[tap]] ?? 0));
}

/** im2col-adjoint: add the first `count` columns back onto the pixels they were read from. */
export function col2im(c, setting, count = Infinity) {
  const { n } = setting;
  const image = zeros(n);
  layColumns(setting).slice(0, count).forEach(({ pixels }, k) => pixels.forEach((p, tap) => {
    if (p >= 0) image[Math.floor(p / n)][p % n] += c[tap][k];
  }));
  return image;
}

/** How many windows read each pixel: col2im of ones. */
export function useCounts(setting) {
  const columns = layColumns(setting);
  return col2im(zeros(setting.m ** 2, columns.length).map((row) => row.map(() => 1)), setting);
}

/** conv-gemm: the kernel, laid out as one row, times the columns. */
export function rowTimes(row, matrix) {
  return matrix[0].map((_, k) => row.reduce((total, value, r) => total + value * matrix[r][k], 0));
}

/** conv-gemm-backward: the column of taps times the row of δ. */
export function outer(taps, deltas) {
  return taps.map((tap) => deltas.map((delta) => tap * delta));
}

/** Multiply entry by entry, then add. */
export function innerProduct(a, b) {
  return a.flat().reduce((total, value, k) => total + value * b.flat()[k], 0);
}
