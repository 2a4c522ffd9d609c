import type { QueryRunner, TableColumnOptions } from 'typeorm';

/**
 * Columns of migrations, portable and in step with the entities' column types: what `utcColumn`, `jsonColumn` and
 * `integerColumn` declare there is `utc`, `json` and `bigint` here.
 */
type Options = Partial<Omit<TableColumnOptions, 'name' | 'type'>>;

/** `@PrimaryGeneratedColumn({ type: 'integer' })`. */
export const serialId = (name = 'id'): TableColumnOptions => ({
  name,
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
});

/** `utcColumn()`. */
export const utc = (name: string, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'varchar',
  length: '24',
});

/** `{ type: 'varchar', length }`. */
export const varchar = (name: string, length: number, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'varchar',
  length: String(length),
});

/** `{ type: 'text' }`. */
export const longText = (name: string, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'text',
});

/** `jsonColumn()`. */
export const json = (name: string, options: Options = {}): TableColumnOptions => longText(name, options);

/** `{ type: 'integer' }`: 32 bits, ids and small counts. */
export const int = (name: string, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'integer',
});

/** `integerColumn()`: exact up to 2^53 - 1. */
export const bigint = (name: string, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'bigint',
});

/** `{ type: 'double precision' }`. */
export const float = (name: string, options: Options = {}): TableColumnOptions => ({
  ...options,
  name,
  type: 'double precision',
});

/** `{ type: 'boolean', default }`: TypeORM writes the default as 0 or 1 on SQLite and as a word on PostgreSQL. */
export const boolean = (
  queryRunner: QueryRunner,
  name: string,
  { default: preset, ...options }: Omit<Options, 'default'> & { readonly default?: boolean } = {},
): TableColumnOptions => {
  const column: TableColumnOptions = { ...options, name, type: 'boolean' };
  if (preset === undefined) return column;
  const words = queryRunner.dataSource.options.type === 'postgres';
  return { ...column, default: words ? String(preset) : Number(preset) };
};
