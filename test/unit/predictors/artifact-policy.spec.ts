import { afterAll, describe, expect, it } from '@jest/globals';
import { predictorConformance, type Predictor } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';
import policy from '../../../libs/plugins/src/predictors/artifact-policy.js';
import {
  ARTIFACT,
  COLUMNS,
  digestOfText,
  POLICY_ROWS,
  policyAction,
  policyCsv,
  policyFrame,
  policyProbability,
  policyTime,
} from './policy-bench.js';
import {
  createPredictor,
  entryAt,
  exitAt,
  forecastRequest,
  scratchFolder,
  warnings,
} from './predictor-context.js';

const folder = scratchFolder();
afterAll(() => folder.remove());
const csv_file = folder.write('bars.csv', policyCsv());
let files = 0;
/** Settings for an artifact with these changes. */
const settingsOf = (changes: object = {}) => {
  const text = JSON.stringify({ ...ARTIFACT, ...changes });
  return {
    artifact_path: folder.write(`policy-${(files += 1)}.json`, text),
    artifact_sha256: digestOfText(text),
  };
};
const create = (changes: object = {}, given: object = {}): Promise<Predictor> =>
  createPredictor(policy, { csv_file, ...settingsOf(changes), ...given });
const timeOf = (row: number) => formatNaiveIso(policyTime(row));

