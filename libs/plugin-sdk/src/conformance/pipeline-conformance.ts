import { HOUR_MS } from '#libs/kernel';
import { Frame } from '#libs/timeseries';
import type { PipelineDefinition } from '../definitions.js';
import type { Feeder, FetchRequest } from '../feeder.js';
import type { Pipeline, PipelineTools, PredictionRequest } from '../pipeline.js';
import { PluginError } from '../plugin-error.js';
import type { ForecastOutput, ForecastRequest, Predictor } from '../predictor.js';
import {
  type ConformanceCheck,
  definitionConformance,
  freshChecks,
  must,
  mustFailWith,
  settled,
} from './checks.js';

/** A pipeline. The suite has its own feeder and predictor. */
export interface PipelineSubject {
  readonly definition: PipelineDefinition;
  /** Creates a new pipeline for each check: `createPlugin(definition, {...})`. */
  readonly create: () => Pipeline | Promise<Pipeline>;
  /** Time of the newest of the 200 hourly bars of the suite's feeder, in epoch ms UTC. Default: the last full hour. */
  readonly lastBar?: number;
}

const QUESTION: PredictionRequest = {
  symbol: 'EURUSD',
  interval: '1h',
  predictionType: 'short_term',
  horizons: [2, 1],
  horizon: null,
  baseline: null,
  dateColumn: null,
  targetColumn: 'CLOSE',
};

/** A feeder and a predictor that record their requests. */
class Bench {
  readonly fetches: FetchRequest[] = [];
  readonly forecasts: { readonly frame: Frame; readonly request: ForecastRequest }[] = [];
  readonly steps: number[] = [];
  readonly controller = new AbortController();
  readonly whole: Frame;

  constructor(lastBar: number, bars: number) {
    const time = Float64Array.from({ length: bars }, (_, row) => lastBar - (bars - 1 - row) * HOUR_MS);
    this.whole = Frame.of(time, { CLOSE: time.map((_, row) => 1 + row / 1000) });
  }

  tools(replaced: { readonly feeder?: Partial<Feeder>; readonly predictor?: Predictor } = {}): PipelineTools {
    return {
      feeder: {
        fetch: async (request) => {
          this.fetches.push(request);
          return this.whole.between(request.from, Math.min(request.to ?? Infinity, request.asOf ?? Infinity));
        },
        resolve: (symbol) => ({ source: 'bench', symbol: `${symbol}=X` }),
        ...replaced.feeder,
      },
      predictor: replaced.predictor ?? {
        forecast: (frame, request) => {
          this.forecasts.push({ frame, request });
          return answer(request);
        },
      },
      signal: this.controller.signal,
      progress: (percentage) => this.steps.push(percentage),
    };
  }
}

const answer = ({ horizons }: ForecastRequest): ForecastOutput => ({
  mode: 'bench',
  date_column: 'DATE_TIME',
  target_column: 'CLOSE',
  baseline_datetime: '2026-01-05T00:00:00Z',
  baseline_value: 1,
  horizons: horizons ?? [],
  predictions: (horizons ?? []).map(() => 1),
  future_datetimes: (horizons ?? []).map(() => null),
  uncertainty: (horizons ?? []).map(() => 0),
  errors: [],
});

type Work = (pipeline: Pipeline, bench: Bench) => Promise<void>;

/** The conformance suite of pipelines. */
export function pipelineConformance(subject: PipelineSubject): readonly ConformanceCheck[] {
  const lastBar = subject.lastBar ?? Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const fresh = freshChecks(subject.create);
  const check = (name: string, work: Work, bars = 200): ConformanceCheck =>
    fresh(name, (pipeline) => work(pipeline, new Bench(lastBar, bars)));
  return [
    ...definitionConformance(subject.definition),
    check('passes the symbol to the feeder and the request to the predictor', asksBoth),
    check('explains the answer: source, number of bars, first and last bar, durations', explains),
    check('reports progress that rises from 0 to 100', reportsProgress),
    check(
      'fails with no_data if there are no bars',
      (pipeline, bench) => mustFailWith(['no_data'], () => pipeline.run(QUESTION, bench.tools()), 'no bars'),
      0,
    ),
    check('passes on the error codes of feeder and predictor', passesOnErrors),
    check('fails with unsupported if the predictor offers no forecast', (pipeline, bench) =>
      mustFailWith(
        ['unsupported'],
        () => pipeline.run(QUESTION, bench.tools({ predictor: {} })),
        'no forecast',
      ),
    ),
    check('passes on the signal, so that a cancelled run ends', endsWhenCancelled),
  ];
}

