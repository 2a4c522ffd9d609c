import { Injectable } from '@nestjs/common';
import { HOUR_MS, MINUTE_MS } from '#libs/kernel';
import { scorePayOf } from '#libs/scoring';
import type { ForecastOutcomeEntity } from './forecast-outcome.entity.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { ForecastPay, ForecastPays } from './outcomes.port.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { closeOfTarget } from './pin-forecast.service.js';
import { groupedBy } from './group.js';

/** Longest and shortest pause until an outcome that should be there is looked for again. */
const LATEST_RETRY_MS = HOUR_MS;
const EARLIEST_RETRY_MS = MINUTE_MS;

/** Source of outcomes that the forecast's own evaluator sent in: shown and scored, but nobody is paid by their own word. */
const OWN_REPORT = 'reported_by_evaluator';

/** What answers to orders earn by their outcomes: from pins and outcomes alone, which never change. */
@Injectable()
export class PayForecasts implements ForecastPays {
  constructor(private readonly outcomes: OutcomesRepository) {}

  async of(orderIds: readonly string[], now: number): Promise<ReadonlyMap<string, ForecastPay>> {
    const pins = await this.outcomes.pinsOf('order', orderIds);
    const rows = await this.outcomes.outcomesOf(pins.map(({ id }) => id));
    const first = groupedBy(
      rows.filter(({ revision }) => revision === 0),
      ({ pinId }) => pinId,
    );
    const pinOf = new Map(pins.map((pin) => [pin.subjectId, pin]));
    return new Map(
      orderIds.map((id) => {
        const pin = pinOf.get(id);
        return [id, pin === undefined ? nothing('not_pinned') : payOf(pin, first.get(pin.id) ?? [], now)];
      }),
    );
  }
}

const nothing = (reason: string): ForecastPay => ({ fraction: 0, scored: 0, reason, nextAt: null });

function payOf(pin: ForecastPinEntity, outcomes: readonly ForecastOutcomeEntity[], now: number): ForecastPay {
  if (pin.standing !== 'live') return nothing(pin.standing);
  const byHorizon = new Map(outcomes.map((one) => [one.horizon, one]));
  const parts = pin.horizons.map((horizon, at) => partOf(pin, at, byHorizon.get(horizon)));
  const scored = parts.filter((part) => typeof part === 'number');
  const sum = scored.reduce((total, fraction) => total + fraction, 0);
  const reason = parts.find((part) => typeof part === 'string') ?? null;
  const waits = parts.includes(null);
  return {
    fraction: Math.min(1, sum / pin.horizons.length),
    scored: scored.length,
    reason,
    nextAt: waits ? nextAt(pin, now) : null,
  };
}

/** 0 to 1, why it earns nothing, or null while its outcome is not there. */
function partOf(
  pin: ForecastPinEntity,
  at: number,
  outcome: ForecastOutcomeEntity | undefined,
): number | string | null {
  if (outcome === undefined) return null;
  const { status, reason, source, value, baselineValue, volatility } = outcome;
  if (status === 'unresolvable' || value === null) return reason ?? 'no_data';
  if (source === OWN_REPORT) return 'own_report';
  if (baselineValue === null || volatility === null || !(volatility > 0)) return 'no_scale';
  return scorePayOf(pin, at, value, { baselineValue, volatility })?.fraction ?? 'not_a_value';
}

/** When the last target closes; behind it, like the look for outcomes itself. */
function nextAt({ targetTimes, interval }: ForecastPinEntity, now: number): Date {
  const closes = targetTimes.flatMap((time) => (time === null ? [] : [closeOfTarget(time, interval)]));
  const last = Math.max(...closes);
  if (last > now) return new Date(last);
  const [target = last] = targetTimes.flatMap((time) => (time === null ? [] : [time]));
  const length = closeOfTarget(target, interval) - target;
  return new Date(now + Math.min(LATEST_RETRY_MS, Math.max(EARLIEST_RETRY_MS, length / 4)));
}
