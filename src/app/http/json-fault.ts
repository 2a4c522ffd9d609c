/** Where and why a text is not JSON. */
export interface JsonFault {
  /** Characters before the fault. */
  readonly offset: number;
  /** In the words of the original's parser. */
  readonly message: string;
}

const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy;
const WORD = /true|false|null/uy;
const BLANK = /[ \t\n\r]*/uy;
const STRING_START = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;

/** Walks over a text until it stops being JSON. `JSON.parse` tells the place only sometimes, and in changing words. */
class Scanner {
  #at = 0;

  constructor(private readonly text: string) {}

  /** The fault of the whole text; of a text that is JSON, its end. */
  document(): JsonFault {
    const fault = this.#value();
    if (fault !== null) return fault;
    this.#skip(BLANK);
    return { offset: this.#at, message: 'Extra data' };
  }

  #value(): JsonFault | null {
    this.#skip(BLANK);
    switch (this.text[this.#at]) {
      case '{':
        return this.#members('}', () => this.#member());
      case '[':
        return this.#members(']', () => this.#value());
      case '"':
        return this.#string();
      default:
        return this.#skip(NUMBER) || this.#skip(WORD) ? null : this.#fault('Expecting value');
    }
  }

  #members(close: string, one: () => JsonFault | null): JsonFault | null {
    this.#at += 1;
    this.#skip(BLANK);
    if (this.#takes(close)) return null;
    for (;;) {
      const fault = one();
      if (fault !== null) return fault;
      this.#skip(BLANK);
      if (this.#takes(close)) return null;
      if (!this.#takes(',')) return this.#fault("Expecting ',' delimiter");
    }
  }

  #member(): JsonFault | null {
    this.#skip(BLANK);
    if (this.text[this.#at] !== '"') return this.#fault('Expecting property name enclosed in double quotes');
    const fault = this.#string();
    if (fault !== null) return fault;
    this.#skip(BLANK);
    return this.#takes(':') ? this.#value() : this.#fault("Expecting ':' delimiter");
  }

  #string(): JsonFault | null {
    const start = this.#at;
    if (this.#skip(STRING)) return null;
    this.#skip(STRING_START);
    if (this.#at >= this.text.length) return { offset: start, message: 'Unterminated string starting at' };
    return this.#fault(this.text[this.#at] === '\\' ? 'Invalid \\escape' : 'Invalid control character at');
  }

  #takes(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text);
    if (found === null) return false;
    this.#at += found[0].length;
    return true;
  }

  #fault(message: string): JsonFault {
    return { offset: this.#at, message };
  }
}

/** Finds the first fault of a text that `JSON.parse` refused; its nesting must be limited already. */
export const faultInJson = (text: string): JsonFault => new Scanner(text).document();