async function asksBoth(pipeline: Pipeline, bench: Bench): Promise<void> {
  const { output } = await pipeline.run(QUESTION, bench.tools());
  const [fetch] = bench.fetches;
  must(
    fetch?.symbol === QUESTION.symbol && fetch.interval === QUESTION.interval,
    'the feeder must get symbol and interval',
  );
  const forecast = bench.forecasts.at(-1);
  must(forecast !== undefined && forecast.frame.length > 0, 'the predictor must get the bars');
  const { horizons, horizon, baseline, targetColumn } = forecast.request;
  must(
    horizons?.join() === '2,1' && horizon === null && baseline === null && targetColumn === 'CLOSE',
    'the predictor must get the request unchanged, with the horizons in their order',
  );
  must(output.horizons.join() === '2,1', "the predictor's output must be returned unchanged");
}

async function explains(pipeline: Pipeline, bench: Bench): Promise<void> {
  const { source, timing } = await pipeline.run(QUESTION, bench.tools());
  const frame = bench.forecasts.at(-1)?.frame;
  must(frame !== undefined, 'the predictor must get the bars');
  must(
    source.source === 'bench' && source.symbol === 'EURUSD=X',
    'source and symbol must be those that the feeder resolved',
  );
  must(source.bars === frame.length, `bars is ${source.bars}, but the predictor got ${frame.length}`);
  must(
    Date.parse(source.first_bar) === frame.time[0] && Date.parse(source.last_bar) === frame.time.at(-1),
    'first_bar and last_bar must be the times of the bars that the predictor got, as RFC 3339 in UTC',
  );
  must(timing.fetch_ms >= 0 && timing.predict_ms >= 0, 'durations must be at least 0');
}

async function reportsProgress(pipeline: Pipeline, bench: Bench): Promise<void> {
  await pipeline.run(QUESTION, bench.tools());
  const rising = bench.steps.every((step, index) => step >= (bench.steps[index - 1] ?? 0) && step <= 100);
  must(rising, `the progress was ${bench.steps.join()}; it must not fall or exceed 100`);
  must(bench.steps.at(-1) === 100, 'progress must end at 100');
}

async function passesOnErrors(pipeline: Pipeline, bench: Bench): Promise<void> {
  const down = { fetch: () => Promise.reject(new PluginError('source_unavailable', 'down')) };
  await mustFailWith(
    ['source_unavailable'],
    () => pipeline.run(QUESTION, bench.tools({ feeder: down })),
    'the source is down',
  );
  const picky: Predictor = {
    forecast: () => {
      throw new PluginError('invalid_request', 'horizon too long');
    },
  };
  await mustFailWith(
    ['invalid_request'],
    () => pipeline.run(QUESTION, bench.tools({ predictor: picky })),
    'the predictor refuses',
  );
}

async function endsWhenCancelled(pipeline: Pipeline, bench: Bench): Promise<void> {
  const fetch = ({ signal }: FetchRequest): Promise<Frame> =>
    new Promise((_, reject) => {
      if (!signal) return reject(new Error('no signal'));
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      bench.controller.abort();
    });
  const outcome = await settled(() => pipeline.run(QUESTION, bench.tools({ feeder: { fetch } })));
  must('error' in outcome, 'a cancelled run must reject');
  must((outcome.error as Error).message !== 'no signal', 'the feeder must get the signal');
}
