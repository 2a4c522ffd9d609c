// `npm run check`: everything that a change must pass, here and in CI. The static checks run two at a time beside one
// build, then every spec, then the demo. The last line is "N passed, N failed", specs and checks counted alike.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './build.mjs';

const count = { passed: 0, failed: 0 };

/** Runs a script of package.json and prints its output when it has ended. */
async function check(name, ...args) {
  const started = Date.now();
  const [code, output] = await npm('pipe', name, args);
  console.log(
    `== ${[name, ...args].join(' ')} (${Math.round((Date.now() - started) / 1000)} s)\n${output}`.trimEnd(),
  );
  if (code === 0) count.passed += 1;
  else {
    count.failed += 1;
    console.log(`== FAILED: ${name}`);
  }
}

/** @returns exit code and, with `pipe`, what it printed */
function npm(stdio, name, args) {
  const child = spawn('npm', ['run', '--silent', name, '--', ...args], {
    cwd: root,
    stdio: ['ignore', stdio, stdio],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (output += text));
  }
  return new Promise((resolve) => {
    child.once('close', (code) => resolve([code ?? 1, output]));
  });
}

/** Two lanes: the project is built and type-checked at the same time, and what needs the build comes behind it. */
async function staticChecks() {
  const building = async () => {
    await check('build:when-needed');
    await check('openapi', '--check');
    await check('lint:openapi');
    await check('docs', '--check');
    await check('lock', '--check');
    await check('imports');
  };
  const reading = async () => {
    await check('typecheck');
    await check('lint');
    await check('format:check');
    await check('deadcode');
  };
  await Promise.all([building(), reading()]);
}

async function specs() {
  const folder = mkdtempSync(join(tmpdir(), 'check-'));
  const report = join(folder, 'report.json');
  console.log('== test');
  const [code] = await npm('inherit', 'test', ['--json', `--outputFile=${report}`]);
  const failedBefore = count.failed;
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    count.passed += result.numPassedTests;
    count.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  } catch (error) {
    console.log(`Jest left no report: ${error.message}`);
  }
  rmSync(folder, { recursive: true });
  // A run that failed without a failed spec (a crash) is a failure too.
  if (code !== 0 && count.failed === failedBefore) count.failed += 1;
}

await staticChecks();
await specs();
await check('demo', '--once');
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;
