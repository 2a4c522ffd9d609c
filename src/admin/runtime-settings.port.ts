import type { RuntimeKey, RuntimeValues } from '#libs/config';

/**
 * Settings that administrators change while the service runs: the persisted value, or the configured one where nothing
 * was changed. Ask each time; a value must not be kept.
 */
export abstract class RuntimeSettings {
  abstract get<K extends RuntimeKey>(key: K): RuntimeValues[K];
}
