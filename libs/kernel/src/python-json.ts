/** How Python would write it. */
export interface PythonForm {
  /** All numbers are floats. */
  readonly asFloats?: boolean;
  /** `separators=(",", ":")`: no blanks. */
  readonly compact?: boolean;
}

/**
 * Writes JSON as Python's `json.dumps(value, sort_keys=True)` does: keys in the order of their code points, `", "` and
 * `": "` between, everything but printable ASCII escaped, floats as Python's `repr`.
 *
 * JSON knows one kind of number, Python two: a whole number is written as an integer, unless the value stands where
 * `asFloats` is set (`1` is then `1.0`).
 */
export function pythonJson(value: unknown, form: PythonForm = {}): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return numberText(value, form.asFloats === true);
  if (typeof value === 'string') return stringText(value);
  const blank = form.compact === true ? '' : ' ';
  if (Array.isArray(value))
    return `[${value.map((one: unknown) => pythonJson(one, form)).join(`,${blank}`)}]`;
  const pairs = Object.entries(value as Record<string, unknown>)
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([key, one]) => `${stringText(key)}:${blank}${pythonJson(one, form)}`);
  return `{${pairs.join(`,${blank}`)}}`;
}

function numberText(value: number, asFloat: boolean): string {
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
  return isInteger && !asFloat ? String(value) : pythonFloat(value);
}

/** Python's `repr` of a finite float: the shortest digits that mean it, with an exponent below 1e-4 and from 1e16 on. */
export function pythonFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  // String() writes an exponent below 1e-6 and from 1e21 on only
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\f': String.raw`\f`,
  '\b': String.raw`\b`,
};

const stringText = (text: string): string =>
  `"${text.replaceAll(
    /["\\]|[^ -~]/g,
    (unit) => SHORT_ESCAPES[unit] ?? String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, '0'),
  )}"`;

/** JavaScript compares UTF-16 units, which puts U+FF00 behind an emoji. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const order = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
