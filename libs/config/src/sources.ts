import { checkParameter, type ParameterValue } from '#libs/kernel';
import type { CommandLine } from './command-line.js';
import type { Environment } from './environment.js';
import { readEnvironment } from './environment.js';
import { isParameterName } from './plugin-parameter-text.js';
import { declarationOf, isConfigKey, type ConfigKey } from './settings.js';

/** Where a value comes from, lowest precedence first. */
export type ConfigSource = 'default' | 'remote' | 'file' | 'dotenv' | 'environment' | 'flag';

/** A value that was given, with its source. */
export interface Given {
  readonly value: ParameterValue;
  readonly source: ConfigSource;
}

/**
 * Collects what the sources give, lowest precedence first: a later value replaces an earlier one. Every value is
 * checked, replaced ones too, because a faulty file is worth knowing before the flag that hides it is gone.
 */
export class Collection {
  readonly settings = new Map<ConfigKey, Given>();
  readonly extras = new Map<string, Given>();
  readonly faults: string[] = [];

  /**
   * A parsed JSON document; names that are no setting are plugin parameters, `_…` and `$…` are comments. Dumps of the
   * original's settings have `"load_config": null`, which names no document.
   */
  addDocument(document: Readonly<Record<string, unknown>>, source: ConfigSource, place: string): void {
    const { load_config, remote_load_config, ...rest } = document;
    for (const [key, value] of Object.entries({ load_config, remote_load_config })) {
      if (value === undefined || value === null) continue;
      this.faults.push(`${key}: is not allowed in ${place} except as null; use a flag or the environment`);
    }
    const told = Object.entries(rest).filter(([name]) => !/^[_$]/.test(name));
    this.addValues(Object.fromEntries(told), source, place);
  }

  /** Values by name, of any JSON type; names that are no setting are plugin parameters. */
  addValues(values: Readonly<Record<string, unknown>>, source: ConfigSource, place: string): void {
    if (values['plugin_parameters'] !== undefined) {
      this.addSetting('plugin_parameters', values['plugin_parameters'], source, place);
    }
    for (const [name, value] of Object.entries(values)) {
      if (name === 'plugin_parameters' || value === undefined) continue;
      if (isConfigKey(name)) this.addSetting(name, value, source, place);
      else this.addExtra(name, value as ParameterValue, source, place);
    }
  }

  /** `label` tells where the variables stand when that is not the process's own environment. */
  addEnvironment(environment: Environment, source: 'dotenv' | 'environment', label = ''): void {
    const { variables, faults } = readEnvironment(environment, label);
    this.faults.push(...faults);
    for (const { name, key, text } of variables) this.addText(key, text, source, `${name}${label}`);
  }

  addCommandLine(commandLine: Pick<CommandLine, 'flags' | 'extras' | 'faults'>): void {
    this.faults.push(...commandLine.faults);
    for (const [name, text] of Object.entries(commandLine.flags)) {
      if (isConfigKey(name)) this.addText(name, text, 'flag', `--${name}`);
    }
    for (const [name, value] of Object.entries(commandLine.extras)) {
      this.addExtra(name, value, 'flag', `--${name}`);
    }
  }

  /** Text has no null of its own: where null is the default, the word `null` stands for it. */
  private addText(key: ConfigKey, text: string | true, source: ConfigSource, place: string): void {
    const isNull = text === 'null' && declarationOf(key).default === null;
    this.addSetting(key, isNull ? null : text, source, place);
  }

  private addSetting(key: ConfigKey, raw: unknown, source: ConfigSource, place: string): void {
    const checked = checkParameter(declarationOf(key), raw);
    if ('fault' in checked) {
      this.faults.push(`${key}: ${checked.fault} (from ${place})`);
      return;
    }
    this.settings.set(key, { value: checked.value, source });
    if (key === 'plugin_parameters') this.addParameters(checked.value, source, place);
  }

  private addParameters(parameters: ParameterValue, source: ConfigSource, place: string): void {
    for (const [name, value] of Object.entries(parameters as Record<string, ParameterValue>)) {
      if (isConfigKey(name)) {
        this.faults.push(
          `plugin_parameters: ${name} is a setting, not a plugin parameter; set it by its own name (from ${place})`,
        );
      } else this.addExtra(name, value, source, place);
    }
  }

  private addExtra(name: string, value: ParameterValue, source: ConfigSource, place: string): void {
    if (isParameterName(name)) this.extras.set(name, { value, source });
    else
      this.faults.push(
        `${name}: is not a valid name for a plugin parameter; use up to 64 letters, digits and _, starting with a letter (from ${place})`,
      );
  }
}
