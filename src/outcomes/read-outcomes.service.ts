import { Injectable } from '@nestjs/common';
import { COVERAGE_LEVELS, skillScore, coverageOf } from '#libs/scoring';
import type { ForecastOutcomeEntity } from './forecast-outcome.entity.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { ForecastOutcome, ForecastOutcomes, ForecastSource, TargetOutcome } from './outcomes.port.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { closeOfTarget } from './pin-forecast.service.js';

/** Pinned forecasts with what became of them. */
@Injectable()
export class ReadOutcomes implements ForecastOutcomes {
  constructor(private readonly outcomes: OutcomesRepository) {}

  async of(source: ForecastSource, subjectId: string): Promise<ForecastOutcome | null> {
    const pin = await this.outcomes.pinOf(source, subjectId);
    if (pin === null) return null;
    const rows = await this.outcomes.outcomesOf([pin.id]);
    const issued = pin.calibratedIntervals === null ? 'raw' : 'calibrated';
    return { ...pin, issued, targets: pin.horizons.map((_, at) => targetOf(pin, at, rows)) };
  }
}

function targetOf(pin: ForecastPinEntity, at: number, rows: readonly ForecastOutcomeEntity[]): TargetOutcome {
  const horizon = pin.horizons[at] ?? 0;
  const own = rows.filter((row) => row.horizon === horizon);
  const first = own.find(({ revision }) => revision === 0) ?? null;
  const target = pin.targetTimes[at] ?? null;
  const point = pin.points[at] ?? null;
  const value = first?.value ?? null;
  const baselineLoss = first?.baselineLoss ?? null;
  return {
    horizon,
    targetAt: target === null ? null : new Date(target),
    closesAt: target === null ? null : new Date(closeOfTarget(target, pin.interval)),
    status: first?.status ?? (pin.dueAt === null ? 'not_resolved' : 'pending'),
    reason: first?.reason ?? null,
    point,
    deviation: pin.deviations[at] ?? null,
    value,
    rescaledBy: first?.rescaledBy ?? null,
    error: value === null || point === null ? null : value - point,
    barAt: first?.barAt ?? null,
    source: first?.source ?? null,
    dataSha256: first?.dataSha256 ?? null,
    resolvedAt: first?.resolvedAt ?? null,
    lossKind: first?.lossKind ?? null,
    loss: first?.loss ?? null,
    baselineLoss,
    skill:
      first?.loss != null && baselineLoss !== null && baselineLoss > 0
        ? skillScore(first.loss, baselineLoss)
        : null,
    pit: first?.pit ?? null,
    covered: coveredOf(first?.covered ?? null),
    calibratedCovered: coveredOf(first?.calibratedCovered ?? null),
    revisions: own
      .filter(({ revision }) => revision > 0)
      .map(({ value: revised, rescaledBy, barAt, dataSha256, resolvedAt }) => ({
        value: revised,
        rescaledBy,
        barAt,
        dataSha256,
        resolvedAt,
      })),
  };
}

const coveredOf = (bits: number | null): Readonly<Record<string, boolean | null>> =>
  Object.fromEntries(
    COVERAGE_LEVELS.map((level, bit) => [String(level * 100), coverageOf(bits)[bit] ?? null]),
  );
