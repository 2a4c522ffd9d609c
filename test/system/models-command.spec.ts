import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TINY, tinyAnswer, tinyKeras, tinyWeights } from '../unit/keras-onnx/files.js';
import { BuiltCommand, type Ended } from './built-command.js';

let folder: string;
let command: BuiltCommand;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'models-'));
  command = new BuiltCommand(folder);
  writeFileSync(join(folder, 'tiny.keras'), await tinyKeras());
  writeFileSync(join(folder, 'case.json'), JSON.stringify({ inputs: [TINY.input] }));
  // A setting that no serving process would take: these commands read none.
  writeFileSync(join(folder, '.env'), 'PORT=70000\nDATABASE_URL=postgres://nobody@127.0.0.1:1/none\n');
});
afterAll(async () => {
  await command.end();
  rmSync(folder, { recursive: true, force: true });
});

const models = (args: readonly string[]) => command.run('models', ...args);

interface Answer {
  readonly outputs: readonly {
    name: string;
    shape: number[];
    data: number[];
    mean?: number[];
    std?: number[];
  }[];
  readonly mean?: number[];
  readonly std?: number[];
  readonly samples?: number;
  readonly seed?: number;
}

function answerOf({ status, stdout, stderr }: Ended): Answer {
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Answer;
}
const answered = async (args: readonly string[]): Promise<Answer> => answerOf(await models(args));
const write = (name: string, value: unknown): string => {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  return name;
};

describe('models inspect', () => {
  it('tells what a file takes, answers and weighs', async () => {
    const { status, stdout } = await models(['inspect', 'tiny.keras', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      opset: 20,
      facts: { layers: { Dense: 2, Dropout: 1 }, masking: [], stochasticLayers: ['dropping'], notFinite: [] },
      serving: { fault: expect.stringContaining('window_size and feature_columns in tiny_metadata.json') },
      name: 'tiny',
      format: 'keras',
      writtenBy: '3.15.1',
      inputs: [{ name: 'features', shape: [null, 4], dtype: 'float32' }],
      outputs: [{ shape: [null, 2] }],
      parameters: { total: 23, trainable: 23 },
      stochastic: true,
    });
  });

  it('shows people a table, also of what is odd, and what the metadata beside it say', async () => {
    const weights = await tinyWeights(Number.NaN);
    writeFileSync(join(folder, 'odd.keras'), await tinyKeras([{ name: 'model.weights.h5', bytes: weights }]));
    write('odd_metadata.json', { feature_columns: ['CLOSE', 'VOLUME'], window_size: 2 });
    const { status, stdout } = await models(['inspect', 'odd.keras']);
    expect(status).toBe(0);
    const rows = new Map(stdout.split('\n').map((line) => line.split(/ {2,}/, 2) as [string, string]));
    expect(Object.fromEntries(rows)).toMatchObject({
      Layers: '2 × Dense, Dropout',
      'Random layers': 'dropping',
      Weights: 'NOT FINITE: 1 NaN in hidden/kernel; the model answers NaN',
      Served: 'yes',
      Window: '2 bars of 2 columns',
      Columns: 'CLOSE, VOLUME',
    });
  });
});

describe('models convert', () => {
  it('writes the graph as an ONNX file that answers the same, and replaces nothing', async () => {
    expect((await models(['convert', 'tiny.keras', 'tiny.onnx'])).status).toBe(0);
    const { outputs } = await answered(['run', 'tiny.onnx', '--input', 'case.json']);
    tinyAnswer().answer.forEach((value, i) => expect(outputs[0]?.data[i]).toBeCloseTo(value, 5));
    const again = await models(['convert', 'tiny.keras', 'tiny.onnx']);
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('tiny.onnx cannot be written')]);
    const wrong = await models(['convert', 'tiny.keras', 'x.onnx', '--custom_layers', '{"A":"b"}']);
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("there is no recipe 'b'")]);
  });
});

