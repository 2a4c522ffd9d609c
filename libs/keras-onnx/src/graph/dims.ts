/**
 * One axis length: a number, a symbol known only at run time (`batch`, `samples`, `prices:1`), or arithmetic on them.
 * Plain JSON, so that the sizes of random masks can cross a process boundary and be worked out for each run.
 */
export type Dim = number | string | readonly ['+' | '*' | '//', Dim, Dim];

/** The axis that holds independent rows of a run. */
export const BATCH: Dim = 'batch';
/** The axis that holds Monte-Carlo samples. */
export const SAMPLES: Dim = 'samples';

/** Whether two lengths are certainly the same. */
export function sameDim(a: Dim, b: Dim): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** a + b, folded where both are known. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'number') return addDims(b, a);
  if (b === 0) return a;
  if (typeof b === 'number' && Array.isArray(a) && a[0] === '+' && typeof a[2] === 'number') {
    return addDims(a[1] as Dim, a[2] + b);
  }
  return ['+', a, b];
}

/** a · b, folded where both are known. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (typeof a === 'number') return multiplyDims(b, a);
  if (b === 1) return a;
  if (b === 0) return 0;
  if (Array.isArray(a) && a[0] === '*' && typeof a[2] === 'number') {
    const rest = a[1] as Dim;
    return typeof b === 'number' ? multiplyDims(rest, a[2] * b) : multiplyDims(multiplyDims(rest, b), a[2]);
  }
  return ['*', a, b];
}

/** ⌊a / b⌋; exact factors cancel, so that merging and splitting an axis gives the same symbol back. */
export function divideDims(a: Dim, b: Dim): Dim {
  if (sameDim(a, b)) return 1;
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number') return Math.floor(a / b);
  if (Array.isArray(a) && a[0] === '*') {
    const [, left, right] = a as readonly [string, Dim, Dim];
    if (sameDim(right, b)) return left;
    if (typeof right === 'number') {
      if (typeof b === 'number') {
        if (right % b === 0) return multiplyDims(left, right / b);
        if (b % right === 0) return divideDims(left, b / right);
      } else if (Array.isArray(b) && b[0] === '*' && typeof b[2] === 'number' && right % b[2] === 0) {
        return divideDims(multiplyDims(left, right / b[2]), b[1] as Dim);
      } else return multiplyDims(divideDims(left, b), right);
    } else if (sameDim(left, b)) return right;
  }
  return ['//', a, b];
}

/** ⌈a / b⌉. */
export function ceilDims(a: Dim, b: number): Dim {
  return b === 1 ? a : divideDims(addDims(a, b - 1), b);
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly Dim[]): Dim {
  return shape.reduce<Dim>(multiplyDims, 1);
}

/** The length for given symbols. Throws when a symbol is not bound. */
export function evaluateDim(dim: Dim, symbols: Readonly<Record<string, number>>): number {
  if (typeof dim === 'number') return dim;
  if (typeof dim === 'string') {
    const value = symbols[dim];
    if (value === undefined) throw new Error(`invariant broken: the length '${dim}' is not bound`);
    return value;
  }
  const left = evaluateDim(dim[1], symbols);
  const right = evaluateDim(dim[2], symbols);
  if (dim[0] === '+') return left + right;
  return dim[0] === '*' ? left * right : Math.floor(left / right);
}

/** `(batch, 24, 8)`, for messages. */
export function showShape(shape: readonly Dim[]): string {
  return `(${shape.map((dim) => (Array.isArray(dim) ? '?' : String(dim))).join(', ')})`;
}
