import { bare } from './column-names.js';
import { cellText, shown } from './cells.js';
import { type CsvOptions, refuse } from './csv-format.js';
import { findName } from './column-roles.js';

/** Names of columns that tell whose bar a row is. */
const SYMBOL_NAMES = new Set(
  `symbol ticker tic instrument instrumentid asset coin crypto pair market name secid securityid isin code tscode
   stockcode symbolname ativo 股票代码 代码 证券代码`
    .split(/\s+/)
    .map(bare),
);
/** Symbols that are kept for a message. */
const MAX_SYMBOLS = 8;

/** Which rows of a file count. */
export interface RowChoice {
  /** Cells that must hold a text. */
  readonly wanted: readonly { readonly cell: number; readonly name: string; readonly text: string }[];
  /** The cell with the symbol, where a column is named so; else -1. */
  readonly symbolCell: number;
}

/**
 * The configured choice of rows.
 * @throws CsvRefused `csv_missing_column`
 */
export function chooseRows(file: string, names: readonly string[], { format = {} }: CsvOptions): RowChoice {
  const wanted = Object.entries(format.rows ?? {}).map(([name, text]) => {
    const cell = findName(names, name);
    if (cell >= 0) return { cell, name, text };
    const detail = `${file} has no column ${shown(name)}, by which rows is to choose; its columns are ${names.slice(0, 60).map(shown).join(', ')}`;
    throw refuse('invalid', 'csv_missing_column', detail);
  });
  const symbolCell = names.findIndex((name) => SYMBOL_NAMES.has(bare(name)));
  return { wanted, symbolCell: wanted.some(({ cell }) => cell === symbolCell) ? -1 : symbolCell };
}

/** Lets rows pass that are wanted, and remembers whose they are. */
export class RowFilter {
  /** Rows that were not wanted. */
  skipped = 0;
  readonly #wanted: readonly { readonly cell: number; readonly bytes: Buffer }[];
  readonly #seen: Buffer[] = [];
  #last: Buffer | null = null;

  constructor(private readonly choice: RowChoice) {
    this.#wanted = choice.wanted.map(({ cell, text }) => ({ cell, bytes: Buffer.from(text.trim()) }));
  }

  keeps(spans: Int32Array, bytes: Buffer): boolean {
    for (const { cell, bytes: text } of this.#wanted) {
      if (isText(spans, bytes, cell, text)) continue;
      this.skipped += 1;
      this.#remember(spans, bytes, cell);
      return false;
    }
    const { symbolCell } = this.choice;
    if (symbolCell >= 0 && (this.#last === null || !isText(spans, bytes, symbolCell, this.#last)))
      this.#remember(spans, bytes, symbolCell);
    return true;
  }

  /**
   * Bars of several symbols at the same time are no series; contracts that follow each other are one.
   * @throws CsvRefused `csv_several_symbols`
   */
  check(file: string, names: readonly string[], repeatedTimes: number): void {
    if (this.choice.symbolCell < 0 || this.#seen.length < 2 || repeatedTimes === 0) return;
    const column = names[this.choice.symbolCell] ?? '';
    const detail = `${file} has bars of several symbols in column ${shown(column)} (${this.#symbols()}): set rows to those of one, as in {${JSON.stringify(column)}: ${JSON.stringify(this.#seen[0]?.toString('utf8'))}}`;
    throw refuse('invalid', 'csv_several_symbols', detail);
  }

  /** What is to be said when no row was wanted; empty when none was left out for that. */
  get reason(): string {
    if (this.skipped === 0) return '';
    const texts = this.choice.wanted.map(({ name, text }) => `${shown(name)} ${shown(text)}`).join(' and ');
    return `no row has ${texts} (rows); there are ${this.#symbols()}`;
  }

  #symbols(): string {
    const texts = this.#seen.map((symbol) => shown(symbol.toString('utf8')));
    return texts.length < MAX_SYMBOLS ? texts.join(', ') : `${texts.slice(0, -1).join(', ')} and others`;
  }

  #remember(spans: Int32Array, bytes: Buffer, cell: number): void {
    const symbol = Buffer.from(cellText(bytes, spans[2 * cell] ?? 0, spans[2 * cell + 1] ?? 0).slice(0, 64));
    this.#last = symbol;
    if (this.#seen.length < MAX_SYMBOLS && symbol.length > 0 && !this.#seen.some((one) => one.equals(symbol)))
      this.#seen.push(symbol);
  }
}

function isText(spans: Int32Array, bytes: Buffer, cell: number, text: Buffer): boolean {
  let [start, end] = [spans[2 * cell] ?? 0, spans[2 * cell + 1] ?? 0];
  while (start < end && bytes[start] === 0x20) start += 1;
  while (end > start && bytes[end - 1] === 0x20) end -= 1;
  return end - start === text.length && bytes.compare(text, 0, text.length, start, end) === 0;
}
