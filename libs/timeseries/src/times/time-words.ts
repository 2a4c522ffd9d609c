/** Units of counts since 1970, in ms. */
export const EPOCH_UNITS: Readonly<Record<string, number>> = {
  epoch_s: 1000,
  epoch_ms: 1,
  epoch_us: 1e-3,
  epoch_ns: 1e-6,
};

/** Abbreviations that mean one zone only, in minutes east of UTC; EST and its like are those of North America. */
export const ABBREVIATIONS: Readonly<Record<string, number>> = {
  z: 0,
  utc: 0,
  gmt: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  cet: 60,
  cest: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  jst: 540,
  hkt: 480,
};

/** Beginnings of the names of months in English, German, French, Spanish, Italian and Portuguese, without accents. */
const MONTHS: readonly (readonly string[])[] = [
  ['jan', 'ene', 'gen'],
  ['feb', 'fev'],
  ['mar', 'mrz'],
  ['apr', 'abr', 'avr'],
  ['may', 'mai', 'mag'],
  ['jun', 'juin', 'giu'],
  ['jul', 'juil', 'lug'],
  ['aug', 'ago', 'aou'],
  ['sep', 'set'],
  ['oct', 'okt', 'out', 'ott'],
  ['nov'],
  ['dec', 'dez', 'dic'],
];
const BY_NAME: ReadonlyMap<string, number> = new Map(
  MONTHS.flatMap((names, month) => names.map((name) => [name, month + 1] as const)),
);

/** The month (1 to 12) whose name begins so; 0 for other words. */
export function monthNamed(word: string): number {
  const plain = word.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return BY_NAME.get(plain.slice(0, 4)) ?? BY_NAME.get(plain.slice(0, 3)) ?? 0;
}

/**
 * The year that is meant by two digits: 1950 to 2049. POSIX and pandas take 68 as 2068; no bar is from then.
 * @param digits how many were written
 */
export const wholeYear = (year: number, digits: number): number =>
  digits > 2 ? year : year + (year < 50 ? 2000 : 1900);

/** Zones by what people write behind the name of a column: `Time (EET)`, `date_utc`. */
const ZONES_IN_NAMES: Readonly<Record<string, string>> = {
  utc: 'UTC',
  gmt: 'UTC',
  eet: 'EET',
  cet: 'CET',
  est: 'EST',
  edt: '-04:00',
  et: 'America/New_York',
  ct: 'America/Chicago',
  msk: 'Europe/Moscow',
  ist: 'Asia/Kolkata',
  jst: 'Asia/Tokyo',
  kst: 'Asia/Seoul',
  hkt: 'Asia/Hong_Kong',
  sgt: 'Asia/Singapore',
};

/** The zone that the name of a column tells; null where it tells none. */
export function zoneInName(name: string): string | null {
  const named = /[([]\s*([A-Z][a-z]+\/[A-Za-z_]+|(?:UTC|GMT)[+-]\d{1,2}(?::\d{2})?)\s*[)\]]/.exec(name)?.[1];
  if (named !== undefined) return named;
  const [, inBrackets, last, first] =
    /[([]\s*([a-z]{2,4})\s*[)\]]\s*$|[a-z][\s_-]([a-z]{2,4})$|^(gmt|utc|est|eet|cet)[\s_-][a-z]/i.exec(
      name,
    ) ?? [];
  return ZONES_IN_NAMES[(inBrackets ?? last ?? first ?? '').toLowerCase()] ?? null;
}
