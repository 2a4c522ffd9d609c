// `npm run lint:openapi`: what the two usual judges of API descriptions, Redocly and Spectral, say of openapi.json with all
// their recommended rules. Warnings count as errors.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import rulesets from '@stoplight/spectral-rulesets';
import spectral from '@stoplight/spectral-core';
import { root } from './build.mjs';

/** The audit log is never changed: two routes only ever refuse, and so have no success to describe. */
const NEVER_ALLOWED = '/paths/~1api~1v1~1admin~1logs~1{log_id}/';
const SUCCESS_RULES = ['operation-2xx-response', 'operation-success-response'];

const require = createRequire(import.meta.url);
const file = join(root, 'openapi.json');
const findings = [...redocly(), ...(await spectralFindings())].filter(
  ({ rule, at }) => !(SUCCESS_RULES.includes(rule) && at.startsWith(NEVER_ALLOWED)),
);
for (const { judge, rule, at, text } of findings) console.log(`${judge} ${rule}: ${text}\n  at ${at}`);
console.log(`Redocly and Spectral found ${findings.length} faults`);
process.exitCode = findings.length === 0 ? 0 : 1;

function redocly() {
  const command = join(dirname(require.resolve('@redocly/cli/package.json')), 'bin', 'cli.js');
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const options = ['--extends=recommended-strict', '--format=json', '--max-problems=1000'];
  const { stdout, stderr } = spawnSync(process.execPath, [command, 'lint', file, ...options], {
    env: { ...process.env, ...quiet },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!stdout.includes('"problems"')) throw new Error(`Redocly did not run: ${stderr}`);
  const { problems } = JSON.parse(stdout.slice(stdout.indexOf('{')));
  return problems.map(({ ruleId, message, location }) => ({
    judge: 'redocly',
    rule: ruleId,
    at: String(location[0]?.pointer ?? '').replace(/^#/, ''),
    text: message,
  }));
}

async function spectralFindings() {
  const judge = new spectral.Spectral();
  judge.setRuleset({ extends: [[rulesets.oas, 'recommended']] });
  const results = await judge.run(JSON.parse(readFileSync(file, 'utf8')));
  const step = (part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
  return results.map(({ code, message, path }) => ({
    judge: 'spectral',
    rule: code,
    at: `/${path.map(step).join('/')}`,
    text: message,
  }));
}
