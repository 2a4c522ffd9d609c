import { isRecord } from '#libs/kernel';
import { refuse } from './csv-format.js';
import { isTimeText } from './sample.js';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LF = 0x0a;

/**
 * The rows of a JSON file as lines with commas. A list of lists (freqtrade, ccxt, Binance) is turned byte by byte; records,
 * columns and what APIs wrap around them are read as a whole.
 * @throws CsvRefused `csv_json`, `csv_too_large`
 */
export async function* jsonRows(
  file: string,
  chunks: AsyncGenerator<Buffer>,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield first.value;
    yield* chunks;
  };
  if (/^\s*\[\s*\[\s*[^[\]{}]*\]/.test(first.value.toString('latin1', 0, 4096))) yield* listRows(whole());
  else yield* textRows(file, await wholeText(file, whole(), maxBytes));
}

/** `[[1,2],[3,4]]` as `1,2` and `3,4`, each on a line. */
async function* listRows(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let [depth, quoted, escaped] = [0, false, false];
  for await (const chunk of chunks) {
    const out = Buffer.allocUnsafe(chunk.length);
    let size = 0;
    for (const byte of chunk) {
      if (quoted) {
        quoted = escaped || byte !== QUOTE;
        escaped = !escaped && byte === BACKSLASH;
      } else if (byte === QUOTE) quoted = true;
      else if (byte === OPEN) {
        depth += 1;
        continue;
      } else if (byte === CLOSE) {
        depth -= 1;
        if (depth !== 1) continue;
        out[size] = LF;
        size += 1;
        continue;
      } else if (byte <= 0x20) continue;
      if (depth < 2) continue;
      out[size] = byte;
      size += 1;
    }
    yield out.subarray(0, size);
  }
}

async function wholeText(file: string, chunks: AsyncGenerator<Buffer>, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) {
      const detail = `${file} has more than ${Math.floor(maxBytes / 1e6)} MB of JSON; save it as CSV, or as a list of lists`;
      throw refuse('too_large', 'csv_too_large', detail);
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A table: names of its columns, where they have names, and rows. */
interface Table {
  readonly names: readonly string[] | null;
  readonly rows: Iterable<readonly unknown[]>;
}

/** Rows of text that are handed over at once. */
const ROWS_AT_ONCE = 2000;

async function* textRows(file: string, text: string): AsyncGenerator<Buffer> {
  const table = tableOf(parsed(file, text), 0);
  if (table === null) {
    const detail = `${file} is JSON without a table: a list of lists, a list of records, or lists of one length by name is needed`;
    throw refuse('invalid', 'csv_json', detail);
  }
  let lines = table.names === null ? [] : [lineOf(table.names)];
  for (const row of table.rows) {
    lines.push(lineOf(row));
    if (lines.length < ROWS_AT_ONCE) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  yield Buffer.from(`${lines.join('\n')}\n`);
}

const lineOf = (cells: readonly unknown[]): string => cells.map(cellOf).join(',');

function cellOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return '';
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (
      lines.length > 1 &&
      lines.every((line) => line.trimStart().startsWith('{') && line.trimEnd().endsWith('}'))
    ) {
      return parsed(file, `[${lines.join(',')}]`);
    }
    const place =
      error instanceof Error
        ? (/position \d+(?: \(line \d+ column \d+\))?/.exec(error.message)?.[0] ?? 'its end')
        : '';
    throw refuse('invalid', 'csv_json', `${file} begins like JSON, but is none from ${place} on`);
  }
}

/** Levels below which no table is looked for. */
const MAX_DEPTH = 5;

/** The first table in a value: itself, or the first of its members that is one. */
function tableOf(value: unknown, depth: number): Table | null {
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) return listTable(value, depth);
  if (!isRecord(value)) return null;
  const own = splitTable(value) ?? columnTable(value) ?? keyedTable(value);
  if (own !== null) return own;
  for (const member of Object.values(value)) {
    const table = tableOf(member, depth + 1);
    if (table !== null) return table;
  }
  return null;
}

function listTable(list: readonly unknown[], depth: number): Table | null {
  const [first] = list;
  if (Array.isArray(first))
    return first.some((cell) => typeof cell === 'number') || first.every((cell) => typeof cell === 'string')
      ? { names: null, rows: list.filter(Array.isArray) }
      : null;
  if (!isRecord(first)) return null;
  const records = list.filter(isRecord);
  const isFlat = Object.values(first).filter((cell) => typeof cell !== 'object' || cell === null).length >= 2;
  if (!isFlat) return tableOf(first, depth + 1);
  return recordTable(records);
}

