import { bare, type BarRole, CLOCK_NAMES, ROLE_NAMES, TIME_NAMES } from './column-names.js';
import { isNumberText } from './numbers.js';

/** The roles of prices. */
export const PRICE_ROLES: readonly BarRole[] = ['OPEN', 'HIGH', 'LOW', 'CLOSE'];

/** Whether a name is that of a column with times, and how likely: 0 is the likeliest, -1 no such name. */
export const timeRank = (name: string): number => TIME_NAMES.indexOf(bare(name));

/** Names of the columns that the parts of a date have, where each stands for itself. */
const DATE_PARTS: readonly (readonly string[])[] = [
  ['year', 'yyyy', 'yr', 'jahr', 'ano', 'annee', 'anno'],
  ['month', 'mm', 'mon', 'mo', 'monat', 'mes', 'mois', 'mese'],
  ['day', 'dd', 'dayofmonth', 'tag', 'dia', 'jour', 'giorno'],
  ['hour', 'hh', 'stunde', 'hora', 'heure'],
  ['minute', 'mi', 'minuto'],
  ['second', 'sec', 'ss'],
];

/** Where year, month and day stand, and what follows of hour, minute and second; empty where a part of the date is missing. */
export function datePartCells(names: readonly string[]): readonly number[] {
  const bares = names.map(bare);
  const cells = DATE_PARTS.map((known) => bares.findIndex((name) => known.includes(name)));
  const missing = cells.indexOf(-1);
  const found = missing < 0 ? cells : cells.slice(0, missing);
  return found.length < 3 ? [] : found;
}

/** Whether a name is that of a column with times of day. */
export const isClockName = (name: string): boolean => CLOCK_NAMES.includes(bare(name));

/** Whether a name is that of a column of bars. */
export const isRoleName = (name: string): boolean =>
  Object.values(ROLE_NAMES).some((names) => name !== '' && names.includes(bare(name)));

/**
 * The column that plays each role, by its name. One that is spelled so in any case needs no entry: it is found by its own name.
 * @param names of columns that hold numbers
 */
export function rolesOf(names: readonly string[]): ReadonlyMap<BarRole, string> {
  const roles = new Map<BarRole, string>();
  const bares = names.map(bare);
  // One letter is a name only where all four stand together, as in the answers of APIs.
  const usable = ['o', 'h', 'l', 'c'].every((letter) => bares.includes(letter))
    ? bares
    : bares.map((one) => (one.length > 1 ? one : ''));
  for (const [role, known] of Object.entries(ROLE_NAMES) as [BarRole, readonly string[]][]) {
    if (names.some((name) => name.toUpperCase() === role)) continue;
    const found = known.map((name) => usable.indexOf(name)).find((at) => at >= 0);
    if (found !== undefined && ![...roles.values()].includes(names[found] ?? ''))
      roles.set(role, names[found] ?? '');
  }
  // Without a close they are no bars, whatever a column's name resembles.
  return roles.has('CLOSE') || names.some((name) => name.toUpperCase() === 'CLOSE')
    ? roles
    : rolesOfOneSymbol(names);
}

/** `AAPL.Open`, `Close_AAPL`, `('High', 'BTC-USD')` */
const WITH_SYMBOL = [
  /^\('(?<role>\w+)', '(?<symbol>[^']+)'\)$/,
  /^(?<symbol>.+)[._\s:|/-](?<role>[a-z]+)$/i,
  /^(?<role>[a-z]+)[._\s:|/-](?<symbol>.+)$/i,
];
const SYMBOL_ROLES: readonly BarRole[] = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'];

