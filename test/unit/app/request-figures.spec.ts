import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { Metrics, RequestFigures } from '../../../src/app/metrics/metrics.js';

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every line with a value, sorted; sums are compared apart, because they depend on the order of adding. */
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# HELP') && !line.includes('_sum{'))
    .sort();

describe('figures of data', () => {
  it('count answers with notes by their codes, as of now', async () => {
    const noteCounts = new Map([['stale', 2]]);
    const metrics = new Metrics();
    metrics.watchNotes({ noteCounts });
    noteCounts.set('gaps', 1);
    await metrics.text();
    const { body } = await metrics.text();
    expect(body.match(/^data_notes_total.*$/gm)).toEqual([
      'data_notes_total{code="stale"} 2',
      'data_notes_total{code="gaps"} 1',
    ]);
  });
});

describe('figures of requests', () => {
  it('read as those of prom-client', async () => {
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'OTHER'),
      route: fc.constantFrom('/api/v1/predict', 'unmatched', 'a"b\\c\nd'),
      status: fc.constantFrom(200, 404, 499),
      seconds: fc.oneof(fc.constantFrom(...BUCKETS_S, 0, 31), fc.double({ min: 0, max: 60, noNaN: true })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
        const figures = new RequestFigures();
        const registry = new Registry();
        const counter = new Counter({
          name: 'http_requests_total',
          help: '-',
          labelNames: ['method', 'route', 'status'],
          registers: [registry],
        });
        const histogram = new Histogram({
          name: 'http_request_duration_seconds',
          help: '-',
          labelNames: ['method', 'route'],
          buckets: BUCKETS_S,
          registers: [registry],
        });
        for (const { method, route, status, seconds } of requests) {
          figures.add(method, route, status, seconds);
          counter.inc({ method, route, status: String(status) });
          histogram.observe({ method, route }, seconds);
        }
        const ordered = (line: string): string => line.replace(/\{le="([^"]+)",(.*)\}/, '{$2,le="$1"}');
        expect(linesOf(figures.text())).toEqual(
          linesOf(await registry.metrics())
            .map(ordered)
            .sort(),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('add up the seconds', () => {
    const figures = new RequestFigures();
    for (const seconds of [0.25, 0.5]) figures.add('GET', '/health', 200, seconds);
    expect(figures.text()).toContain(
      'http_request_duration_seconds_sum{method="GET",route="/health"} 0.75\n',
    );
  });
});
