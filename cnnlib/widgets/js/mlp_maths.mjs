// mlp_maths: forward and backward through two layers p → q → r with a squared error; numbers only, no DOM.
// A layer is a list of rows [θ_j1, θ_j2, …, b_j]: the last entry of a row is the unit's bias.
// Equations backprop-output, backprop, backprop-weight

const logistic = (n) => 1 / (1 + Math.exp(-n));

/** Activations by name: the value, and the slope from net input and value. */
export const activations = {
  sigmoid: { value: logistic, slope: (n, o) => o * (1 - o) },
  tanh: { value: Math.tanh, slope: (n, o) => 1 - o * o },
  relu: { value: (n) => Math.max(n, 0), slope: (n) => Number(n > 0) },
};

function layerForward(rows, inputs, { value, slope }) {
  const net = rows.map((row) => inputs.reduce((sum, x, i) => sum + row[i] * x, row.at(-1)));
  const out = net.map((n) => value(n));
  return { net, out, slope: net.map((n, j) => slope(n, out[j])) };
}

/** All that the two passes compute. */
export function passes({ inputs, q, r, targets, activation }) {
  const phi = activations[activation];
  const hidden = layerForward(q, inputs, phi);
  const output = layerForward(r, hidden.out, phi);
  const miss = output.out.map((o, k) => o - targets[k]);
  const loss = miss.reduce((sum, e) => sum + e * e, 0) / 2;
  const deltaR = miss.map((e, k) => e * output.slope[k]);                                              // backprop-output
  const gammaQ = hidden.out.map((_, j) => r.reduce((sum, row, k) => sum + row[j] * deltaR[k], 0));
  const deltaQ = gammaQ.map((g, j) => g * hidden.slope[j]);                                            // backprop
  const outer = (delta, from) => delta.map((d) => [...from, 1].map((o) => d * o));                     // backprop-weight
  return { hidden, output, miss, loss, deltaR, gammaQ, deltaQ, dq: outer(deltaQ, inputs), dr: outer(deltaR, hidden.out) };
}

/** Number of a weight → its layer, the unit it leads to, and where it comes from; a bias comes from the last column. */
export function whereIs(focus, { q, r }) {
  const inQ = q.length * q[0].length;
  const [layer, index, width] = focus < inQ ? ["q", focus, q[0].length] : ["r", focus - inQ, r[0].length];
  const [to, from] = [Math.floor(index / width), index % width];
  return { layer, to, from, bias: from === width - 1 };
}

/** The paths from a weight to E: for each, its factors { kind, letter, index, value } in forward order. */
export function pathsToLoss(focus, net, p) {
  const { layer, to, from, bias } = whereIs(focus, net);
  const factor = (kind, letter, index, value) => ({ kind, letter, index, value });
  const ends = (k) => [factor("y", "φ′", `r${k + 1}`, p.output.slope[k]), factor("d", "e", `${k + 1}`, p.miss[k])];
  const start = (values, name) => (bias ? [] : [factor("x", "o", `${name}${from + 1}`, values[from])]);
  if (layer === "r") return [{ k: to, factors: [...start(p.hidden.out, "q"), ...ends(to)] }];
  return net.r.map((row, k) => ({ k, factors: [...start(net.inputs, "p"), factor("y", "φ′", `q${to + 1}`, p.hidden.slope[to]),
    factor("w", "θ", `r${k + 1}${to + 1}`, row[to]), ...ends(k)] }));
}
