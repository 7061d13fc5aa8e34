// perceptron_maths: one unit, its three activations, its update, and whether a line exists. No DOM.
// Tested in Node and in the browser against cnnlib/perceptron.py. Equations perceptron-update, logistic-grad, tanh-sigmoid

/** The output for a net input z; sign has no value at 0 and says 0. */
export function unit(activation, z) {
  if (activation === "sign") return Math.sign(z);
  return activation === "tanh" ? Math.tanh(z) : 1 / (1 + Math.exp(-z));
}

/** What the unit should say: labels are ±1, and a sigmoid calls −1 by the name 0. */
export function target(activation, label) {
  return activation === "sigmoid" ? (label + 1) / 2 : label;
}

/** The loss of one sample: the criterion max(0, −tz) for sign, else −ln of the probability of the label. */
export function loss(activation, z, label) {
  if (activation === "sign") return Math.max(0, -label * z);
  const far = (activation === "tanh" ? 2 : 1) * label * z;
  return far > 0 ? Math.log1p(Math.exp(-far)) : Math.log1p(Math.exp(far)) - far;
}

export const netInput = ([x1, x2], [w1, w2], b) => w1 * x1 + w2 * x2 + b;

/** Everything about the step that point `index` causes, and the weights after it. */
export function step({ activation, points, labels, w, b, rate }, index) {
  const [x, label] = [points[index], labels[index]];
  const z = netInput(x, w, b);
  const [y, t] = [unit(activation, z), target(activation, label)];
  const right = label * z > 0;
  const error = activation === "sign" ? (right ? 0 : label) : t - y;      // what the input is multiplied with
  return { index, x, label, z, y, t, right, error, w: w.map((v, k) => tidy(v + rate * error * x[k])), b: tidy(b + rate * error) };
}

/** Whole runs of tenths stay free of the dust of binary fractions. */
function tidy(value) {
  const near = Math.round(value * 1e6) / 1e6;
  return Math.abs(value - near) < 1e-12 ? near : value;
}

const turn = (p, q, r) => (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
const between = (a, b, v) => Math.min(a, b) <= v && v <= Math.max(a, b);

/** Whether a point or segment `a` meets the point, segment or triangle `b`; whole numbers, so exactly. */
function meet(a, b) {
  const [p] = a;
  if (a.length === 1 && b.length === 1) return p[0] === b[0][0] && p[1] === b[0][1];
  if (a.length === 2) return turn(...a, b[0]) * turn(...a, b[1]) < 0 && turn(...b, a[0]) * turn(...b, a[1]) < 0;
  if (b.length === 2) return turn(...b, p) === 0 && between(b[0][0], b[1][0], p[0]) && between(b[0][1], b[1][1], p[1]);
  const turns = b.map((q, i) => turn(q, b[(i + 1) % 3], p));
  return turn(...b) !== 0 && (Math.min(...turns) >= 0 || Math.max(...turns) <= 0);
}

function combinations(list, count) {
  if (count === 0) return [[]];
  return list.flatMap((first, i) => combinations(list.slice(i + 1), count - 1).map((rest) => [first, ...rest]));
}

/** At most four points that show that no line exists, as [numbers of one label, numbers of the other]; null if one does. */
export function obstacle(points, labels) {
  const whole = points.map((point) => point.map((v) => Math.round(v * 100)));
  const kinds = [-1, 1].map((sign) => labels.flatMap((label, i) => (label === sign ? [i] : [])));
  for (const [few, many] of [[1, 1], [1, 2], [2, 2], [1, 3]]) {
    for (const [one, other] of [kinds, [...kinds].reverse()]) {
      for (const a of combinations(one, few)) for (const b of combinations(other, many)) {
        if (meet(a.map((i) => whole[i]), b.map((i) => whole[i]))) return [a, b];
      }
    }
  }
  return null;
}

/** The part of a polygon where w·x + b ≥ level. */
export function clip(polygon, w, b, level = 0) {
  const height = (p) => netInput(p, w, b) - level;
  return polygon.flatMap((p, i) => {
    const q = polygon[(i + 1) % polygon.length];
    const [u, v] = [height(p), height(q)];
    const cut = p.map((value, k) => value + (u / (u - v)) * (q[k] - value));
    return [...(u >= 0 ? [p] : []), ...((u >= 0) !== (v >= 0) ? [cut] : [])];
  });
}

/** Where the line w·x + b = 0 crosses the square from `low` to `high`: two points, or null. */
export function chord(w, b, low, high) {
  const square = [[low, low], [high, low], [high, high], [low, high]];
  const ends = square.flatMap((p, i) => {
    const q = square[(i + 1) % 4];
    const [u, v] = [netInput(p, w, b), netInput(q, w, b)];
    return (u >= 0) === (v >= 0) ? [] : [p.map((value, k) => value + (u / (u - v)) * (q[k] - value))];
  });
  return ends.length === 2 ? ends : null;
}

/** The net inputs at which the shading gets one tone darker. */
export function levels(activation) {
  if (activation === "sign") return [0];
  const odds = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => Math.log(n / (10 - n)));
  return activation === "tanh" ? odds.map((z) => z / 2) : odds;
}
