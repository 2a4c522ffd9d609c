import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { PluginRegistry } from '#libs/plugin-host';
import { PersistedRuntimeSettings } from './persisted-runtime-settings.js';
import { SWITCHABLE_KINDS, type SwitchableKind } from './runtime-settings.port.js';

/** Keeps the loaded plugins in step with the runtime settings: the default of each kind, and the time limit of calls. */
@Injectable()
export class PluginSettings implements OnApplicationBootstrap {
  readonly #logger = new Logger(PluginSettings.name);
  readonly #configured: Readonly<Record<SwitchableKind, string>>;

  constructor(
    private readonly registry: PluginRegistry,
    private readonly settings: PersistedRuntimeSettings,
  ) {
    this.#configured = {
      feeder: registry.configuredId('feeder'),
      pipeline: registry.configuredId('pipeline'),
      predictor: registry.configuredId('predictor'),
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    this.settings.onChange(() => this.apply());
    await this.apply();
  }

  /** A plugin that was stored as a default and can't be created any more leaves the present one in place. */
  async apply(): Promise<void> {
    this.registry.setTimeLimit(this.settings.get('prediction_timeout') * 1000);
    const chosen = this.settings.get('default_plugins');
    for (const kind of SWITCHABLE_KINDS) {
      const id = chosen[kind] ?? this.#configured[kind];
      if (id === this.registry.configuredId(kind)) continue;
      try {
        await this.registry.select(kind, id);
      } catch (error) {
        this.#logger.warn({ error }, `default_plugins: ${kind} ${id} could not be selected`);
      }
    }
  }
}
