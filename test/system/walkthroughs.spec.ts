import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpClient } from '#libs/testing';
import { denseKeras } from '../unit/keras-onnx/files.js';
import { denseAnswer, type DenseModel } from '../unit/predictors/trained-models.js';
import { BuiltCommand, type Ended, type RunningCommand } from './built-command.js';

/**
 * From an empty folder to a forecast of one's own, with the command alone. The other three ways in have specs of their own:
 * the explorer's (swagger-story, swagger-ui), the integrator's in Python (python-client), and the administrator's on
 * PostgreSQL (operator-commands, postgres-setup).
 */
describe('from nothing to the first result,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'walkthroughs-'));
  const command = new BuiltCommand(folder);
  let service: RunningCommand | null = null;
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);

  const BARS = 400;
  const closeAt = (bar: number): number => Number((100 + 5 * Math.sin(bar / 20)).toFixed(4));
  const model: DenseModel = {
    bars: 8,
    columns: 1,
    outputs: 3,
    kernel: (input, output) => Math.sin(1 + input * (output + 1)) / 8,
    bias: (output) => output / 16,
  };
  const SCALE = { mean: 100, std: 4 };
  const expected = denseAnswer(
    model,
    Array.from({ length: 8 }, (_, at) => (closeAt(BARS - 8 + at) - SCALE.mean) / SCALE.std),
  ).map((value) => value * SCALE.std + SCALE.mean);

  const ok = async (...args: readonly string[]): Promise<string> => {
    const ended: Ended = await command.run(...args);
    expect([args, ended.status, ended.stderr]).toEqual([args, 0, expect.any(String)]);
    return ended.stdout;
  };
  const serve = async (): Promise<HttpClient> => {
    service = command.launch('--load_config', 'config.json', '--port', '0', '--host', '127.0.0.1');
    await service.wrote(/listens on http:\/\/127\.0\.0\.1:\d+/);
    return new HttpClient(/listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(service.output)?.[1] ?? '');
  };
  const stop = async (): Promise<void> => {
    await service?.end('SIGTERM');
    service = null;
  };
  const forecast = async (client: HttpClient, question: object) => {
    const answer = await client.post('/api/v1/predictions', question, { headers: { Prefer: 'wait=30' } });
    expect(answer.body).toMatchObject({ status: 'completed' });
    return (answer.body as { result: { output: { predictions: number[]; horizons: number[] } } }).result
      .output;
  };

  beforeAll(() => {
    // a file as a spreadsheet of the continent writes it
    const times = Array.from({ length: BARS }, (_, bar) => new Date(Date.UTC(2024, 0, 1) + bar * 3_600_000));
    const rows = times.map((time, bar) => {
      const [date = '', clock = ''] = time.toISOString().split('T');
      return `${date.split('-').toReversed().join('.')} ${clock.slice(0, 5)};${String(closeAt(bar)).replace('.', ',')}`;
    });
    write('mine.csv', ['Datum;Schluss', ...rows].join('\r\n'));
  });
  afterEach(stop);
  afterAll(async () => {
    await command.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('the owner of a model and of a file has forecasts of them, and knows how good they were', async () => {
    write('mine.keras', await denseKeras('mine', model));
    const metadata = {
      feature_columns: ['CLOSE'],
      window_size: 8,
      target_column: 'CLOSE',
      normalization: { CLOSE: SCALE },
    };
    write('mine_metadata.json', JSON.stringify(metadata));
    expect(await ok('data', 'inspect', 'mine.csv')).toMatch(/Bars +400, 1 h apart/);
    expect(JSON.parse(await ok('models', 'inspect', 'mine.keras', '--json'))).toMatchObject({
      inputs: [{ shape: [null, 8, 1] }],
      outputs: [{ shape: [null, 3] }],
    });
    const config = { data_source: 'file', data_files: { MINE: 'mine.csv' }, model_path: 'mine.keras' };
    write('config.json', JSON.stringify(config));
    await ok('config', 'check', '--load_config', 'config.json');
    const { horizons, predictions } = await forecast(await serve(), {
      symbol: 'MINE',
      interval: '1h',
      horizons: [1, 2, 3],
    });
    expect(horizons).toEqual([1, 2, 3]);
    for (const [at, value] of predictions.entries()) expect(value).toBeCloseTo(expected[at] ?? NaN, 3);
    await stop();
    const walk = ['--model_path', 'mine.keras', '--data_file_path', 'mine.csv', '--symbol', 'MINE'];
    expect(await ok('backtest', ...walk, '--from', '2024-01-10', '--stride', '10')).toMatch(
      /^3 +\d+ +[\d.]+ /m,
    );
  }, 120_000);

  it('the author of a plugin has one that passes its contract and answers over HTTP', async () => {
    await ok('plugins', 'new', 'my-trend');
    expect(await ok('plugins', 'test', 'my-trend')).toMatch(/ (\d+) of \1 checks passed\n$/);
    const config = {
      data_source: 'file',
      data_files: { MINE: 'mine.csv' },
      plugins: ['./my-trend/index.js'],
    };
    write('config.json', JSON.stringify(config));
    const client = await serve();
    const question = { symbol: 'MINE', interval: '1h', predictor_plugin: 'my_trend', horizons: [1, 2] };
    expect((await forecast(client, question)).predictions).toEqual([expect.any(Number), expect.any(Number)]);
    await stop();
  }, 120_000);
});
