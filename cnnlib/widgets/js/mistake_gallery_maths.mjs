// mistake_gallery_maths: nine wrong backward passes as lists of terms, and the checks that look at them. No DOM.
// A layer's numbers come as { kind, wrong: "dx" | "dw", x, w, b, dy, window, stride, up } with arrays of four axes as
// { shape, data }. Tested in Node against cnnlib.mistakes. Equations vjp, central-diff, adjoint
const step = 1e-4;

const size = (shape) => shape.reduce((product, n) => product * n, 1);

/** Flat index of an entry of an array with four axes. */
export function at([, b, c, d], i, j, k, l) {
  return ((i * b + j) * c + k) * d + l;
}

/** The four indices of a flat index. */
export function where([, b, c, d], flat) {
  return [Math.floor(flat / (b * c * d)), Math.floor(flat / (c * d)) % b, Math.floor(flat / d) % c, flat % d];
}

function each(shape, visit) {
  const [a, b, c, d] = shape;
  for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) for (let l = 0; l < d; l++) visit(i, j, k, l);
}

/** Every product of a convolution: visit(output, pixel, tap) with four indices each. */
function meet({ x, w, dy }, visit) {
  const [O, C, Kh, Kw] = w.shape;
  const [N, , H, W] = dy.shape;
  each([N, O, H, W], (n, o, i, j) => each([C, Kh, Kw, 1], (c, u, v) => visit([n, o, i, j], [n, c, i + u, j + v], [o, c, u, v])));
}

/** The pixels of the window of one output, row by row. */
function windowOf({ x, window, stride }, n, c, i, j) {
  const list = [];
  for (let u = 0; u < window[0]; u++) for (let v = 0; v < window[1]; v++) {
    const [s, t] = [i * stride[0] + u, j * stride[1] + v];
    if (s < x.shape[2] && t < x.shape[3]) list.push(at(x.shape, n, c, s, t));
  }
  return list;
}

/** The layer's output, from its definition. */
export function forward(layer) {
  const { kind, x, w, b, dy } = layer;
  if (kind === "flatten") return x.data;
  const y = Array(size(dy.shape)).fill(0);
  if (kind === "conv") {
    each(dy.shape, (n, o, i, j) => { y[at(dy.shape, n, o, i, j)] = b.data[o]; });
    meet(layer, (q, p, k) => { y[at(dy.shape, ...q)] += x.data[at(x.shape, ...p)] * w.data[at(w.shape, ...k)]; });
    return y;
  }
  each(dy.shape, (n, c, i, j) => {
    const pixels = windowOf(layer, n, c, i, j).map((p) => x.data[p]);
    y[at(dy.shape, n, c, i, j)] = kind === "maximum" ? Math.max(...pixels) : pixels.reduce((a, v) => a + v, 0) / pixels.length;
  });
  return y;
}

/** The array whose gradient the mistake spoils. */
export const spoiled = (layer) => (layer.wrong === "dw" ? layer.w : layer.x);

/** For each entry of the gradient its terms { factor, of, from, delta }: factor · dy[delta], factor = of.data[from] if of. */
export function terms(layer, mistake = "") {
  const list = Array.from({ length: size(spoiled(layer).shape) }, () => []);
  ({ conv: convTerms, flatten: flattenTerms, maximum: maxTerms }[layer.kind] ?? meanTerms)(layer, mistake, list);
  return list;
}

function convTerms(layer, mistake, list) {
  const { x, w, dy, wrong } = layer;
  const [, , Kh, Kw] = w.shape;
  const [N, , H, W] = x.shape;
  const inside = ([, , s, t]) => s >= Kh - 1 && s <= H - Kh && t >= Kw - 1 && t <= W - Kw;
  meet(layer, (q, p, k) => {
    const delta = at(dy.shape, ...q);
    if (wrong === "dw") {
      const pixel = mistake === "batch axis flipped" ? [N - 1 - p[0], ...p.slice(1)] : p;
      const from = at(x.shape, ...pixel);
      list[at(w.shape, ...k)].push({ factor: x.data[from], of: "x", from, delta });
      return;
    }
    if (mistake === "valid for full" && !inside(p)) return;
    const tap = mistake === "kernel not turned" ? [k[0], k[1], Kh - 1 - k[2], Kw - 1 - k[3]]
      : mistake === "wrong sum over maps" ? [k[1], k[0], k[2], k[3]] : k;
    const from = at(w.shape, ...tap);
    list[at(x.shape, ...p)].push({ factor: w.data[from], of: "w", from, delta });
  });
}