/** The columns of bars whose names carry a symbol, where there is one symbol with all four prices; of several none is meant. */
function rolesOfOneSymbol(names: readonly string[]): ReadonlyMap<BarRole, string> {
  for (const form of WITH_SYMBOL) {
    const symbols = new Map<string, Map<BarRole, string>>();
    for (const name of names) {
      const { symbol = '', role: word = '' } = form.exec(name)?.groups ?? {};
      const role = SYMBOL_ROLES.find((one) => one === word.toUpperCase());
      if (role === undefined) continue;
      const roles = symbols.get(symbol) ?? new Map<BarRole, string>();
      symbols.set(symbol, roles.set(role, name));
    }
    const [only, ...others] = [...symbols.values()].filter((roles) =>
      PRICE_ROLES.every((role) => roles.has(role)),
    );
    if (only !== undefined && others.length === 0) return only;
  }
  return new Map();
}

/** What bars are called where nothing says it. */
export const OHLCV = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'] as const;

/** Binance's files, which have no header. */
export const BINANCE_NAMES = [
  ...OHLCV,
  'close_time',
  'quote_volume',
  'trades',
  'taker_base_volume',
  'taker_quote_volume',
  'ignore',
] as const;

/** Names of a file without a header that everyone knows by its number of values behind the time. */
const KNOWN_WIDTHS: Readonly<Record<number, readonly string[]>> = {
  1: ['CLOSE'],
  2: ['CLOSE', 'VOLUME'],
  4: OHLCV.slice(0, 4),
  5: OHLCV,
  11: BINANCE_NAMES,
};

/**
 * Names for the values of a file without a header: open, high, low, close and volume where the numbers allow that reading
 * (the high is highest, the low lowest), else `column 2` and so on.
 * @param rows sampled values in the order of the file
 */
export function namesWithoutHeader(
  width: number,
  rows: readonly (readonly string[])[],
  toNumber: (text: string) => number,
  preset?: readonly string[],
): readonly string[] {
  const known =
    preset !== undefined && preset.length === width
      ? preset
      : (KNOWN_WIDTHS[width] ?? KNOWN_WIDTHS[5]?.slice(0, width < 4 ? 0 : 5));
  const unnamed = Array.from({ length: width }, (_, index) => `column ${index + 2}`);
  const generic = unnamed.map((name, index) => known?.[index] ?? name);
  if (width === 2 && preset === undefined && areTwoPrices(rows, toNumber)) return unnamed;
  const places = PRICE_ROLES.map((role) => generic.indexOf(role));
  if (places.includes(-1)) return generic;
  const isBar = (row: readonly string[]): boolean => {
    const [open = NaN, high = NaN, low = NaN, close = NaN] = places.map((place) =>
      toNumber(row[place] ?? ''),
    );
    // A price of 0 is a fault of the data and says nothing about the order of columns.
    return (
      Math.min(open, high, low, close) === 0 ||
      !(high < Math.max(open, low, close) || low > Math.min(open, close))
    );
  };
  const bars = rows.filter((row) => isNumberText(row[places[0] ?? 0] ?? ''));
  return bars.filter(isBar).length >= 0.95 * bars.length ? generic : unnamed;
}

/** Whether the second of two values follows the first as an ask follows a bid; volumes are far from the price. */
function areTwoPrices(rows: readonly (readonly string[])[], toNumber: (text: string) => number): boolean {
  const pairs = rows.map(([first = '', second = '']) => [toNumber(first), toNumber(second)] as const);
  const close = pairs.filter(([bid, ask]) => bid > 0 && Math.abs(ask - bid) <= 0.05 * bid);
  return pairs.length > 0 && close.length >= 0.95 * pairs.length;
}

/** A column by its name: exactly, then whatever its case and brackets; `column 3` is the third; -1 when there is none. */
export function findName(names: readonly string[], wanted: string): number {
  const exact = names.indexOf(wanted);
  if (exact >= 0) return exact;
  const place = /^column (\d+)$/.exec(wanted)?.[1];
  if (place !== undefined && Number(place) >= 1 && Number(place) <= names.length) return Number(place) - 1;
  return names.findIndex((name) => bare(name) === bare(wanted) && bare(name) !== '');
}