describe('models run', () => {
  it('computes the outputs; an input needs no name, whole numbers do, other keys of the file are left alone', async () => {
    const { name: _, ...unnamed } = TINY.input;
    for (const inputs of [[TINY.input], [unnamed]]) {
      const file = write('plain.json', { inputs, outputs: [], mc_dropout: { samples: 3 } });
      const { outputs, mean } = await answered(['run', 'tiny.keras', '--input', file]);
      expect(outputs).toHaveLength(1);
      expect(outputs[0]?.shape).toEqual([1, 2]);
      tinyAnswer().answer.forEach((value, i) => expect(outputs[0]?.data[i]).toBeCloseTo(value, 5));
      expect(mean).toBeUndefined();
    }
    const whole = write('whole.json', { inputs: [{ shape: [2, 4], data: [1, 2, 3, 4, 0, 0, 0, 0] }] });
    const { outputs } = await answered(['run', 'tiny.keras', '--input', whole]);
    const wanted = [...tinyAnswer([1, 2, 3, 4]).answer, ...tinyAnswer([0, 0, 0, 0]).answer];
    wanted.forEach((value, i) => expect(outputs[0]?.data[i]).toBeCloseTo(value, 5));
  });

  it('adds mean and deviation of the passes that are asked for, the same for the same seed', async () => {
    const run = (...more: string[]) =>
      answered(['run', 'tiny.keras', '--input=case.json', '--mc_samples', '4000', ...more]);
    const [one, again, other] = [await run('--mc_seed', '7'), await run('--mc_seed', '7'), await run()];
    expect(again).toEqual(one);
    expect(other.mean).not.toEqual(one.mean);
    expect([one.samples, one.seed, other.seed]).toEqual([4000, 7, 0]);
    const { hidden, answer } = tinyAnswer();
    // Dropout of a half keeps the mean; each hidden value h adds (h · weight)² to the variance.
    const variance = [0, 1].map((unit) =>
      hidden.reduce((sum, value, i) => sum + (value * (TINY.weights[2].data[i * 2 + unit] ?? 0)) ** 2, 0),
    );
    answer.forEach((value, unit) => {
      const std = Math.sqrt(variance[unit] ?? 0);
      expect(Math.abs((one.mean?.[unit] ?? Number.NaN) - value)).toBeLessThan(4 * (std / Math.sqrt(4000)));
      expect(one.std?.[unit]).toBeCloseTo(std, 1);
      expect(one.outputs[0]?.data[unit]).toBeCloseTo(value, 5);
    });
    expect(one.outputs[0]?.mean).toEqual(one.mean);
  });

  it('leaves nothing behind: neither a database nor what ONNX Runtime keeps to report its use', () => {
    const home = mkdtempSync(join(folder, 'home-'));
    for (const args of [
      ['inspect', '../tiny.keras'],
      ['run', '../tiny.keras', '--input', '../case.json'],
    ]) {
      expect(new BuiltCommand(home).start(['models', ...args]).status).toBe(0);
    }
    expect(readdirSync(home)).toEqual([]);
  });

  it('reads the inputs from standard input', () => {
    const text = JSON.stringify({ inputs: [TINY.input] });
    const ended = command.start(['models', 'run', 'tiny.keras', '--input', '-'], text);
    expect(answerOf(ended).outputs).toHaveLength(1);
  });

  it.each([
    ['a file that is no model', () => write('notes.keras', 'this is no model'), 'no model'],
    ['a file that is missing', () => 'missing.keras', 'missing.keras'],
  ])('ends with 3 and one line for %s', async (_, file, text) => {
    const inspected = await models(['inspect', file()]);
    const ran = await models(['run', file(), '--input', 'case.json']);
    for (const { status, stdout, stderr } of [inspected, ran]) {
      expect(status).toBe(3);
      expect(stdout).toBe('');
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(text);
    }
  });

  it('ends with 3 for Python code in a model and names its layer', async () => {
    const lambda = JSON.parse(JSON.stringify(TINY.config).replace('"Dropout"', '"Lambda"')) as unknown;
    writeFileSync(join(folder, 'lambda.keras'), await tinyKeras([], lambda));
    const { status, stderr } = await models(['run', 'lambda.keras', '--input', 'case.json']);
    expect(status).toBe(3);
    expect(stderr).toMatch(
      /^lambda\.keras: layer 'dropping': a Lambda layer \(Python code\) is not supported/,
    );
  });

  it.each<[string, readonly string[], unknown]>([
    ['FILE is missing', ['run'], undefined],
    ['--input is missing', ['run', 'tiny.keras'], undefined],
    ['--input nothing.json does not exist', ['run', 'tiny.keras', '--input', 'nothing.json'], undefined],
    ['is not JSON', ['run', 'tiny.keras', '--input', 'bad.json'], '{"inputs": ['],
    ['"inputs" is a list', ['run', 'tiny.keras', '--input', 'bad.json'], { inputs: [] }],
    [
      'inputs[0].shape',
      ['run', 'tiny.keras', '--input', 'bad.json'],
      { inputs: [{ shape: [0.5], data: [] }] },
    ],
    [
      'inputs[0].data',
      ['run', 'tiny.keras', '--input', 'bad.json'],
      { inputs: [{ shape: [1], data: [[1]] }] },
    ],
    [
      'must have the shape',
      ['run', 'tiny.keras', '--input', 'bad.json'],
      { inputs: [{ shape: [1, 3], data: [1, 2, 3] }] },
    ],
    [
      '--mc_seed requires --mc_samples',
      ['run', 'tiny.keras', '--input', 'case.json', '--mc_seed', '1'],
      undefined,
    ],
    ['from 0 to 100000', ['run', 'tiny.keras', '--input', 'case.json', '--mc_samples', '-1'], undefined],
    [
      'it takes --custom_layers, --input, --mc_samples, --mc_seed',
      ['run', 'tiny.keras', '--port', '3'],
      undefined,
    ],
    ['it takes --custom_layers, --json', ['inspect', 'tiny.keras', '--verbosely'], undefined],
    ['must be followed by inspect, convert, run', [], undefined],
  ])('ends with 2 when it is misused: %s', async (text, args, file) => {
    if (file !== undefined) write('bad.json', file);
    const { status, stdout, stderr } = await models(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(text);
    expect(stderr).not.toContain('    at ');
  });
});

const references = resolve('../shared/fixtures/keras');
(existsSync(references) ? describe : describe.skip)('reference models on the command line', () => {
  interface Reference {
    readonly files: readonly string[];
    readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  }

  it('answer as Keras does, straight from their files', async () => {
    for (const name of ['two_inputs.json', 'real_transformer_encoder_1h.json']) {
      const path = join(references, name);
      const reference = JSON.parse(readFileSync(path, 'utf8')) as Reference;
      for (const file of reference.files) {
        const { outputs } = await answered(['run', join(references, file), '--input', path]);
        reference.outputs.forEach((want, i) => {
          expect(outputs[i]?.shape).toEqual(want.shape);
          const off = want.data.map(
            (value, at) =>
              Math.abs((outputs[i]?.data[at] ?? Number.NaN) - value) /
              (Math.abs(value) > 1 ? 10 * Math.abs(value) : 1),
          );
          expect(Math.max(...off)).toBeLessThanOrEqual(1e-5);
        });
      }
    }
  });

  it('that are bad end with 3 and one line', async () => {
    for (const name of readdirSync(references).filter((one) => one.startsWith('bad_'))) {
      const { status, stderr } = await models(['run', join(references, name), '--input', 'case.json']);
      expect([name, status, stderr.trim().split('\n').length]).toEqual([name, 3, 1]);
    }
  });
});
