import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CheckedReceipt,
  readKeys,
  type ReceiptKeySet,
  verifyChain,
  verifyReceipt,
} from '#libs/receipt-verifier';
import { signedLinks } from '../../../src/outcomes/receipts/link-receipts.service.js';
import {
  draftText,
  hashOfSigned,
  NO_RECEIPT,
  receiptFile,
} from '../../../src/outcomes/receipts/receipt-text.js';

const COUNT = 1_000;
/** In the spec each receipt has every so manieth byte changed; all of them together every byte many times. */
const STEP = 97;

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const x = publicKey.export({ format: 'jwk' }).x ?? '';
const kid = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
const jwks = JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid }] });

type Draft = Parameters<typeof draftText>;
const pin = (at: number): Draft[1] => ({
  source: 'prediction',
  subjectId: String(at),
  standing: 'live',
  model: 'random_walk_predictor',
  providerId: null,
  evaluatorId: null,
  symbol: 'SP500',
  interval: '1d',
  feeder: 'default_feeder',
  targetColumn: 'CLOSE',
  issuedAt: new Date(1_600_000_000_000 + at),
  horizons: [1, 2],
  targetTimes: [1_600_000_000_000, null],
  points: [1e21 + at, -0.1 - at],
  deviations: [1e-7 * at, null],
  intervals: [{ level: 0.9, lower: [1, 2], upper: [3, 4] }],
  quantiles: { '10': [1, 2], '5': [0.5, 1.5], é: [1, null] },
  sampleCount: null,
  baselineAt: null,
  baselineClosedAt: null,
  baselinePrice: null,
  baselineValue: null,
  naiveMae: null,
  volatility: null,
  predictor: 'random_walk_predictor',
  predictorVersion: '1.0.0',
  modelSha256: null,
  seed: 7,
  parametersSha256: null,
  windowSha256: null,
  windowBars: null,
  calibration: null,
  calibratedIntervals: null,
});
const draft = (at: number): string =>
  draftText(
    {
      request: { symbol: 'S&P "500"\n', ticker: null, z: { b: 1, a: [] } },
      made: null,
    } as unknown as Draft[0],
    pin(at),
  );

