import { type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import { defineFeeder, type Feeder, type FeederDefinition, type PluginContext } from '#libs/plugin-sdk';
import type { DecompositionOptions } from '#libs/timeseries';
import { openBarFeeder } from '../default-feeder/bar-feeder.js';
import {
  EXPECTED_FEATURES,
  generatorDecomposition,
  MODULAR_COLUMNS,
  ORIGINAL_COLUMNS,
  realFeederColumns,
  REPLICATOR_COLUMNS,
  REPLICATOR_DECOMPOSITION,
} from './column-sets.js';
import { checkDecomposition, featureFaults, settle } from './checks.js';
import { ComparedFeeder, savedSettings, withSavedConfig } from './comparison.js';
import { logged, standardised } from './look-ahead.js';
import {
  frequencyBands,
  decompositionParameters,
  lookAheadParameters,
  originalParameters,
  realParameters,
  replicatorParameters,
} from './parameters.js';

/** What one of these feeders delivers. */
interface Delivery {
  readonly columns: readonly string[];
  readonly decomposition?: DecompositionOptions;
  readonly finish?: Parameters<typeof openBarFeeder>[1]['finish'];
  readonly notes?: readonly string[];
  readonly looksAhead?: boolean;
  /** Whether columns stay as they are, also with a normalisation. */
  readonly isRaw?: boolean;
}

type BaseSettings = ParametersOf<typeof originalParameters>;

const LOOK_AHEAD_NOTE = 'looks_ahead: columns are scaled with statistics of all bars (original_look_ahead)';

/** Opens the bars with the fixed columns of one feeder; indicators have the lengths of the original's feature files. */
async function open<D extends typeof originalParameters>(
  context: PluginContext<D>,
  declarations: D,
  deliver: (settings: ParametersOf<D>) => Delivery,
): Promise<Feeder> {
  const settings = await withSavedConfig(context, declarations);
  const delivery = deliver(settings);
  const base = settings as unknown as BaseSettings;
  const { decomposition, finish, notes, looksAhead = false } = delivery;
  const parameters = {
    ...base,
    correlated_instruments: [],
    feature_columns: delivery.columns,
    bar_shapes: 'current' as const,
    ...(delivery.isRaw === true && { use_normalization_json: null }),
  };
  const config = await savedSettings(settings, context.resolveFile);
  const compared = new ComparedFeeder(base, context);
  const feeder = await openBarFeeder(
    { ...context, parameters },
    {
      options: { barShapes: 'current', ...(decomposition && { decomposition }) },
      ...(finish && { finish }),
      ...(notes && { notes }),
      looksAhead,
      info: () => ({
        expected_features: delivery.columns,
        feature_count: delivery.columns.length,
        looks_ahead: looksAhead,
        config,
        ...compared.info(),
      }),
    },
  );
  return compared.around(feeder);
}

const define = <const D extends typeof originalParameters & ParameterDeclarations>(
  id: string,
  description: string,
  parameters: D,
  deliver: (settings: ParametersOf<D>) => Delivery,
): FeederDefinition<D> =>
  defineFeeder({
    id,
    apiVersion: 1,
    version: '1.0.0',
    description,
    parameters,
    create: (context: PluginContext<D>) => open(context, parameters, deliver),
  });

const generatorParameters = { ...originalParameters, ...decompositionParameters, ...lookAheadParameters };
const replicator = { ...originalParameters, ...replicatorParameters, ...lookAheadParameters };
const real = { ...originalParameters, ...realParameters };

/** The feeders of the original, by their names and columns; each value is made of its own and earlier bars only. */
const ORIGINAL_FEEDERS = [
  define(
    'real_feeder_original',
    'Prices, shapes of bars, S&P 500 and VIX, closes of shorter bars and the calendar: 29 columns.',
    originalParameters,
    () => ({ columns: ORIGINAL_COLUMNS }),
  ),
  define(
    'real_feeder_modular',
    'The columns of real_feeder_original and fifteen indicators in front of them: 44 columns.',
    originalParameters,
    () => ({ columns: MODULAR_COLUMNS }),
  ),
  define(
    'real_feeder',
    'Indicators, prices, closes of shorter bars, and trend, season, wavelets and spectrum of the close: 54 columns and CLOSE.',
    real,
    (settings) => {
      const switches = { ...settings, mtm_freq_bands: frequencyBands(settings) };
      const { columns, ...parts } = realFeederColumns(switches);
      const notes = settle(
        settings.strict_validation,
        featureFaults(settings, { columns, ...parts }, EXPECTED_FEATURES),
      );
      return {
        columns: [...columns, 'CLOSE'],
        decomposition: checkDecomposition(generatorDecomposition(switches)),
        notes,
        isRaw: !settings.normalize_features,
      };
    },
  ),
  define(
    'fe_replicator_feeder',
    'The columns of the original feature file, with its definitions: 53 columns and CLOSE.',
    replicator,
    (settings) => ({
      columns: REPLICATOR_COLUMNS,
      decomposition: REPLICATOR_DECOMPOSITION,
      finish: logged(settings.log_shifts as Readonly<Record<string, number>>, settings.original_look_ahead),
      looksAhead: settings.original_look_ahead,
      notes: settings.original_look_ahead ? [LOOK_AHEAD_NOTE] : [],
    }),
  ),
  define(
    'stl_feature_generator',
    'Log return, and trend, season, wavelets and spectrum of the close.',
    generatorParameters,
    (settings) => {
      const switches = {
        ...settings,
        use_technical_indicators: false,
        preserve_base_features: false,
        preserve_ohlc: false,
        mtm_freq_bands: frequencyBands(settings),
      };
      const { decomposed } = realFeederColumns(switches);
      const ahead = settings.original_look_ahead;
      return {
        columns: [...decomposed, 'CLOSE'],
        decomposition: checkDecomposition(generatorDecomposition(switches)),
        ...(ahead && { finish: standardised(decomposed), notes: [LOOK_AHEAD_NOTE] }),
        looksAhead: ahead,
      };
    },
  ),
];

export default ORIGINAL_FEEDERS;
