// channel_mixer_maths: one output map from two input maps, term by term. Pure functions, no DOM.
// A mix is { maps, kernels, bias, uses, crossed }: two of each; `uses` says which maps the connection table lists;
// `crossed` exchanges the kernels, as a turn along a third axis does. Equations conv-fwd, conv-table
import { correlate2d, zeros } from "./tensor.mjs";

/** The kernel that map c meets. */
export function partner(c, crossed) {
  return crossed ? 1 - c : c;
}

/** Every product behind output (i, j), one list per map: { map, kernel, pixel, tap } with row-major numbers. */
export function productsOf({ maps, kernels, uses, crossed }, i, j) {
  return maps.map((map, c) => {
    const kernel = kernels[partner(c, crossed)];
    if (!uses[c]) return [];
    return kernel.flatMap((row, u) => row.map((tap, v) => ({
      pixel: (i + u) * map.length + j + v, tap: u * kernel.length + v, x: map[i + u][j + v], k: tap,
    })));
  });
}

/** The output map: multiply per map, add over the maps, add the bias. */
export function mixed({ maps, kernels, bias, uses, crossed }) {
  const size = maps[0].length - kernels[0].length + 1;
  const parts = maps.map((map, c) => (uses[c] ? correlate2d(map, kernels[partner(c, crossed)]) : zeros(size)));
  return zeros(size).map((row, i) => row.map((_, j) => bias + parts[0][i][j] + parts[1][i][j]));
}