/** Records whose members are looked at for names. */
const NAMED_RECORDS = 1000;

function recordTable(nested: readonly Record<string, unknown>[], first?: string): Table {
  const records = flattened(nested);
  const names = [...new Set(records.slice(0, NAMED_RECORDS).flatMap((record) => Object.keys(record)))];
  const rows = function* (): Iterable<readonly unknown[]> {
    for (const record of records) yield names.map((name) => record[name]);
  };
  return { names: first === undefined ? names : [first, ...names], rows: rows() };
}

/** Records within records (the candles of OANDA: `{"time": ..., "mid": {"o": ...}}`) beside their siblings; `bid_o` where there are several. */
function flattened(records: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] {
  const inner = new Set(
    records
      .slice(0, NAMED_RECORDS)
      .flatMap((record) => Object.keys(record).filter((key) => isRecord(record[key]))),
  );
  if (inner.size === 0) return records;
  return records.map((record) => {
    const flat: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(record)) {
      if (!isRecord(value)) flat[key] = value;
      else
        for (const [name, cell] of Object.entries(value))
          flat[inner.size === 1 && !(name in record) ? name : `${key}_${name}`] = cell;
    }
    return flat;
  });
}

/** pandas' `orient="split"`: `{"columns": [...], "index": [...], "data": [[...]]}`. */
function splitTable({ columns, data, index }: Record<string, unknown>): Table | null {
  if (!Array.isArray(columns) || !Array.isArray(data) || !Array.isArray(data[0])) return null;
  const rows = data.filter(Array.isArray) as readonly unknown[][];
  if (!Array.isArray(index)) return { names: columns.map(String), rows };
  return { names: ['index', ...columns.map(String)], rows: rows.map((row, at) => [index[at], ...row]) };
}

/** Lists of one length by name (`{"t": [...], "c": [...]}`), also where some lie deeper, as in Yahoo's charts. */
function columnTable(value: Record<string, unknown>): Table | null {
  const columns = new Map<string, readonly unknown[]>();
  collectLists(value, columns, 0);
  const lists = [...columns.values()];
  const length = lists[0]?.length ?? 0;
  if (
    lists.length < 2 ||
    length === 0 ||
    lists.some((list) => list.length !== length) ||
    !Object.values(value).some((member) => Array.isArray(member) && member === lists[0])
  )
    return null;
  const rows = function* (): Iterable<readonly unknown[]> {
    for (let row = 0; row < length; row += 1) yield lists.map((list) => list[row]);
  };
  return { names: [...columns.keys()], rows: rows() };
}

function collectLists(value: unknown, into: Map<string, readonly unknown[]>, depth: number): void {
  if (depth > MAX_DEPTH || (!isRecord(value) && !Array.isArray(value))) return;
  for (const [name, member] of Object.entries(value)) {
    if (
      Array.isArray(member) &&
      member.length > 0 &&
      member.every((cell) => typeof cell !== 'object' || cell === null)
    )
      into.set(name, member);
    else if (isRecord(member) || Array.isArray(member)) collectLists(member, into, depth + 1);
  }
}

/** Records by their time (Alpha Vantage, pandas' `orient="index"`), or columns whose members are by time (pandas' default). */
function keyedTable(value: Record<string, unknown>): Table | null {
  const members = Object.values(value);
  const keys = Object.keys(value);
  if (members.length === 0 || !members.every(isRecord)) return null;
  if (keys.every((key) => isTimeText(key))) {
    const records = members as readonly Record<string, unknown>[];
    const table = recordTable(records);
    let at = 0;
    const rows = function* (): Iterable<readonly unknown[]> {
      for (const row of table.rows) yield [keys[at++], ...row];
    };
    return { names: ['DATE_TIME', ...(table.names ?? [])], rows: rows() };
  }
  const columns = members as readonly Record<string, unknown>[];
  const inner = Object.keys(columns[0] ?? {});
  const isTable =
    inner.length > 0 &&
    columns.every((column) =>
      Object.values(column).every((cell) => typeof cell !== 'object' || cell === null),
    ) &&
    inner.every((key) => /^\d+$/.test(key) || isTimeText(key));
  if (!isTable) return null;
  const times = inner.every((key) => isTimeText(key));
  return {
    names: [...(times ? ['DATE_TIME'] : []), ...keys],
    rows: inner.map((key) => [...(times ? [key] : []), ...columns.map((column) => column[key])]),
  };
}
