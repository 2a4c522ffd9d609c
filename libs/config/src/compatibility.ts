import type { ParameterValue } from '#libs/kernel';
import { declarationOf, isConfigKey, type ConfigKey, type Settings } from './settings.js';

/** A default of ours that changes an answer, and what the original has in its place. */
export interface Difference {
  /** The setting, or the parameter of {@link plugins}. */
  readonly name: string;
  /** Ids of built-in plugins; null for a setting. */
  readonly plugins: readonly string[] | null;
  readonly original: ParameterValue;
  /** What the original's value does, for the table in `docs/moving.md`. */
  readonly effect: string;
}

const ORACLES = ['binary_ideal_oracle', 'direction_ideal_oracle'];
const NOISY = ['noisy_ideal_predictor'];
const WINDOWED = ['binary_entry_predictor', 'binary_exit_predictor', 'direction_predictor'];
const SIGNALS = [...WINDOWED, 'binary_predictor'];
const FROM_FILES = ['csv_direction_predictor'];

/** Everything that `compatibility=original` turns on. The table of `docs/moving.md` is written from it. */
export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'error_bodies',
    plugins: null,
    original: 'original',
    effect:
      'Errors are `{"detail": …}` alone, as `application/json`, with the Python service\'s texts; the type of the problem is in the header `X-Problem-Type`.',
  },
  {
    name: 'answer_warnings',
    plugins: null,
    original: 'header',
    effect: 'Answers have no `warnings` about ignored fields; the header `X-Warnings` has them.',
  },
  {
    name: 'allowed_origins',
    plugins: null,
    original: ['*'],
    effect: 'Pages of any origin may call the service (CORS), without credentials.',
  },
  {
    name: 'allow_noise_control',
    plugins: null,
    original: true,
    effect:
      'Back-testers on the same machine may set the noise (`/predict/set_noise`) without a key; other callers need an administrator.',
  },
  {
    name: 'baseline_means',
    plugins: null,
    original: 'bar',
    effect: 'A forecast starts from the last bar that had begun, even while it runs.',
  },
  {
    name: 'unanswerable_requests',
    plugins: null,
    original: 'fail',
    effect:
      'A core prediction for a symbol that the data do not have, or of a predictor that does not forecast, is taken (201) and fails with the reason.',
  },
  {
    name: 'horizon_mode',
    plugins: ORACLES,
    original: 'original',
    effect: 'The oracle looks two bars ahead on Mondays, and into the next week after the close of Friday.',
  },
  {
    name: 'prediction_horizon',
    plugins: [...ORACLES, ...SIGNALS],
    original: 6,
    effect: '`bars_remaining` where the data end before the trading week does.',
  },
  {
    name: 'window_size',
    plugins: [...ORACLES, ...WINDOWED],
    original: 256,
    effect: 'The window that the model info shows; also that of a model which does not say its own.',
  },
  {
    name: 'mc_samples',
    plugins: SIGNALS,
    original: 100,
    effect: 'Signals are the mean of 100 passes with dropout, and have a confidence.',
  },
  {
    name: 'noise_mode',
    plugins: [...ORACLES, ...NOISY],
    original: 'sequential',
    effect: "One stream of noise for all callers, with NumPy's numbers; the order of requests matters.",
  },
  {
    name: 'tail',
    plugins: NOISY,
    original: 'hold',
    effect: 'Beyond the end of the data the current value is repeated instead of an error.',
  },
  {
    name: 'timestamp_match',
    plugins: FROM_FILES,
    original: 'nearest',
    effect: 'The nearest prediction answers, also one that was made later.',
  },
  {
    name: 'match_limit_seconds',
    plugins: FROM_FILES,
    original: 7_200,
    effect: 'The nearest prediction may be two hours away.',
  },
  {
    name: 'short_means',
    plugins: FROM_FILES,
    original: 'down',
    effect: 'The file of the short model holds the probability of a fall.',
  },
];

/**
 * Names in configuration files of the original that nothing here reads, beside the settings without effect: those of its
 * example files, of its parameters that no plugin here has, and of what it left of other programs.
 */
const ORIGINAL_KEYS: ReadonlySet<string> = new Set([
  'additional_previous_ticks',
  'auth_type',
  'cache_predictions',
  'cors_enabled',
  'custom_end_date',
  'custom_start_date',
  'data_lookback_hours',
  'db_path',
  'error_tolerance',
  'feature_columns',
  'max_prediction_threads',
  'real_time_mode',
  'time_horizon',
  'use_custom_date_range',
  'x_train_file',
]);

/** Whether a name that nobody knows here is one that the original's users have in their files. */
export const isOriginalKey = (name: string): boolean => ORIGINAL_KEYS.has(name);

type Compatibility = Settings['compatibility'];

/** The default of a setting, as `compatibility` has it. */
export function defaultOf(key: ConfigKey, compatibility: Compatibility): ParameterValue {
  const difference = DIFFERENCES.find(({ name, plugins }) => name === key && plugins === null);
  return compatibility === 'original' && difference !== undefined
    ? difference.original
    : declarationOf(key).default;
}

/** The defaults of one plugin's parameters that `compatibility` puts in place of its own. */
export function compatibleParameters(
  plugin: string,
  { compatibility }: Pick<Settings, 'compatibility'>,
): Readonly<Record<string, ParameterValue>> {
  if (compatibility !== 'original') return {};
  const own = DIFFERENCES.filter(({ plugins }) => plugins?.includes(plugin) === true);
  return Object.fromEntries(own.map(({ name, original }) => [name, original]));
}

const code = (value: ParameterValue): string =>
  `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/**
 * The table of {@link DIFFERENCES} in Markdown.
 * @param ownDefault the default of a plugin's parameter as the plugin declares it
 */
export function differencesTable(ownDefault: (plugin: string, name: string) => ParameterValue): string {
  const rows = DIFFERENCES.map(({ name, plugins, original, effect }) => {
    const here =
      plugins === null
        ? [isConfigKey(name) ? declarationOf(name).default : null]
        : plugins.map((plugin) => ownDefault(plugin, name));
    const defaults = [...new Set(here.map(code))].join(', ');
    const owners = plugins === null ? 'the service' : plugins.map(code).join(', ');
    return `| \`${name}\` | ${owners} | ${defaults} | ${code(original)} | ${effect} |`;
  });
  return [
    '| Setting | Of | Here | With the switch | What that does |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
