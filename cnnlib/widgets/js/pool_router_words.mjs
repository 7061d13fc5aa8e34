// pool_router_words: what PoolRouter says: names, shares as they are written, the sentence under the sum. No DOM of its own.
import { listed, show } from "./draw.mjs";

export const kindNames = { sum: "sum", mean: "mean", max: "max", l2: "L2" };
const plural = (count, word) => `${word}${count === 1 ? "" : "s"}`;

export const root = (p) => (p % 1 ? `√${show(p * p)}` : show(p));

/** A share as it is written: 1, 1/4, 3/√30; short for the small corner of a cell. */
export function written(s, q, k, short = false) {
  const { values, members, value, shares, ties } = s.windows[q];
  if (s.kind === "mean") return `1/${members}`;
  if (s.kind === "max") return shares[k] > 0 && shares[k] < 1 ? `1/${ties}` : show(shares[k]);
  if (s.kind === "sum") return "1";
  return value === 0 ? "0" : short ? show(shares[k]) : `${show(values[k])}/${root(value)}`;
}

export const nameOf = (s, pixel) => s.names[pixel] || "–";

const pixelsNamed = (s, pixels) => `${plural(pixels.length, "pixel")} ${listed(pixels.map((k) => nameOf(s, k)))}`;

/** Why there is no output, in words. */
export function impossible({ n, m, padding }) {
  if (2 * padding > m) return `Padding ${padding} is more than half of a ${m} × ${m} window: some windows would see nothing else. Take at most ${m >> 1}, or a larger window.`;
  return `A ${m} × ${m} window does not fit on a ${n} × ${n} image${padding ? ` with padding ${padding}` : ""}. Make the image larger or the window smaller.`;
}

/** The sentence under the sum: who made this number, and who is paid for it. */
export function poolSentence(s) {
  if (!s.count) return impossible(s);
  const q = s.focus + 1;
  if (s.focusOn === "x") {
    const me = `${nameOf(s, s.focus) === "–" ? q : nameOf(s, s.focus)}`;
    if (!s.met.length) return `No window reads pixel ${me}, so nothing depends on it: its gradient is 0.`;
    const paid = s.met.filter((o) => s.windows[o].shares[s.windows[o].pixels.indexOf(s.focus)] !== 0).length;
    const won = s.kind === "max" ? ` and wins ${paid === s.met.length && paid > 1 ? "them all" : paid || "none"}` : "";
    return `Pixel ${me} lies in ${s.met.length} ${plural(s.met.length, "window")}${won}.${paid > 1 ? " Its shares add up: a program must write +=, not =." : ""}`;
  }
  const w = s.windows[s.focus];
  const step = s.frame < 0 ? "" : ` γ holds what ${q} of ${s.windows.length} δ have paid so far.`;
  const all = pixelsNamed(s, w.pixels);
  const ghosts = w.members - w.pixels.length;
  if (s.kind === "sum") return `Output ${q} adds up ${all}, each with slope 1: each receives a copy of δ${q}.${step}`;
  if (s.kind === "mean") return `Output ${q} is the mean of ${all}${ghosts ? ` and ${ghosts} ${plural(ghosts, "zero")} of the padding` : ""}: each pixel receives 1/${w.members} of δ${q}.${step}`;
  if (s.kind === "l2") return (w.value ? `A pixel of window ${q} receives a/p of δ${q}: the larger it is, the more.` : `Window ${q} holds only 0. There a norm has a kink and no gradient; by agreement 0 goes back.`) + step;
  const winners = w.pixels.filter((_, k) => w.values[k] === w.value);
  if (winners.length === 1) return `Pixel ${nameOf(s, winners[0])} wins window ${q} and receives all of δ${q}. Move a loser a little and p${q} stays: slope 0.${step}`;
  const verdict = s.split ? `Split evenly, each receives 1/${winners.length} of δ${q}.` : `By rule the first in reading order, pixel ${nameOf(s, winners[0])}, receives all of δ${q}.`;
  return `A tie at ${show(w.value)} between ${pixelsNamed(s, winners)}: there the maximum has no derivative. ${verdict}${step}`;
}

/** The setting in words, for readers who hear the page. */
export const poolSetting = (s) => `${kindNames[s.kind]} pooling, ${s.n} × ${s.n} image, ${s.m} × ${s.m} window, stride ${s.stride}, padding ${s.padding}${s.ceil ? ", ceil mode" : ""}: ${s.count} × ${s.count} outputs.`;
