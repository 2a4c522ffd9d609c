import { type ParametersOf, text } from '#libs/kernel';
import {
  definePredictor,
  type EntryAnswer,
  type EntryQuestion,
  type ExitAnswer,
  type ExitQuestion,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  type ModelInfo,
  PluginError,
  type Predictor,
} from '#libs/plugin-sdk';
import {
  barLength,
  formatNaiveIso,
  futureTimes,
  isInterval,
  lengthMs,
  lengthText,
  usualStep,
} from '#libs/timeseries';
import { fileFormatOf, fileFormatParameters } from '../file-format.js';
import { horizonsOf, targetColumn } from './forecast-question.js';
import { basicInfo } from './model-info.js';
import { fileFault, type NamedFile } from './model/model-file.js';
import { rowsToFridayClose, weekParameters } from './oracle/bar-horizon.js';
import { loadFrame } from './oracle/load-frame.js';
import { barMatch, barSummary, type RowMatch } from './oracle/row-match.js';
import { type ClosedBars, closedBars, digestOf, POLICY_BARS, POLICY_FEATURES } from './policy/closed-bars.js';
import { loadPolicy, type PolicyArtifact } from './policy/policy-artifact.js';
import { signalParameters } from './signals/signal-parameters.js';

const ID = 'artifact_policy';
const TARGET = 'probability_up';
/** Bars that are counted to the Friday close, as for trained models. */
const MAX_ROWS_AHEAD = 199;

const parameters = {
  artifact_path: text(
    { default: null, minLength: 1 },
    'JSON file of the policy (`prediction_provider.live_linear_policy.v1`). Required.',
  ),
  artifact_sha256: text(
    { default: null, pattern: /^[0-9a-fA-F]{64}$/ },
    'SHA-256 of that file in hexadecimal, for example from `sha256sum`. Required; a file with another one stops the start.',
  ),
  csv_file: text(
    { default: null, minLength: 1 },
    'Data file with the bars that entry and exit questions are about: open, high, low, close, volume. Null: such questions are refused; forecasts use the bars of the feeder.',
  ),
  datetime_column: signalParameters.datetime_column,
  ...fileFormatParameters,
  ...weekParameters,
  prediction_horizon: signalParameters.prediction_horizon,
  match_limit_seconds: signalParameters.match_limit_seconds,
} as const;

type Settings = ParametersOf<typeof parameters>;
type Action = 'long' | 'short' | 'hold';

/** What a policy says about one bar. */
interface Inference {
  readonly bars: ClosedBars;
  readonly probabilityUp: number;
  readonly action: Action;
  readonly outputSha256: string;
}

/** Bars of `csv_file`. */
interface QuestionBars {
  readonly frame: Frame;
  readonly rowAt: RowMatch;
  readonly remaining: Int32Array;
}

/**
 * Asks a logistic model about one bar: p = 1 / (1 + exp(-s)) with s = intercept + Σ coefficient · (feature - mean) / scale, s
 * cut to -60 to 60.
 */
function inference(artifact: PolicyArtifact, bars: ClosedBars): Inference {
  const { means, scales, coefficients, intercept, threshold } = artifact;
  const terms = bars.features.map(
    (value, at) => (coefficients[at] ?? NaN) * ((value - (means[at] ?? NaN)) / (scales[at] ?? NaN)),
  );
  const score = intercept + terms.reduce((sum, term) => sum + term, 0);
  const probabilityUp = 1 / (1 + Math.exp(-Math.max(-60, Math.min(60, score))));
  if (Number.isNaN(probabilityUp))
    throw new PluginError('no_data', `the score of the bar of ${bars.lastBar} is no number`);
  const action = probabilityUp >= threshold ? 'long' : probabilityUp <= 1 - threshold ? 'short' : 'hold';
  const output = {
    schema: 'prediction_provider.live_linear_inference.v1',
    model_id: artifact.modelId,
    artifact_sha256: artifact.sha256,
    asset_id: artifact.assetId,
    timeframe: artifact.timeframe,
    last_closed_bar: bars.lastBar,
    input_sha256: bars.inputSha256,
    probability_up: probabilityUp,
    action,
  };
  return { bars, probabilityUp, action, outputSha256: digestOf(output) };
}

/** What answers to entry and exit questions carry beside the signal. */
const evidenceOf = ({ probabilityUp, action, bars, outputSha256 }: Inference) => ({
  probabilityUp,
  action,
  inputSha256: bars.inputSha256,
  outputSha256,
});

/** Answers from a logistic artifact over closed bars: those of the feeder for forecasts, those of a file for entries and exits. */
class ArtifactPolicy implements Predictor {
  constructor(
    private readonly artifact: PolicyArtifact,
    private readonly file: NamedFile,
    private readonly bars: QuestionBars | null,
  ) {}

