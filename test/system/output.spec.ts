import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** A plugin that writes in every way that a library may, and ends the process in the worst one. */
const LOUD = `import { definePredictor } from 'prediction-provider/plugin-sdk';
  export default definePredictor({
    id: 'loud', apiVersion: 1, version: '1.0.0', description: 'Writes in every way.',
    parameters: {}, capabilities: ['forecast'],
    create: ({ logger } = {}) => {
      console.log('from console.log', { of: 'a library' });
      console.error(new Error('from console.error'));
      process.stdout.write('half a line');
      process.stderr.write(Buffer.from('bytes\\n'));
      process.stdout.write('{"already":"JSON"}\\n');
      process.emitWarning('from a warning', { code: 'LOUD1' });
      logger?.warn('from the logger', 'not an object');
      process.once('SIGUSR2', () => { throw new Error('from nowhere', { cause: 'postgres://app:hunter22@db' }); });
      return { forecast: () => { throw new Error('not asked'); } };
    },
  });`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-'));
  writeFileSync(join(folder, 'loud.mjs'), LOUD);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the service to its end; every line of both streams, parsed. */
function linesOf(...args: string[]): Promise<{ code: number | null; lines: Record<string, unknown>[] }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [resolve('dist/src/main.js'), 'serve', '--port', '0', ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        if (!text.includes('listens on') && (text + part).includes('listens on')) child.kill('SIGUSR2');
        text += part;
      });
    child.once('error', fail).once('close', (code) => {
      try {
        done({
          code,
          lines: text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
        });
      } catch (error) {
        fail(new Error(`not JSON:\n${text}`, { cause: error }));
      }
    });
  });
}

describe('what the service writes', () => {
  it('is one JSON object a line, whoever writes it: statements, libraries, warnings and the last error', async () => {
    const { code, lines } = await linesOf(
      '--database_url',
      `sqlite:///${join(folder, 'loud.db')}`,
      '--database_echo',
      'true',
      '--log_level',
      'DEBUG',
      '--plugins',
      join(folder, 'loud.mjs'),
      '--predictor_plugin',
      'loud',
    );
    const texts = lines.map(({ msg }) => String(msg)).join('\n');
    for (const part of [
      'sql: ',
      "from console.log { of: 'a library' }",
      'from console.error',
      'half a line',
      'bytes',
      'from a warning',
      'First start: administrator',
      'listens on http',
      'the process ends by an error that nothing handled',
    ])
      expect(texts).toContain(part);
    expect(lines).toContainEqual({ already: 'JSON' });
    expect(lines.every((line) => 'already' in line || typeof line['level'] === 'string')).toBe(true);
    const last = lines.find(({ level }) => level === 'CRITICAL');
    expect(last).toMatchObject({
      err: { message: 'from nowhere', stack: expect.stringContaining('loud.mjs') },
    });
    expect(JSON.stringify(lines)).not.toContain('hunter22');
    expect(code).toBe(1);
  }, 60_000);

  it('is JSON, too, when the service cannot start', async () => {
    const wrong = await linesOf('--max_batch_rows', '0', '--http_adapter', 'koa');
    expect(wrong).toMatchObject({
      code: 2,
      lines: [{ level: 'ERROR', msg: expect.stringContaining('max_batch_rows') }],
    });
    const missing = await linesOf('--database_url', `sqlite:///${folder}`);
    expect(missing.code).toBe(1);
    expect(missing.lines.map(({ msg }) => msg).join()).toContain('is a folder');
  }, 60_000);
});
