import { QueryFailedError } from 'typeorm';

/** A value as both databases bind it. */
export type SqlValue = string | number | null;

/** A column of the row that a statement of {@link TransactionStatements.write} returns, once it has run. */
export class Later {
  #value: SqlValue | undefined;

  /** The value; undefined as long as the statement waits. */
  get value(): SqlValue | undefined {
    return this.#value;
  }

  /** @internal */
  settle(value: SqlValue | undefined): void {
    if (value === undefined)
      throw new Error('invariant broken: a statement returns the row that others refer to');
    this.#value = value;
  }
}

/** What a statement is given: values, and what statements before it in the same transaction return. */
export type SqlParameter = SqlValue | Later;

/** A statement that writes. */
export interface Written {
  /** A column of its RETURNING clause, for the parameters of later statements. */
  column(name: string): Later;
}

/** Makes the error of a statement that found no row. */
export type MissingRow = () => Error;

/** The SQL of one transaction. Parameters are written `?`. */
export interface TransactionStatements {
  /** Runs a statement now; what waits goes before it. */
  run(sql: string, parameters: readonly SqlParameter[]): Promise<object[]>;
  /** Reads; on PostgreSQL all that is asked in the same turn of the event loop is one statement. */
  read(sql: string, parameters: readonly SqlParameter[]): Promise<object[]>;
  /** Writes; on PostgreSQL it may wait for the next statement or the commit, and goes with others in one. */
  write(sql: string, parameters: readonly SqlParameter[], refusal: MissingRow | null): Written;
  /** Runs what waits. */
  flush(): Promise<void>;
}

/** The values of parameters whose statements have run. */
export const boundValues = (parameters: readonly SqlParameter[]): SqlValue[] =>
  parameters.map((one) => {
    if (!(one instanceof Later)) return one;
    if (one.value === undefined) throw new Error('a statement refers to one that has not run');
    return one.value;
  });

/** SQLite's: a call within the process, so that nothing is gained by waiting. */
export class ImmediateStatements implements TransactionStatements {
  constructor(private readonly execute: (sql: string, values: readonly SqlValue[]) => object[]) {}

  async run(sql: string, parameters: readonly SqlParameter[]): Promise<object[]> {
    return this.execute(sql, boundValues(parameters));
  }

  read(sql: string, parameters: readonly SqlParameter[]): Promise<object[]> {
    return this.run(sql, parameters);
  }

  write(sql: string, parameters: readonly SqlParameter[], refusal: MissingRow | null): Written {
    const [row] = this.execute(sql, boundValues(parameters)) as Readonly<Record<string, SqlValue>>[];
    if (row === undefined && refusal !== null) throw refusal();
    return {
      column: (name) => {
        const later = new Later();
        later.settle(row?.[name]);
        return later;
      },
    };
  }

  async flush(): Promise<void> {}
}

/** As TypeORM tells of a failed statement; values stay out of logs. */
export const failureOf = (text: string, values: readonly SqlValue[], error: unknown): Error =>
  new QueryFailedError(text, [...values], error as Error);
