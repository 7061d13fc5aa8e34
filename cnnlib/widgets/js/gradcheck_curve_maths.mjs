// gradcheck_curve_maths: four functions of one number, their backward passes, right and with a mistake, and three
// ways to estimate a slope. No DOM. Tested in Node against cnnlib. Equations central-diff, complex-step

export const lowest = -20;       // log₁₀ of the smallest step
export const unit = 2 ** -53;    // rounding of a number near 1

const plus = ([a, b], [c, d]) => [a + c, b + d];
const times = ([a, b], [c, d]) => [a * c - b * d, a * d + b * c];
const over = ([a, b], [c, d]) => { const r = c * c + d * d; return [(a * c + b * d) / r, (b * c - a * d) / r]; };
const expOf = ([a, b]) => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)];
const sinOf = ([a, b]) => [Math.sin(a) * Math.cosh(b), Math.cos(a) * Math.sinh(b)];

const kernel = [0.1, 0.2, 0.3, 0.4];
const targets = [0, 1, 1, 0];
const picture = (t) => [0.1, 0.2, 0.3, 0.4, t, 0.6, 0.7, 0.8, 0.9];
const corners = [0, 1, 3, 4];    // of the four windows, and of the four taps in each
const squash = (z) => 1 / (1 + Math.exp(-z));
const netInputs = (t) => corners.map((i) => corners.reduce((sum, tap, k) => sum + kernel[k] * picture(t)[i + tap], 0));

/** The slope that conv-dx gives for the pixel in the middle: it lies under tap 3 − k of window k. */
function convSlope(t, turned) {
  const delta = netInputs(t).map((z, k) => (squash(z) - targets[k]) * squash(z) * (1 - squash(z)));
  return delta.reduce((sum, d, k) => sum + d * kernel[turned ? 3 - k : k], 0);
}

/** name → { real, complex (null where there is none), slope, mistaken } */
export const functions = {
  "e^(sin t)": {
    real: (t) => Math.exp(Math.sin(t)),
    complex: (z) => expOf(sinOf(z)),
    slope: (t) => Math.cos(t) * Math.exp(Math.sin(t)),
    mistaken: (t) => Math.exp(Math.sin(t)),
  },
  "conv, sigmoid, ½Σ(y − t)²": {
    real: (t) => netInputs(t).reduce((sum, z, k) => sum + (squash(z) - targets[k]) ** 2 / 2, 0),
    complex: (z) => corners.reduce((sum, i, w) => {
      const net = corners.reduce((s, tap, k) => plus(s, i + tap === 4 ? [kernel[k] * z[0], kernel[k] * z[1]] : [kernel[k] * picture(0)[i + tap], 0]), [0, 0]);
      const miss = plus(over([1, 0], plus([1, 0], expOf([-net[0], -net[1]]))), [-targets[w], 0]);
      return plus(sum, times([0.5, 0], times(miss, miss)));
    }, [0, 0]),
    slope: (t) => convSlope(t, true),
    mistaken: (t) => convSlope(t, false),
  },
  "exp of a 2 × 2 mean": {
    real: (t) => Math.exp((t + 1 + 2 + 3) / 4),
    complex: ([a, b]) => expOf([(a + 1 + 2 + 3) / 4, b / 4]),
    slope: (t) => Math.exp((t + 1 + 2 + 3) / 4) / 4,
    mistaken: (t) => Math.exp((t + 1 + 2 + 3) / 4),
  },
  "relu(sin t)": {
    real: (t) => Math.max(Math.sin(t), 0),
    complex: null,
    slope: (t) => (Math.sin(t) > 0 ? Math.cos(t) : 0),
    mistaken: (t) => Math.cos(t),
  },
};

export const methods = {
  forward: (f, t, h) => (f.real(t + h) - f.real(t)) / h,
  central: (f, t, h) => (f.real(t + h) - f.real(t - h)) / (2 * h),                   // central-diff
  complex: (f, t, h) => (f.complex ? f.complex([t, h])[1] / h : null),               // complex-step
};

/** How far an estimate lies from what the backward pass gives; null where the method cannot be used. */
export function miss(name, method, t, h, planted) {
  const f = functions[name];
  const estimate = methods[method](f, t, h);
  return estimate === null ? null : Math.abs(estimate - (planted ? f.mistaken(t) : f.slope(t)));
}

/** The errors of one method over all steps, as [log₁₀ h, error], four a decade. */
export function curve(name, method, t, planted) {
  if (methods[method](functions[name], t, 1) === null) return [];
  return Array.from({ length: -lowest * 4 + 1 }, (_, i) => lowest + i / 4).map((e) => [e, miss(name, method, t, 10 ** e, planted)]);
}

/** What curvature and rounding should cost: h/2·|f″| or h²/6·|f‴|, and u·|f|/h; null beside a kink. */
export function expected(name, method, t, h) {
  const f = functions[name];
  if (!f.complex) return null;
  const [d, at] = [1e-3, (s) => f.slope(t + s)];
  const second = Math.abs(at(d) - at(-d)) / (2 * d);
  const third = Math.abs(at(d) - 2 * at(0) + at(-d)) / d ** 2;
  if (method === "complex") return { curvature: (h * h * third) / 6, rounding: unit * Math.abs(f.slope(t)) };
  return { curvature: method === "forward" ? (h * second) / 2 : (h * h * third) / 6, rounding: (unit * Math.abs(f.real(t))) / h };
}

/** The step with the smallest error on the curve; the middle one of several. */
export function bestStep(points) {
  const least = Math.min(...points.map(([, error]) => error));
  const best = points.filter(([, error]) => error === least);
  return best[Math.floor(best.length / 2)][0];
}

/** How many leading characters two written numbers share. */
export function shared(a, b) {
  let k = 0;
  while (k < a.length && a[k] === b[k]) k++;
  return k;
}
