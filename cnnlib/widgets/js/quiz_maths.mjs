// Judging an answer: which numbers were typed, and what kind of mistake they look like. No page in here.

const near = 1e-9;
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;
const squares = [2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 25];

/** One decimal number, or NaN. */
function plain(text) {
  return decimal.test(text) ? Number(text) : NaN;
}

/** Read "−1.5", "1/4" or "2e-3": { value, decimals } (a fraction counts as exact), or { why } in words. */
export function readNumber(text) {
  const clean = String(text).trim().replace(/[−–]/g, "-").replace(",", ".").replace(/\s*\/\s*/, "/");
  if (clean === "") return { why: "nothing" };
  const parts = clean.split("/");
  const value = parts.length === 1 ? plain(clean) : parts.length === 2 ? plain(parts[0]) / plain(parts[1]) : NaN;
  if (!Number.isFinite(value) || Math.abs(value) > 1e12) return { why: `“${String(text).trim().slice(0, 12)}”` };
  if (parts.length === 2) return { value, decimals: Infinity };
  const [mantissa, power = "0"] = clean.toLowerCase().split("e");
  return { value, decimals: (mantissa.split(".")[1] ?? "").length - Number(power) };
}

/** Whether two grids have one size and agree to rounding errors, or to so many decimals. */
export function same(found, wanted, digits = null) {
  return fits(found, wanted) && found.every((row, i) => row.every((v, j) => close(v, wanted[i][j], digits)));
}

const fits = (a, b) => a.length === b.length && a.every((row, i) => row.length === b[i].length);
const close = (a, b, digits) => Math.abs(a - b) <= (digits === null ? near * Math.max(1, Math.abs(b)) : 0.5000001 * 10 ** -digits);
const transpose = (rows) => rows[0].map((_, j) => rows.map((row) => row[j]));
const turn = (rows) => rows.map((row) => [...row].reverse()).reverse();
const scaled = (rows, k) => rows.map((row) => row.map((v) => k * v));
const places = (rows, picks) => rows.flatMap((row, i) => row.flatMap((v, j) => (picks(v, i, j) ? [[i, j]] : [])));

/** What stops texts from being judged, or null: empty fields and texts that are no numbers. */
function refusal(texts) {
  const read = texts.map((row) => row.map(readNumber));
  const bad = places(read, (r) => r.why);
  if (!texts.length || !texts[0].length) return { kind: "refused", text: "Say first how many rows and columns the answer has.", bad };
  if (!bad.length) return null;
  const strange = bad.map(([i, j]) => read[i][j].why).find((why) => why !== "nothing");
  const text = strange ? `A field takes a number such as −3, 0.25 or 1/4; ${strange} came.`
    : bad.length === read.flat().length ? "Type your answer first." : `${bad.length === 1 ? "One field is" : `${bad.length} fields are`} still empty.`;
  return { kind: "refused", text, bad };
}

/** The factor between two grids, or null: of a single number only a telling one. */
function factor(found, wanted) {
  if (!fits(found, wanted)) return null;
  const [a, b] = [found.flat(), wanted.flat()];
  const top = b.reduce((most, v, k) => (Math.abs(v) > Math.abs(b[most]) ? k : most), 0);
  if (b[top] === 0) return null;
  const k = a[top] / b[top];
  if (!same(found, scaled(wanted, k))) return null;
  const lone = b.filter((v) => v !== 0).length === 1;
  return lone && !squares.some((n) => close(Math.abs(k), n, null) || close(Math.abs(1 / k), n, null)) && (k !== 0 || b.length === 1) ? null : k;
}

/** "4 times what it should be", and what that often means. */
function aboutFactor(k, count) {
  const [each, size] = [count > 1 ? "Every entry is" : "That is", Math.abs(k)];
  const whole = (v) => close(v, Math.round(v), null) && Math.round(v) > 1;
  if (k === 0) return "Everything is 0 here, and should not be.";
  const sign = k < 0 ? " And the sign is turned." : "";
  const root = (n) => (whole(Math.sqrt(n)) ? `${n} = ${Math.round(Math.sqrt(n))}²` : `${n}`);
  if (whole(size)) return `${each} ${Math.round(size)} times what it should be: a division by ${root(Math.round(size))} may be missing (1/s² of a mean, 1/N of a batch).${sign}`;
  if (whole(1 / size)) return `${each} 1/${Math.round(1 / size)} of what it should be: was it divided by ${root(Math.round(1 / size))} once too often?${sign}`;
  return `${each} ${Number(size.toPrecision(3))} times what it should be.${sign}`;
}

/** Whether every text is the answer, rounded to as many decimals as were typed. */
function isRounded(texts, found, wanted, digits) {
  return fits(found, wanted) && found.every((row, i) => row.every((v, j) => {
    const { decimals } = readNumber(texts[i][j]);
    return close(v, wanted[i][j], digits) || (v !== 0 && Number.isFinite(decimals) && Math.abs(v - wanted[i][j]) <= 0.5000001 * 10 ** -decimals);
  }));
}

/**
 * Judge texts as an answer to a question: { kind, text, bad } with kind "right", "refused" or the mistake's, and the
 * places to mark. The given wrong answers come first, then what can be seen without knowing the question.
 */
export function judge(question, texts) {
  const stop = refusal(texts);
  if (stop) return stop;
  const { answer, digits = null } = question;
  const found = texts.map((row) => row.map((text) => readNumber(text).value));
  const reply = (kind, text, bad = []) => ({ kind, text, bad });
  if (same(found, answer, digits)) return reply("right", "Right.");
  const known = question.wrong.find((other) => same(found, other.values, digits));
  if (known) return reply("known", known.says);
  const row = answer.length === 1;
  const count = answer.flat().length;
  if (count > 1 && same(found, transpose(answer), digits)) return reply("transposed", "These are the right numbers with rows and columns exchanged: transposed.");
  if (count > 1 && same(found, turn(answer), digits)) return reply("turned", row ? "These are the right numbers in reverse order." : "These are the right numbers, but turned by 180°.");
  if (same(found, scaled(answer, -1), digits)) return reply("sign", count > 1 ? "Every sign is turned." : "The sign is turned.");
  const k = factor(found, answer);
  if (k !== null) return reply("factor", aboutFactor(k, count));
  if (isRounded(texts, found, answer, digits)) return reply("rounding", digits ? `Rounded too early: ${digits} decimals are asked.` : "That is the right answer, rounded. The exact one is asked; a fraction such as 1/3 is welcome.");
  if (!fits(found, answer)) return reply("size", question.size_asked ? `The size is not right yet: the answer is not ${found.length} × ${found[0].length}.` : "The answer has another size.");
  const bad = places(found, (v, i, j) => !close(v, answer[i][j], digits));
  if (bad.length < count) return reply("some", `${bad.length} of ${count} entries ${bad.length === 1 ? "is" : "are"} not right yet; ${bad.length === 1 ? "it is" : "they are"} marked. The others are right.`, bad);
  return reply("unknown", count > 1 ? "No entry is right yet, and the mistake is none that is known here." : "Not right yet, and the mistake is none that is known here.", bad);
}
