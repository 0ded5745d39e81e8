// Numbers about numbers.

export function percentile(values, percent) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const round = (value, digits = 2) => (value === null ? null : Number(value.toFixed(digits)));

export function summary(values) {
  const at = (percent) => round(percentile(values, percent));
  return { min: at(0), median: round(median(values)), p95: at(95), p99: at(99), max: at(100) };
}
