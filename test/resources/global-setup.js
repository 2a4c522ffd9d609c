import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeLeftovers, temporaryRoot } from './leftovers.js';

const PREFIX = 'prediction-provider-test-';
const KEEPER = fileURLToPath(new URL('./postgres-keeper.js', import.meta.url));

/**
 * Once per Jest run: a private folder for SQLite files, and a broker on loopback. The first spec that asks the broker
 * starts the run's one PostgreSQL server; a run of pure specs never pays for it.
 */
export default async function globalSetup() {
  const root = temporaryRoot();
  process.env.TMPDIR = root;
  removeLeftovers(PREFIX);
  // Specs see a copy of the environment, in which a library cannot say so itself.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const folder = mkdtempSync(join(root, `${PREFIX}${process.pid}-`));
  // Specs of file permissions act as another user, who must be able to enter.
  chmodSync(folder, 0o755);
  // What a spec forgets in a temporary folder goes with the run.
  process.env.TMPDIR = folder;
  let keeper = null;
  const broker = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    keeper ??= startKeeper(root);
    keeper.answer.then((answer) => socket.end(JSON.stringify(answer)));
  });
  await new Promise((resolve) => broker.listen(0, '127.0.0.1', resolve));
  broker.unref();
  const found = { folder, brokerPort: broker.address().port };
  process.env.TEST_RESOURCES = JSON.stringify(found);
  globalThis.testResources = { ...found, broker, keeper: () => keeper };
}

/**
 * The keeper is a process of its own that ends the server when its stdin closes, so that neither Ctrl-C nor a killed
 * Jest leaves a server or its files behind.
 */
function startKeeper(root) {
  const child = spawn(process.execPath, [KEEPER], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: root },
  });
  child.unref();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const answer = new Promise((resolve) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(JSON.parse(text));
    });
    ended.then((code) => resolve({ error: `the keeper of PostgreSQL ended with code ${code}` }));
  });
  return { child, answer, ended };
}
