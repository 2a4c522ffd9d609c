import { describe, expect, it } from '@jest/globals';
import { runForecast } from '#libs/plugin-host';
import { Frame } from '#libs/plugin-sdk';
import type { BaselineMeans } from '#libs/timeseries';
import { flatForecast, HOUR, hourly, minimalPlugins, predictorNamed, stage } from './stage.js';

const START = Date.UTC(2026, 0, 5);
const at = (hours: number): number => START + hours * HOUR;
const iso = (hours: number): string => new Date(at(hours)).toISOString().replace('.000', '');

interface Given {
  readonly frame?: Frame;
  /** Hours after the first bar's label. */
  readonly now?: number;
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly looksAhead?: boolean;
}

/** A host that is asked; `seen` are the labels that the predictor got, as hours. */
async function host({ frame = hourly(), now = 100, flags = {}, looksAhead = false }: Given = {}) {
  const seen: number[][] = [];
  const predictor = predictorNamed(
    'default_predictor',
    {
      forecast: (bars, request) => {
        const last = request.baseline === null ? bars : bars.upTo(request.baseline);
        seen.push([...bars.time].map((time) => (time - START) / HOUR));
        return flatForecast(last, request);
      },
    },
    looksAhead,
  );
  const feeder = {
    ...minimalPlugins.feeder,
    create: () => ({
      fetch: async () => frame,
      resolve: (symbol: string) => ({ source: 'file', symbol }),
    }),
  };
  const { registry, clock } = await stage({ plugins: [predictor, feeder], flags });
  clock.jump(now * HOUR);
  const ask = (baseline: number | null, baselineMeans: BaselineMeans | null = null, freshAt?: number) =>
    runForecast(
      registry,
      {
        symbol: 'X',
        interval: '1h',
        predictionType: 'short_term',
        horizon: 1,
        baseline: baseline === null ? null : at(baseline),
        baselineMeans,
        ...(freshAt !== undefined && { freshAt: at(freshAt) }),
        feeder: 'default_feeder',
        pipeline: 'default_pipeline',
        predictor: 'default_predictor',
      },
      {},
    );
  return { ask, seen, registry };
}

describe('a question about a moment', () => {
  it.each<[string, number, BaselineMeans | null, number]>([
    ['names a bar by its label, which is used whole', 2, null, 2],
    ['between two labels sees only bars that had closed', 2 + 1 / 3, null, 1],
    ['that is the end of a bar and the label of none sees it', 5, null, 4],
    ['sees by its label what had closed, when labels are moments', 2, 'moment', 1],
    ['between two labels sees what had closed, when labels are moments', 2.5, 'moment', 1],
    ['sees the bar that had begun, as the original does', 2 + 1 / 3, 'bar', 2],
    ['behind all bars sees the last one', 90, null, 4],
  ])('%s', async (_, baseline, means, last) => {
    const { ask, seen } = await host();
    const { source, output } = await ask(baseline, means);
    expect(seen[0]?.at(-1)).toBe(last);
    expect(source).toMatchObject({ baseline_bar: iso(last), baseline_bar_closed: iso(last + 1) });
    expect(output.baseline_datetime).toContain(iso(last).slice(0, 19));
  });

  it('is read by the setting where the question does not say how', async () => {
    const { ask, seen } = await host({ flags: { baseline_means: 'moment' } });
    await ask(2);
    await ask(2, 'bar');
    expect(seen.map((labels) => labels.at(-1))).toEqual([1, 2]);
  });

  it('before which no bar had ended is refused with the setting that helps', async () => {
    const { ask } = await host();
    await expect(ask(0.5)).rejects.toMatchObject({
      code: 'no_data',
      detail: expect.stringContaining('baseline_means=bar'),
    });
    await expect(ask(-1)).rejects.toMatchObject({ code: 'no_data' });
  });

  it('shows an instrument that looks ahead all bars, and the one to start from', async () => {
    const { ask, seen } = await host({ looksAhead: true });
    const { source } = await ask(2.5);
    expect(seen).toEqual([[0, 1, 2, 3, 4]]);
    expect(source).toMatchObject({ baseline_bar: iso(1) });
  });

  it('takes the ends of bars from a source that knows them', async () => {
    const frame = hourly().dated({ closeOf: (label) => label + HOUR / 2, zone: null });
    const { ask, seen } = await host({ frame });
    const { source } = await ask(2.5);
    expect(seen[0]?.at(-1)).toBe(2);
    expect(source).toMatchObject({ baseline_bar_closed: iso(2.5) });
  });
});

describe('a question about the present', () => {
  it.each([[false], [true]])(
    'leaves the running bar out and says so (looks ahead: %s)',
    async (looksAhead) => {
      const { ask, seen } = await host({ now: 4.5, looksAhead });
      const { source } = await ask(null);
      expect(seen).toEqual([[0, 1, 2, 3]]);
      expect(source.notes).toEqual([`running_bar: the bar of ${iso(4)} has not ended and was left out`]);
      expect(source).toMatchObject({ baseline_bar: iso(3), baseline_bar_closed: iso(4) });
    },
  );

  it('uses the running bar by the rule of the original', async () => {
    const { ask, seen } = await host({ now: 4.5, flags: { baseline_means: 'bar' } });
    expect((await ask(null)).source.notes).toBeUndefined();
    expect(seen[0]?.at(-1)).toBe(4);
  });

  it('says that bars begin after now, which another time zone may explain', async () => {
    const { ask, seen } = await host({ now: 3 });
    const { source } = await ask(null);
    expect(seen).toEqual([[0, 1, 2]]);
    expect(source.notes?.[0]).toMatch(/^future_bars: 2 bars .*data_timezone/);
    const early = await host({ now: 0.5 });
    await expect(early.ask(null)).rejects.toMatchObject({ code: 'no_data' });
  });

  it('notes old data, and refuses them from the age that the setting names', async () => {
    expect((await (await host({ now: 6.9 })).ask(null)).source.notes).toBeUndefined();
    expect((await (await host({ now: 7 })).ask(null)).source.notes?.[0]).toMatch(/^stale: /);
    const strict = await host({ now: 9, flags: { max_data_age: 4 } });
    await expect(strict.ask(null)).rejects.toMatchObject({
      code: 'stale_data',
      detail: expect.stringContaining('max_data_age'),
    });
    expect((await strict.ask(4)).source.notes).toBeUndefined();
    await expect(strict.ask(9, 'moment', 9)).rejects.toMatchObject({ code: 'stale_data' });
    await expect((await host({ now: 8.9, flags: { max_data_age: 4 } })).ask(null)).resolves.toBeDefined();
  });

  it('counts its notes by their codes, those of other forms together', async () => {
    const { ask, registry } = await host({ now: 4.5 });
    await ask(null);
    await ask(null);
    registry.countNotes([
      'columns are normalised (use_normalization_json)',
      'gaps: a.csv: 2 bars are missing',
    ]);
    expect([...registry.noteCounts]).toEqual([
      ['running_bar', 2],
      ['other', 1],
      ['gaps', 1],
    ]);
  });

  it('counts months by the calendar', async () => {
    const months = [0, 1, 2, 3].map((month) => Date.UTC(2026, month, 1));
    const frame = Frame.of(Float64Array.from(months), { CLOSE: new Float64Array(4) });
    const { ask } = await host({ frame, now: (Date.UTC(2026, 3, 30, 23) - START) / HOUR });
    const { source } = await ask(null);
    expect(source).toMatchObject({
      baseline_bar: '2026-03-01T00:00:00Z',
      baseline_bar_closed: '2026-04-01T00:00:00Z',
    });
  });
});
