import { JobEntity } from '#libs/jobs';
import {
  BarEntity,
  EventEntity,
  IdempotencyKeyEntity,
  Jobs1795392000002,
  SettingEntity,
  Shared1795392000005,
  UserSessionEntity,
} from '#libs/database';

/** Every table of the product, class by class; a new entity adds its line here. */
export const entities = [
  JobEntity,
  SettingEntity,
  IdempotencyKeyEntity,
  EventEntity,
  BarEntity,
  UserSessionEntity,
];

/** Every migration, oldest first; a new one adds its line here. */
export const migrations = [Jobs1795392000002, Shared1795392000005];
