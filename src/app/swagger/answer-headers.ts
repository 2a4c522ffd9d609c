import type { DescribedOperation, Response, Schema } from './document-parts.js';

const text = { type: 'string' } as const;

/** Headers of answers, declared once; answers refer to them. */
export const HEADERS: Readonly<Record<string, { readonly description: string; readonly schema: object }>> = {
  'X-Request-Id': {
    description: 'Id of the request: yours, or one that was made. It stands in logs and audit rows, too.',
    schema: text,
  },
  RateLimit: {
    description:
      'Where `rate_limits` limits the group of the route: requests left (`r`) and seconds until the count begins anew (`t`).',
    schema: text,
  },
  'RateLimit-Policy': {
    description:
      'Where `rate_limits` limits the group of the route: requests allowed (`q`) in a window of seconds (`w`).',
    schema: text,
  },
  'Retry-After': {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 0 },
  },
  Link: {
    description:
      'Addresses of the next, the previous and the first page (RFC 8288), where `limit` was given.',
    schema: text,
  },
  'X-Total-Count': {
    description: 'Number of items that match, where it is known.',
    schema: { type: 'integer', minimum: 0 },
  },
  'Idempotency-Replayed': {
    description: '`true` on the repeat of an earlier answer to the same `Idempotency-Key`.',
    schema: text,
  },
  'Preference-Applied': {
    description: 'How long the answer may have waited, as `wait=10` (RFC 7240).',
    schema: text,
  },
};

const RETRIED = new Set(['429', '503']);

const refer = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Says which headers the answers of an operation carry. */
export function declareHeaders(operation: DescribedOperation): void {
  const parameters = new Set(operation.parameters?.map(({ name }) => name));
  for (const [status, response] of Object.entries(operation.responses as Record<string, Response>)) {
    if (response.$ref !== undefined) continue;
    const names = [
      ...(status.startsWith('2') || status === '429'
        ? ['X-Request-Id', 'RateLimit', 'RateLimit-Policy']
        : []),
      ...(RETRIED.has(status) || (status === '409' && parameters.has('Idempotency-Key'))
        ? ['Retry-After']
        : []),
      ...(status.startsWith('2') && parameters.has('Idempotency-Key') ? ['Idempotency-Replayed'] : []),
      ...(status.startsWith('2') && parameters.has('Prefer') ? ['Preference-Applied'] : []),
      ...(status.startsWith('2') && parameters.has('offset') && isList(response)
        ? ['Link', 'X-Total-Count']
        : []),
    ];
    response.headers = { ...refer(names), ...response.headers };
  }
}

const isList = ({ content }: Response): boolean =>
  Object.values(content ?? {}).some(
    ({ schema }) => isArray(schema) || (schema.oneOf ?? []).some((one) => isArray(one)),
  );

const isArray = ({ type }: Schema): boolean => type === 'array';
