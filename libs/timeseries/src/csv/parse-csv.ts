import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ColumnarFile } from '../columnar/columnar-file.js';
import { type TableColumn, zoneOfMoments } from '../columnar/text-rows.js';
import { ByteSource, checkRecordLength } from './byte-source.js';
import {
  checkFile,
  type CsvOptions,
  type CsvOutcome,
  type Detected,
  faultOfFile,
  fingerprintOf,
  type Learned,
  type ParsedCsv,
  ReadAgain,
  refuse,
} from './csv-format.js';
import { fileNotes } from './file-notes.js';
import { detectLayout, type Layout } from './layout.js';
import { RecordScanner } from './record-scanner.js';
import { inOneUnit, momentsOf, settleOrder, type TriedOrders } from './row-times.js';
import { makeSeries } from './series.js';
import { type ReadRows, TableBuilder } from './table-builder.js';

/** Room made in advance at most; a larger table grows. */
const MAX_EXPECTED_ROWS = 4_000_000;
/** How often a file is read again because its middle shows what its beginning did not: decimal sign and order of dates. */
const MAX_READS = 6;

/**
 * Reads and parses a file in chunks; memory is the columns and one buffer. A refusal is returned as data, because the
 * caller may be another thread.
 * @throws the signal's reason when it aborts
 */
