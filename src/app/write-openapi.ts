import { readFileSync, writeFileSync } from 'node:fs';
import { loadConfig } from '#libs/config';
import { startServer } from './server.js';
import { apiDocument } from './swagger/api-document.js';

/**
 * `npm run openapi [-- --check]`: writes the description of the whole API to a file, or compares it with the file.
 * It is made by the application itself, which for that runs on a private database and listens nowhere.
 */
const [path = 'openapi.json', ...options] = process.argv.slice(2);

const config = loadConfig({
  argv: [],
  env: {},
  flags: {
    database_url: 'sqlite://:memory:',
    secret_key: 'only-for-writing-the-description-of-the-api',
    admin_password: 'only-for-writing-it',
    core_plugin: 'sync_core',
    endpoint_plugins: ['predict_endpoint', 'health_endpoint', 'info_endpoint', 'metrics_endpoint'],
    log_level: 'ERROR',
  },
  serving: true,
});
const server = await startServer(config, { listens: false });
const text = `${JSON.stringify(apiDocument(server.app), null, 2)}\n`;
await server.stop();

if (!options.includes('--check')) {
  writeFileSync(path, text);
} else if (readFileSync(path, 'utf8') !== text) {
  process.stderr.write(`${path} is out of date; run: npm run openapi\n`);
  process.exitCode = 1;
}