describe('a policy', () => {
  it('answers entries and exits from the bars up to the one that is asked about', async () => {
    const predictor = await create();
    const actions = new Set<string>();
    for (let row = 50; row < POLICY_ROWS; row += 1) {
      const up = policyProbability(row);
      const action = policyAction(up);
      actions.add(action);
      const entry = await predictor.entry?.(entryAt(timeOf(row), 40, 60));
      expect(entry).toMatchObject({
        buy: action === 'long' ? 1 : 0,
        sell: action === 'short' ? 1 : 0,
        buyConfidence: expect.closeTo(up, 10),
        sellConfidence: expect.closeTo(1 - up, 10),
        probabilityUp: expect.closeTo(up, 10),
        action,
        inputSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      for (const side of ['buy', 'sell'] as const) {
        const isKept = action !== (side === 'buy' ? 'short' : 'long');
        const own = side === 'buy' ? up : 1 - up;
        expect(await predictor.exit?.(exitAt(timeOf(row), side, 1, 2))).toMatchObject({
          keep: isKept ? 1 : 0,
          confidence: expect.closeTo(isKept ? own : 1 - own, 10),
          outputSha256: entry?.outputSha256,
        });
      }
    }
    expect(actions.size).toBe(3);
  });

  it('gives the digests that Python computes from the same definitions', async () => {
    const predictor = await create();
    const digests = [];
    for (const row of [50, 66, 85]) {
      const { inputSha256, outputSha256 } = (await predictor.entry?.(entryAt(timeOf(row), 1, 1))) ?? {};
      digests.push([row, inputSha256, outputSha256]);
    }
    expect(digests).toEqual(PYTHON);
  });

  it('forecasts the probability for the next bar, from the bars of the feeder', async () => {
    const predictor = await create({}, { csv_file: null });
    const forecast = await predictor.forecast?.(
      policyFrame(),
      forecastRequest({ horizons: [2, 1], baseline: policyTime(70) + 1 }),
    );
    const up = policyProbability(70);
    expect(forecast).toMatchObject({
      mode: 'artifact_policy',
      target_column: 'probability_up',
      baseline_datetime: timeOf(70),
      baseline_value: COLUMNS['CLOSE']?.(70),
      horizons: [2, 1],
      predictions: [null, expect.closeTo(up, 10)],
      future_datetimes: [null, timeOf(71)],
      errors: [{ horizon: 2, error: 'beyond_model_horizon' }],
      metadata: {
        probability_up: expect.closeTo(up, 10),
        action: policyAction(up),
        last_closed_bar: '2024-01-03T22:00:00+00:00',
        model_id: 'test-v1',
        features: { return_1: expect.any(Number), volume_z20: expect.any(Number) },
      },
    });
    expect(predictor.reach?.(null)).toBe(1);
    await expect(async () => predictor.entry?.(entryAt(timeOf(60), 1, 1))).rejects.toThrow(
      'csv_file is not set',
    );
  });

  it('takes equal volumes as the usual volume, and scores of any size', async () => {
    const columns = { ...COLUMNS, VOLUME: () => 500 };
    const ask = async (predictor: Predictor) =>
      predictor.forecast?.(policyFrame(columns), forecastRequest({ horizons: [1] }));
    const calm = await ask(await create());
    expect(calm?.predictions).toEqual([expect.closeTo(policyProbability(POLICY_ROWS - 1, columns), 10)]);
    const sure = await ask(await create({ intercept: -1e9 }));
    expect(sure?.metadata).toMatchObject({ action: 'short', probability_up: 1 / (1 + Math.exp(60)) });
  });

  it('needs 51 whole bars of the length that it was trained on', async () => {
    const predictor = await create();
    const ask = async (frame = policyFrame()) =>
      predictor.forecast?.(frame, forecastRequest({ horizons: [1] }));
    const changed = (name: string, value: number) =>
      policyFrame({ ...COLUMNS, [name]: (row) => (row === 70 ? value : (COLUMNS[name]?.(row) ?? NaN)) });
    await expect(async () => predictor.entry?.(entryAt(timeOf(49), 1, 1))).rejects.toThrow(
      expect.objectContaining({
        code: 'no_data',
        message: 'the policy looks at 51 complete bars; there are 50',
      }),
    );
    const cases = [
      [policyFrame(COLUMNS, 50), /looks at 51 complete bars; there are 50/],
      [
        policyFrame({ CLOSE: COLUMNS['CLOSE'] ?? (() => 1) }),
        /needs OPEN, HIGH, LOW, VOLUME; the data has CLOSE/,
      ],
      [changed('VOLUME', NaN), /the bar of 2024-01-03T22:00:00 has no VOLUME/],
      [changed('LOW', 0), /has a low of 0; prices must be above 0/],
      [changed('CLOSE', 200), /closes at 200, outside of/],
    ] as const;
    for (const [frame, text] of cases) await expect(ask(frame)).rejects.toThrow(text);
    const days = await create({ timeframe: '1d' }, { csv_file: null });
    await expect(async () =>
      days.forecast?.(policyFrame(), forecastRequest({ horizons: [1] })),
    ).rejects.toThrow('the policy was trained on bars of 1d; these are 1 h apart');
    await expect(create({ timeframe: '1d' })).rejects.toThrow(
      /^csv_file: the policy was trained on bars of 1d/,
    );
    await create({ timeframe: 'H1' });
    expect(warnings.at(-1)).toMatch(/timeframe "H1" is no known length/);
  });
});

describe('an artifact', () => {
  it('is served only with the digest that is configured', async () => {
    const { artifact_path, artifact_sha256 } = settingsOf();
    const upper = { artifact_path, artifact_sha256: artifact_sha256.toUpperCase() };
    expect(await (await createPredictor(policy, upper)).describe?.()).toMatchObject({
      artifact_sha256,
      window_size: 51,
    });
    const cases = [
      [{ artifact_path: null }, /^artifact_path must name the JSON file/],
      [{ artifact_path: '/srv/none.json' }, /^artifact_path: none\.json: there is no such file$/],
      [
        { artifact_sha256: '0'.repeat(64) },
        new RegExp(`its SHA-256 is ${artifact_sha256}, but artifact_sha256 is 000`),
      ],
      [
        { artifact_sha256: null },
        new RegExp(`its SHA-256 is ${artifact_sha256}, but artifact_sha256 is not set`),
      ],
    ] as const;
    for (const [given, text] of cases) {
      await expect(createPredictor(policy, { artifact_path, artifact_sha256, ...given })).rejects.toThrow(
        expect.objectContaining({ code: 'not_configured', message: expect.stringMatching(text) }),
      );
    }
  });

  it.each([
    [{ schema: 'v2' }, /schema must be prediction_provider\.live_linear_policy\.v1/],
    [
      { feature_names: ARTIFACT.feature_names.toReversed() },
      /11 names; number 1 is "volume_z20"; it must be, in this order, return_1,/,
    ],
    [
      { feature_names: ARTIFACT.feature_names.slice(1) },
      /feature_names has 10 names; number 1 is "return_2"/,
    ],
    [{ coefficients: [1, 2] }, /coefficients must be a list of 11 finite numbers \(it has 2\)/],
    [{ means: ARTIFACT.means.with(3, null as never) }, /means must be a list of 11 finite numbers/],
    [{ scales: ARTIFACT.scales.with(2, 0) }, /scales must be above 0/],
    [{ intercept: '1' }, /intercept must be a finite number/],
    [{ probability_threshold: 1 }, /probability_threshold must be a number from 0\.5 to 1 exclusive/],
    [{ probability_threshold: 0.49 }, /probability_threshold/],
    [{ model_id: 7, asset_id: '' }, /model_id must be a text; asset_id must be a text|asset_id/],
  ])('is refused with what is wrong: %j', async (changes, text) => {
    await expect(create(changes)).rejects.toThrow(
      expect.objectContaining({ code: 'not_configured', message: expect.stringMatching(text) }),
    );
  });

  it.each([
    [JSON.stringify(ARTIFACT).replace('0.05', 'NaN'), /is not JSON: NaN and Infinity are no finite numbers/],
    [JSON.stringify(ARTIFACT).replace('0.05', '1e999'), /intercept must be a finite number/],
    ['[]', /schema must be/],
  ])('with numbers that are none is refused', async (text, message) => {
    const artifact_path = folder.write(`odd-${(files += 1)}.json`, text);
    await expect(
      createPredictor(policy, { artifact_path, artifact_sha256: digestOfText(text) }),
    ).rejects.toThrow(message);
  });
});

describe('the contract: artifact_policy', () => {
  const checks = predictorConformance({
    definition: policy,
    create: () => create(),
    frame: policyFrame(),
    entries: [entryAt(timeOf(60), 40, 60)],
    exits: [exitAt(timeOf(61), 'buy', 1.2, 1)],
  });
  for (const check of checks) it(check.name, check.run);
});

/** Row, digest of the input and of the output, of a program in Python 3.11 (json.dumps, hashlib). */
const PYTHON: readonly unknown[] = [
  [
    50,
    'e4637a03c3af7e66d976a2f9cb7ad803ef7a9d3b1ccc22a5fa41102c8445e4fd',
    'a7278af20e66f646f658d10b7a944139a22d9ba10fcc9bbe5f7a8ad82ec499d9',
  ],
  [
    66,
    'b0466c97e0c6cf0dbccf144c711896d621d269b591c3a3b99c39302ab49c8bfa',
    'a7b9a1d2e7b452d163fdfc0696a9a9f5197a25be86f0969ff35777cec3f67fb3',
  ],
  [
    85,
    '9d192c3e0a0252528efdf6ad4cfa99d89478bd2a75e1d52dfbf575e2322f5bd4',
    '141f0d9ae026cdab091f36f2e263e63a71030cd2241a58927646fb0d7d344bd5',
  ],
];