export async function parseCsv(path: string, options: CsvOptions, signal?: AbortSignal): Promise<CsvOutcome> {
  const file = basename(path);
  try {
    const handle = await open(path, 'r');
    try {
      return { parsed: await parseOpen(file, handle, options, signal) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    return { fault: faultOfFile(file, error) };
  }
}

async function parseOpen(
  file: string,
  handle: FileHandle,
  options: CsvOptions,
  signal?: AbortSignal,
): Promise<ParsedCsv> {
  const before = await handle.stat({ bigint: true });
  checkFile(file, before, options);
  const reading = new Reading(file, handle, Number(before.size), options, signal);
  let result: Omit<ParsedCsv, 'fingerprint'> | null = null;
  for (let reads = 1; result === null; reads += 1) {
    try {
      result = await reading.read();
    } catch (error) {
      if (!(error instanceof ReadAgain) || reads === MAX_READS) throw error;
      reading.learn(error.learned);
    }
  }
  const after = await handle.stat({ bigint: true });
  if (fingerprintOf(after) !== fingerprintOf(before)) {
    throw refuse('unavailable', 'csv_changed', `${file} changed while it was read`);
  }
  return { ...result, fingerprint: fingerprintOf(before) };
}

/** The reading of one file, which may begin anew with what was learned. */
class Reading {
  private learned: Learned = {};
  private readonly tried: TriedOrders = new Map();

  constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly size: number,
    private readonly options: CsvOptions,
    private readonly signal?: AbortSignal,
  ) {}

  learn(learned: Learned): void {
    this.learned = { ...this.learned, ...learned };
  }

  /** @throws ReadAgain, CsvRefused */
  async read(): Promise<Omit<ParsedCsv, 'fingerprint'>> {
    const source = await ByteSource.open(this.file, this.handle, this.size, this.options);
    try {
      const layout = detectLayout(
        this.file,
        source,
        await source.tail(this.size),
        this.options,
        this.learned,
      );
      const builder = new TableBuilder(this.file, layout, expectedRows(layout, this.size));
      const { table } = source.container;
      const places =
        table === undefined || this.learned.asText === true
          ? null
          : numberPlaces(table.columns, layout, this.options);
      if (table === undefined || places === null) await this.scan(source, layout, builder);
      else await this.fill(table, places, layout, builder);
      return this.finish(source, layout, builder, places !== null);
    } finally {
      await source.close();
    }
  }

  private async scan(source: ByteSource, layout: Layout, builder: TableBuilder): Promise<void> {
    const scanner = new RecordScanner(layout.separator);
    scanner.goTo(layout.start);
    for (;;) {
      while (scanner.next(source.bytes, source.end, source.atEnd)) builder.add(scanner, source.bytes);
      if (source.atEnd) return;
      this.signal?.throwIfAborted();
      source.drop(Math.min(source.end, scanner.position));
      scanner.goTo({ ...scanner.place, position: 0 });
      checkRecordLength(this.file, source, scanner.place.line);
      await source.fill();
    }
  }

  /** Takes the numbers of a Parquet or Feather file as they are: text made of them and read again takes three times as long. */
  private async fill(
    table: ColumnarFile,
    places: readonly number[],
    { dateCell }: Layout,
    builder: TableBuilder,
  ): Promise<void> {
    const zone = zoneOfMoments(table.columns[dateCell]?.zone ?? null);
    for await (const { rows, columns } of table.numbers(places)) {
      this.signal?.throwIfAborted();
      builder.addNumbers(rows, columns, zone);
    }
  }

  private finish(
    source: ByteSource,
    layout: Layout,
    builder: TableBuilder,
    areNumbers: boolean,
  ): Omit<ParsedCsv, 'fingerprint'> {
    const read = builder.finish();
    const isTold = this.options.format?.timeFormat != null;
    const { local, notes: unitNotes } = inOneUnit(read.local, isTold ? null : layout.time.reader.order);
    const rows = { ...read, local };
    const { badRows, badRowCount } = builder;
    const orderNotes = settleOrder(this.file, layout, rows, this.tried);
    const moments = momentsOf(rows, layout.zone, layout.detected);
    const series = makeSeries(layout, rows, moments);
    // Only then it matters whose bars they are, which is text.
    if (areNumbers && layout.choice.symbolCell >= 0 && series.duplicateTimes > 0)
      throw new ReadAgain({ asText: true });
    builder.filter.check(this.file, layout.names, series.duplicateTimes);
    const notes = fileNotes(layout, series, { badRows, badRowCount, badCells: rows.badCells });
    return {
      time: series.time,
      columns: series.columns,
      badRows,
      badRowCount,
      badCells: rows.badCells,
      ignoredColumns: layout.ignoredColumns,
      duplicateTimes: series.duplicateTimes,
      reordered: series.reordered,
      stepMs: series.stepMs,
      detected: detectedBy(source, layout, rows),
      notes: [...notes, ...unitNotes, ...orderNotes, ...moments.notes, ...series.notes],
    };
  }
}

/** The columns of times and values, where all of them hold numbers or times and no setting needs their text; else null. */
function numberPlaces(
  table: readonly TableColumn[],
  { dateCell, clockCell, partCells, columns, choice }: Layout,
  { format = {} }: CsvOptions,
): readonly number[] | null {
  const hasTimes = table[dateCell]?.kind === 'time' && clockCell < 0 && partCells.length === 0;
  if (!hasTimes || choice.wanted.length > 0 || format.timeFormat != null) return null;
  const places = columns.map(({ cell }) => cell);
  return places.every((place) => table[place]?.kind === 'number') ? [dateCell, ...places] : null;
}

function detectedBy({ container }: ByteSource, layout: Layout, { missing }: ReadRows): Detected {
  const { names, columns, aliases, dateCell, clockCell, partCells } = layout;
  const isTime = (cell: number): boolean => [dateCell, clockCell, ...partCells].includes(cell);
  return {
    ...layout.detected,
    container: container.kind,
    encoding: container.encoding,
    columns: names.map((name, cell) => {
      const place = columns.findIndex((column) => column.cell === cell);
      const alias = aliases.find((one) => one[1] === columns[place]?.name)?.[0] ?? null;
      return {
        name: name === '' ? `column ${cell + 1}` : name,
        use: isTime(cell) ? 'time' : place < 0 ? 'ignored' : 'values',
        alias,
        missing: missing[place] ?? 0,
      };
    }),
  };
}

function expectedRows({ bytesPerRow }: Layout, bytes: number): number {
  if (bytesPerRow === 0) return 0;
  return Math.min(MAX_EXPECTED_ROWS, Math.ceil((bytes / bytesPerRow) * 1.02) + 16);
}
