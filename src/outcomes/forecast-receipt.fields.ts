import { StreamableFile } from '@nestjs/common';
import { objectSchema } from '#libs/http';
import { AppError } from '#libs/kernel';

const text = { type: 'string' } as const;
const digest = {
  type: 'string',
  pattern: '^[0-9a-f]{64}$',
  example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
} as const;
const nullable = <S extends object>(schema: S) => ({ ...schema, nullable: true });
const open = { type: 'object', additionalProperties: true } as const;

const SIGNED = objectSchema({
  version: { type: 'integer' },
  number: { type: 'integer', description: 'Place in the chain of all receipts, from 1.' },
  previous: { ...digest, description: 'SHA-256 of the JWS of the receipt before; zeros for the first.' },
  source: { type: 'string', enum: ['prediction', 'order'] },
  id: text,
  issued_at: { type: 'string', format: 'date-time' },
  request: { ...open, description: 'What was asked.' },
  question: nullable({
    ...open,
    description: 'What was computed; null for the answer of an evaluator elsewhere.',
  }),
  model: text,
  standing: { type: 'string', description: 'Whether it counts as evidence, as in the outcome.' },
  predictor: objectSchema({ id: text, version: nullable(text) }),
  model_sha256: nullable(digest),
  parameters_sha256: nullable(digest),
  seed: nullable({ type: 'integer' }),
  window: nullable({
    ...objectSchema({
      sha256: nullable(digest),
      bars: nullable({ type: 'integer' }),
      input_bars: { type: 'integer' },
      last_bar: nullable({ type: 'string', format: 'date-time' }),
    }),
    description: 'What the predictor saw: the digest is of the last `bars` of `input_bars`.',
  }),
  output_sha256: { ...digest, description: 'SHA-256 of `forecast` as canonical JSON.' },
});

/** How routes with receipts are described. */
export const RECEIPT = {
  description:
    'What was asked, digests of the bars, the model, the parameters and the numbers, when it was made, and the hash of the receipt before it, signed with Ed25519 (a JWS over canonical JSON, RFC 8785; keys: `/.well-known/jwks.json`). Keep the bytes as they come: `prediction-provider receipts verify FILE` checks each of them.',
  answer: 'The receipt, with the forecast whose digest it has.',
  schema: objectSchema({ forecast: open, protected: text, receipt: SIGNED, signature: text }),
  problems: {
    503: 'Receipts cannot be signed: their key was stored under another secret_key; set that one again, or make a new key with: prediction-provider receipts rotate',
  },
};

/**
 * A receipt as the answer to a request: its bytes are the proof, so nothing writes them anew.
 * @throws AppError `not_found` (`no_receipt`) when there is none
 */
export function receiptAnswer(id: string, receipt: string | null): StreamableFile {
  if (receipt !== null)
    return new StreamableFile(Buffer.from(receipt, 'utf8'), {
      type: 'application/json',
      disposition: `attachment; filename="receipt-${id}.json"`,
    });
  const why =
    'There is no receipt: the forecast has not completed, was imported, or is older than receipts are';
  throw new AppError('not_found', why, { code: 'no_receipt' });
}
