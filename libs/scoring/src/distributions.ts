import { checkFinite, checkFraction, unscorable } from './check.js';

const SQRT_2PI = Math.sqrt(2 * Math.PI);
/** The sums below converge in some dozen terms; so many mean that an argument is out of any use. */
const MOST_TERMS = 10_000;
const TINY = 1e-300;
const EPSILON = 1e-16;

/** Density of the standard normal distribution at `z`. */
export const normalDensity = (z: number): number => Math.exp(-0.5 * z * z) / SQRT_2PI;

/**
 * P(Z ≤ z) of the standard normal distribution; relative error below 1e-13 in both tails.
 * By the incomplete gamma function: Abramowitz and Stegun (1964), 7.1.2 and 26.4.19.
 */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return NaN;
  const tail = 0.5 * upperGamma(0.5, 0.5 * z * z);
  return z > 0 ? 1 - tail : tail;
}

/** Coefficients of Wichura's three rational functions: numerators and denominators, lowest power first. */
const CENTRE = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
    67265.7709270087, 33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
] as const;
const MIDDLE = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
] as const;
const FAR = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
    0.000018463183175100548, 1.421511758316446e-7, 2.0442631033899397e-15,
  ],
] as const;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);
const ratio = ([above, below]: readonly (readonly number[])[], x: number): number =>
  polynomial(above ?? [], x) / polynomial(below ?? [], x);

/**
 * The standard normal quantile of `probability` (0 to 1, exclusive); relative error about 1e-16.
 * Wichura (1988), Algorithm AS 241: The percentage points of the normal distribution, Applied Statistics 37, 477–484.
 */
export function normalQuantile(probability: number): number {
  checkFraction('probability', probability);
  const q = probability - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? probability : 1 - probability));
  const size = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(FAR, r - 5);
  return q < 0 ? -size : size;
}

/**
 * P(X > x) of the chi-square distribution with `degrees` degrees of freedom.
 * Abramowitz and Stegun (1964), 26.4.19.
 */
export function chiSquareSurvival(x: number, degrees: number): number {
  checkFinite('x', x);
  if (!(degrees > 0)) throw unscorable(`degrees must be above 0, not ${degrees}`);
  return x <= 0 ? 1 : upperGamma(degrees / 2, x / 2);
}

/**
 * P(|T| > |t|) of Student's distribution with `degrees` degrees of freedom.
 * Abramowitz and Stegun (1964), 26.7.1, by the incomplete beta function.
 */
export function studentTwoSided(t: number, degrees: number): number {
  if (Number.isNaN(t)) throw unscorable('t must be a number, not NaN');
  if (!(degrees > 0)) throw unscorable(`degrees must be above 0, not ${degrees}`);
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** Lanczos' coefficients for g = 7, n = 9. */
const LANCZOS = [
  0.9999999999998099, 676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406,
  12.507343278686905, -0.13857109526572012, 0.000009984369578019572, 1.5056327351493116e-7,
];

/** ln Γ(x), x > 0. Lanczos (1964), A precision approximation of the gamma function, SIAM J. Numer. Anal. B 1, 86–96. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const [first = 0, ...rest] = LANCZOS;
  const sum = rest.reduce((total, coefficient, at) => total + coefficient / (x + at), first);
  const base = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/** Q(a, x) = Γ(a, x) / Γ(a): the series below a + 1, Legendre's continued fraction (by Lentz) above. */
function upperGamma(a: number, x: number): number {
  if (x === 0) return 1;
  if (!Number.isFinite(x)) return 0;
  const scale = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < MOST_TERMS && Math.abs(term) > Math.abs(sum) * EPSILON; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  let b = x + 1 - a;
  let d = 1 / b;
  let value = d;
  let c = 1 / TINY;
  for (let n = 1; n < MOST_TERMS; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / away(an * d + b);
    c = away(b + an / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return scale * value;
}

const away = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

/** I_x(a, b), by the continued fraction of Abramowitz and Stegun (1964), 26.5.8, from the side where it converges fast. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return value;
}
