import type { DialectName } from '../csv/dialects.js';
import { DIALECTS, type CsvDialect } from '../csv/dialects.js';
import { epochOrder, isTimeText, timeOf } from '../csv/sample.js';
import { CellTimes, type DateOrder } from './cell-times.js';
import { periodFormat } from './period-forms.js';
import { formatOf, timeReader, type TimeReader } from './time-format.js';

/** How the times of a file are read. */
export interface TimePlan {
  readonly reader: TimeReader;
  /** In the notation of `strptime`. */
  readonly format: string;
  /** Orders that the dates allow so far, that of the reader first; one where it is settled. */
  readonly orders: readonly DateOrder[];
  /** A date that could be read in several ways. */
  readonly example: string;
  /** A zone that stands behind each time, such as `US/Eastern`. */
  readonly zone: string;
  /** Whether times carry offsets. */
  readonly hasOffsets: boolean;
}

const YEAR_LAST: readonly DateOrder[] = ['dmy', 'mdy', 'ymd'];

/**
 * Finds out how times are written from a sample of them.
 * @param configured a reader that a setting or the file's maker demands, and what it is for people
 * @param learned orders that the whole column allows, from a first reading
 */
export function planTimes(
  texts: readonly string[],
  configured: { readonly reader: TimeReader; readonly format: string } | null,
  dialect: DialectName | null,
  learned?: readonly DateOrder[],
): TimePlan {
  const example = texts.find((text) => isTimeText(text)) ?? texts.find((text) => text !== '') ?? '';
  const made = (reader: TimeReader, orders: readonly DateOrder[], format?: string): TimePlan => {
    timeOf(reader, example);
    const { zone, offset } = reader;
    return {
      reader,
      orders,
      example,
      zone,
      hasOffsets: !Number.isNaN(offset),
      format: format ?? formatOf(example, reader.order),
    };
  };
  if (configured !== null) return made(configured.reader, [configured.reader.order], configured.format);
  const epoch = epochOrder(texts);
  if (epoch !== null) return made(new CellTimes(epoch), [epoch]);
  const period = periodFormat(example);
  if (period !== null) return made(timeReader(period), ['ymd'], period);
  const orders = learned ?? possibleOrders(texts, dialect);
  return made(new CellTimes(orders[0] ?? 'ymd'), orders);
}

/** Orders in which every date of the sample (but for a few that are broken) is a date. */
function possibleOrders(texts: readonly string[], dialect: DialectName | null): readonly DateOrder[] {
  const plain = new CellTimes('ymd');
  const isPlain = (text: string): boolean => !Number.isNaN(timeOf(plain, text)) && plain.parts[0] === 0;
  const times = texts.filter((text) => ordersOf(text, YEAR_LAST).length > 0);
  const doubtful = times.filter((text) => !isPlain(text));
  if (doubtful.length < 0.5 * times.length || times.length === 0) return [onlyOrder(doubtful) ?? 'ymd'];
  // With points the day comes first wherever the year comes last.
  if (doubtful.filter((text) => /^\d{1,2}\.\d{1,2}\.\d{4}/.test(text)).length > 0.5 * doubtful.length)
    return ['dmy'];
  // Beside the name of a month only the year can be mistaken.
  let orders: readonly DateOrder[] = doubtful.every((text) => /^\d{1,2}[^\d]{3,}\d{1,2}\b/.test(text))
    ? ['dmy', 'ymd']
    : YEAR_LAST;
  for (const text of doubtful) {
    const left = ordersOf(text, orders);
    if (left.length > 0) orders = left;
  }
  const usual: CsvDialect = dialect === null ? { maker: '' } : DIALECTS[dialect];
  return usual.order !== undefined && orders.includes(usual.order) ? [usual.order] : orders;
}

/** The one order with the year last that a few dates among others have, as where a file was gone on with by hand; others are read in it, too. */
function onlyOrder(texts: readonly string[]): DateOrder | undefined {
  const orders = texts.reduce<readonly DateOrder[]>((left, text) => ordersOf(text, left), ['dmy', 'mdy']);
  return texts.length > 1 && orders.length === 1 ? orders[0] : undefined;
}

/** Those of some orders in which a text is a time. */
export const ordersOf = (text: string, orders: readonly DateOrder[]): DateOrder[] =>
  orders.filter((order) => !Number.isNaN(timeOf(new CellTimes(order), text)));
