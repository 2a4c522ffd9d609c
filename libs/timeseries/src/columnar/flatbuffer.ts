import { viewOf } from './file-bytes.js';

/** Entries of a list in a description at most; a batch of a table with 1,000 columns has some thousand buffers. */
const MAX_ENTRIES = 100_000;

/**
 * A table of a FlatBuffer, the form of Arrow's descriptions. A place beyond the buffer is a RangeError, as everything
 * that is read goes through a DataView.
 * Format: https://flatbuffers.dev/internals/
 */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly at: number,
  ) {}

  /** The table that a buffer holds. */
  static root(bytes: Uint8Array): FlatTable {
    const view = viewOf(bytes);
    return new FlatTable(view, view.getUint32(0, true));
  }

  byte(field: number, otherwise = 0): number {
    const at = this.#place(field);
    return at === 0 ? otherwise : this.view.getInt8(at);
  }

  short(field: number, otherwise = 0): number {
    const at = this.#place(field);
    return at === 0 ? otherwise : this.view.getInt16(at, true);
  }

  int(field: number, otherwise = 0): number {
    const at = this.#place(field);
    return at === 0 ? otherwise : this.view.getInt32(at, true);
  }

  long(field: number): number {
    const at = this.#place(field);
    return at === 0 ? 0 : Number(this.view.getBigInt64(at, true));
  }

  text(field: number): string {
    const at = this.#place(field);
    if (at === 0) return '';
    const start = at + this.view.getUint32(at, true);
    const length = this.view.getUint32(start, true);
    if (start + 4 + length > this.view.byteLength) throw new RangeError('a text beyond its buffer');
    return Buffer.from(this.view.buffer, this.view.byteOffset + start + 4, length).toString('utf8');
  }

  table(field: number): FlatTable | null {
    const at = this.#place(field);
    return at === 0 ? null : new FlatTable(this.view, at + this.view.getUint32(at, true));
  }

  tables(field: number): readonly FlatTable[] {
    return this.#entries(field, 4, (at) => new FlatTable(this.view, at + this.view.getUint32(at, true)));
  }

  /** A list of structs of `width` 64-bit numbers each; plain numbers for a width of 1. */
  longs(field: number, width: number): readonly (readonly number[])[] {
    return this.#entries(field, 8 * width, (at) =>
      Array.from({ length: width }, (_, index) => Number(this.view.getBigInt64(at + 8 * index, true))),
    );
  }

  #entries<T>(field: number, bytes: number, read: (at: number) => T): readonly T[] {
    const place = this.#place(field);
    if (place === 0) return [];
    const start = place + this.view.getUint32(place, true);
    const count = this.view.getUint32(start, true);
    if (count > MAX_ENTRIES || start + 4 + count * bytes > this.view.byteLength)
      throw new RangeError('a list beyond its buffer');
    return Array.from({ length: count }, (_, index) => read(start + 4 + index * bytes));
  }

  /** Where a field stands; 0 where it is left out. */
  #place(field: number): number {
    const fields = this.at - this.view.getInt32(this.at, true);
    const slot = 4 + 2 * field;
    if (slot + 2 > this.view.getUint16(fields, true)) return 0;
    const offset = this.view.getUint16(fields + slot, true);
    return offset === 0 ? 0 : this.at + offset;
  }
}
