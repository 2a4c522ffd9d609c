import { DateTimeField, EnumField, IntegerField, NumberField, StringField } from '#libs/http';
import { INTERVALS } from '#libs/timeseries';

/** The value of one closed bar. */
export class ReportedOutcome {
  @StringField({
    minLength: 1,
    maxLength: 32,
    description: 'Symbol, as forecasts name it.',
    example: 'SP500',
  })
  symbol!: string;
  @EnumField(INTERVALS, { name: 'BarInterval', description: 'Length of the bars.', example: '1d' })
  interval!: string;
  @StringField({
    optional: true,
    default: 'CLOSE',
    minLength: 1,
    maxLength: 100,
    description: 'Column that forecasts are about.',
    example: 'CLOSE',
  })
  column!: string;
  @DateTimeField({ description: 'Label of the bar: when it opened.' }) time!: Date;
  @NumberField({ strict: true, min: -1e15, max: 1e15, description: 'Value of the bar.', example: 2616.1 })
  value!: number;
}

/** What became of reported values. */
export class ReportedOut {
  @IntegerField({ description: 'Number of values received.', example: 2 }) received!: number;
  @IntegerField({ description: 'Number that were not known of you before.', example: 2 }) added!: number;
  @IntegerField({
    description: 'Number that differ from what you reported before; the earlier value is kept as well.',
    example: 0,
  })
  revised!: number;
  @IntegerField({ description: 'Number that you had reported before.', example: 0 }) unchanged!: number;
}
