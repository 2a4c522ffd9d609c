import type { QueryRunner, TableColumnOptions, TableForeignKeyOptions, TableIndexOptions } from 'typeorm';

/**
 * Columns, indices and references of migrations, portable and in step with the entities' column types: what `utcColumn`,
 * `jsonColumn` and `integerColumn` declare there is `utc`, `json` and `bigint` here.
 */
type Options = Partial<Omit<TableColumnOptions, 'name' | 'type'>>;

/** `@PrimaryGeneratedColumn({ type: 'integer' })`; on PostgreSQL `WideIds` makes those of 64 bits that are `serialColumn()`. */
export const serialId = (): TableColumnOptions => ({
  name: 'id',
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
});

/** `serialColumn()`, of a table that came after `WideIds`. */
export const wideSerialId = (queryRunner: QueryRunner): TableColumnOptions => ({
  ...serialId(),
  type: rowIdType(queryRunner),
});

/** `rowIdColumn()`, of a table that came after `WideIds`. */
export const rowId = (queryRunner: QueryRunner, name: string): TableColumnOptions => ({
  name,
  type: rowIdType(queryRunner),
});

const rowIdType = ({ dataSource }: QueryRunner): string =>
  dataSource.options.type === 'postgres' ? 'bigint' : 'integer';

const columnOf =
  (type: string, fixed: Options = {}) =>
  (name: string, options: Options = {}): TableColumnOptions => ({ ...options, ...fixed, name, type });

/** `utcColumn()`. */
export const utc = columnOf('varchar', { length: '24' });
/** `{ type: 'text' }`. */
export const longText = columnOf('text');
/** `jsonColumn()`. */
export const json = columnOf('text');
/** `{ type: 'integer' }`: 32 bits, ids of accounts and small counts. */
export const int = columnOf('integer');
/** `integerColumn()`: exact up to 2^53 - 1. */
export const bigint = columnOf('bigint');
/** `{ type: 'double precision' }`. */
export const float = columnOf('double precision');

/** `{ type: 'varchar', length }`. */
export const varchar = (name: string, length: number, options: Options = {}): TableColumnOptions =>
  columnOf('varchar', { length: String(length) })(name, options);

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

/** An index over columns; `where` is the SQL of a partial one. */
export const index = (name: string, columnNames: string[], where?: string): TableIndexOptions => ({
  name,
  columnNames,
  ...(where !== undefined && { where }),
});

/** As {@link index}; what it holds occurs once. */
export const unique = (name: string, columnNames: string[], where?: string): TableIndexOptions => ({
  ...index(name, columnNames, where),
  isUnique: true,
});

/** A foreign key to the `id` of another table. */
export const reference = (name: string, column: string, table: string): TableForeignKeyOptions => ({
  name,
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: ['id'],
});
