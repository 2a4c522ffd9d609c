import type { RuntimeKey, RuntimeSettings as RuntimeValues } from '#libs/config';

/**
 * Settings that administrators change while the service runs: the persisted value, or the configured one where nothing
 * was changed. Ask each time; a value must not be kept.
 */
export interface RuntimeSettings {
  get<K extends RuntimeKey>(key: K): RuntimeValues[K];
}

/** Injection token of {@link RuntimeSettings}. */
export const RUNTIME_SETTINGS = Symbol('RUNTIME_SETTINGS');