function meanTerms(layer, mistake, list) {
  const { x, dy, window } = layer;
  const last = new Map();
  each(dy.shape, (n, c, i, j) => {
    const delta = at(dy.shape, n, c, i, j);
    if (mistake === "remainder row dropped" && ((i + 1) * window[0] > x.shape[2] || (j + 1) * window[1] > x.shape[3])) return;
    const pixels = windowOf(layer, n, c, i, j);
    pixels.forEach((p) => {
      const term = { factor: mistake === "missing 1/s²" ? 1 : 1 / pixels.length, delta };
      if (mistake !== "= for +=") list[p].push(term);
      else if (!last.has(p)) { last.set(p, term); list[p].push(term); }   // the loop over taps writes the first window last
    });
  });
}

function maxTerms(layer, mistake, list) {
  const { x, dy } = layer;
  each(dy.shape, (n, c, i, j) => {
    const pixels = windowOf(layer, n, c, i, j);
    const top = Math.max(...pixels.map((p) => x.data[p]));
    const winners = pixels.filter((p) => x.data[p] === top);
    (mistake ? winners : winners.slice(0, 1)).forEach((p) => list[p].push({ factor: 1, delta: at(dy.shape, n, c, i, j) }));
  });
}

function flattenTerms({ x }, mistake, list) {
  const [, C, H, W] = x.shape;
  each(x.shape, (n, c, i, j) => {
    const place = mistake ? j * H + i : i * W + j;
    list[at(x.shape, n, c, i, j)].push({ factor: 1, delta: (n * C + c) * H * W + place });
  });
}

/** The gradient that a list of terms adds up to. */
export function added(list, dy) {
  return list.map((own) => own.reduce((total, { factor, delta }) => total + factor * dy.data[delta], 0));
}

/** E = ⟨y, dy⟩ when entries of the array are changed by `change(value, k)`. */
export function loss(layer, change = (value) => value) {
  const name = layer.wrong === "dw" ? "w" : "x";
  const y = forward({ ...layer, [name]: { ...layer[name], data: layer[name].data.map(change) } });
  return y.reduce((total, value, q) => total + value * layer.dy.data[q], 0);
}

/** Nudge entry k by ±h: both losses and the slope between them (central-diff). */
export function nudge(layer, k) {
  const [up, down] = [step, -step].map((h) => loss(layer, (value, i) => (i === k ? value + h : value)));
  return { up, down, h: step, slope: (up - down) / (2 * step) };
}

const most = (list) => list.reduce((top, v) => Math.max(top, Math.abs(v)), 0);

/** Largest difference, divided by the largest entry. */
export function relative(a, b) {
  const scale = Math.max(most(a), most(b));
  return scale ? most(a.map((v, k) => v - b[k])) / scale : 0;
}

/** Everything about one layer: both gradients with their terms, the nudged one, and what three checks say. */
export function examine(layer, mistake) {
  const [rightTerms, wrongTerms] = [terms(layer), terms(layer, mistake)];
  const [right, wrong] = [rightTerms, wrongTerms].map((list) => added(list, layer.dy));
  const nudged = right.map((_, k) => nudge(layer, k).slope);
  const sum = (list) => list.reduce((a, v) => a + v, 0);
  const together = (loss(layer, (v) => v + step) - loss(layer, (v) => v - step)) / (2 * step);
  const there = loss(layer) - loss(layer, () => 0);
  const checks = (gradient) => {
    const back = gradient.reduce((total, v, k) => total + v * spoiled(layer).data[k], 0);
    const reach = Math.abs(there) + Math.abs(back);
    return { single: relative(gradient, nudged), together: relative([sum(gradient)], [together]), adjoint: reach ? Math.abs(there - back) / reach : 0 };
  };
  const differ = right.map((v, k) => Math.abs(v - wrong[k]) > 1e-9);
  return { right, wrong, nudged, rightTerms, wrongTerms, differ, count: differ.filter(Boolean).length, checks: checks(wrong), fair: checks(right) };
}

/** A layer with the reader's own numbers: edits are { "dy 3": 5 }. */
export function edited(layer, edits) {
  const changed = { ...layer };
  for (const [key, value] of Object.entries(edits)) {
    const [name, k] = key.split(" ");
    if (changed[name] === layer[name]) changed[name] = { ...layer[name], data: [...layer[name].data] };
    changed[name].data[Number(k)] = value;
  }
  return changed;
}
