import {
  choice,
  decimal,
  flag,
  integer,
  map,
  textList,
  type ParameterDeclarations,
  text,
} from '#libs/kernel';

const POSTGRES_URL = /^postgres(?:ql)?:\/\/[^/]+\/.+/;
const HTTP_URL = /^https?:\/\//;

/** Where the service listens, how it speaks HTTP and how it stops. */
export const SERVER_SETTINGS = {
  compatibility: choice(
    { default: 'off', oneOf: ['off', 'original'] },
    'With `original`, defaults that change an answer are those of the Python service; the table in docs/moving.md names them. A setting or plugin parameter that is given wins over it.',
  ),
  core_plugin: text(
    { default: 'default_core', minLength: 1 },
    'Core plugin: `default_core`, or `sync_core` to add synchronous entry and exit answers for back-testers.',
  ),
  host: text(
    { default: '127.0.0.1', minLength: 1 },
    'Address to listen on; `0.0.0.0` listens on every network interface.',
  ),
  port: integer({ default: 8000, min: 0, max: 65_535 }, 'TCP port to listen on; 0 picks a free port.'),
  workers: integer(
    { default: 1, min: 1, max: 64 },
    'Number of API processes; more than one requires PostgreSQL.',
  ),
  reload: flag(
    false,
    'Restart when the config file, the `.env` file or a plugin loaded from a path changes (for development).',
  ),
  environment: choice(
    { default: 'development', oneOf: ['development', 'test', 'production'] },
    'Type of deployment; `production` refuses weak secrets and test-only settings.',
  ),
  http_adapter: choice(
    { default: 'fastify', oneOf: ['fastify', 'express'] },
    'HTTP library; Fastify serves about 1.6 times as many requests per second as Express.',
  ),
  error_bodies: choice(
    { default: 'problem', oneOf: ['problem', 'original'] },
    'Body of an error: `problem` is `application/problem+json`; `original` is `{"detail": …}` as `application/json`, with the texts of the Python service where it has its own, and the type of the problem in the header `X-Problem-Type`.',
  ),
  answer_warnings: choice(
    { default: 'body', oneOf: ['body', 'header'] },
    'Where an answer says which fields of a request were ignored: `warnings` at the top of the `body`, or only in the `header` `X-Warnings`.',
  ),
  allowed_origins: textList(
    [],
    'Origins whose browser pages may call the service (CORS), for example `https://desk.example.com`; `*` allows any origin, without credentials.',
  ),
  trusted_proxies: textList(
    [],
    'Addresses or networks (CIDR) of reverse proxies whose `X-Forwarded-For` header is trusted; the header `Forwarded` is never read.',
  ),
  body_limit_bytes: integer(
    { default: 1_048_576, min: 1_024, max: 268_435_456 },
    'Maximum size of a request body, in bytes; larger bodies get 413. Batches use `batch_body_limit_bytes`.',
  ),
  headers_timeout: decimal(
    { default: 5, min: 0.1, max: 600 },
    'Maximum time a client may take to send its request headers, in seconds.',
  ),
  request_timeout: decimal(
    { default: 30, min: 0.1, max: 3_600 },
    'Maximum time a client may take to send its whole request, in seconds; at least `headers_timeout`.',
  ),
  shutdown_grace: decimal(
    { default: 10, min: 0, max: 600 },
    'Time that running requests and jobs get to finish after a stop signal, in seconds.',
  ),
  max_requests_in_work: integer(
    { default: 500, min: 1, max: 100_000 },
    'Maximum number of requests that a process works on at a time, fewer while answers take longer than two seconds; more are refused at once with 503 and Retry-After, and leave no audit row. Event streams and requests that `Prefer: wait` are not counted.',
  ),
  shutdown_notice: decimal(
    { default: 1, min: 0, max: 600 },
    'Time after a stop signal for which new requests are still answered, in seconds: not ready, and each connection ends with its answer, so that balancers and clients can turn elsewhere.',
  ),
  swagger: flag(true, 'Serve the API description at `/openapi.json` and Swagger UI at `/docs`.'),
  metrics: flag(
    true,
    'Load `metrics_endpoint` (Prometheus metrics at `/metrics`) even when `endpoint_plugins` does not name it.',
  ),
} satisfies ParameterDeclarations;

