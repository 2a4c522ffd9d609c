import { Injectable } from '@nestjs/common';
import { Clock, invalid, valueFault, type Violation } from '#libs/kernel';
import { warn } from '#libs/http';
import {
  type AskedQuestion,
  faultsAt,
  PluginRegistry,
  questionFaults,
  questionRemarks,
} from '#libs/plugin-host';
import { type PriceTerms, Prices } from '../billing/billing.port.js';
import { BASELINE_MEANINGS, canonicalInterval, parseTimestamp } from '#libs/timeseries';
import {
  type AskedTerms,
  type JsonObject,
  ORDER_INTERVALS,
  type OrderInterval,
  type OrderTerms,
} from './marketplace.port.js';

const MODEL_NAME_LENGTH = 100;
/** So that the last bar of any horizon still has a year of four digits, as RFC 3339 writes it. */
const END_OF_MOMENTS = Date.UTC(9990, 0, 1);

/** Terms with the model whose price they have, and whose: the provider's id or name, else the cheapest one. */
export interface Priced {
  readonly terms: OrderTerms;
  readonly modelName: string;
  readonly provider?: number | string;
}

/** The terms as billing prices them. */
export const priceTermsOf = ({ terms, modelName, provider }: Priced): PriceTerms => ({
  symbol: terms.symbol,
  modelName,
  predictionType: terms.predictionType,
  horizon: terms.predictionHorizon,
  lookback: terms.lookbackTicks,
  feeder: terms.feederPlugin,
  predictor: terms.predictorPlugin,
  priority: terms.priority,
  ...(provider !== undefined && { provider }),
});

/** Checks what a form can't know: the moment, the plugins, the model; and finds out which model is priced and by whom. */
@Injectable()
export class CompleteTerms {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly prices: Prices,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `invalid` with every fault; unknown plugins are answered with the known ones */
  async complete(terms: AskedTerms): Promise<Priced> {
    const { predictorPlugin, customParameters } = terms;
    const model = customParameters?.['model_name'] ?? predictorPlugin;
    const provider = customParameters?.['provider'] ?? undefined;
    const violations = [
      ...this.#momentFaults(terms.datetimeRequested),
      ...(await this.#modelFaults(predictorPlugin, ['body', 'predictor_plugin'])),
      ...(model === predictorPlugin
        ? []
        : await this.#modelFaults(model, ['body', 'custom_parameters', 'model_name'])),
      ...providerFaults(provider),
      ...momentParameterFaults(customParameters, this.clock.now()),
      ...wishFaults(customParameters),
      ...this.#unknown('feeder', terms.feederPlugin, ['body', 'feeder_plugin']),
      ...this.#unknown('pipeline', terms.pipelinePlugin, ['body', 'pipeline_plugin']),
    ];
    if (violations.length > 0) throw invalid(...violations);
    const question = this.#questionOf(terms, model as string);
    const faults = await this.#questionFaults(terms, question);
    if (faults.length > 0) throw invalid(...faults);
    for (const { code, text } of await questionRemarks(this.plugins, question, null))
      warn({ code, field: 'interval', message: text });
    return {
      terms: { ...terms, interval: terms.interval ?? (await this.#intervalOf(terms)) },
      modelName: model as string,
      ...(isProvider(provider) && { provider }),
    };
  }

  #questionOf(terms: AskedTerms, model: string): AskedQuestion {
    return {
      feeder: terms.feederPlugin,
      symbol: terms.symbol,
      interval: terms.interval === null ? null : canonicalInterval(terms.interval),
      server: this.plugins.serves(model),
      model,
      horizon: terms.predictionHorizon,
    };
  }

  /** What the plugins here are sure not to answer; a model that is only priced is judged by those who have it. */
  async #questionFaults(terms: AskedTerms, asked: AskedQuestion): Promise<readonly Violation[]> {
    const faults = await questionFaults(this.plugins, asked);
    const fields = {
      symbol: ['symbol'],
      interval: ['interval'],
      model:
        asked.model === terms.predictorPlugin ? ['predictor_plugin'] : ['custom_parameters', 'model_name'],
      horizon: ['prediction_horizon'],
    };
    return faultsAt(faults, ({ part }) => ['body', ...fields[part]]);
  }

  /** The length of the data's bars, where orders know it; else an hour, as in the original. */
  async #intervalOf({ feederPlugin, symbol }: AskedTerms): Promise<OrderInterval> {
    const own = await (await this.plugins.usable('feeder', feederPlugin))?.intervalOf(symbol);
    return ORDER_INTERVALS.find((interval) => canonicalInterval(interval) === own) ?? '1h';
  }

  #momentFaults(moment: Date): readonly Violation[] {
    const time = moment.getTime();
    if (time > this.clock.now() && time < END_OF_MOMENTS) return [];
    const allowed = time < END_OF_MOMENTS ? 'in the future' : 'before the year 9990';
    const msg = `datetime_requested must be ${allowed}`;
    return [valueFault(['body', 'datetime_requested'], msg, moment.toISOString())];
  }

  /** A predictor that is loaded, one of the model files of one, or a model that a provider has a price for. */
  async #modelFaults(model: unknown, loc: readonly string[]): Promise<readonly Violation[]> {
    if (typeof model !== 'string' || model.length === 0 || model.length > MODEL_NAME_LENGTH)
      return [valueFault(loc, `a model name must have 1 to ${MODEL_NAME_LENGTH} characters`, model)];
    const server = await this.plugins.servesOrSells(model, (name) => this.prices.isPriced(name));
    return server === null ? this.plugins.unknownPlugin('predictor', model, loc).violations : [];
  }

  #unknown(kind: 'feeder' | 'pipeline', id: string, loc: readonly string[]): readonly Violation[] {
    return this.plugins.has(kind, id) ? [] : this.plugins.unknownPlugin(kind, id, loc).violations;
  }
}

/** `as_of` is a moment that has passed; both parameters decide what the answer may know, so none is ignored. */
function momentParameterFaults(given: JsonObject | null, now: number): Violation[] {
  const fault = (name: string, msg: string) =>
    valueFault(['body', 'custom_parameters', name], msg, given?.[name]);
  const { as_of: asOf = null, baseline_means: means = null } = given ?? {};
  const time = typeof asOf === 'string' ? parseTimestamp(asOf) : null;
  const isWrong = asOf !== null && (time === null || time > now);
  return [
    ...(isWrong ? [fault('as_of', 'as_of must be a past moment, for example 2024-01-31T12:00:00Z')] : []),
    ...(means === null || BASELINE_MEANINGS.some((one) => one === means)
      ? []
      : [fault('baseline_means', `baseline_means must be one of ${BASELINE_MEANINGS.join(', ')}`)]),
  ];
}

/** A wish that is no wish would be ignored without a word. */
const wishFaults = (given: JsonObject | null): Violation[] =>
  ['calibrate', 'abstain'].flatMap((name) => {
    const wish = given?.[name];
    if (wish === undefined || typeof wish === 'boolean') return [];
    return [valueFault(['body', 'custom_parameters', name], `${name} must be true or false`, wish)];
  });

const isProvider = (provider: unknown): provider is string | number =>
  typeof provider === 'string' || Number.isSafeInteger(provider);

const providerFaults = (provider: unknown): Violation[] =>
  provider === undefined || isProvider(provider)
    ? []
    : [
        valueFault(
          ['body', 'custom_parameters', 'provider'],
          'provider must be the name or the id of a provider',
          provider,
        ),
      ];
