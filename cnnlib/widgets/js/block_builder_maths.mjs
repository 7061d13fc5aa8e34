// block_builder_maths: the counts and products behind BlockBuilder. Pure functions, no DOM.
// Tested in Node and on the built page against cnnlib. Equations param-count, concat-dx, residual-dx, receptive-field

/** The four branches of an Inception block; `kernels` are those of its convolutions without and with a reducer. */
export const branches = [
  { name: "1×1", kernel: 1 }, { name: "3×3", kernel: 3, reducer: 0 }, { name: "5×5", kernel: 5, reducer: 1 }, { name: "pool", pool: true },
];

function lane(branch, k, channels, { filters, reducers }, reduced) {
  const step = (kernel, from, to) => ({ kernel, from, to, weights: kernel * kernel * from * to });
  if (branch.pool) return reduced ? [step(1, channels, filters[k])] : [];
  const middle = reducers[branch.reducer];
  if (branch.reducer === undefined || !reduced) return [step(branch.kernel, channels, filters[k])];
  return [step(1, channels, middle), step(branch.kernel, middle, filters[k])];
}

/** Convolutions and weights of each branch, and which channels of the joined output, [start, end), are its own. */
export function inceptionOf(setting) {
  const { channels, reduced } = setting;
  let start = 0;
  const lanes = branches.map((branch, k) => {
    const steps = lane(branch, k, channels, setting, reduced);
    const maps = steps.length ? steps.at(-1).to : channels;
    start += maps;
    return { ...branch, steps, maps, start: start - maps, end: start, weights: steps.reduce((sum, s) => sum + s.weights, 0) };
  });
  return { channels, reduced, lanes, depth: start, weights: lanes.reduce((sum, l) => sum + l.weights, 0) };
}

/** What comes back through `depth` blocks of slope c: plain and around shortcuts, after each block. */
export function passedBack(depth, c) {
  const products = (factor) => Array.from({ length: depth }).reduce((list) => [...list, list.at(-1) * factor], [1]);
  return { plain: products(c), around: products(1 + c) };
}

/** The first terms of (1 + c)ᴰ = Σ (D over k) cᵏ: so many paths lead through exactly k of the blocks. */
export function pathTerms(depth, c, count = 4) {
  let paths = 1;
  return Array.from({ length: Math.min(count, depth + 1) }, (_, k) => {
    if (k) paths = (paths * (depth - k + 1)) / k;
    return { k, paths, value: paths * c ** k };
  });
}

/** Decades from the smallest to the largest product, rounded out to steps of 5; zeros leave no trace. */
export function decadesOf(values) {
  const logs = values.filter(Boolean).map((value) => Math.log10(Math.abs(value)));
  return [Math.min(-5, 5 * Math.floor(Math.min(...logs) / 5 + 1e-9)), Math.max(5, 5 * Math.ceil(Math.max(...logs) / 5 - 1e-9))];
}

/** receptive-field: for each window [kernel, stride] the span r, the jump j, the first jump, and how many units there are. */
export function ladder(layers, imageSize) {
  let [r, j, units] = [1, 1, imageSize];
  return layers.map(([kernel, stride]) => {
    const [below, jump, room] = [r, j, units - kernel];
    r += (kernel - 1) * j;
    j *= stride;
    const inputs = units;
    units = room < 0 ? 0 : Math.floor(room / stride) + 1;
    return { kernel, stride, r, j, below, jump, inputs, units };
  });
}

/** How many paths lead from one unit of a layer to each unit of every layer below; the pixels come first. */
export function pathCounts(layers, imageSize, level, unit) {
  const sizes = [imageSize, ...ladder(layers, imageSize).map((rung) => rung.units)];
  const counts = sizes.slice(0, level + 2).map((size) => Array(size).fill(0));
  counts[level + 1][unit] = 1;
  for (let l = level; l >= 0; l--) {
    const [kernel, stride] = layers[l];
    counts[l + 1].forEach((paths, i) => {
      if (paths) for (let u = 0; u < kernel; u++) counts[l][i * stride + u] += paths;
    });
  }
  return counts;
}

/** 163 328: groups of three digits, kept on one line; four digits stay together. */
export function inGroups(value) {
  return value < 10000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

export const raised = (exponent) => [...String(exponent)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");

/** A number of any size in three digits: 6.73, 3325, 1.00·10⁻²⁰. */
export function sized(value) {
  if (value === 0) return "0";
  if (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5) return String(Math.abs(value) < 1000 ? Number(value.toPrecision(3)) : Math.round(value)).replace("-", "−");
  const [digits, exponent] = value.toExponential(2).replace("-", value < 0 ? "−" : "-").split("e");
  return `${digits}·10${raised(Number(exponent))}`;
}
