/** Bytes of one piece; a longer text gets a piece of its own. */
const PIECE_BYTES = 64 * 1024;
const [ZERO, MINUS, POINT] = [48, 45, 46];
/** Whole numbers up to here are written digit by digit. */
const MOST_BY_DIGITS = 999_999_999;

/** Text of ASCII, to be written again and again. */
export const asciiBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'ascii'));

/**
 * JSON that grows as bytes. For answers of 100,000 rows: as a text each row is a tree of a dozen pieces, which is walked when
 * it becomes bytes, at the price of everything else that happens for a row together.
 */
export class JsonBytes {
  readonly #full: Buffer[] = [];
  #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #length = 0;

  /** What {@link asciiBytes} made. */
  bytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    const piece = this.#piece;
    let at = this.#length;
    for (let index = 0; index < bytes.length; index += 1) piece[at++] = bytes[index] as number;
    this.#length = at;
  }

  text(text: string): void {
    this.#makeRoom(3 * text.length); // UTF-8 takes no more
    this.#length += this.#piece.write(text, this.#length);
  }

  /** A number that is an integer. */
  integer(value: number): void {
    if (!(value >= -MOST_BY_DIGITS && value <= MOST_BY_DIGITS)) return this.text(String(value));
    this.#makeRoom(10);
    const piece = this.#piece;
    let rest = value;
    if (rest < 0) {
      piece[this.#length++] = MINUS;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits += 1;
    for (let at = this.#length + digits - 1; at >= this.#length; at -= 1) {
      const tenth = Math.floor(rest / 10);
      piece[at] = ZERO + (rest - 10 * tenth);
      rest = tenth;
    }
    this.#length += digits;
  }

  /** A finite number as Python writes it, with a fraction (`1.0`); from 1e21 on JavaScript's exponent needs none. */
  decimal(value: number): void {
    if (!Number.isInteger(value) || Math.abs(value) >= 1e21) return this.text(String(value));
    this.integer(value);
    this.#makeRoom(2);
    this.#piece[this.#length++] = POINT;
    this.#piece[this.#length++] = ZERO;
  }

  /** All of it, once. */
  finish(): Buffer {
    this.#full.push(this.#piece.subarray(0, this.#length));
    return Buffer.concat(this.#full);
  }

  #makeRoom(bytes: number): void {
    if (this.#length + bytes <= this.#piece.length) return;
    this.#full.push(this.#piece.subarray(0, this.#length));
    this.#piece = Buffer.allocUnsafe(Math.max(PIECE_BYTES, bytes));
    this.#length = 0;
  }
}
