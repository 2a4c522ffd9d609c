import type { ParameterDeclarations } from '#libs/kernel';

/** Where everything is stored. */
export const DATABASE_SETTINGS = {
  database_url: {
    type: 'string',
    default: 'sqlite:///predictions.db',
    minLength: 1,
    secret: true,
    help: 'Database: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://:memory:` or `postgres://user:password@host:5432/name`.',
  },
  database_echo: {
    type: 'boolean',
    default: false,
    help: 'Log every SQL statement, without its parameters.',
  },
  database_pool_size: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 1_000,
    help: 'Connections that one process keeps open to PostgreSQL.',
  },
  database_max_overflow: {
    type: 'integer',
    default: 20,
    min: 0,
    max: 1_000,
    help: 'Further connections to PostgreSQL that one process may open under load, above `database_pool_size`.',
  },
} as const satisfies ParameterDeclarations;