/** Where everything is stored. */
export const DATABASE_SETTINGS = {
  database_url: text(
    { default: 'sqlite:///predictions.db', minLength: 1, secret: true },
    'Database: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://:memory:` or `postgres://user:password@host:5432/name`.',
  ),
  database_echo: flag(false, 'Log every SQL statement, without its parameters.'),
  database_pool_size: integer(
    { default: 10, min: 1, max: 1_000 },
    'Number of PostgreSQL connections that one process keeps open.',
  ),
  database_max_overflow: integer(
    { default: 20, min: 0, max: 1_000 },
    'Number of additional PostgreSQL connections that one process may open under load, above `database_pool_size`.',
  ),
  database_read_url: text(
    { default: null, pattern: POSTGRES_URL, secret: true },
    'PostgreSQL: a server that follows `database_url` (streaming replication); lists, statistics and searches are read there, unless their caller has written what it has not yet.',
  ),
  database_read_lag: decimal(
    { default: 5, min: 0.5, max: 3_600 },
    'Time that a replica (`database_read_url`) may be behind, in seconds; beyond it everything is read from `database_url`.',
  ),
  database_read_timeout: decimal(
    { default: 15, min: 0.1, max: 600 },
    'SQLite: maximum time of one read of a list, a statistic or a search, in seconds; after it the request is answered 503.',
  ),
} satisfies ParameterDeclarations;

/** What is logged, and where to. */
export const LOGGING_SETTINGS = {
  log_level: choice(
    {
      default: 'WARNING',
      oneOf: ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'],
      ignoreCase: true,
    },
    'Lowest severity that is logged; the line for each request has the level INFO.',
  ),
  enable_logging: flag(true, 'Write log lines; errors that end the process are always printed.'),
  quiet_mode: flag(false, 'Log errors only, regardless of `log_level`, and print only results and errors.'),
  save_log: text({ default: null, minLength: 1 }, 'Path of a file to append the log lines to as well.'),
  remote_log: text(
    { default: null, pattern: HTTP_URL },
    'URL to post the log lines to as well, as newline-delimited JSON.',
  ),
  otlp_endpoint: text(
    { default: null, pattern: HTTP_URL },
    'URL of an OpenTelemetry collector to send traces to (OTLP over HTTP, `/v1/traces` is added), for example `http://localhost:4318`; null: no traces are made.',
  ),
  otlp_headers: map(
    { default: {}, items: 'string', secret: true },
    'Headers to send to `otlp_endpoint`, for example `{"authorization": "Bearer …"}`.',
  ),
  trace_ratio: decimal(
    { default: 1, min: 0, max: 1 },
    'Share of the requests without a `traceparent` that are traced; those with one are as it says.',
  ),
} satisfies ParameterDeclarations;

/** Configuration files, outputs and their remote counterparts. */
export const FILE_SETTINGS = {
  load_config: text(
    { default: null, minLength: 1 },
    'Path of a JSON file with settings; names that are not settings are plugin parameters.',
  ),
  save_config: text(
    { default: null, minLength: 1 },
    'Path to write the given settings to as a config file, before going on; defaults are included as comments, secrets are left out.',
  ),
  output_file: text(
    { default: null, minLength: 1 },
    'Path of a file to write the output of a command (such as `plugins list`) to as well.',
  ),
  results_file: text(
    { default: null, minLength: 1 },
    'Path of a file to append every finished core prediction to, one JSON object per line; how far it has come is kept beside it, in `<file>-position`.',
  ),
  remote_load_config: text(
    { default: null, pattern: HTTP_URL },
    'URL of a JSON document with settings, read at start; the config file takes precedence over it.',
  ),
  remote_save_config: text(
    { default: null, pattern: HTTP_URL },
    'URL to send the document of `save_config` to at start (PUT, JSON).',
  ),
  password: text(
    { default: null, minLength: 1, secret: true },
    'Password for the remote addresses, used with `username` (HTTP Basic; https only, except on loopback).',
  ),
} satisfies ParameterDeclarations;
