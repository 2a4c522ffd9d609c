import type { PluginSummary } from '#libs/plugin-sdk';
import type { CallFigures } from './guard.js';
import type { PluginHandle } from './handles.js';
import { hideFolders } from './plugin-errors.js';
import type { PluginSlot } from './plugin-slot.js';

/** What is known about one plugin, in wire names. Nothing in it is secret. */
export interface PluginStatus extends CallFigures, PluginHandle {
  /** `active` is loaded, `available` loads on first use, `failed` could not be created. */
  readonly status: PluginSummary['state'];
  /** Answers requests that name no plugin of its kind. */
  readonly configured: boolean;
  /** Only predictors: true for test instruments that look into the future. */
  readonly looks_ahead?: boolean;
  /** Only predictors: the operations that it has. */
  readonly capabilities?: readonly string[];
  /** Only feeders that say more of themselves: what they deliver. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Only when the creation failed: why. */
  readonly failure?: string;
}

/** `failed` when its last creation failed, else whether it is created. */
export function stateOf(slot: PluginSlot): PluginSummary['state'] {
  if (slot.handle) return 'active';
  return slot.failure || slot.resolved.faults.length > 0 ? 'failed' : 'available';
}

/** As the created plugin is configured; what the definition says while it is not created. */
const looksAhead = ({ handle }: PluginSlot, declared: boolean): boolean =>
  handle?.kind === 'predictor' ? handle.looksAhead : declared;

function infoOf({ handle }: PluginSlot): Pick<PluginStatus, 'info'> {
  const info = handle?.kind === 'feeder' ? handle.info() : {};
  return Object.keys(info).length === 0 ? {} : { info };
}

/** The status of one plugin, measured. */
export function pluginStatusOf(slot: PluginSlot, configured: boolean): PluginStatus {
  const { definition, failure, resolved } = slot;
  const reason = slot.handle ? undefined : (failure?.detail ?? resolved.faults[0]);
  const { parameters, ...about } = slot.about;
  return {
    ...about,
    status: stateOf(slot),
    configured,
    parameters,
    ...(definition.kind === 'predictor' && {
      looks_ahead: looksAhead(slot, definition.looksAhead ?? false),
      capabilities: definition.capabilities,
    }),
    ...infoOf(slot),
    ...(reason !== undefined && { failure: hideFolders(reason) }),
    ...slot.meter.figures(),
  };
}
