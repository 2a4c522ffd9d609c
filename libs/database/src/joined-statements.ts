import {
  Later,
  type MissingRow,
  boundValues,
  type SqlParameter,
  type SqlValue,
  type TransactionStatements,
  type Written,
} from './sql-statements.js';

interface AskedRead {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
  readonly resolve: (rows: object[]) => void;
  readonly reject: (error: unknown) => void;
}

class WaitingWrite implements Written {
  readonly columns = new Map<string, Later>();

  constructor(
    readonly sql: string,
    readonly parameters: readonly SqlParameter[],
    readonly refusal: MissingRow | null,
  ) {}

  column(name: string): Later {
    const known = this.columns.get(name) ?? new Later();
    this.columns.set(name, known);
    return known;
  }
}

/** One statement with the values that it is given. */
interface Composed {
  readonly text: string;
  readonly values: SqlValue[];
}

type Row = Readonly<Record<string, SqlValue>>;

/** Runs one statement; a name lets the connection parse and plan it once. */
export type Execute = (text: string, values: readonly SqlValue[], name: string | null) => Promise<object[]>;

/** Texts that get a name; beyond them statements are planned each time. The product has about a hundred. */
const MOST_NAMES = 500;
const names = new Map<string, string>();

/** The name of a statement on every connection; null when there are too many already. */
export function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MOST_NAMES) return null;
  const name = `pp_${names.size}`;
  names.set(text, name);
  return name;
}

/**
 * PostgreSQL's, where a statement costs a round trip and far more than what it does. Reads that are asked for in one turn
 * of the event loop are columns of one SELECT. Writes wait until something must run behind them, and are then parts of
 * one `WITH`: a part may refer to what an earlier one returns, and none sees the rows of another.
 */
export class JoinedStatements implements TransactionStatements {
  #reads: AskedRead[] = [];
  #writes: WaitingWrite[] = [];
  #flushing: Promise<void> | null = null;

  constructor(private readonly execute: Execute) {}

  async run(sql: string, parameters: readonly SqlParameter[]): Promise<object[]> {
    await this.flush();
    const { text, values } = numbered(sql, parameters);
    return this.execute(text, values, nameOf(text));
  }

  read(sql: string, parameters: readonly SqlParameter[]): Promise<object[]> {
    return new Promise((resolve, reject) => {
      this.#reads.push({ sql, parameters, resolve, reject });
      // behind everything that is ready to run: it may ask as well
      if (this.#reads.length === 1) queueMicrotask(() => process.nextTick(() => void this.#readAll()));
    });
  }

  write(sql: string, parameters: readonly SqlParameter[], refusal: MissingRow | null): Written {
    const waiting = new WaitingWrite(sql, parameters, refusal);
    this.#writes.push(waiting);
    return waiting;
  }

  async flush(): Promise<void> {
    while (this.#flushing !== null || this.#writes.length > 0) {
      this.#flushing ??= this.#writeAll().finally(() => (this.#flushing = null));
      await this.#flushing;
    }
  }

  async #writeAll(): Promise<void> {
    const waiting = this.#writes;
    this.#writes = [];
    for (const group of apart(waiting)) await this.#writeGroup(group);
  }

  async #writeGroup(group: readonly WaitingWrite[]): Promise<void> {
    const { text, values } = joinedWrites(group);
    const [row = {}] = (await this.execute(text, values, nameOf(text))) as Row[];
    for (const [index, { refusal, columns }] of group.entries()) {
      if (refusal !== null && Number(row[`n${index}`]) === 0) throw refusal();
      for (const [name, later] of columns) later.settle(row[`v${index}_${name}`]);
    }
  }

  async #readAll(): Promise<void> {
    const reads = this.#reads;
    this.#reads = [];
    try {
      await this.flush();
      const answers = await this.#answers(reads);
      for (const [index, { resolve }] of reads.entries()) resolve(answers[index] ?? []);
    } catch (error) {
      for (const { reject } of reads) reject(error);
    }
  }

  async #answers(reads: readonly AskedRead[]): Promise<object[][]> {
    const { text, values } = joinedReads(reads);
    const rows = await this.execute(text, values, nameOf(text));
    if (reads.length === 1) return [rows];
    const [row = {}] = rows as Readonly<Record<string, object[]>>[];
    return reads.map((_, index) => row[`r${index}`] ?? []);
  }
}

/** A `?` becomes the next number; a value that an earlier part returns becomes a look at that part. */
function filledIn(
  sql: string,
  parameters: readonly SqlParameter[],
  values: SqlValue[],
  partOf: (later: Later) => string | null,
): string {
  let next = 0;
  return sql.replaceAll('?', () => {
    const one = parameters[next++] as SqlParameter;
    const part = one instanceof Later ? partOf(one) : null;
    if (part !== null) return part;
    values.push(...boundValues([one]));
    return `$${values.length}`;
  });
}

function numbered(sql: string, parameters: readonly SqlParameter[]): Composed {
  const values: SqlValue[] = [];
  return { text: filledIn(sql, parameters, values, () => null), values };
}

function joinedReads(reads: readonly AskedRead[]): Composed {
  const [only] = reads;
  if (reads.length === 1 && only !== undefined) return numbered(only.sql, only.parameters);
  const values: SqlValue[] = [];
  const columns = reads.map(({ sql, parameters }, index) => {
    const text = filledIn(sql, parameters, values, () => null);
    return `(SELECT json_agg(r) FROM (${text}) AS r) AS r${index}`;
  });
  return { text: `SELECT ${columns.join(',\n  ')}`, values };
}

function joinedWrites(group: readonly WaitingWrite[]): Composed {
  const values: SqlValue[] = [];
  const parts = new Map<Later, string>();
  const columns: string[] = [];
  const ctes = group.map((write, index) => {
    const text = filledIn(write.sql, write.parameters, values, (later) => parts.get(later) ?? null);
    if (write.refusal !== null) columns.push(`(SELECT COUNT(*) FROM w${index}) AS n${index}`);
    for (const [name, later] of write.columns) {
      parts.set(later, `(SELECT ${name} FROM w${index})`);
      columns.push(`(SELECT ${name} FROM w${index}) AS v${index}_${name}`);
    }
    return `w${index} AS (${text})`;
  });
  return { text: `WITH ${ctes.join(',\n  ')}\nSELECT ${columns.join(', ') || '1'}`, values };
}

/**
 * Parts of a `WITH` see none of each other's rows, and their sequence is PostgreSQL's: what touches a table again comes
 * with the next statement.
 */
function apart(writes: readonly WaitingWrite[]): WaitingWrite[][] {
  const groups: WaitingWrite[][] = [];
  let touched = new Set<string>();
  for (const write of writes) {
    const table = tableOf(write.sql);
    if (groups.length === 0 || touched.has(table)) {
      groups.push([]);
      touched = new Set();
    }
    touched.add(table);
    groups.at(-1)?.push(write);
  }
  return groups;
}

function tableOf(sql: string): string {
  const [, table] = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM|SELECT id FROM) "?([\w.]+)/.exec(sql) ?? [];
  if (table === undefined) throw new Error(`a write names its table first: ${sql}`);
  return table;
}
