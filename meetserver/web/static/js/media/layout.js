/** How many columns show `count` pictures best in a given room. */

const BEST_ASPECT = 1.45; // between 4:3 and 16:9: little is cut off either

/** @returns {number} columns */
export function columnsFor(count, width, height, gap = 10) {
  let best = 1;
  let bestScore = -Infinity;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    const visible = Math.min(cellWidth / BEST_ASPECT, cellHeight); // the picture's height that fits
    const empty = columns * rows - count;
    const score = visible - empty * 2;
    if (score > bestScore) [best, bestScore] = [columns, score];
  }
  return best;
}