describe('receipts', () => {
  let keys: ReceiptKeySet;
  let files: Buffer[];

  beforeAll(async () => {
    keys = readKeys(jwks);
    const drafts = Array.from({ length: COUNT }, (_, at) => ({ id: at, body: draft(at) }));
    const links = await signedLinks(drafts, { number: 0, hash: NO_RECEIPT }, { kid, key: privateKey });
    files = links.map((link, at) => Buffer.from(receiptFile(link, pin(at)), 'utf8'));
  });

  const checked = (from: readonly Buffer[]): CheckedReceipt[] =>
    from.map((file) => {
      const verdict = verifyReceipt(file, keys);
      if (typeof verdict === 'string') throw new Error(verdict);
      return verdict;
    });

  it('are verified by code of its own, one by one and as a chain', () => {
    const receipts = checked(files);
    expect(receipts.map(({ number }) => number)).toEqual(Array.from({ length: COUNT }, (_, at) => at + 1));
    expect(verifyChain(receipts)).toEqual({ faults: [], links: COUNT, gaps: 0 });
  });

  it('are refused with any byte changed', () => {
    const accepted: string[] = [];
    for (const [at, file] of files.entries())
      for (let place = at % STEP; place < file.length; place += STEP) {
        const known = file[place] ?? 0;
        // another character of base64, a digit, a letter in another case, white space, anything
        file[place] = known ^ ([1, 2, 4, 16, 32, 128, 255][(at + place) % 7] ?? 1);
        if (typeof verifyReceipt(file, keys) !== 'string') accepted.push(`${at}:${place}`);
        file[place] = known;
      }
    expect(accepted).toEqual([]);
  });

  it('are refused with every bit of one turned, and with a byte more or less', () => {
    const file = Buffer.from(files[7] ?? []);
    const accepted: string[] = [];
    for (let place = 0; place < file.length; place += 1)
      for (let bit = 0; bit < 8; bit += 1) {
        file[place] = (file[place] ?? 0) ^ (1 << bit);
        if (typeof verifyReceipt(file, keys) !== 'string') accepted.push(`${place}.${bit}`);
        file[place] = (file[place] ?? 0) ^ (1 << bit);
      }
    expect(accepted).toEqual([]);
    expect(verifyReceipt(Buffer.concat([file, Buffer.from('\n')]), keys)).toMatch('canonical form');
    expect(verifyReceipt(file.subarray(0, -1), keys)).toBe('it is no JSON object');
  });

  it('are refused when signed by another key, by no key, or with another algorithm', () => {
    const text = files[0]?.toString() ?? '';
    const body = /"receipt":(.*),"signature":"[^"]*"\}$/.exec(text)?.[1] ?? '';
    const forged = (header: object, key = privateKey): Buffer => {
      const protectedPart = Buffer.from(JSON.stringify(header)).toString('base64url');
      const input = `${protectedPart}.${Buffer.from(body).toString('base64url')}`;
      const signature = sign(null, Buffer.from(input), key).toString('base64url');
      return Buffer.from(receiptFile({ header: protectedPart, body, signature }, pin(0)));
    };
    expect(typeof verifyReceipt(forged({ alg: 'EdDSA', kid }), keys)).toBe('object');
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(verifyReceipt(forged({ alg: 'EdDSA', kid }, other), keys)).toBe('the signature does not fit');
    expect(verifyReceipt(forged({ alg: 'none', kid }), keys)).toMatch('the algorithm is "none"');
    expect(verifyReceipt(forged({ alg: 'EdDSA', kid: 'x' }), keys)).toMatch('"x" is not among those');
    expect(verifyReceipt(forged({ alg: 'EdDSA', kid }), readKeys('{"keys":[]}'))).toMatch('(none)');
  });

  it('of a forked, cut or rewritten chain are told apart', async () => {
    const receipts = checked(files.slice(0, 10));
    const twice = [...receipts, { ...(receipts[3] as CheckedReceipt), hash: 'f'.repeat(64) }];
    expect(verifyChain(twice).faults).toContain('the chain is forked: there are two receipts with number 4');
    const cut = receipts.filter(({ number }) => number !== 4 && number !== 5);
    expect(verifyChain(cut)).toEqual({ faults: [], links: 7, gaps: 1 });
    const [anew] = await signedLinks(
      [{ id: 1, body: draft(99) }],
      { number: 4, hash: NO_RECEIPT },
      { kid, key: privateKey },
    );
    const other = verifyReceipt(Buffer.from(receiptFile(anew as NonNullable<typeof anew>, pin(99))), keys);
    expect(verifyChain([receipts[3], other] as CheckedReceipt[]).faults).toEqual([
      'receipt 5 does not name receipt 4 as the one before it',
    ]);
    const anchor = { rows: 3, hash: 'a'.repeat(64), at: '2026-01-01T00:00:00Z' };
    expect(verifyChain(receipts, [anchor]).faults).toHaveLength(1);
    expect(verifyChain(receipts, [{ ...anchor, hash: receipts[2]?.hash ?? '' }]).faults).toEqual([]);
  });

  it('name the hash of the whole JWS before them', () => {
    const text = files[0]?.toString() ?? '';
    const { protected: header, signature } = JSON.parse(text) as { protected: string; signature: string };
    const body = /"receipt":(.*),"signature":"[^"]*"\}$/.exec(text)?.[1] ?? '';
    const next = JSON.parse(files[1]?.toString() ?? '') as { receipt: { previous: string } };
    expect(next.receipt.previous).toBe(hashOfSigned(header, body, signature));
  });

  it.each([
    ['no', 'no JWK Set'],
    ['{"keys":[{"kty":"RSA"}]}', 'keys[0] is no public key of Ed25519'],
    [jwks.replace(kid, 'mine'), 'calls itself mine'],
  ])('have keys that are read strictly: %s', (text, fault) => {
    expect(() => readKeys(text)).toThrow(fault);
  });
});