  forecast(frame: Frame, request: ForecastRequest): ForecastOutput {
    const past = request.baseline === null ? frame : frame.upTo(request.baseline);
    const asked = request.targetColumn ?? TARGET;
    if (asked !== TARGET) targetColumn(past, asked);
    const wrong = lengthFault(this.artifact, past);
    if (wrong !== null) throw new PluginError('invalid_request', wrong);
    const horizons = horizonsOf(request, 1);
    const { artifact } = this;
    const found = inference(artifact, closedBars(past, past.length - 1));
    const { probabilityUp, action, bars, outputSha256 } = found;
    const timeAfter = futureTimes(past.time, past.calendar.zone);
    const ofFirst = <T>(value: T) => horizons.map((horizon) => (horizon === 1 ? value : null));
    return {
      mode: ID,
      date_column: request.dateColumn ?? 'DATE_TIME',
      target_column: TARGET,
      baseline_datetime: formatNaiveIso(past.time.at(-1) ?? NaN),
      baseline_value: bars.close,
      horizons,
      predictions: ofFirst(probabilityUp),
      future_datetimes: ofFirst(formatNaiveIso(timeAfter(1))),
      uncertainty: horizons.map(() => null),
      errors: horizons
        .filter((horizon) => horizon !== 1)
        .map((horizon) => ({ horizon, error: 'beyond_model_horizon' })),
      seed: null,
      metadata: {
        probability_up: probabilityUp,
        action,
        input_sha256: bars.inputSha256,
        output_sha256: outputSha256,
        last_closed_bar: bars.lastBar,
        features: Object.fromEntries(POLICY_FEATURES.map((name, at) => [name, bars.features[at]])),
        ...artifactFacts(artifact),
      },
    };
  }

  /** The policy speaks about the next bar. */
  reach(): number {
    return 1;
  }

  entry({ time }: EntryQuestion): EntryAnswer {
    const { found, barsRemaining } = this.#inferenceAt(time);
    const { probabilityUp, action } = found;
    return {
      buy: action === 'long' ? 1 : 0,
      sell: action === 'short' ? 1 : 0,
      barsRemaining,
      buyConfidence: probabilityUp,
      sellConfidence: 1 - probabilityUp,
      ...evidenceOf(found),
    };
  }

  /** A position is kept until the policy says the other side. */
  exit({ time, direction }: ExitQuestion): ExitAnswer {
    const { found } = this.#inferenceAt(time);
    const isKept = found.action !== (direction === 'buy' ? 'short' : 'long');
    const own = direction === 'buy' ? found.probabilityUp : 1 - found.probabilityUp;
    return { keep: isKept ? 1 : 0, confidence: isKept ? own : 1 - own, ...evidenceOf(found) };
  }

  describe(): ModelInfo {
    const { artifact, bars } = this;
    return {
      ...basicInfo({
        name: ID,
        scope: 'next_bar',
        answers: bars === null ? ['forecast'] : ['forecast', 'entry', 'exit'],
        windowSize: POLICY_BARS,
        columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'],
        looksAhead: false,
      }),
      ...artifactFacts(artifact),
      probability_threshold: artifact.threshold,
      feature_columns: POLICY_FEATURES,
      model_path: this.file.path.split(/[/\\]/).at(-1),
      ...(bars !== null && { timestamp_match: 'previous', ...barSummary(bars.frame.time) }),
    };
  }

  #inferenceAt(time: number): { readonly found: Inference; readonly barsRemaining: number } {
    const { artifact, bars } = this;
    if (bars === null) {
      throw new PluginError(
        'not_configured',
        'csv_file is not set: it names the bars of entry and exit questions',
      );
    }
    const row = bars.rowAt(time);
    const found = inference(artifact, closedBars(bars.frame, row));
    return { found, barsRemaining: bars.remaining[row] ?? 0 };
  }
}

const artifactFacts = ({ modelId, assetId, timeframe, sha256 }: PolicyArtifact) => ({
  model_id: modelId,
  asset_id: assetId,
  timeframe,
  artifact_sha256: sha256,
});

/** Bars of another length than the policy was trained on, in words; null where they fit, or its length is no known one. */
function lengthFault({ timeframe }: PolicyArtifact, { time }: Frame): string | null {
  if (!isInterval(timeframe) || time.length < 2) return null;
  const has = lengthMs(barLength(usualStep(time)));
  return has === lengthMs(timeframe)
    ? null
    : `the policy was trained on bars of ${timeframe}; these are ${lengthText(has)} apart`;
}

async function loadBars(
  settings: Settings,
  artifact: PolicyArtifact,
  loading: Parameters<typeof loadFrame>[1],
): Promise<QuestionBars | null> {
  const { csv_file: path, datetime_column: dateColumn } = settings;
  if (path === null) return null;
  const frame = await loadFrame(
    { parameter: 'csv_file', path, dateColumn, format: fileFormatOf(settings) },
    loading,
  );
  const fault = frame.length === 0 ? 'the file has no bars' : lengthFault(artifact, frame);
  if (fault !== null) throw new PluginError('not_configured', `csv_file: ${fault}`);
  const { friday_close_hour: closeHour, prediction_horizon: fallbackBars } = settings;
  return {
    frame,
    rowAt: barMatch(frame.time, 'previous', settings.match_limit_seconds),
    remaining: rowsToFridayClose(frame.time, { closeHour, fallbackBars }, MAX_ROWS_AHEAD),
  };
}

export default definePredictor({
  id: ID,
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Long, short or hold from a logistic model in a JSON file whose SHA-256 is checked, over the last 51 closed bars.',
  parameters,
  capabilities: ['forecast', 'entry', 'exit', 'describe'],
  create: async (context) => {
    const { artifact_path: path, artifact_sha256: expected } = context.parameters;
    if (path === null)
      throw new PluginError('not_configured', 'artifact_path must name the JSON file of a policy');
    const file = { parameter: 'artifact_path', path: context.resolveFile(path) };
    const artifact = await loadPolicy(file, expected);
    if (!isInterval(artifact.timeframe)) {
      context.logger.warn(
        fileFault(
          file,
          `timeframe "${artifact.timeframe}" is no known length, so that of the bars is not checked`,
        ).message,
      );
    }
    return new ArtifactPolicy(artifact, file, await loadBars(context.parameters, artifact, context));
  },
});
