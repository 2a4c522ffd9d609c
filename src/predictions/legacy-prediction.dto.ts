import {
  EnumField,
  FreeForm,
  ListField,
  NestedField,
  Open,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import { INTERVALS } from '#libs/timeseries';
import { type Answered, pluginField, withLists } from './prediction.dto.js';
import { PredictionResultOut } from './prediction-result.dto.js';
import { PREDICTION_STATUSES, type PredictionResult, type PredictionStatus } from './prediction.types.js';
import { SYMBOL_RULE } from './predictions.port.js';

/** Digits alone are refused: `/status/{prediction_id}` would take them for the integer id of another prediction. */
const TASK_ID = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Path of the legacy status: the id that the legacy submit answered with, or the integer id. */
export class LegacyId {
  @StringField({ minLength: 1, maxLength: 80, description: '`task_id` or integer id.', example: '1' })
  predictionId!: string;
}

@Open()
class LegacyParameters {
  @StringField({
    ...pluginField,
    optional: true,
    description: 'Predictor plugin or trained model, as `predictor_plugin`; the configured one if absent.',
    example: 'random_walk_predictor',
  })
  plugin?: string;
}

/** Body of the original's first endpoint. */
@FreeForm()
export class LegacyPredict {
  @StringField({
    ...SYMBOL_RULE,
    default: 'EUR_USD',
    description: 'Symbol to predict.',
    example: 'SP500',
  })
  instrument!: string;

  @EnumField(INTERVALS, {
    name: 'Interval',
    nullable: true,
    default: null,
    description:
      'Length of a bar, as `interval`; null: the bars of the file as they are, and `H1` from the market.',
    example: 'D1',
  })
  timeframe!: string | null;

  @StringField({
    optional: true,
    pattern: TASK_ID,
    minLength: 1,
    maxLength: 64,
    description: 'Id chosen by the caller, not of digits only; a UUID is generated if absent.',
  })
  predictionId?: string;

  @NestedField(LegacyParameters, { optional: true, description: 'Parameters; all but `plugin` are ignored.' })
  parameters?: LegacyParameters;
}

export class LegacyAccepted {
  @StringField({
    wire: 'prediction_id',
    description: 'Id to request the result with, at `/status/{prediction_id}`.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  taskId!: string;

  @EnumField(PREDICTION_STATUSES, { name: 'PredictionStatus', example: 'pending' }) status!: PredictionStatus;
  @StringField({ always: 'Prediction request accepted', example: 'Prediction request accepted' })
  message?: string;
}

export class LegacyStatus {
  @StringField({ example: '1' }) predictionId!: string;
  @EnumField(PREDICTION_STATUSES, { name: 'PredictionStatus', example: 'completed' })
  status!: PredictionStatus;
  @ObjectField({
    from: withLists,
    describedAs: PredictionResultOut,
    description: 'Same as `result` of the prediction.',
  })
  result!: PredictionResult;

  @ListField(NumberField(), {
    sparse: true,
    from: ({ prediction }: Answered) => prediction ?? undefined,
    optional: true,
    description:
      'Predicted values, one per horizon, null for one that the model does not reach; present only when completed.',
    example: [2874.56],
  })
  prediction?: Answered['prediction'];

  @ListField(NumberField(), {
    sparse: true,
    from: ({ uncertainty }: Answered) => uncertainty ?? undefined,
    optional: true,
    description:
      'Standard deviations, one per horizon, null where the value is; present only when completed.',
    example: [31.2],
  })
  uncertainty?: Answered['uncertainty'];
}
