import { EnumField, IntegerField, ListField, NestedField, NumberField, StringField } from '#libs/http';
import { SPREAD_KINDS } from '#libs/scoring';
import {
  CALIBRATION_METHODS,
  type CalibrationMethod,
  type CalibrationWarning,
  RANGE_SOURCES,
  type TrainingDistance,
} from './calibration.port.js';
import { ISSUED_INTERVALS } from './outcomes.port.js';

const nullable = { nullable: true } as const;

class CalibratedLevelOut {
  @NumberField({ description: 'Share of values that the interval is to hold.', example: 0.9 }) level!: number;
  @NumberField({ ...nullable, description: 'Lower end as the model made it.', example: 2786.05 })
  rawLower!: number | null;
  @NumberField({ ...nullable, description: 'Upper end as the model made it.', example: 2963.07 })
  rawUpper!: number | null;
  @NumberField({ ...nullable, description: 'Calibrated lower end.', example: 2748.1 }) lower!: number | null;
  @NumberField({ ...nullable, description: 'Calibrated upper end.', example: 3001.02 }) upper!: number | null;
  @NumberField({ ...nullable, description: 'α that was used.', example: 0.094 }) alpha!: number | null;
  @NumberField({ ...nullable, description: 'Spreads from the point to an end.', example: 2.35 })
  stretch!: number | null;
}

class CalibratedHorizonOut {
  @IntegerField({ description: 'Bars ahead.', example: 1 }) horizon!: number;
  @EnumField(CALIBRATION_METHODS, {
    ...nullable,
    name: 'CalibrationMethod',
    description:
      "`adaptive_conformal`: from the model's own outcomes; `split_conformal`: from its latest back-test; null: no calibration is available, and `notes` says why.",
    example: 'adaptive_conformal',
  })
  method!: CalibrationMethod | null;
  @IntegerField({ description: 'Outcomes that it stands on, or that there are.', example: 812 })
  outcomes!: number;
  @EnumField(SPREAD_KINDS, {
    ...nullable,
    name: 'SpreadKind',
    description:
      'What errors are measured in: the stated `deviation`, the stated `interval` nearest to 90 %, or the `volatility` known at issue times √horizon.',
    example: 'deviation',
  })
  spread!: (typeof SPREAD_KINDS)[number] | null;
  @ListField(NestedField(CalibratedLevelOut), { description: 'For 50, 80, 90 and 95 %.' })
  intervals!: readonly CalibratedLevelOut[];
}

class CalibrationWarningOut implements CalibrationWarning {
  @StringField({ example: 'calibration_unavailable' }) code!: string;
  @StringField({ example: 'calibrate' }) field!: string;
  @StringField({
    example:
      'No calibrated interval for horizon 5: 12 of 40 outcomes of this model are known (calibration_outcomes), and no back-test has as many. A back-test over past bars helps at once: POST /api/v1/backtests {"model":"random_walk_predictor","symbol":"SP500","interval":"1d","horizons":[5]}',
  })
  message!: string;
}

/** The intervals of a forecast as the model made them and calibrated. */
export class CalibrationOut {
  @EnumField(ISSUED_INTERVALS, {
    name: 'IssuedIntervals',
    description: '`calibrated` where any horizon could be calibrated.',
    example: 'calibrated',
  })
  issued!: (typeof ISSUED_INTERVALS)[number];
  @NumberField({ description: 'Step γ (`calibration_gamma`).', example: 0.005 }) gamma!: number;
  @ListField(NestedField(CalibratedHorizonOut), { description: 'One entry for each horizon.' })
  horizons!: readonly CalibratedHorizonOut[];
  @ListField(NestedField(CalibrationWarningOut), {
    description: 'Why horizons have no calibrated intervals; also in `warnings` of the answer.',
    example: [],
  })
  notes!: readonly CalibrationWarningOut[];
}

/** How far a window lies beyond the training data. */
export class TrainingDistanceOut implements TrainingDistance {
  @NumberField({ description: 'In widths of the range; 0 within it.', example: 0.34 }) distance!: number;
  @NumberField({
    description: 'Beyond it the service abstains: `abstain_limit` of the model, else the setting.',
    example: 0.1,
  })
  limit!: number;
  @StringField({ description: 'Column that lies farthest out.', example: 'CLOSE' }) column!: string;
  @NumberField({ description: 'Its value in the window.', example: 3120.4 }) value!: number;
  @NumberField({ description: 'Lower end of the range.', example: 676.53 }) lower!: number;
  @NumberField({ description: 'Upper end of the range.', example: 2480.91 }) upper!: number;
  @EnumField(RANGE_SOURCES, {
    name: 'TrainingRangeSource',
    description:
      '`metadata`: what the model says of its training data; `backtest`: the bars of its latest back-test.',
    example: 'metadata',
  })
  source!: (typeof RANGE_SOURCES)[number];
}
