import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HttpClient } from '#libs/testing';
import { yahooServer } from '../integration/plugins/yahoo-server.js';
import { BuiltCommand } from './built-command.js';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const yahoo = yahooServer();

/** A build joins the files of the service and its libraries; these must work from one file as they do from many. */
describe('the built service', () => {
  it('forecasts with the package of a plugin from bars of the market', async () => {
    const modules = join(folder, 'node_modules/@acme/last');
    mkdirSync(modules, { recursive: true });
    writeFileSync(
      join(modules, 'package.json'),
      JSON.stringify({ name: '@acme/last', type: 'module', exports: './last.js' }),
    );
    writeFileSync(
      join(modules, 'last.js'),
      `import { definePredictor } from 'prediction-provider/plugin-sdk';
       export default definePredictor({ id: 'last_predictor', apiVersion: 1, version: '1.0.0', description: 'x',
         capabilities: ['forecast'], parameters: {}, create: () => ({ forecast(frame) {
           const value = frame.column('CLOSE').at(-1);
           return { mode: 'last', date_column: 'DATE_TIME', target_column: 'CLOSE', errors: [], horizons: [1],
             baseline_datetime: new Date(frame.time.at(-1)).toISOString(), baseline_value: value,
             predictions: [value], future_datetimes: [null], uncertainty: [0] };
         } }) });`,
    );
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ plugins: ['@acme/last'], predictor_plugin: 'last_predictor', yahoo_url: yahoo.url }),
    );
    const command = new BuiltCommand(folder);
    const service = command.launch(
      'serve',
      '--port=0',
      '--load_config=config.json',
      '--database_url=sqlite:///a.db',
    );
    await service.wrote(/listens on http/);
    const client = new HttpClient(/listens on (http:\/\/[\d.:]+)/.exec(service.output)?.[1] ?? '');
    const made = await client.post(
      '/api/v1/predictions/',
      { symbol: 'MSFT', interval: '1d' },
      { headers: { Prefer: 'wait=20' } },
    );
    expect(made.body).toMatchObject({ status: 'completed', result: { output: { mode: 'last' } } });
    expect(yahoo.asked.map(({ symbol }) => symbol)).toEqual(['MSFT']);
    expect(await service.end('SIGTERM')).toBe(0);
  });
});
