import { Injectable, StreamableFile } from '@nestjs/common';
import { type ForecastChart, type PictureFormat, renderPicture, type ScoreChart } from '#libs/forecast-chart';
import { AppError } from '#libs/kernel';
import { formatIso } from '#libs/timeseries';
import type { ForecastOutcome, OutcomePictures } from './outcomes.port.js';
import { OutcomesRepository } from './outcomes.repository.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import { ReadScores } from './read-scores.service.js';
import type { ScorePicture } from './score-pictures.js';
import type { ScorecardOut, ScorecardQuery } from './scores.dto.js';

const TYPES = { png: 'image/png', svg: 'image/svg+xml' } as const;
/** As many intervals as a picture can tell apart. */
const MOST_INTERVALS = 5;

/** Scores and forecasts as pictures; an SVG loads nothing from elsewhere. */
@Injectable()
export class DrawScores implements OutcomePictures {
  constructor(
    private readonly scores: ReadScores,
    private readonly outcomes: OutcomesRepository,
  ) {}

  /** @throws AppError as `ReadScores.scorecard`; `not_found` (`nothing_to_draw`) before the first outcome */
  async scorecard(model: string, picture: ScorePicture, query: ScorecardQuery): Promise<StreamableFile> {
    const card = await this.scores.scorecard(model, query);
    const [kind, format] = picture.split('.') as [ScoreChart['kind'], PictureFormat];
    const chart = chartOf(kind, card);
    if (chart === null)
      throw new AppError(
        'not_found',
        `None of the forecasts of ${model} has an outcome that can be drawn yet`,
        {
          code: 'nothing_to_draw',
        },
      );
    return pictureOf(await renderPicture(chart, format), format, `${kind}.${format}`);
  }

  async forecast(
    source: ForecastPinEntity['source'],
    subjectId: string,
    { targets }: ForecastOutcome,
    format: PictureFormat,
  ): Promise<StreamableFile> {
    const pin = await this.outcomes.pinOf(source, subjectId);
    const chart = pin === null ? null : fanOf(pin, targets);
    if (chart === null)
      throw new AppError('not_found', 'This forecast names no times and values, so it cannot be drawn', {
        code: 'nothing_to_draw',
      });
    return pictureOf(await renderPicture(chart, format), format, `forecast-${subjectId}.${format}`);
  }
}

const pictureOf = (bytes: Uint8Array, format: PictureFormat, name: string): StreamableFile =>
  new StreamableFile(bytes, { type: TYPES[format], disposition: `inline; filename="${name}"` });

function chartOf(kind: ScoreChart['kind'], card: ScorecardOut): ScoreChart | null {
  const { model, outcomes, symbol } = card;
  const subtitle = `${model}${symbol === null ? '' : `, ${symbol}`}: ${outcomes} outcomes since ${card.from}`;
  switch (kind) {
    case 'calibration':
      if (card.coverage.every(({ share }) => share === null)) return null;
      return { kind, title: 'Inside of the intervals', subtitle, levels: card.coverage };
    case 'pit':
      if (card.pit.counts.every((count) => count === 0)) return null;
      return { kind, title: 'Where values fell', subtitle, counts: card.pit.counts };
    case 'skill': {
      const periods = card.days.map(({ day, skill }) => ({ time: Date.parse(day), skill }));
      if (periods.every(({ skill }) => skill === null)) return null;
      return { kind, title: 'Skill by day', subtitle, periods };
    }
  }
}

/** The forecast from its last closed bar on, with what came; null for one without times or values. */
function fanOf(pin: ForecastPinEntity, targets: ForecastOutcome['targets']): ForecastChart | null {
  const drawn = pin.targetTimes
    .flatMap((time, at) => (time === null || pin.points[at] == null ? [] : [{ time, at }]))
    .toSorted((a, b) => a.time - b.time)
    .filter(({ time }, at, all) => at === 0 || time > (all[at - 1]?.time ?? Infinity));
  if (drawn.length === 0) return null;
  const inOrder = <T>(values: readonly (T | null)[]): (T | null)[] =>
    drawn.map(({ at }) => values[at] ?? null);
  const came = drawn.flatMap(({ time, at }) => {
    const value = targets[at]?.value ?? null;
    return value === null ? [] : [{ time, value }];
  });
  const { baselineAt, baselineValue } = pin;
  const begins =
    baselineAt !== null && baselineValue !== null && baselineAt.getTime() < (drawn[0]?.time ?? 0);
  return {
    title: `${pin.symbol}, ${pin.interval}: ${drawn.length === 1 ? '1 bar' : `${drawn.length} bars`} ahead`,
    subtitle: `${pin.model}, issued ${formatIso(pin.issuedAt.getTime())}`,
    history: begins ? { time: [baselineAt.getTime()], value: [baselineValue] } : { time: [], value: [] },
    forecast: {
      time: drawn.map(({ time }) => time),
      median: inOrder(pin.points),
      intervals: pin.intervals
        .toSorted((a, b) => b.level - a.level)
        .filter(({ level }, at, all) => level > 0 && level < 1 && level !== all[at - 1]?.level)
        .slice(0, MOST_INTERVALS)
        .map(({ level, lower, upper }) => ({ level, lower: inOrder(lower), upper: inOrder(upper) })),
      label: 'Forecast',
    },
    outcome: { time: came.map(({ time }) => time), value: came.map(({ value }) => value) },
    valueLabel: pin.targetColumn ?? 'Value',
  };
}
