import { beforeEach, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { newUuid } from '#libs/kernel';
import { ApiLogRepository, type NewApiLog } from '../../../src/audit/api-log.repository.js';
import { describeOnDatabases } from '../../harness/databases.js';

const row = (id = newUuid(), payload: string | null = '{"a":"\\u0000 ü 👍"}'): NewApiLog => [
  id,
  `request-${id}`,
  7,
  '::1',
  'spec "quoted"',
  '/api/v1/predict',
  'POST',
  'a=1',
  payload,
  '2026-01-31T12:00:00.000Z',
  201,
  1.25,
  2 ** 40,
  '/api/v1/predict',
];

describeOnDatabases('the table of the audit log', (database, kind) => {
  const attempt = (sql: string, parameters: unknown[] = []) =>
    database().run((tx) => tx.manager.query(sql, parameters));
  let id: string;

  beforeEach(async () => {
    id = newUuid();
    await database().run((tx) => new ApiLogRepository(database().database).append(tx, [row(id), row()]));
  });

  it('keeps what was appended, to the letter', async () => {
    const { rows } = await new ApiLogRepository(database().database).find({}, '', { limit: 1, offset: 1 });
    const [kept] = rows;
    expect(kept).toMatchObject({
      requestId: id,
      correlationId: `request-${id}`,
      userId: 7,
      userAgent: 'spec "quoted"',
      queryString: 'a=1',
      requestPayload: { a: '\u0000 ü 👍' },
      requestTimestamp: new Date('2026-01-31T12:00:00.000Z'),
      responseTimeMs: 1.25,
      responseSizeBytes: 2 ** 40,
    });
  });

  const change = [
    'UPDATE api_logs SET user_id = NULL',
    "UPDATE api_logs SET endpoint = '/x' WHERE id = (SELECT max(id) FROM api_logs)",
    'DELETE FROM api_logs',
    'DELETE FROM api_logs WHERE id = (SELECT max(id) FROM api_logs)',
  ];
  const onSqlite = [
    'INSERT OR REPLACE INTO api_logs SELECT * FROM api_logs',
    'REPLACE INTO api_logs SELECT * FROM api_logs WHERE id = 1',
    'UPDATE OR REPLACE api_logs SET id = id + 1',
    'UPDATE OR IGNORE api_logs SET method = 1',
    `INSERT INTO api_logs SELECT * FROM api_logs WHERE 1 ON CONFLICT (id) DO UPDATE SET method = 'X'`,
    // A row put between older ones, or under a request that is there already.
    `INSERT INTO api_logs (id, ${COLUMNS()}) SELECT 900, ${COLUMNS("'other'")} FROM api_logs LIMIT 1`,
    `INSERT OR REPLACE INTO api_logs (${COLUMNS()}) SELECT ${COLUMNS()} FROM api_logs LIMIT 1`,
  ];
  const onPostgres = [
    'TRUNCATE api_logs',
    'TRUNCATE api_logs CASCADE',
    "SET LOCAL session_replication_role = 'replica'; DELETE FROM api_logs",
    `INSERT INTO api_logs SELECT * FROM api_logs LIMIT 1 ON CONFLICT (id) DO UPDATE SET method = 'X'`,
    `MERGE INTO api_logs a USING api_logs b ON a.id = b.id WHEN MATCHED THEN DELETE`,
    'WITH gone AS (DELETE FROM api_logs RETURNING id) SELECT * FROM gone',
  ];

  it.each([...change, ...(kind === 'sqlite' ? onSqlite : onPostgres)])('refuses %s', async (sql) => {
    const before = await database().query('SELECT * FROM api_logs ORDER BY id');
    await expect(attempt(sql)).rejects.toThrow(/append-only/);
    expect(await database().query('SELECT * FROM api_logs ORDER BY id')).toEqual(before);
  });

  if (kind === 'sqlite') {
    it('refuses INSERT OR REPLACE from a connection without recursive triggers', () => {
      const { location } = database();
      const other = new Sqlite(location.kind === 'sqlite' ? location.path : '');
      try {
        other.pragma('recursive_triggers = OFF');
        const replace = 'INSERT OR REPLACE INTO api_logs SELECT * FROM api_logs WHERE id = 1';
        expect(() => other.exec(replace)).toThrow(/append-only/);
      } finally {
        other.close();
      }
    });
  }
});

/** The columns but for the key; `requestId` takes the place of the unique one. */
function COLUMNS(requestId = 'request_id'): string {
  return `${requestId}, correlation_id, user_id, ip_address, user_agent, endpoint, method, query_string, request_payload,
    request_timestamp, response_status_code, response_time_ms, response_size_bytes`;
}
