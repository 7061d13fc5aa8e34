// softmax_sliders_maths: probabilities, two losses and their gradients at the scores, and the words for them. No DOM.
// Tested in Node and on the built page against cnnlib. Equations softmax, softmax-jac, ce, ce-dlogits, squared-error

export const reach = 10;            // scores go from −reach to reach
export const temperatures = [0.25, 0.5, 1, 2, 4, 8];
const silence = 0.01;

/** softmax(z / T); the largest score is subtracted first, so that nothing overflows. */
export function softmax(z, T = 1) {
  const powers = shifted(z, T).map(Math.exp);
  const total = powers.reduce((sum, p) => sum + p, 0);
  return powers.map((p) => p / total);
}

/** (z − max z) / T: what is raised to a power. */
export function shifted(z, T = 1) {
  const top = Math.max(...z);
  return z.map((v) => (v - top) / T);
}

/** The true class gets 1 − ε, and ε is shared out evenly over all classes. */
export function targets(count, target, smoothing = 0) {
  return Array.from({ length: count }, (_, k) => (k === target ? 1 - smoothing : 0) + smoothing / count);
}

/** ∂y/∂z = (diag(y) − y yᵀ) / T (softmax-jac). */
export function jacobian(y, T = 1) {
  return y.map((a, i) => y.map((b, j) => (a * (Number(i === j) - b)) / T));
}

/** −Σ t ln y, from the scores: ln Σ e^(z − max) − (z − max). */
export function crossEntropy(z, t, T = 1) {
  const s = shifted(z, T);
  const log = Math.log(s.reduce((sum, v) => sum + Math.exp(v), 0));
  return t.reduce((sum, share, k) => sum + share * (log - s[k]), 0);
}

/**
 * Everything about one setting: y, t, Jacobian J, and for both losses the value and the gradient at the scores.
 * The dead zone: the answer is wrong, and the score of the true class gets from squared error less than a hundredth
 * of what it gets from cross-entropy.
 */
export function lastMile({ logits: z, target, smoothing = 0, temperature: T = 1 }) {
  const y = softmax(z, T);
  const t = targets(z.length, target, smoothing);
  const miss = y.map((v, k) => v - t[k]);
  const J = jacobian(y, T);
  const ce = miss.map((v) => v / T);                                                        // ce-dlogits
  const se = J.map((row) => row.reduce((sum, v, j) => sum + v * miss[j], 0));               // softmax-jac
  const best = Math.max(...z);
  const right = z[target] === best && z.filter((v) => v === best).length === 1;
  const tied = !right && z[target] === best;
  return { z, y, t, T, J, ce, se, miss, target, right, tied, smoothing, loss: { ce: crossEntropy(z, t, T), se: miss.reduce((sum, v) => sum + v * v, 0) / 2 },
    dead: !right && !tied && Math.abs(se[target]) < silence * Math.abs(ce[target]) };
}

/** The same for every score that class k might have, the others held: [{ at, ce, se, right, dead }, …]. */
export function alongScore(setting, k, steps = 160) {
  return Array.from({ length: steps + 1 }, (_, i) => {
    const at = (2 * reach * i) / steps - reach;
    const m = lastMile({ ...setting, logits: setting.logits.map((v, j) => (j === k ? at : v)) });
    return { at, ce: m.ce[k], se: m.se[k], right: m.right, dead: m.dead };
  });
}

/** Runs of points for which `test` holds, as pairs [first, last] of places on the axis. */
export function runs(points, test) {
  const found = [];
  points.forEach((p, i) => {
    if (!test(p)) return;
    if (i && test(points[i - 1])) found.at(-1)[1] = p.at;
    else found.push([p.at, p.at]);
  });
  return found;
}

/** A number with three decimals; a tiny one as a power of ten. */
export function digits(value) {
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const sized = Math.abs(value) < 0.0005 ? power10(value) : value.toFixed(3);
  return sized.replace("-", "−");
}

function power10(value) {
  const [lead, exponent] = value.toExponential(1).split("e");
  return `${lead}·10${[...exponent.replace("-", "⁻")].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? c).join("")}`;
}

/** Why a typed text is no score, as a sentence; empty when it is one. */
export function scoreComplaint(text, value) {
  if (Number.isFinite(value) && Math.abs(value) <= reach) return "";
  return `A score takes a number from −${reach} to ${reach}; ${text.trim() ? `“${text.trim().slice(0, 12)}”` : "nothing"} came, so the old value stays.`;
}

/** The sentence under the arithmetic: is the answer right, and how loudly does each loss complain? */
export function verdict(m) {
  const first = m.right ? `The answer is right: class ${m.target} has the largest probability.`
    : m.tied ? `Class ${m.target} shares the largest probability, so nothing is decided.`
      : `The answer is wrong: class ${m.z.indexOf(Math.max(...m.z))} is believed, and the true class ${m.target} gets ${digits(m.y[m.target])}.`;
  const [ce, se] = [m.ce[m.target], m.se[m.target]].map(digits);
  if (m.dead) return `${first} Dead zone: squared error sends z${low(m.target)} only ${se}; cross-entropy sends ${ce}.`;
  return `${first} Its score gets ${ce} from cross-entropy and ${se} from squared error.`;
}

/** 2 → ₂. */
export function low(index) {
  return "₀₁₂₃₄"[index];
}
