import type { NewApiLog } from '../../../src/audit/api-log.repository.js';

/** An audited request. @param id UUID */
export const logRow = (
  id: string,
  payload: string | null = '{"symbol":"ÄÖ \\u2028","n":1.50}',
  route: string | null = '/api/v1/predict',
): NewApiLog => [
  id,
  id,
  null,
  '127.0.0.1',
  null,
  '/api/v1/predict',
  'POST',
  null,
  payload,
  '2026-01-31T12:00:00.000Z',
  201,
  1.25,
  512,
  route,
];
