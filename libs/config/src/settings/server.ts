import type { ParameterDeclarations } from '#libs/kernel';

/** Where the service listens, how it speaks HTTP and how it stops. */
export const SERVER_SETTINGS = {
  core_plugin: {
    type: 'string',
    default: 'default_core',
    minLength: 1,
    help: 'Core plugin: `default_core`, or `sync_core` to add the synchronous answers for back-testers.',
  },
  host: {
    type: 'string',
    default: '127.0.0.1',
    minLength: 1,
    help: 'Address to listen on; `0.0.0.0` for every network interface.',
  },
  port: {
    type: 'integer',
    default: 8000,
    min: 0,
    max: 65_535,
    help: 'TCP port to listen on; 0 takes any free one.',
  },
  workers: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 64,
    help: 'Number of API processes; more than 1 needs PostgreSQL.',
  },
  reload: {
    type: 'boolean',
    default: false,
    help: 'Restart when the config file, the `.env` file or a plugin given by path changes (for development).',
  },
  environment: {
    type: 'string',
    default: 'development',
    oneOf: ['development', 'test', 'production'],
    help: 'Kind of installation; `production` refuses weak secrets and settings made for tests.',
  },
  http_adapter: {
    type: 'string',
    default: 'fastify',
    oneOf: ['fastify', 'express'],
    help: 'HTTP library underneath; Fastify is about three times as fast.',
  },
  allowed_origins: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Origins whose browser pages may call the service (CORS), for example `https://desk.example.com`; `*` for any, then without credentials.',
  },
  trusted_proxies: {
    type: 'list',
    items: 'string',
    default: [],
    help: 'Addresses or networks (CIDR) of reverse proxies whose `X-Forwarded-For` header is believed.',
  },
  body_limit_bytes: {
    type: 'integer',
    default: 1_048_576,
    min: 1_024,
    max: 268_435_456,
    help: 'Largest accepted request body, in bytes; larger ones get 413. Batches have `batch_body_limit_bytes`.',
  },
  headers_timeout: {
    type: 'number',
    default: 5,
    min: 0.1,
    max: 600,
    help: 'Seconds a client may take to send its request headers.',
  },
  request_timeout: {
    type: 'number',
    default: 30,
    min: 0.1,
    max: 3_600,
    help: 'Seconds a client may take to send its whole request; not below `headers_timeout`.',
  },
  shutdown_grace: {
    type: 'number',
    default: 10,
    min: 0,
    max: 600,
    help: 'Seconds that running requests and jobs may still take after a stop signal.',
  },
  swagger: {
    type: 'boolean',
    default: true,
    help: 'Serve the API description at `/openapi.json` and its explorer at `/docs`.',
  },
  metrics: {
    type: 'boolean',
    default: true,
    help: 'Load `metrics_endpoint` (Prometheus figures at `/metrics`) even when `endpoint_plugins` does not name it.',
  },
} as const satisfies ParameterDeclarations;
