// conv_matrix_draw: a large W as a map of small squares, and the network whose lines are the entries of W.
// One path per tap, so that thousands of entries cost a dozen elements.
import { weighted } from "./conv_matrix_maths.mjs";
import { h } from "./draw.mjs";
import { put, vector } from "./svg.mjs";

const [step, side] = [15, 13];
// the tap's row, cut out of its square
const holes = [[], [[4, 4, 5, 5]], [[2, 5, 9, 3]], [[5, 2, 3, 9]]];

const box = (x, y, wide, high) => `M${x} ${y}h${wide}v${high}h${-wide}z`;
const cut = (x, y, wide, high) => `M${x} ${y}v${high}h${wide}v${-high}z`;

/** The numbers from `first` to below `count`. */
export const upTo = (count, first = 0) => Array.from({ length: count - first }, (_, k) => k + first);
/** Whether pixels stand above the matrix, as they do for W, or at its left, as for its transpose. */
export const upright = ({ view }) => view !== "backward";
const tones = { forward: ["x", "y"], backward: ["d", "d"], gradient: ["x", "d"] };

/** Places in groups that look alike: one for each tap, one for the entries of a dense layer that no tap has. */
function groups({ layout }, places) {
  return [-1, ...upTo(layout.tapCount)].map((tap) => ({ tap, places: places.filter((p) => p.tap === tap) })).filter((group) => group.places.length);
}

function listen(picture, point) {
  picture.addEventListener("click", point);
  picture.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" && !event.buttons) point(event); });
}

