import { describe, expect, it } from '@jest/globals';
import { SERIES, type SeriesName, Telemetry } from '#libs/telemetry';
import * as fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { Metrics } from '../../../src/app/metrics/metrics.js';

const { bounds: BUCKETS_S } = SERIES.http_request_duration_seconds;

/** Every line with a value, sorted. */
const linesOf = (text: string, name: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(name) || line.startsWith(`# TYPE ${name}`))
    .sort();

describe('figures of a process', () => {
  it('read as those of prom-client', async () => {
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'OTHER'),
      route: fc.constantFrom('/api/v1/predict', 'unmatched', 'a"b\\c\nd'),
      status: fc.constantFrom('200', '404', '499'),
      seconds: fc.oneof(
        fc.constantFrom(...(BUCKETS_S ?? []), 0, 31),
        fc.double({ min: 0, max: 60, noNaN: true }),
      ),
    });
    const property = fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
      const metrics = new Metrics();
      const registers = [new Registry()];
      const labelNames = ['method', 'route'];
      const counter = new Counter({
        name: 'http_requests_total',
        help: '-',
        labelNames: [...labelNames, 'status'],
        registers,
      });
      const name = 'http_request_duration_seconds';
      const histogram = new Histogram({
        name,
        help: '-',
        labelNames,
        buckets: [...(BUCKETS_S ?? [])],
        registers,
      });
      for (const { method, route, status, seconds } of requests) {
        metrics.telemetry.count('http_requests_total', { method, route, status });
        metrics.telemetry.observe('http_request_duration_seconds', { method, route }, seconds);
        counter.inc({ method, route, status });
        histogram.observe({ method, route }, seconds);
      }
      const ordered = (line: string): string => line.replace(/\{le="([^"]+)",(.*)\}/, '{$2,le="$1"}');
      const theirs = (await registers[0]?.metrics()) ?? '';
      const ours = (await metrics.text()).body;
      for (const one of ['http_requests_total', name])
        expect(linesOf(ours, one)).toEqual(linesOf(theirs, one).map(ordered).sort());
    });
    await fc.assert(property, { numRuns: 25 });
  });

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

  it('keep so many sets of labels apart as their series says, and count the others together', () => {
    const telemetry = new Telemetry();
    const { most } = SERIES.predictions_total;
    for (let nth = 0; nth < most + 50; nth += 1)
      telemetry.count('predictions_total', { plugin: `plugin ${nth}`, result: 'completed' });
    const { values = [] } =
      telemetry.readings('process').find(({ name }) => name === 'predictions_total') ?? {};
    expect(values).toHaveLength(most + 1);
    expect(values.at(-1)).toEqual({ labels: { plugin: 'other', result: 'other' }, value: 50 });
  });

  it('are declared in one sentence or more each, with names as Prometheus wants them', () => {
    for (const [name, { help, labels, type }] of Object.entries(SERIES)) {
      expect(help).toMatch(/^[`A-Z1].*\.$/);
      for (const label of [name, ...labels]) expect(label).toMatch(/^[a-z][a-z_]*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
    expect(new Set<SeriesName>(Object.keys(SERIES) as SeriesName[]).size).toBeGreaterThan(20);
  });
});
