// Amounts of FLOPs as plain numbers, as mavsr.report.names has them.

const UNITS = [["TFLOPs", 1, 0.1], ["GFLOPs", 1e3, 1], ["MFLOPs", 1e6, 0]];

// Name and factor of the unit in which an amount in TFLOPs is a plain number.
export function flopsUnit(tera) {
  return UNITS.find(([, factor, least]) => tera * factor >= least);
}

// Three digits of a number, and never an exponent.
export function plain(number) {
  return number.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

export function flops(tera) {
  const [unit, factor] = flopsUnit(tera);
  return `${plain(tera * factor)} ${unit}`;
}
