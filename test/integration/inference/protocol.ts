import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { HttpAnswer } from '#libs/testing';
import type { TestApp } from '../../harness/app.js';

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(
  JSON.parse(readFileSync(new URL('../../resources/open-inference.json', import.meta.url), 'utf8')) as object,
);

/** Fails unless a message is what the Open Inference Protocol declares. */
export function expectMessage(
  kind: 'server' | 'model' | 'request' | 'response' | 'error',
  message: unknown,
): void {
  const check = ajv.compile({ $ref: `open-inference#/$defs/${kind}` });
  check(message);
  expect(check.errors ?? []).toEqual([]);
}

/** Numbers as the binary tensor extension lays them out. */
export const floatsOf = (numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((value, at) => bytes.writeFloatLE(value, 4 * at));
  return bytes;
};

/** A message of JSON and bytes, as its body and its headers. */
export function binaryMessage(json: object, bytes: Buffer) {
  const head = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([head, bytes]),
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.length),
    },
  };
}

/** A binary answer in its two parts. */
export async function partsOf(answer: Response) {
  const all = Buffer.from(await answer.arrayBuffer());
  const length = Number(answer.headers.get('Inference-Header-Content-Length') ?? all.length);
  const head = JSON.parse(all.subarray(0, length).toString()) as HttpAnswer['body'];
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    head,
    bytes: all.subarray(length),
  };
}

/** A forecast of the data file, once it has been made. */
export async function forecast(app: TestApp) {
  const question = { symbol: 'SP500', interval: '1h', horizons: [1, 2, 3] };
  const { body: made } = await app.post('/api/v1/predictions', question, {
    headers: { Prefer: 'wait=20' },
  });
  expect(made.status).toBe('completed');
  return made as { id: number; result: { output: Record<string, unknown> } };
}
