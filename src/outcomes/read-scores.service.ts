import { Injectable } from '@nestjs/common';
import { KeptFigures } from '#libs/database';
import { AppError, Clock, DAY_MS, suggestion } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { type Share, uniformityOf, wilsonInterval } from '#libs/scoring';
import { canonicalInterval } from '#libs/timeseries';
import { dayOf, JUDGED_DAYS } from './keep-scores.service.js';
import type { ScoreDayEntity } from './score-day.entity.js';
import { addSums, ALL_HORIZONS, coverageSums, noSums, pitSums, type ScoreSums } from './score-sums.js';
import type { ProviderStatsOut, ScoreboardEntryOut, ScorecardOut, ScorecardQuery } from './scores.dto.js';
import { ScoresRepository } from './scores.repository.js';
import { agedStanding, ratingOf, standingOf } from './standing.js';
import { type JudgedKind, type ScoreStanding, ScoreStandings, UNRATED } from './standings.port.js';

const FOR_MODEL = 'model:';

/** Scorecards, the scoreboard and standings, from sums that are kept. */
@Injectable()
export class ReadScores implements ScoreStandings {
  constructor(
    private readonly scores: ScoresRepository,
    private readonly figures: KeptFigures,
    private readonly clock: Clock,
    private readonly plugins: PluginRegistry,
  ) {}

  /** @throws AppError `not_found` for a name that nobody serves and that has no outcomes */
  async scorecard(model: string, query: ScorecardQuery): Promise<ScorecardOut> {
    const now = this.clock.now();
    const to = query.to?.getTime() ?? now;
    const from = query.from?.getTime() ?? to - JUDGED_DAYS * DAY_MS;
    const { symbol, horizon } = query;
    const interval = query.interval === undefined ? undefined : canonicalInterval(query.interval);
    const days = await this.scores.days({
      subject: FOR_MODEL + model,
      horizon: horizon ?? ALL_HORIZONS,
      from: dayOf(from),
      to: dayOf(to),
      ...(symbol !== undefined && { symbol }),
      ...(interval != null && { interval }),
    });
    if (days.length === 0) await this.#assertKnown(model);
    const sums = noSums();
    for (const day of days) addSums(sums, day);
    return {
      model,
      symbol: symbol ?? null,
      interval: interval ?? null,
      horizon: horizon ?? null,
      from: dayOf(from),
      to: dayOf(to),
      ...standingOf(days, Math.min(now, to)),
      unresolvable: sums.unresolvable,
      ...meansOf(sums),
      ...calibrationOf(sums),
      days: byDay(days),
    };
  }

  async of<Name extends string | number>(
    kind: JudgedKind,
    names: readonly Name[],
  ): Promise<ReadonlyMap<Name, ScoreStanding>> {
    const rows = await this.scores.standings([...new Set(names)].map((name) => `${kind}:${name}`));
    const now = this.clock.now();
    const judged = new Map(
      rows.map((row) => [row.subject, { ...agedStanding(row, now), rating: ratingOf(row.outcomes) }]),
    );
    return new Map(names.map((name) => [name, judged.get(`${kind}:${name}`) ?? UNRATED]));
  }

  /** A provider's standing, and what became of the orders at its prices. */
  async provider(id: number): Promise<ProviderStatsOut> {
    const since = new Date(this.clock.now() - JUDGED_DAYS * DAY_MS);
    const [standings, figures] = await Promise.all([
      this.of('provider', [id]),
      this.figures.since('deliveries', since, id),
    ]);
    const events = (name: string): number => figures.get(name)?.events ?? 0;
    const deliveries = { completed: events('completed'), failed: events('failed') - events('abstained') };
    return { ...(standings.get(id) ?? UNRATED), deliveries };
  }

  /** A mistyped name must not look like a model without luck. */
  async #assertKnown(model: string): Promise<void> {
    if (this.plugins.serves(model) !== null) return;
    if ((await this.scores.standing(FOR_MODEL + model)) !== null) return;
    const known = [...this.plugins.forecasters, ...this.plugins.modelNames];
    const text = `No model "${model}" is served here, and none of its forecasts has an outcome${suggestion(model, known)}`;
    throw new AppError('not_found', text, { code: 'model_not_found' });
  }

  async scoreboard(limit: number): Promise<ScoreboardEntryOut[]> {
    // found by what was judged, at most a day ago; in the order of what it is worth by now
    const now = this.clock.now();
    const best = (await this.scores.best('model', limit))
      .map((row) => agedStanding(row, now))
      .toSorted((a, b) => (b.quality ?? 0) - (a.quality ?? 0));
    return best.map(({ subject, outcomes, effectiveCount, skill, skillLower, quality, updatedAt }) => ({
      model: subject.slice(FOR_MODEL.length),
      rating: ratingOf(outcomes),
      outcomes,
      effectiveCount,
      skill,
      skillLower,
      quality,
      updatedAt,
    }));
  }
}

const ratio = (above: number, below: number): number | null => (below === 0 ? null : above / below);

function meansOf(sums: ScoreSums) {
  const squared = ratio(sums.squaredError, sums.points);
  return {
    loss: ratio(sums.loss, sums.scored),
    baselineLoss: ratio(sums.baselineLoss, sums.scored),
    mae: ratio(sums.absoluteError, sums.points),
    rmse: squared === null ? null : Math.sqrt(squared),
    mase: ratio(sums.scaledError, sums.scaled),
    directionalAccuracy: shareOf(wilsonInterval(sums.rightDirections, sums.directions)),
  };
}

const shareOf = ({ share, lower, upper, count }: Share) => ({ share, lower, upper, count });

function calibrationOf(sums: ScoreSums) {
  const counts = pitSums(sums);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const test = total === 0 ? null : uniformityOf(counts);
  const levels = coverageSums(sums);
  const coverageOf = (which: 'raw' | 'calibrated') =>
    levels.map(({ level, [which]: { hits, count } }) => ({
      level,
      ...shareOf(wilsonInterval(hits, count)),
    }));
  return {
    coverage: coverageOf('raw'),
    calibratedCoverage: coverageOf('calibrated'),
    pit: { counts, chiSquare: test?.chiSquare ?? null, pValue: test?.pValue ?? null },
  };
}

/** Skill over time. */
function byDay(days: readonly ScoreDayEntity[]) {
  const sums = new Map<string, { scored: number; loss: number; baselineLoss: number }>();
  for (const { day, scored, loss, baselineLoss } of days) {
    const known = sums.get(day) ?? { scored: 0, loss: 0, baselineLoss: 0 };
    sums.set(day, {
      scored: known.scored + scored,
      loss: known.loss + loss,
      baselineLoss: known.baselineLoss + baselineLoss,
    });
  }
  return [...sums].map(([day, { scored, loss, baselineLoss }]) => ({
    day,
    outcomes: scored,
    skill: baselineLoss > 0 ? 1 - loss / baselineLoss : null,
  }));
}
