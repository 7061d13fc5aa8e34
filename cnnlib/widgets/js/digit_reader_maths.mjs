// digit_reader_maths: the network of chapter 12 forward and backward, and the marks of a brush. Pure functions, no DOM.
// Pictures and maps are flat, row-major, channel after channel. Weights: { w1, b1, w2, b2, w3, b3 }, flat as well.
// Equations conv-fwd, relu-dx, maxpool-fwd, maxpool-dx, dense-fwd, dense-dx, softmax, ce-dlogits, conv-dx

export const [side, pooled, classes] = [8, 4, 10];

/** A 3 × 3 convolution with padding 1 (conv-fwd): `channels` maps of size n × n become `filters` maps. */
export function conv3(x, w, b, channels, filters, n) {
  const y = new Float64Array(filters * n * n);
  for (let o = 0; o < filters; o++) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    let total = b[o];
    for (let c = 0; c < channels; c++) total += windowSum(x, w, c, o * channels + c, i, j, n);
    y[(o * n + i) * n + j] = total;
  }
  return y;
}

/** The nine products of one window of map c with one 3 × 3 kernel, summed. */
function windowSum(x, w, c, kernel, i, j, n) {
  let total = 0;
  for (let u = Math.max(0, 1 - i); u < Math.min(3, n + 1 - i); u++) for (let v = Math.max(0, 1 - j); v < Math.min(3, n + 1 - j); v++) {
    total += w[kernel * 9 + u * 3 + v] * x[(c * n + i + u - 1) * n + j + v - 1];
  }
  return total;
}

/** Its gradient at the input (conv-dx): each δ hands w·δ to the nine pixels it read. */
export function conv3Dx(delta, w, channels, filters, n) {
  const dx = new Float64Array(channels * n * n);
  for (let o = 0; o < filters; o++) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
    const d = delta[(o * n + i) * n + j];
    if (d === 0) continue;
    for (let c = 0; c < channels; c++) for (let u = Math.max(0, 1 - i); u < Math.min(3, n + 1 - i); u++) for (let v = Math.max(0, 1 - j); v < Math.min(3, n + 1 - j); v++) {
      dx[(c * n + i + u - 1) * n + j + v - 1] += w[(o * channels + c) * 9 + u * 3 + v] * d;
    }
  }
  return dx;
}

const relu = (z) => z.map((v) => Math.max(0, v));

/** Maxima of 2 × 2 blocks and where each stood, the first in row-major order of equal ones (maxpool-fwd). */
export function maxPool(a, channels, n) {
  const half = n / 2;
  const [p, from] = [new Float64Array(channels * half * half), new Int32Array(channels * half * half)];
  p.forEach((_, k) => {
    const [c, i, j] = [Math.floor(k / (half * half)), Math.floor(k / half) % half, k % half];
    const first = (c * n + 2 * i) * n + 2 * j;
    from[k] = [first, first + 1, first + n, first + n + 1].reduce((best, at) => (a[at] > a[best] ? at : best));
    p[k] = a[from[k]];
  });
  return { p, from };
}

/** Probabilities from scores (softmax), safe for large ones. */
export function softmax(z) {
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  const total = e.reduce((sum, v) => sum + v, 0);
  return e.map((v) => v / total);
}

/** Everything the network computes from a picture of 64 grey values between 0 and 1. */
export function readDigit(net, x) {
  const [first, second] = [net.b1.length, net.b2.length];
  const z1 = conv3(x, net.w1, net.b1, 1, first, side);
  const a1 = relu(z1);
  const { p, from } = maxPool(a1, first, side);
  const z2 = conv3(p, net.w2, net.b2, first, second, pooled);
  const a2 = relu(z2);
  const z = Float64Array.from(net.b3, (b, k) => a2.reduce((sum, a, q) => sum + net.w3[k * a2.length + q] * a, b));
  return { x, z1, a1, p, from, z2, a2, z, y: softmax(z) };
}

/** ∂E/∂x for E = −ln y_k: the same network, walked backwards. */
export function pullBack(net, run, k) {
  const [first, second] = [net.b1.length, net.b2.length];
  const dz = run.y.map((y, j) => y - Number(j === k));                                             // ce-dlogits
  const d2 = run.z2.map((z, q) => (z > 0 ? dz.reduce((sum, d, j) => sum + net.w3[j * run.z2.length + q] * d, 0) : 0));   // dense-dx, relu-dx
  const dp = conv3Dx(d2, net.w2, first, second, pooled);                                           // conv-dx
  const d1 = new Float64Array(run.z1.length);
  run.from.forEach((at, q) => { if (run.z1[at] > 0) d1[at] = dp[q]; });                            // maxpool-dx, relu-dx
  return conv3Dx(d1, net.w1, 1, first, side);
}

