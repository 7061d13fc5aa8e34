// inspector_maths: the 6×6 network of chapter 11, forward, backward and downhill. Pure functions, no DOM.
// A net is { filters: 3 × 3 × 3, filter_bias: 3, weights: [n][k][i][j] 3 × 3 × 2 × 2, output_bias: 3 }; a picture is 36 numbers.
// Equations conv-fwd, maxpool-fwd, backprop-output, net6-delta-f, conv-dw, dense-dw, sgd

export const three = [0, 1, 2];
const nearly = 1e-12;   // two net inputs nearer than this count as equal: the difference is rounding
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const square = (n, value) => Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => value(i, j)));

/** Net inputs and outputs of all layers; `winner[k][block]` is the row-major place of the block's first maximum, `tied` how many share it. */
export function forward(net, x) {
  const z = three.map((k) => square(4, (i, j) => {
    let total = 0;
    for (let u = 0; u < 3; u++) for (let v = 0; v < 3; v++) total += net.filters[k][u][v] * x[6 * (i + u) + j + v];
    return total + net.filter_bias[k];
  }));
  const winner = three.map(() => []);
  const tied = three.map(() => []);
  const pooled = z.map((map, k) => square(2, (i, j) => {
    const places = [0, 1, 4, 5].map((step) => 8 * i + 2 * j + step);
    const nets = places.map((place) => map[place >> 2][place % 4]);
    const top = Math.max(...nets) - nearly;
    const first = nets.findIndex((value) => value >= top);
    winner[k].push(places[first]);
    tied[k].push(nets.filter((value) => value >= top).length);
    return sigmoid(nets[first]);
  }));
  const zOut = three.map((n) => {
    let total = 0;
    pooled.forEach((map, k) => map.forEach((row, i) => row.forEach((a, j) => { total += net.weights[n][k][i][j] * a; })));
    return total + net.output_bias[n];
  });
  return { z, a: z.map((map) => map.map((row) => row.map(sigmoid))), winner, tied, pooled, zOut, aOut: zOut.map(sigmoid) };
}

/** Squared error of one picture whose digit is `label`, 1 to 3. */
export function costOf(found, label) {
  return found.aOut.reduce((sum, a, n) => sum + 0.5 * (a - (n === label - 1 ? 1 : 0)) ** 2, 0);
}

/** Every δ and every gradient of one picture; gammaP is what arrives at the pooled maps, before the winner and a′. */
export function backward(net, x, label, found) {
  const deltaOut = found.aOut.map((a, n) => (a - (n === label - 1 ? 1 : 0)) * a * (1 - a));   // backprop-output
  const gammaP = three.map((k) => square(2, (i, j) => three.reduce((sum, n) => sum + deltaOut[n] * net.weights[n][k][i][j], 0)));
  const deltaF = three.map((k) => square(4, (i, j) => {   // net6-delta-f
    const block = 2 * (i >> 1) + (j >> 1);
    const a = found.a[k][i][j];
    return found.winner[k][block] === 4 * i + j ? gammaP[k][i >> 1][j >> 1] * a * (1 - a) : 0;
  }));
  const filters = three.map((k) => square(3, (u, v) => found.winner[k].reduce((sum, at) => (   // conv-dw
    sum + deltaF[k][at >> 2][at % 4] * x[6 * ((at >> 2) + u) + (at % 4) + v]), 0)));
  const filter_bias = three.map((k) => found.winner[k].reduce((sum, at) => sum + deltaF[k][at >> 2][at % 4], 0));
  const weights = deltaOut.map((delta) => found.pooled.map((map) => map.map((row) => row.map((a) => delta * a))));   // dense-dw
  return { deltaOut, gammaP, deltaF, gradient: { filters, filter_bias, weights, output_bias: [...deltaOut] } };
}

/** The products behind one δ of a filter map, one for each output they pass through. */
export function pathsBack(net, found, back, k, i, j) {
  const block = 2 * (i >> 1) + (j >> 1);
  const wins = found.winner[k][block] === 4 * i + j;
  const slope = found.a[k][i][j] * (1 - found.a[k][i][j]);
  return back.deltaOut.map((delta, n) => {
    const weight = net.weights[n][k][i >> 1][j >> 1];
    return { n, delta, weight, wins, slope, product: wins ? delta * weight * slope : 0 };
  });
}

/** a·scale + b, entry by entry, through nested lists. */
export function blend(a, b, scale) {
  if (typeof a === "number") return a + scale * b;
  if (Array.isArray(a)) return a.map((part, i) => blend(part, b[i], scale));
  return Object.fromEntries(Object.entries(a).map(([name, part]) => [name, blend(part, b[name], scale)]));
}

/** Mean cost over a lesson of { x, label }, and how many of its pictures have their largest output elsewhere. */
export function examine(net, lesson) {
  let [cost, wrong] = [0, 0];
  lesson.forEach(({ x, label }) => {
    const found = forward(net, x);
    cost += costOf(found, label);
    if (found.aOut.indexOf(Math.max(...found.aOut)) !== label - 1) wrong += 1;
  });
  return { cost: cost / lesson.length, wrong };
}

/** One step of gradient descent on the mean cost of a lesson (sgd): { net, cost before the step }. */
export function descend(net, lesson, rate) {
  let [sum, cost] = [null, 0];
  lesson.forEach(({ x, label }) => {
    const found = forward(net, x);
    const { gradient } = backward(net, x, label, found);
    cost += costOf(found, label);
    sum = sum ? blend(sum, gradient, 1) : gradient;
  });
  return { net: blend(net, sum, -rate / lesson.length), cost: cost / lesson.length };
}
