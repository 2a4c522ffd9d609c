import type { FileHandle } from 'node:fs/promises';
import { type Container, openContainer } from './containers.js';
import { type CsvOptions, refuse } from './csv-format.js';
import type { CsvWindow } from './sample.js';

/** One read. It is parsed in a few milliseconds, so a parse on the main thread lets others run in between. */
const CHUNK_BYTES = 256 * 1024;
/** A longer record is no data but a quote left open. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/** The end of a file by which it is judged besides its beginning. */
const TAIL_BYTES = 64 * 1024;

/** A window of bytes that slides over the text of a file, whatever it is packed in. */
export class ByteSource implements CsvWindow {
  readonly bytes = Buffer.allocUnsafe(MAX_RECORD_BYTES + 2 * CHUNK_BYTES);
  end = 0;
  atEnd = false;

  private constructor(
    readonly container: Container,
    private readonly handle: FileHandle,
    private position: number,
  ) {}

  /**
   * Opens the text of a file and fills the first window.
   * @throws CsvRefused `csv_encoding`, `csv_binary`, and those of archives
   */
  static async open(
    file: string,
    handle: FileHandle,
    size: number,
    options: CsvOptions,
  ): Promise<ByteSource> {
    const container = await openContainer(file, handle, size, options);
    const source = new ByteSource(container, handle, container.start);
    while (!source.atEnd && source.end < CHUNK_BYTES) await source.fill();
    return source;
  }

  /** Reads one more chunk behind {@link end}. */
  async fill(): Promise<void> {
    const { chunks } = this.container;
    if (chunks === null) {
      const { bytesRead } = await this.handle.read(this.bytes, this.end, CHUNK_BYTES, this.position);
      this.position += bytesRead;
      this.end += bytesRead;
      this.atEnd = bytesRead === 0;
      return;
    }
    const next = await chunks.next();
    this.atEnd = next.done === true;
    if (next.done !== true) this.end += next.value.copy(this.bytes, this.end);
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.bytes.copyWithin(0, count, this.end);
    this.end -= count;
  }

  /** The last bytes of the file, where they can be reached without reading the others; null where they can't. */
  async tail(size: number): Promise<CsvWindow | null> {
    if (this.container.chunks !== null || size <= this.position) return null;
    const bytes = Buffer.allocUnsafe(TAIL_BYTES);
    const { bytesRead } = await this.handle.read(bytes, 0, TAIL_BYTES, size - TAIL_BYTES);
    return { bytes, end: bytesRead, atEnd: true };
  }

  /** Ends what unpacks the file. */
  async close(): Promise<void> {
    await this.container.chunks?.return?.(undefined);
  }
}

/** @throws CsvRefused `csv_row_too_long` */
export function checkRecordLength(file: string, source: ByteSource, line: number): void {
  if (source.end <= MAX_RECORD_BYTES) return;
  const detail = `a row of ${file} from line ${line} on has no end; is a quote left open?`;
  throw refuse('invalid', 'csv_row_too_long', detail);
}
