import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CONFIG_KEYS, declarationOf, loadConfig, parseCommandLine, type ConfigKey } from '#libs/config';
import type { ParameterValue } from '#libs/kernel';
import { parameterFromText } from '../../../libs/config/src/plugin-parameter-text.js';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

/** JSON values as they come back from text; negative zero has no text of its own. */
const jsonValue = fc
  .oneof(fc.jsonValue(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string())
  .map((value) => JSON.parse(JSON.stringify(value)) as ParameterValue);

/** A text that stands for the value; numbers above 2^53 are exact only with an exponent. */
function textOf(value: ParameterValue): string {
  if (typeof value !== 'number') return JSON.stringify(value);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

describe('plugin parameters as text', () => {
  it('come back as the value they were written from', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(parameterFromText(textOf(value))).toEqual({ value });
      }),
      { numRuns: 300 },
    );
  });

  it('come back through a flag as well', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        const { extras, faults } = parseCommandLine([`--third_party=${textOf(value)}`]);
        expect({ extras, faults }).toEqual({ extras: { third_party: value }, faults: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('stay themselves when they look like nothing else', () => {
    const word = fc
      .stringMatching(/^[a-zA-Z/][\w ./-]*$/)
      .filter((text) => !/^(null|true|false)$/i.test(text));
    fc.assert(
      fc.property(word, (text) => {
        expect(parameterFromText(text)).toEqual({ value: text });
      }),
      { numRuns: 200 },
    );
  });

  it('never make the parser throw, whatever the arguments are', () => {
    const token = fc.oneof(
      fc.string(),
      fc.constantFrom('--', '--port', '--=', '-1', '--reload', 'users', '--x', '[', '{"'),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (argv) => {
        expect(Array.isArray(parseCommandLine(argv).faults)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

/** A value that a setting allows, by its declaration; undefined for settings with rules across settings. */
function valueFor(key: ConfigKey): fc.Arbitrary<ParameterValue> | undefined {
  const declaration = declarationOf(key);
  switch (declaration.type) {
    case 'integer':
      return fc.integer({ min: declaration.min ?? -1e9, max: declaration.max ?? 1e9 });
    case 'number':
      return fc.double({ min: declaration.min ?? -1e9, max: declaration.max ?? 1e9, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return declaration.oneOf ? fc.constantFrom(...declaration.oneOf) : undefined;
    default:
      return undefined;
  }
}

const RULED =
  /^(workers|(audit|order)_history_|credit_limit|jobs?(_|$)|database_read_url|headers_|request_|evaluator_share|platform_fee|environment)/;

describe('settings as text', () => {
  const cwd = folderWith();
  const keys = CONFIG_KEYS.filter((key) => !RULED.test(key) && valueFor(key));

  it('mean the same in the environment, as a flag and as JSON', () => {
    const pair = fc
      .constantFrom(...keys)
      .chain((key) => (valueFor(key) ?? fc.constant(null)).map((value) => ({ key, value })));
    fc.assert(
      fc.property(pair, ({ key, value }) => {
        const text = String(value);
        const fromFlag = loadConfig({ cwd, env: {}, argv: [`--${key}=${text}`] })[key];
        const fromEnvironment = loadConfig({
          cwd,
          env: { [`PREDICTION_PROVIDER_${key.toUpperCase()}`]: text },
        })[key];
        const fromJson = loadConfig({ cwd, env: {}, flags: { [key]: value } })[key];
        const expected = value === 0 ? 0 : value;
        expect([fromFlag, fromEnvironment, fromJson].map((one) => (one === 0 ? 0 : one))).toEqual([
          expected,
          expected,
          expected,
        ]);
      }),
      { numRuns: 150 },
    );
  });
});
