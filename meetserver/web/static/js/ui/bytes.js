/** Sizes as people read them. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

export function sizeText(bytes) {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const maximumFractionDigits = power > 1 ? 1 : 0;
  return new Intl.NumberFormat(undefined, { style: "unit", unit: UNITS[power], unitDisplay: power ? "short" : "long", maximumFractionDigits }).format(bytes / 1024 ** power);
}

/** A sentence of the server's, with its numbers of bytes made readable. */
export const withSizes = (sentence) => sentence.replace(/(\d{4,}) bytes/g, (_, bytes) => sizeText(Number(bytes)));
