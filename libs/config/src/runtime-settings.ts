import { checkParameter, type ParameterDeclaration } from '#libs/kernel';
import { mapRules } from './rules.js';
import { SETTINGS, type Settings } from './settings.js';

/** Over HTTP a prediction's time limit is at least a minute; a config file may go lower. */
const LEAST_TIMEOUT = 60;

/**
 * Settings that an administrator may change while the service runs, as they are declared but with the range of the
 * HTTP contract; every other one needs a restart.
 */
const DECLARATIONS = {
  prediction_timeout: { ...SETTINGS.prediction_timeout, min: LEAST_TIMEOUT },
  max_concurrent_predictions: SETTINGS.max_concurrent_predictions,
  rate_limits: SETTINGS.rate_limits,
  default_plugins: SETTINGS.default_plugins,
  marketplace_limit_basic: SETTINGS.marketplace_limit_basic,
  marketplace_limit_premium: SETTINGS.marketplace_limit_premium,
  marketplace_limit_enterprise: SETTINGS.marketplace_limit_enterprise,
  evaluator_claim_limit: SETTINGS.evaluator_claim_limit,
};

export type RuntimeKey = keyof typeof DECLARATIONS;
export type RuntimeValues = Pick<Settings, RuntimeKey>;

export const RUNTIME_SETTINGS: Readonly<Record<RuntimeKey, ParameterDeclaration>> = DECLARATIONS;
export const RUNTIME_KEYS = Object.keys(DECLARATIONS) as readonly RuntimeKey[];

export const isRuntimeKey = (name: string): name is RuntimeKey => Object.hasOwn(RUNTIME_SETTINGS, name);

/**
 * Checks a change of runtime settings, as sent by an administrator or read back from the database. Names that are
 * no runtime setting are faults. Each fault is one sentence that begins with the setting's name.
 */
export function checkRuntimeSettings(changes: Readonly<Record<string, unknown>>): {
  readonly values: Readonly<Partial<RuntimeValues>>;
  readonly faults: readonly string[];
} {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, raw] of Object.entries(changes)) {
    if (!isRuntimeKey(name)) {
      faults.push(`${name}: cannot be changed while the service runs`);
      continue;
    }
    const checked = checkParameter(RUNTIME_SETTINGS[name], raw);
    if ('fault' in checked) faults.push(`${name}: ${checked.fault}`);
    else values[name] = checked.value;
  }
  const checkedValues = values as Partial<RuntimeValues>;
  const { rate_limits = {}, default_plugins = {} } = checkedValues;
  faults.push(...mapRules({ rate_limits, default_plugins }));
  return { values: checkedValues, faults };
}
