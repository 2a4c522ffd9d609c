import {
  BooleanField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import { CalibrationOut, TrainingDistanceOut } from '../outcomes/calibration.fields.js';
import { BASELINE_MEANINGS } from '#libs/timeseries';

/*
 * What `result` of a prediction looks like, for readers and for generators of clients. Results are stored and sent as the
 * pipeline made them; these classes only describe them, and a plugin may add members of its own.
 */

const absent = { optional: true } as const;
const orNull = { nullable: true } as const;
const values = (description: string, example: readonly (number | null)[], optional = false) =>
  ListField(NumberField(), { sparse: true, description, example, ...(optional && absent) });

class StoredRequestOut {
  @StringField({ ...orNull, example: 'SP500' }) symbol!: string | null;
  @StringField({ ...orNull, example: null }) ticker!: string | null;
  @StringField({ ...orNull, description: 'Null where the request named none.', example: '1d' })
  interval!: string | null;

  @StringField({ example: 'random_walk_predictor' }) predictorPlugin!: string;
  @StringField({ example: 'default_feeder' }) feederPlugin!: string;
  @StringField({ example: 'default_pipeline' }) pipelinePlugin!: string;
  @StringField({ example: 'short_term' }) predictionType!: string;
  @StringField({ ...orNull, example: null }) modelName!: string | null;
  @IntegerField({ ...orNull, example: 1 }) predictionHorizon!: number | null;
  @StringField({ ...orNull, example: null }) baselineDatetime!: string | null;
  @EnumField(BASELINE_MEANINGS, { name: 'BaselineMeans', ...orNull, ...absent, example: 'auto' })
  baselineMeans?: string | null;

  @ListField(IntegerField(), { ...orNull, example: [1, 5, 20] }) horizons!: number[] | null;
  @StringField({ ...orNull, example: null }) dateColumn!: string | null;
  @StringField({ ...orNull, example: null }) targetColumn!: string | null;
  @BooleanField({ ...absent, description: 'Present where the request had it.' }) calibrate?: boolean;
  @BooleanField({ ...absent, description: 'Present where the request had it.' }) abstain?: boolean;
}

class HorizonErrorOut {
  @IntegerField({ example: 20 }) horizon!: number;
  @StringField({ description: 'Stable code.', example: 'insufficient_future_data' }) error!: string;
}

class ForecastIntervalOut {
  @NumberField({ description: 'Coverage that the interval claims, between 0 and 1.', example: 0.95 })
  level!: number;

  @values('Lower ends, one per horizon.', [2769.1, 2638.74, 2402.92]) lower!: (number | null)[];
  @values('Upper ends, one per horizon.', [2980.02, 3110.38, 3346.2]) upper!: (number | null)[];
}

/** The numbers of a forecast. Lists have one value per horizon, in the order of `horizons`. */
export class ForecastOut {
  @StringField({ description: 'How it was made.', example: 'random_walk' }) mode!: string;
  @StringField({ example: 'DATE_TIME' }) dateColumn!: string;
  @StringField({ description: 'Column that was predicted.', example: 'CLOSE' }) targetColumn!: string;
  @StringField({
    description: 'Label of the bar that the forecast starts from.',
    example: '2020-04-17T00:00:00',
  })
  baselineDatetime!: string;

  @NumberField({ description: 'Value of the target there.', example: 2874.56 }) baselineValue!: number;
  @ListField(IntegerField({ min: 1 }), { description: 'Bars ahead.', example: [1, 5, 20] })
  horizons!: number[];

  @values('Predicted values; null where `errors` says why.', [2874.56, 2874.56, 2874.56])
  predictions!: (number | null)[];

  @ListField(StringField(), {
    sparse: true,
    description: 'Labels of the predicted bars.',
    example: ['2020-04-20T00:00:00', '2020-04-24T00:00:00', '2020-05-15T00:00:00'],
  })
  futureDatetimes!: (string | null)[];

  @values('Standard deviations, in the unit of the target.', [53.81, 120.32, 240.64])
  uncertainty!: (number | null)[];

  @ListField(NestedField(HorizonErrorOut), { description: 'Horizons without an answer.', example: [] })
  errors!: HorizonErrorOut[];

  @ListField(values('Outputs.', [2874.56]), {
    ...absent,
    description: 'All outputs of a trained model as one row.',
    example: [[2874.56, 2880.1]],
  })
  prediction?: (number | null)[][];

  @ListField(NestedField(ForecastIntervalOut), { ...absent, description: 'Prediction intervals.' })
  intervals?: ForecastIntervalOut[];

  @MapField(values('Values.', [2874.56]), {
    ...absent,
    description: 'Quantiles by their probability.',
    example: { '0.5': [2874.56, 2874.56, 2874.56] },
  })
  quantiles?: Record<string, (number | null)[]>;

  @IntegerField({
    ...absent,
    ...orNull,
    description: 'Seed of everything random; null when nothing was.',
    example: null,
  })
  seed?: number | null;

  @ObjectField({
    ...absent,
    description: 'What else the model tells.',
    example: { volatility_per_bar: 53.81 },
  })
  metadata?: Record<string, unknown>;
}

class ForecastSourceOut {
  @StringField({ description: 'Where the bars came from.', example: 'file' }) source!: string;
  @StringField({ description: 'Symbol there.', example: 'SP500' }) symbol!: string;
  @IntegerField({ example: 5105 }) bars!: number;
  @StringField({ example: '2000-01-03T00:00:00Z' }) firstBar!: string;
  @StringField({ example: '2020-04-17T00:00:00Z' }) lastBar!: string;
  @ListField(StringField(), { ...absent, description: "The feeder's remarks on these bars.", example: [] })
  notes?: string[];

  @BooleanField({ ...absent, description: 'Present and true where values are made of later bars, too.' })
  looksAhead?: boolean;

  @StringField({
    ...absent,
    description: 'Bar that the forecast started from.',
    example: '2020-04-17T00:00:00Z',
  })
  baselineBar?: string;

  @StringField({ ...absent, description: 'When that bar was complete.', example: '2020-04-18T00:00:00Z' })
  baselineBarClosed?: string;

  @StringField({ ...absent, example: '1 d' }) barLength?: string;
}

class PluginStampOut {
  @StringField({ example: 'random_walk_predictor' }) id!: string;
  @StringField({ example: '1.0.0' }) version!: string;
}

class PluginStampsOut {
  @NestedField(PluginStampOut) feeder!: PluginStampOut;
  @NestedField(PluginStampOut) pipeline!: PluginStampOut;
  @NestedField(PluginStampOut) predictor!: PluginStampOut;
}

class ForecastTimingOut {
  @NumberField({ description: 'Waiting for a runner, in ms.', example: 2 }) queuedMs!: number;
  @NumberField({ description: 'Fetching bars, in ms.', example: 5.64 }) fetchMs!: number;
  @NumberField({ description: 'Predicting, in ms.', example: 11.219 }) predictMs!: number;
  @NumberField({ description: 'From submit to result, in ms.', example: 23 }) totalMs!: number;
}

class ExplanationOut {
  @NestedField(ForecastSourceOut) source!: ForecastSourceOut;
  @NestedField(PluginStampsOut) plugins!: PluginStampsOut;
  @IntegerField({ ...orNull, example: null }) seed!: number | null;
  @NestedField(ForecastTimingOut) timing!: ForecastTimingOut;
  @IntegerField({ description: '1 unless a runner died on the way.', example: 1 }) attempt!: number;
}

/** What is stored and sent as `result`. */
export class PredictionResultOut {
  @NestedField(StoredRequestOut, { description: 'The question, every field present.' })
  request!: StoredRequestOut;

  @NestedField(ForecastOut, { ...absent, description: 'Completed only: the forecast.' }) output?: ForecastOut;
  @values('Completed only: equal to `output.predictions`.', [2874.56, 2874.56, 2874.56], true)
  prediction?: (number | null)[];

  @values('Completed only: equal to `output.uncertainty`.', [53.81, 120.32, 240.64], true)
  uncertainty?: (number | null)[];

  @NestedField(ExplanationOut, { ...absent, description: 'Completed only: how it came about.' })
  explanation?: ExplanationOut;

  @NestedField(CalibrationOut, {
    ...absent,
    description: 'Where `calibrate` was asked for: intervals that hold as often as they say.',
  })
  calibration?: CalibrationOut;

  @NestedField(TrainingDistanceOut, {
    ...absent,
    description: 'Where `abstain` was asked for; of an abstained prediction the reason.',
  })
  trainingDistance?: TrainingDistanceOut;

  @StringField({ ...absent, description: 'Failed only: the reason, for people.' }) error?: string;
  @StringField({ ...absent, description: 'Failed only: the reason, for programs.', example: 'no_data' })
  errorCode?: string;
}
