/**
 * Money is an integer of micro-units (1e-6 of a currency) everywhere inside; these are its only ways in and out.
 * Amounts stay below 2^53 micro-units (9 thousand million), which both databases and JSON keep exactly.
 */
export const MICROS_PER_UNIT = 1_000_000;
const MICROS_PER_CENT = 10_000;

/**
 * Micro-units of an amount that came from outside, for example 3.5 → 3,500,000. More than 6 decimals are rounded,
 * halves upwards.
 * @throws RangeError for an amount that can't be kept exactly
 */
export function microsOf(amount: number): number {
  const micros = Math.round(amount * MICROS_PER_UNIT);
  if (!Number.isSafeInteger(micros)) throw new RangeError('an amount of money is beyond 2^53 micro-units');
  return micros + 0; // never -0
}

/** What programs that compute with floats are off by: 0.1 + 0.2 is an amount, 0.0000015 is none. */
const FLOAT_NOISE = 4 * Number.EPSILON;

/** Whether an amount from outside has at most 6 decimals, so that {@link microsOf} does not round it. */
export function isWholeMicros(amount: number): boolean {
  const nearest = Math.round(amount * MICROS_PER_UNIT) / MICROS_PER_UNIT;
  return Math.abs(amount - nearest) <= FLOAT_NOISE * Math.abs(amount);
}

/** An amount for JSON: at most 2 decimals, halves away from zero. */
export function moneyOf(micros: number): number {
  const cents = Math.sign(micros) * Math.round(Math.abs(micros) / MICROS_PER_CENT);
  return cents / 100 + 0;
}

/** A unit price for JSON: at most 6 decimals, exact. */
export const unitPriceOf = (micros: number): number => micros / MICROS_PER_UNIT;

/** An amount for people: at least 2 decimals and as many as it has, for example `12.00 USD`, `0.0015 USD`. */
export function moneyText(micros: number, currency: string): string {
  const digits = String(Math.abs(micros)).padStart(7, '0');
  const decimals = digits.slice(-6).replace(/0{1,4}$/, '');
  return `${micros < 0 ? '-' : ''}${digits.slice(0, -6)}.${decimals} ${currency}`;
}