/**
 * One step downhill on E = −ln y_k: against the gradient, so long that the pixel with the strongest gradient of
 * those that can still move changes by `length`; ink stays between 0 and 1. Null when no pixel can move.
 */
export function stepTowards(x, gradient, length = 0.25) {
  const free = gradient.map((g, q) => ((g > 0 && x[q] > 0) || (g < 0 && x[q] < 1) ? g : 0));
  const steepest = Math.max(...free.map(Math.abs));
  if (!(steepest > 1e-12)) return null;
  return Array.from(x, (v, q) => tidy(v - (length / steepest) * free[q]));
}

const tidy = (v) => Math.round(1e4 * Math.min(1, Math.max(0, v))) / 1e4;

/** The picture after the brush touched the point (row, column), in pixels; softness 0 inks one pixel only. */
export function dab(x, row, column, softness, erase = false) {
  const soft = softness / 4;
  return x.map((v, q) => {
    const distance = Math.hypot(Math.floor(q / side) + 0.5 - row, (q % side) + 0.5 - column);
    const inside = Math.floor(row) * side + Math.floor(column) === q && column >= 0 && column < side;
    const ink = inside ? 1 : soft ? tidy((0.6 + soft - distance) / soft) : 0;
    return erase ? Math.min(v, tidy(1 - ink)) : Math.max(v, ink);
  });
}

/** Draw from one point to another. */
export function stroke(x, from, to, softness, erase = false) {
  const steps = Math.max(1, Math.ceil(4 * Math.hypot(to[0] - from[0], to[1] - from[1])));
  let drawn = x;
  for (let s = 1; s <= steps; s++) drawn = dab(drawn, from[0] + ((to[0] - from[0]) * s) / steps, from[1] + ((to[1] - from[1]) * s) / steps, softness, erase);
  return drawn;
}

/** Move the picture by whole pixels; what leaves the frame is lost. */
export function shift(x, down, right) {
  return x.map((_, q) => {
    const [i, j] = [Math.floor(q / side) - down, (q % side) - right];
    return i >= 0 && i < side && j >= 0 && j < side ? x[i * side + j] : 0;
  });
}

/** How the picture leaves the range of the training pictures, as pieces of a sentence. `usual` has ranges and a map of blank pixels. */
export function strangeness(x, usual) {
  const ink = x.reduce((sum, v) => sum + v, 0);
  if (!usual.ink) return [];
  const centre = (along) => x.reduce((sum, v, q) => sum + v * (along ? q % side : Math.floor(q / side)), 0) / ink;
  const beyond = (value, [low, high], less, more) => (value < low ? [less] : value > high ? [more] : []);
  if (ink < usual.ink[0]) return ["has so little ink"];
  return [...beyond(ink, usual.ink, "", "has so much ink"), ...beyond(centre(0), usual.row, "lies so high", "lies so low"),
    ...beyond(centre(1), usual.column, "lies so far left", "lies so far right"),
    ...(x.some((v, q) => v > 0 && usual.blank[q]) ? ["has ink in those places"] : [])];
}

/**
 * The arithmetic of one unit: its window and taps channel by channel, each with its subtotal.
 * at = { layer: "first" | "pooled" | "second" | "class", map, row, column }
 */
export function takeApart(net, run, at) {
  const { layer, map, row, column } = at;
  if (layer === "pooled") {
    const window = [0, 1, 2, 3].map((q) => run.a1[(map * side + 2 * row + (q >> 1)) * side + 2 * column + (q & 1)]);
    return { size: 2, parts: [{ window, taps: null, sum: Math.max(...window) }], bias: 0, total: Math.max(...window) };
  }
  if (layer === "class") {
    const q = pooled * pooled;
    const parts = Array.from(net.b2, (_, c) => part(Array.from(run.a2.slice(c * q, (c + 1) * q)), Array.from(net.w3.slice((map * net.b2.length + c) * q, (map * net.b2.length + c + 1) * q))));
    return { size: pooled, parts, bias: net.b3[map], total: run.z[map] };
  }
  const [source, w, b, channels, n, z] = layer === "first" ? [run.x, net.w1, net.b1, 1, side, run.z1] : [run.p, net.w2, net.b2, net.b1.length, pooled, run.z2];
  const parts = Array.from({ length: channels }, (_, c) => part(Array.from({ length: 9 }, (__, t) => {
    const [i, j] = [row + Math.floor(t / 3) - 1, column + (t % 3) - 1];
    return i >= 0 && i < n && j >= 0 && j < n ? source[(c * n + i) * n + j] : null;
  }), Array.from(w.slice((map * channels + c) * 9, (map * channels + c + 1) * 9))));
  return { size: 3, parts, bias: b[map], total: z[(map * n + row) * n + column] };
}

const part = (window, taps) => ({ window, taps, sum: taps.reduce((sum, w, t) => sum + w * (window[t] ?? 0), 0) });
