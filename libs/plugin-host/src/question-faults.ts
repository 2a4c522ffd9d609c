import { AppError, type Violation } from '#libs/kernel';
import { intervalMs } from '#libs/timeseries';
import type { FeederHandle } from './handles.js';
import type { ModelServer, PluginRegistry } from './plugin-registry.js';

/** A fault of a question: the part that is wrong, what is wrong with it and what it was. */
export interface QuestionFault {
  readonly part: 'symbol' | 'interval' | 'model' | 'horizon';
  readonly text: string;
  readonly input: unknown;
}

/** What of a question is answered otherwise than asked: the code and the text of a warning, and the part that it is about. */
export interface QuestionRemark {
  readonly part: 'interval' | 'horizon';
  readonly code: 'interval_aggregated' | 'horizons_cut';
  readonly text: string;
}

/** What of a question can be judged before anything is computed. */
export interface AskedQuestion {
  readonly feeder: string;
  readonly symbol: string;
  /** Canonical; null where nobody asked for one. */
  readonly interval: string | null;
  /** Null where nobody here answers for the model. */
  readonly server: ModelServer | null;
  /** The model as it was asked for, for messages. */
  readonly model: string;
  /** Fewest steps ahead without which nothing asked is answered; null where the predictor chooses. */
  readonly horizon: number | null;
}

/** Each fault where a form has the part. */
export const faultsAt = (
  faults: readonly QuestionFault[],
  locOf: (fault: QuestionFault) => readonly (string | number)[],
): readonly Violation[] =>
  faults.map((fault) => ({
    type: 'value_error',
    loc: locOf(fault),
    msg: `Value error, ${fault.text}`,
    input: fault.input,
    ctx: { error: {} },
  }));

/**
 * What is surely wrong with a question: a symbol or a length of bars that its source cannot have, a predictor that does
 * not forecast, more steps ahead than the model answers. A plugin that cannot be created is not judged: the computation
 * says why it cannot.
 */
export async function questionFaults(
  plugins: PluginRegistry,
  asked: AskedQuestion,
): Promise<readonly QuestionFault[]> {
  const feeder = await plugins.usable('feeder', asked.feeder);
  const source = feeder === null ? [] : await sourceFaults(feeder, asked);
  return [...source, ...(await modelFaults(plugins, asked))];
}

/**
 * What will be answered in another way than asked, as far as it is known when the question is taken: bars put together from
 * shorter ones, and steps ahead that the model does not have.
 * @param horizons all steps ahead that were asked for by a list; null when there was none
 */
export async function questionRemarks(
  plugins: PluginRegistry,
  { feeder: id, symbol, interval, server }: AskedQuestion,
  horizons: readonly number[] | null,
): Promise<readonly QuestionRemark[]> {
  const remarks: QuestionRemark[] = [];
  const feeder = interval === null ? null : await plugins.usable('feeder', id);
  const own = feeder === null || interval === null ? null : await feeder.intervalOf(symbol, interval);
  if (own !== null && interval !== null && intervalMs(own) < intervalMs(interval))
    remarks.push({
      part: 'interval',
      code: 'interval_aggregated',
      text: `the data has bars of ${own}; bars of ${interval} are put together from them`,
    });
  const reach = server === null ? Infinity : await reachOf(plugins, server);
  const beyond = (horizons ?? []).filter((horizon) => horizon > reach);
  if (beyond.length > 0)
    remarks.push({
      part: 'horizon',
      code: 'horizons_cut',
      text: `the model answers at most ${reach} bars ahead; ${beyond.length} of the ${horizons?.length} horizons, the first ${beyond[0]}, have no value and stand in errors`,
    });
  return remarks;
}

/** Most steps ahead that the model answers; infinite where it has no limit, or where only the computation can tell. */
async function reachOf(plugins: PluginRegistry, { predictor, model }: ModelServer): Promise<number> {
  const handle = await plugins.usable('predictor', plugins.canonicalId('predictor', predictor));
  return handle?.reach(model) ?? Infinity;
}

async function sourceFaults(
  feeder: FeederHandle,
  { symbol, interval }: AskedQuestion,
): Promise<readonly QuestionFault[]> {
  const unknown = await refusalOf(() => feeder.resolve(symbol));
  if (unknown !== null) return [{ part: 'symbol', text: unknown, input: symbol }];
  if (interval === null) return [];
  const other = await refusalOf(() => feeder.checkInterval(symbol, interval));
  return other === null ? [] : [{ part: 'interval', text: other, input: interval }];
}

/** Why the question cannot be answered as asked; null when it can, or when only the computation can tell. */
async function refusalOf(ask: () => unknown): Promise<string | null> {
  try {
    await ask();
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_request') return error.detail;
    if (!(error instanceof AppError)) throw error;
  }
  return null;
}

async function modelFaults(
  plugins: PluginRegistry,
  { server, model, horizon }: AskedQuestion,
): Promise<readonly QuestionFault[]> {
  if (server === null) return [];
  const others = plugins.forecasters;
  const id = plugins.canonicalId('predictor', server.predictor);
  if (plugins.has('predictor', id) && !others.includes(id)) {
    const text = `predictor "${model}" does not forecast; those that do are ${others.join(', ')}`;
    return [{ part: 'model', text, input: model }];
  }
  const reach = await reachOf(plugins, server);
  if (horizon === null || horizon <= reach) return [];
  const text = `the model answers at most ${reach} bars ahead, not ${horizon}; choose a nearer horizon or a model with more outputs`;
  return [{ part: 'horizon', text, input: horizon }];
}