/** W as small squares under a strip of pixels and beside a strip of outputs; onPoint(row, column). */
export function heatMap(onPoint) {
  const picture = vector("svg", { role: "img" });
  const el = h("div", { class: "cm-scroll", tabindex: 0, role: "group", "aria-label": "matrix, scrollable" }, picture);
  let [standing, size] = [true, []];
  const at = (row, column) => (standing ? [column, row] : [row, column]).map((k) => (k + 1) * step + 1);

  listen(picture, (event) => {
    const { left, top: above } = picture.getBoundingClientRect();
    const [across, down] = [event.clientX - left, event.clientY - above].map((v) => Math.floor(v / step) - 1);
    const [row, column] = standing ? [down, across] : [across, down];
    if (row >= -1 && column >= -1 && row < size[0] && column < size[1]) onPoint(row, column);
  });

  function update(s, label, look) {
    standing = upright(s);
    const { rows, columns } = s.layout;
    size = [rows, columns];
    const [width, height] = at(rows, columns);
    put(picture, { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": label });
    const frame = (row, column, down, across) => {
      const [[x, y], [right, bottom]] = [at(row, column), at(row + down, column + across)];
      return box(x - 1, y - 1, right - x, bottom - y);
    };
    const squares = (kind, list, cuts = []) => vector("path", { class: kind, d: list.map(([row, column]) => {
      const [x, y] = at(row, column);
      return box(x, y, side, side) + cuts.map(([dx, dy, w, high]) => cut(x + dx, y + dy, w, high)).join("");
    }).join("") });
    const entries = groups(s, weighted(s.layout, s.weights)).map(({ tap, places }) => squares(`cm-squares ${look(tap)}`, places.map((p) => [p.row, p.column]), s.weights === "shared" ? holes[Math.floor(tap / s.m)] : []));
    const { on, at: q } = s.focus;
    const band = { y: () => frame(q, -1, 1, columns + 1), x: () => frame(-1, q, rows + 1, 1), entry: () => frame(Math.floor(q / columns), q % columns, 1, 1), w: () => "" }[on]();
    picture.replaceChildren(vector("path", { class: "cm-field", d: frame(0, 0, rows, columns) }), ...entries,
      squares(`cm-squares ${tones[s.view][0]}`, upTo(columns).map((k) => [-1, k])), squares(`cm-squares ${tones[s.view][1]}`, upTo(rows).map((k) => [k, -1])),
      squares("cm-marks", s.places.flatMap((p) => [[p.row, p.column], [p.row, -1], [-1, p.column]])), vector("path", { class: "cm-marks", d: band }));
  }
  return { el, update };
}

const height = 190;
const [top, bottom] = [26, 158];

/** The network: pixels above, outputs below, a line for every weight; onPoint(row, column) with −1 for a node. */
export function network(onPoint) {
  const picture = vector("svg", { role: "img" });
  const el = h("div", { class: "cm-drawing" }, picture);
  let [state, width] = [null, 700];
  const across = (k, n) => (k + 0.5) * (width / n);
  const ends = ({ row, column }) => [across(column, state.layout.columns), across(row, state.layout.rows)];
  const radius = (n) => Math.max(2, Math.min(14, width / n / 2 - 1.5));

  listen(picture, (event) => {
    const frame = picture.getBoundingClientRect();
    const [x, share] = [event.clientX - frame.left, (event.clientY - frame.top - top) / (bottom - top)];
    const { rows, columns } = state.layout;
    const under = (n) => Math.max(0, Math.min(n - 1, Math.floor((x / width) * n)));
    if (share < 0.12) onPoint(-1, under(columns));
    else if (share > 0.88) onPoint(under(rows), -1);
    else {
      const away = (p) => { const [a, b] = ends(p); return Math.abs(a + (b - a) * share - x); };
      const [best] = weighted(state.layout, state.weights).map((p) => [away(p), p]).sort((a, b) => a[0] - b[0]);
      if (best?.[0] < 9) onPoint(best[1].row, best[1].column);
    }
  });

  function arrowhead([x1, y1], [x2, y2], gap) {
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    const at = (back, beside) => `${x2 - ux * (gap + back) + uy * beside} ${y2 - uy * (gap + back) - ux * beside}`;
    return `M${at(1, 0)}L${at(11, 5)}L${at(11, -5)}z`;
  }

  function nodes(n, y, kind, letter, met, chosen) {
    return upTo(n).flatMap((k) => {
      const [x, r] = [across(k, n), radius(n)];
      const circle = vector("circle", { class: `cm-node ${kind}${met.has(k) ? " met" : ""}${chosen === k ? " chosen" : ""}`, cx: x, cy: y, r });
      return r < 11 ? [circle] : [circle, vector("text", { class: kind, x, y: y + 4 }, `${letter}${k + 1}`)];
    });
  }

  function update(s, look, name) {
    state = s;
    el.hidden = !s.layout.size;
    if (el.hidden) return;
    width = el.clientWidth || width;
    const { rows, columns } = s.layout;
    const all = weighted(s.layout, s.weights);
    const path = (kind, places) => vector("path", { class: `cm-line ${kind}`, d: places.map((p) => { const [a, b] = ends(p); return `M${a} ${top}L${b} ${bottom}`; }).join("") });
    const lines = (kind, places) => groups(s, places).map((group) => path(`${kind} ${look(group.tap)}`, group.places));
    const heads = (s.places.length > 36 || s.view === "gradient" ? [] : s.places).map((p) => {
      const [from, to] = ends(p).map((x, k) => [x, [top, bottom][k]]);
      return vector("path", { class: `cm-head ${look(p.tap)}`, d: upright(s) ? arrowhead(from, to, radius(rows)) : arrowhead(to, from, radius(columns)) });
    });
    const share = { y: 0.3, x: 0.7 }[s.focus.on] ?? 0.5;
    const tags = (s.weights !== "shared" || s.places.length > 16 || width / columns < 30 ? [] : s.places).map((p) => {
      const [a, b] = ends(p);
      return vector("text", { class: `cm-tag ${look(p.tap)}`, x: a + (b - a) * share, y: top + (bottom - top) * share + 4 }, name(p.tap));
    });
    put(picture, { width, height, viewBox: `0 0 ${width} ${height}`,
      "aria-label": `${columns} pixels above, ${rows} outputs below, ${all.length} lines, ${s.places.length} lit` });
    const [letters, node] = [{ forward: "xy", backward: "γδ", gradient: "xδ" }[s.view], s.focus.at];
    const met = (index) => new Set(s.places.map((p) => p[index]));
    picture.replaceChildren(...lines("", all), ...lines("lit", s.places), ...heads, ...tags,
      ...nodes(columns, top, tones[s.view][0], letters[0], met("column"), s.focus.on === "x" ? node : -1),
      ...nodes(rows, bottom, tones[s.view][1], letters[1], met("row"), s.focus.on === "y" ? node : -1));
  }

  /** Redraw when the place gets another width; returns the cleanup. */
  const watch = (redraw) => {
    const observer = new ResizeObserver(([{ contentRect }]) => { if (contentRect.width && Math.round(contentRect.width) !== Math.round(width)) redraw(); });
    observer.observe(el);
    return () => observer.disconnect();
  };
  return { el, update, watch };
}
