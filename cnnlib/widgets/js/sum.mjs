// sum: the arithmetic behind one number, as a line whose terms wear the colours of the formula.
import { h, show } from "./draw.mjs";

/** A coloured symbol with its index: symbol("w", "k", "22"). */
export function symbol(kind, letter, index = "") {
  return h("span", { class: `symbol ${kind}` }, letter, ...(index === "" ? [] : [h("sub", {}, String(index))]));
}

const factor = (kind, value) => h("span", { class: kind }, value < 0 ? `(${show(value)})` : show(value));

function joined(pieces, sign) {
  return pieces.flatMap((piece, i) => (i ? [h("span", { class: "sign" }, ` ${sign} `), piece] : [piece]));
}

/**
 * left = k·δ + … = 4·2 + … = 33. Each term is [{ kind, letter, index, value }, { … }].
 * With more than twelve terms the names are left out: the numbers alone fill the line.
 */
export function sumLine(left, terms, total) {
  const names = terms.map((pair) => h("span", { class: "term" }, ...pair.map((f) => symbol(f.kind, f.letter, f.index))));
  const numbers = terms.map(([a, b]) => h("span", { class: "term" }, factor(a.kind, a.value), "·", factor(b.kind, b.value)));
  const groups = terms.length > 12 ? [numbers] : [names, numbers];
  const equals = (...pieces) => h("span", { class: "group" }, h("span", { class: "sign" }, "= "), ...pieces);
  const body = terms.length ? groups.map((group) => equals(...joined(group, "+"))) : [];
  return [h("span", { class: "group" }, left), ...body.flatMap((g) => [" ", g]), " ", equals(h("strong", { class: "total" }, show(total)))];
}

/** k₂₂δ₂ → γ₇, k₂₁δ₂ → …: where one ingredient goes. Each use is [a, b, target]. */
export function usesLine(left, uses) {
  const items = uses.slice(0, 16).map(([a, b, target]) => h("span", { class: "group use" },
    symbol(a.kind, a.letter, a.index), symbol(b.kind, b.letter, b.index), h("span", { class: "sign" }, " → "),
    symbol(target.kind, target.letter, target.index)));
  const more = uses.length > 16 ? [h("span", { class: "group" }, `and ${uses.length - 16} more`)] : [];
  return [h("span", { class: "group" }, left, h("span", { class: "sign" }, " :")), " ", ...joined([...items, ...more], "·")];
}
