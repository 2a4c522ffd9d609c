import Sqlite from 'better-sqlite3';

/** The tables as SQLAlchemy makes them for the original service. */
export const ORIGINAL_TABLES = `
  CREATE TABLE roles (id INTEGER NOT NULL, name VARCHAR NOT NULL, description TEXT, permissions JSON NOT NULL,
    created_at TIMESTAMP NOT NULL, PRIMARY KEY (id));
  CREATE TABLE users (id INTEGER NOT NULL, username VARCHAR NOT NULL, email VARCHAR NOT NULL,
    hashed_password VARCHAR NOT NULL, hashed_api_key VARCHAR, is_active BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL,
    last_login TIMESTAMP, role_id INTEGER NOT NULL, PRIMARY KEY (id), FOREIGN KEY(role_id) REFERENCES roles (id));
  CREATE TABLE predictions (id INTEGER NOT NULL, task_id VARCHAR, user_id INTEGER, timestamp TIMESTAMP, status VARCHAR,
    symbol VARCHAR, "interval" VARCHAR, predictor_plugin VARCHAR, feeder_plugin VARCHAR, pipeline_plugin VARCHAR,
    prediction_type VARCHAR, ticker VARCHAR, result JSON, prediction JSON, uncertainty JSON, PRIMARY KEY (id),
    UNIQUE (task_id), FOREIGN KEY(user_id) REFERENCES users (id));
  CREATE TABLE prediction_jobs (id VARCHAR NOT NULL, user_id INTEGER NOT NULL, ticker VARCHAR NOT NULL,
    model_name VARCHAR NOT NULL, status VARCHAR NOT NULL, request_payload JSON NOT NULL, result JSON, error_message TEXT,
    processing_time_ms FLOAT, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, completed_at TIMESTAMP,
    PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id));
  CREATE TABLE api_logs (id INTEGER NOT NULL, request_id VARCHAR NOT NULL, user_id INTEGER, ip_address VARCHAR NOT NULL,
    user_agent VARCHAR, endpoint VARCHAR NOT NULL, method VARCHAR NOT NULL, request_payload JSON,
    request_timestamp TIMESTAMP NOT NULL, response_status_code INTEGER NOT NULL, response_time_ms FLOAT NOT NULL,
    response_size_bytes INTEGER, PRIMARY KEY (id));
  CREATE TABLE time_series_data (ticker VARCHAR NOT NULL, timestamp TIMESTAMP NOT NULL, open FLOAT NOT NULL,
    high FLOAT NOT NULL, low FLOAT NOT NULL, close FLOAT NOT NULL, volume INTEGER NOT NULL, PRIMARY KEY (ticker, timestamp));
  CREATE TABLE system_configuration (id INTEGER NOT NULL, "key" VARCHAR NOT NULL, value JSON NOT NULL, description TEXT,
    updated_at TIMESTAMP, updated_by INTEGER, PRIMARY KEY (id));
  CREATE TABLE billing_records (id INTEGER NOT NULL, client_id INTEGER NOT NULL, provider_id INTEGER NOT NULL,
    prediction_id VARCHAR, cost FLOAT NOT NULL, currency VARCHAR(3) NOT NULL, description TEXT, timestamp TIMESTAMP NOT NULL,
    PRIMARY KEY (id));
  CREATE TABLE provider_pricing (id INTEGER NOT NULL, provider_id INTEGER NOT NULL, model_name VARCHAR NOT NULL,
    price_per_request FLOAT NOT NULL, currency VARCHAR(3) NOT NULL, is_active BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL, PRIMARY KEY (id));
  CREATE TABLE user_sessions (id VARCHAR NOT NULL, user_id INTEGER NOT NULL, ip_address VARCHAR NOT NULL,
    user_agent VARCHAR, created_at TIMESTAMP NOT NULL, last_activity TIMESTAMP NOT NULL, expires_at TIMESTAMP NOT NULL,
    is_active BOOLEAN NOT NULL, PRIMARY KEY (id));
  CREATE UNIQUE INDEX ix_roles_name ON roles (name);
  CREATE UNIQUE INDEX ix_users_username ON users (username);
  CREATE UNIQUE INDEX ix_users_email ON users (email);`;

/** Rows by table and column. */
export type OriginalRows = Readonly<
  Record<string, readonly Readonly<Record<string, string | number | null>>[]>
>;

/** Makes a database file as the original leaves it when it stops. */
export function writeOriginal(
  path: string,
  rows: OriginalRows = {},
  journal: 'delete' | 'wal' = 'delete',
): void {
  const database = new Sqlite(path);
  database.pragma(`journal_mode = ${journal}`);
  database.exec(ORIGINAL_TABLES);
  for (const [table, list] of Object.entries(rows)) {
    for (const row of list) {
      const names = Object.keys(row);
      const columns = names.map((name) => `"${name}"`).join(', ');
      database
        .prepare(`INSERT INTO ${table} (${columns}) VALUES (${names.map(() => '?').join(', ')})`)
        .run(...Object.values(row));
    }
  }
  database.close();
}
