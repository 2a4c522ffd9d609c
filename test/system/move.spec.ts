import { mkdtempSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eventually, HttpClient } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  buyPays,
  forecastAfter,
  isWorthKeeping,
  keyOf,
  lastRow,
  momentOf,
  OLD_PASSWORD,
  OLD_TASK,
  writeInstallation,
} from '../harness/original-installation.js';
import { runFolder } from '../harness/test-resources.js';
import { BuiltCommand, type RunningCommand } from './built-command.js';

const folder = mkdtempSync(join(runFolder(), 'moving-'));
const command = new BuiltCommand(folder);

/** The commands of the first block of docs/moving.md, without the program's name and the remarks. */
const COMMANDS = (/```sh\n([^]*?)```/.exec(readFileSync(resolve('docs/moving.md'), 'utf8'))?.[1] ?? '')
  .split('\n')
  .map((line) => line.replace(/\s*#.*$/, '').split(/\s+/))
  .filter(([program]) => program === 'prediction-provider')
  .map(([, ...args]) => args);

beforeAll(() => writeInstallation(folder));

let service: RunningCommand | null = null;
let client = new HttpClient('');
const serve = async (args: readonly string[]): Promise<void> => {
  service = command.launch(...args, '--port', '0');
  await service.wrote(/listens on http/);
  client = new HttpClient(/listens on (http:\/\/[\d.:]+)/.exec(service.output)?.[1] ?? '');
};
const stop = async (): Promise<void> => {
  expect(await service?.end('SIGTERM')).toBe(0);
  service = null;
};
afterAll(async () => {
  await service?.end('SIGKILL');
  await command.end();
});

const as = (username: string) => ({ headers: { 'X-API-KEY': keyOf(username) } });
const leave = (row: number, direction: string, tp_price: number, sl_price: number) =>
  client.post('/api/v1/predict/exit', { datetime: momentOf(row), direction, tp_price, sl_price });

describe('an installation of the original, moved by the two commands of docs/moving.md', () => {
  it('is imported by the first, once', () => {
    expect(COMMANDS.map(([first]) => first)).toEqual(['import', '--load_config']);
    const [bring = []] = COMMANDS;
    const first = command.start(bring);
    expect(first).toMatchObject({ status: 0, stderr: '' });
    for (const line of [
      'users: 3 taken',
      'API keys: 3 taken',
      'predictions: 1 taken',
      'provider prices: 1 taken',
      'billing records: 1 taken',
    ])
      expect(first.stdout).toContain(line);
    const again = command.start(bring);
    for (const line of ['users: 0 taken, 3 already here', 'predictions: 0 taken, 1 already here'])
      expect(again.stdout).toContain(line);
  });

  it('starts with its own configuration by the second, and makes no administrator', async () => {
    await serve(COMMANDS[1] ?? []);
    expect(service?.output).not.toContain('administrator');
    expect((await client.get('/health')).body).toEqual({ status: 'ok' });
  });

  it('lets its users in by their passwords and keys', async () => {
    for (const username of ['root', 'ann']) {
      const login = (password: string) => client.post('/api/v1/auth/login', { username, password });
      expect((await login(OLD_PASSWORD)).body).toMatchObject({ token_type: 'bearer' });
      expect([(await login('wrong')).body]).toEqual([{ detail: 'Invalid username or password' }]);
    }
    const profile = await client.get('/api/v1/users/profile', as('ann'));
    expect(profile.body).toMatchObject({ username: 'ann', role: 'client', is_active: true });
    const users = await client.get('/api/v1/admin/users', as('root'));
    expect(users.body).toMatchObject([{ username: 'root' }, { username: 'ann' }, { username: 'bob' }]);
  });

  it('has the predictions, prices and earnings of before', async () => {
    const list = await client.get('/api/v1/predictions/', as('ann'));
    expect(list.body).toMatchObject([
      { task_id: OLD_TASK, status: 'completed', result: { prediction: [1.1, 1.2], uncertainty: [0, 0] } },
    ]);
    const [{ id }] = list.body as [{ id: number }];
    expect((await client.get(`/api/v1/predictions/${id}`, as('ann'))).body).toEqual(list.body[0]);
    const prices = await client.get('/api/v1/provider/pricing', as('bob'));
    expect(prices.body).toMatchObject([{ model_name: 'lstm', price_per_request: 3.5, currency: 'USD' }]);
    const balance = await client.get('/api/v1/billing/balance', as('bob'));
    expect(balance.body).toMatchObject({ balances: [{ currency: 'USD', earned: 5.25 }] });
  });

  it('forecasts with its Keras model', async () => {
    const asked = {
      symbol: 'EURUSD',
      interval: '1h',
      predictor_plugin: 'default_predictor',
      prediction_horizon: 3,
    };
    const made = await client.post('/api/v1/predict', asked, as('ann'));
    expect([made.status, made.body.status]).toEqual([201, 'pending']);
    let result: { error?: string; prediction?: number[]; output?: { target_column?: string } } = {};
    await eventually(
      'the prediction ended',
      async () => {
        const { body } = await client.get(`/api/v1/predictions/${made.body.id as number}`, as('ann'));
        result = body.result;
        return body.status === 'completed' || body.status === 'failed';
      },
      60_000,
    );
    expect(result.error).toBeUndefined();
    expect(result.output?.target_column).toBe('CLOSE');
    for (const value of result.prediction ?? []) expect(value).toBeCloseTo(forecastAfter(lastRow), 5);
    expect(result.prediction).toHaveLength(3);
  });

  it('answers entries of its entry model', async () => {
    const answers = new Set<number>();
    for (let row = 40; row < 60; row += 1) {
      const buy = buyPays(row) >= 0.5 ? 1 : 0;
      answers.add(buy);
      const answer = await client.post('/api/v1/predict/entry', { datetime: momentOf(row), tp: 40, sl: 100 });
      expect([row, answer.text]).toEqual([
        row,
        expect.stringMatching(
          `^{"buy_entry_binary":${buy},"sell_entry_binary":${1 - buy},"bars_remaining":\\d+,"buy_confidence":1.0,"sell_confidence":1.0}$`,
        ),
      ]);
    }
    expect(answers.size).toBe(2);
  });

  it('answers exits of its exit model, which takes five columns and the three numbers of the question', async () => {
    const answers = new Set<string>();
    for (let row = 40; row < 60; row += 1) {
      for (const side of ['buy', 'sell'] as const) {
        const levels = [1.1 + 0.002 * (row % 13), 1.1 - 0.003 * (row % 7)] as const;
        const keep = isWorthKeeping(row, side, ...levels) >= 0.5 ? 1 : 0;
        answers.add(`${side} ${keep}`);
        const answer = await leave(row, side, ...levels);
        expect([row, side, answer.text]).toEqual([
          row,
          side,
          `{"exit_binary":${keep},"exit_confidence":1.0}`,
        ]);
      }
    }
    expect(answers.size).toBe(4);
    const wrong = await leave(40, 'up', 1.2, 1);
    expect([wrong.status, wrong.body]).toEqual([
      400,
      { detail: "Invalid direction: up. Use 'buy' or 'sell'." },
    ]);
    const info = await client.get('/api/v1/model/info');
    expect(info.body).toMatchObject({
      model_name: 'binary_predictor',
      exit_window_size: 24,
      extra_exit_features: ['direction', 'tp_distance_pips', 'sl_distance_pips'],
    });
    await stop();
  });

  it('gives the same signals without the switch, and errors in our form', async () => {
    await serve(['--load_config', 'config.json']);
    const answer = await leave(41, 'buy', 1.12, 1.09);
    expect(answer.body.exit_binary).toBe(isWorthKeeping(41, 'buy', 1.12, 1.09) >= 0.5 ? 1 : 0);
    const wrong = await leave(41, 'up', 1.2, 1);
    expect(wrong.body).toMatchObject({ title: 'Bad Request', status: 400, detail: expect.any(String) });
    await stop();
  });

  it('keeps what is here when it is imported once more, beside what came since', () => {
    const again = command.start(COMMANDS[0] ?? []);
    expect(again.status).toBe(0);
    expect(again.stdout).toContain('users: 0 taken, 3 already here');
    expect(again.stdout).toContain('billing records: 0 taken, 1 already here');
    const books = command.start(['billing', 'verify', '--database_url', 'sqlite:///predictions.db']);
    expect([books.status, books.stdout]).toEqual([0, expect.stringContaining('The books add up')]);
  });
});
