import type { RuntimeKey, RuntimeValues } from '#libs/config';

/**
 * Settings that administrators change while the service runs: the persisted value, or the configured one where nothing
 * was changed. Read a value each time; do not keep it.
 */
export abstract class RuntimeSettings {
  abstract get<K extends RuntimeKey>(key: K): RuntimeValues[K];
}

/** Values to store; null removes a stored one, so that the configured value applies again. */
export type RuntimeChange = { readonly [K in RuntimeKey]?: RuntimeValues[K] | null };

/** A setting that was changed, as administrators see it. */
export interface ChangedSetting {
  readonly key: RuntimeKey;
  readonly updatedAt: Date;
  readonly updatedBy: number | null;
}

/** The same settings for those who change them. */
export abstract class ChangeableSettings extends RuntimeSettings {
  /** Settings that override the configured ones. */
  abstract readonly changed: readonly ChangedSetting[];
  /** Stores checked values; in this process they take effect at once. */
  abstract change(change: RuntimeChange, userId: number | null): Promise<void>;
}

/** Kinds whose default plugin can change while the service runs. */
export const SWITCHABLE_KINDS = ['feeder', 'pipeline', 'predictor'] as const;
export type SwitchableKind = (typeof SWITCHABLE_KINDS)[number];
