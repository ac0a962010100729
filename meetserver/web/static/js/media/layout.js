/** How many columns show `count` pictures best in a given room. */

/** Width by height of a cell: on a wide screen little is cut off 4:3 or 16:9; on a phone held upright faces matter. */
const BEST_ASPECT = { wide: 1.45, upright: 1 };

/** @returns {number} columns */
export function columnsFor(count, width, height, gap = 10) {
  const aspect = width > height ? BEST_ASPECT.wide : BEST_ASPECT.upright;
  let best = 1;
  let bestScore = -Infinity;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    const visible = Math.min(cellWidth / aspect, cellHeight); // the picture's height that fits
    const empty = columns * rows - count;
    const score = visible - empty * 2;
    if (score > bestScore) [best, bestScore] = [columns, score];
  }
  return best;
}
