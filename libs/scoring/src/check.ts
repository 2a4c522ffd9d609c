import { AppError } from '#libs/kernel';

/** What every function of this library throws for numbers that it can't score. */
export const unscorable = (detail: string): AppError =>
  new AppError('invalid', detail, { code: 'invalid_score_input' });

/** @throws AppError `invalid` (code `invalid_score_input`) unless the value is finite */
export function checkFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw unscorable(`${name} must be a finite number, not ${value}`);
}

/** @throws AppError `invalid` (code `invalid_score_input`) unless there are `least` values or more, all finite */
export function checkList(name: string, values: ArrayLike<number>, least = 1): void {
  if (values.length < least)
    throw unscorable(`${name} needs ${least} or more values, and has ${values.length}`);
  // The name of a value is only written for one that is refused: lists are long, and checked for each forecast.
  for (let at = 0; at < values.length; at += 1)
    if (!Number.isFinite(values[at])) checkFinite(`${name}[${at}]`, values[at] ?? NaN);
}

/** @throws AppError `invalid` (code `invalid_score_input`) unless both lists are finite and as long as each other */
export function checkPair(
  names: readonly [string, string],
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): void {
  checkList(names[0], first);
  checkList(names[1], second);
  if (first.length !== second.length)
    throw unscorable(
      `${names[0]} has ${first.length} values, ${names[1]} has ${second.length}: they go in pairs`,
    );
}

/** @throws AppError `invalid` (code `invalid_score_input`) unless 0 < value < 1 */
export function checkFraction(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw unscorable(`${name} must lie between 0 and 1, not ${value}`);
}

/** Arithmetic mean of a list that is not empty. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] ?? NaN;
  return sum / values.length;
}
