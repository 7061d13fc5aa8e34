// geometry_maths: one axis of a convolution, by formula and by laying windows down. Pure functions, no DOM.
// A geometry is { n, m, stride, padding, dilation }.
// Equations out-size, conv-narrow, conv-same, conv-wide

/** How many cells of the padded axis one window spans. */
export function reach({ m, dilation }) {
  return dilation * (m - 1) + 1;
}

/** out-size as it is written: `room` stands above the bar, `value` is what the formula gives, `rest` is r. */
export function sizeByFormula({ n, m, stride, padding, dilation }) {
  const room = n + 2 * padding - dilation * (m - 1) - 1;
  const value = Math.floor(room / stride) + 1;
  return { room, value, size: Math.max(0, value), rest: room < 0 ? 0 : room % stride };
}

/** Every window as the list of the cells its taps lie on, found by laying one down after the other. */
export function layWindows({ n, m, stride, padding, dilation }) {
  if (!(stride > 0)) throw new RangeError(`the stride must be a positive number, ${stride} came`);
  const list = [];
  for (let start = 0; start + (m - 1) * dilation < n + 2 * padding; start += stride) {
    list.push(Array.from({ length: m }, (_, u) => start + u * dilation));
  }
  return list;
}

/** The cells of the padded axis: which pixel (−1 in the padding), how often read, whether behind the last window. */
export function axisCells(geometry) {
  const { n, padding } = geometry;
  const windows = layWindows(geometry);
  const end = windows.length ? windows.at(-1).at(-1) : n + 2 * padding;
  return Array.from({ length: n + 2 * padding }, (_, cell) => {
    const pixel = cell - padding;
    const reads = windows.filter((taps) => taps.includes(cell)).length;
    return { pixel: pixel >= 0 && pixel < n ? pixel : -1, reads, behind: cell > end };
  });
}

/** Zeros per side that make the output short, equally long or long, at stride 1; a half means that none will do. */
export function namedPadding({ m, dilation }) {
  return { narrow: 0, same: (dilation * (m - 1)) / 2, wide: dilation * (m - 1) };
}
