/** Units of counts since 1970, in ms. */
export const EPOCH_UNITS: Readonly<Record<string, number>> = {
  epoch_s: 1000,
  epoch_ms: 1,
  epoch_us: 1e-3,
  epoch_ns: 1e-6,
  dotnet_ticks: 1e-4,
  filetime: 1e-4,
};

/** Where other counts begin, in ms before 1970: those of .NET in the year 1, those of Windows in 1601. */
export const COUNTED_FROM: Readonly<Record<string, number>> = {
  dotnet_ticks: 62_135_596_800_000,
  filetime: 11_644_473_600_000,
};

/** Abbreviations that mean one zone only, in minutes east of UTC; EST and its like are those of North America. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
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

/** What stands behind a time: the name of a zone, an offset in minutes east of UTC (`+02:00`, `GMT+0100 (CET)`, `UTC`), or null. */
export function zoneOfText(text: string): string | number | null {
  const [, word = '', sign, hours, minutes = '0'] =
    /^(z(?=\[)|[a-z]*(?:\/[a-z_/]+)?)(?:([+-])(\d{1,2}):?(\d{2})?)?(?: [a-z]{3,5}|\s*\(.*\)|\[.*\])?$/i.exec(
      text,
    ) ?? [];
  if (word.includes('/') && sign === undefined) return word;
  const known = word === '' ? 0 : ABBREVIATIONS[word.toLowerCase()];
  if (known === undefined || (word === '' && sign === undefined)) return null;
  const offset =
    known + (sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)));
  return Math.abs(offset) > 1439 ? null : offset;
}

/**
 * Beginnings of the names of months, without accents, in English, German, French, Spanish, Italian, Portuguese, Dutch, the
 * Scandinavian languages, Finnish, Polish, Czech, Hungarian, Romanian, Turkish, Indonesian and Russian. A word of four letters
 * stands where three are also those of another month.
 */
const MONTHS: readonly (readonly string[])[] = [
  ['jan', 'ene', 'gen', 'sty', 'led', 'tamm', 'oca', 'ian', 'янв'],
  ['feb', 'fev', 'lut', 'uno', 'helm', 'sub', 'фев'],
  ['mar', 'mrz', 'mrt', 'maar', 'maal', 'bre', 'мар'],
  ['apr', 'abr', 'avr', 'kwi', 'dub', 'huht', 'nis', 'апр'],
  ['may', 'mai', 'mag', 'mei', 'maj', 'kve', 'touk', 'маи', 'мая'],
  ['jun', 'juin', 'giu', 'cze', 'kesa', 'haz', 'iun', 'июн'],
  ['jul', 'juil', 'lug', 'lip', 'hein', 'tem', 'iul', 'июл'],
  ['aug', 'ago', 'aou', 'sie', 'srp', 'elok', 'agu', 'авг'],
  ['sep', 'set', 'wrz', 'zar', 'syys', 'sze', 'eyl', 'сен'],
  ['oct', 'okt', 'out', 'ott', 'paz', 'rij', 'loka', 'eki', 'окт'],
  ['nov', 'lis', 'marr', 'kas', 'noi', 'ноя'],
  ['dec', 'dez', 'dic', 'des', 'gru', 'pro', 'joul', 'ara', 'дек'],
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

/** Abbreviations that one clock shows in winter and in summer. */
const OF_ONE_CLOCK: Readonly<Record<string, string>> = {
  'EDT EST': 'America/New_York',
  'CDT CST': 'America/Chicago',
  'PDT PST': 'America/Los_Angeles',
  'CEST CET': 'CET',
  'EEST EET': 'EET',
  'BST GMT': 'Europe/London',
};

/** The zone that all of these words mean: one name or offset, or both abbreviations of one clock; null for others. */
export function zoneOfWords(words: ReadonlySet<string>): string | null {
  const [word = ''] = words;
  if (words.size !== 1) return OF_ONE_CLOCK[[...words].toSorted().join(' ').toUpperCase()] ?? null;
  const found = word === '' ? null : zoneOfText(word);
  if (typeof found !== 'number') return found;
  const minutes = Math.abs(found);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${found < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** The zone that a line above the table tells: `# Timezone: America/New_York`, `Times are in UTC`; null where it tells none. */
export function zoneInLine(line: string): string | null {
  const [, word = ''] =
    /\b(?:time\s?zone|tz|times?(?: are)? in|zeitzone)\b\W{0,3}([A-Z][a-z]+\/[A-Za-z_]+|[A-Z]{2,4}(?:[+-]\d{1,2}(?::\d{2})?)?)/i.exec(
      line,
    ) ?? [];
  if (/^[A-Z][a-z]+\/|^(?:UTC|GMT)[+-]/.test(word)) return word;
  return ZONES_IN_NAMES[word.toLowerCase()] ?? null;
}

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
