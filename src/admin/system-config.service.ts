import { redactSecrets, type SuccessOut } from '#libs/http';
import { Injectable } from '@nestjs/common';
import { checkRuntimeSettings, CONFIG_KEYS, declarationOf, isRuntimeKey, AppConfig } from '#libs/config';
import { PluginRegistry } from '#libs/plugin-host';
import { type Actor, invalid, type ParameterValue, type Violation } from '#libs/kernel';
import type { ConfigChange, ConfigOut } from './admin.dto.js';
import {
  ChangeableSettings,
  SWITCHABLE_KINDS,
  type RuntimeChange,
} from '../settings/runtime-settings.port.js';

/** Shows the settings in effect and changes those that can be changed while the service runs. */
@Injectable()
export class SystemConfig {
  constructor(
    private readonly settings: ChangeableSettings,
    private readonly registry: PluginRegistry,
    private readonly config: AppConfig,
  ) {}

  /** Every setting but secrets, and which of them were changed at run time. */
  show(): ConfigOut {
    const settings: Record<string, ParameterValue> = {};
    for (const key of CONFIG_KEYS) {
      if (declarationOf(key).secret === true) continue;
      // an address may hold a secret although its setting is none
      const value = isRuntimeKey(key) ? this.settings.get(key) : this.config[key];
      settings[key] = redactSecrets(value) as ParameterValue;
    }
    return { settings, changed: this.settings.changed };
  }

  /** @throws AppError `invalid` for a value out of its range or a plugin that is not loaded; then nothing changes */
  async change(body: ConfigChange, caller: Actor): Promise<SuccessOut> {
    const change = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    this.#refuseWrongValues(change);
    await this.#refuseUnusablePlugins(body.default_plugins ?? {});
    await this.settings.change(change as RuntimeChange, caller.userId);
    const names = Object.keys(change);
    const message = names.length === 0 ? 'Nothing to change' : `Configuration updated: ${names.join(', ')}`;
    return { message };
  }

  #refuseWrongValues(change: Readonly<Record<string, unknown>>): void {
    const given = Object.entries(change).filter(([, value]) => value !== null);
    const { faults } = checkRuntimeSettings(Object.fromEntries(given));
    if (faults.length > 0) throw invalid(...faults.map((fault) => violationOf(fault, change)));
  }

  /** Creates the plugins, so that a default that cannot work is refused instead of stored. */
  async #refuseUnusablePlugins(plugins: Readonly<Record<string, string>>): Promise<void> {
    for (const kind of SWITCHABLE_KINDS) {
      const id = plugins[kind];
      if (id === undefined) continue;
      if (!this.registry.has(kind, id)) {
        throw this.registry.unknownPlugin(kind, id, ['body', 'default_plugins', kind]);
      }
      await this.registry[kind](id);
    }
  }
}

/** A fault begins with the setting's name and a colon. */
function violationOf(fault: string, change: Readonly<Record<string, unknown>>): Violation {
  const [name = ''] = fault.split(':', 1);
  return {
    type: 'value_error',
    loc: ['body', name],
    msg: `Value error, ${fault}`,
    input: change[name],
    ctx: { error: {} },
  };
}
