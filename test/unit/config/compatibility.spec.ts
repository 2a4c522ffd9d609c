import { describe, expect, it } from '@jest/globals';
import { CONFIG_KEYS, declarationOf, isConfigKey, loadConfig } from '#libs/config';
import { checkParameters } from '#libs/kernel';
import type { PluginDefinition } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';
import { compatibleParameters, DIFFERENCES } from '../../../libs/config/src/compatibility.js';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();
const load = (flags: Readonly<Record<string, unknown>>, env = {}) =>
  loadConfig({ env, cwd: folderWith(), flags });

describe('compatibility=original', () => {
  it('changes the defaults of the settings in its table and of no other', () => {
    const [plain, original] = [load({}), load({ compatibility: 'original' })];
    const changed = CONFIG_KEYS.filter(
      (key) => JSON.stringify(plain[key]) !== JSON.stringify(original[key]) && key !== 'compatibility',
    );
    const listed = DIFFERENCES.filter(({ plugins }) => plugins === null).map(({ name }) => name);
    expect(changed.toSorted()).toEqual(listed.toSorted());
    for (const key of changed) {
      const { original: there } = DIFFERENCES.find(({ name }) => name === key) ?? {};
      expect([plain[key], original[key]]).toEqual([declarationOf(key).default, there]);
      expect(original.given(key)).toBe(false);
    }
  });

  it('works from the environment and leaves what is given alone, its own default included', () => {
    const config = load({ baseline_means: 'auto' }, { PREDICTION_PROVIDER_COMPATIBILITY: 'original' });
    expect([config.baseline_means, config.allow_noise_control]).toEqual(['auto', true]);
    expect(config.notices).toEqual([
      'compatibility: original; among its defaults are allowed_origins=* and allow_noise_control=true',
    ]);
  });

  it('names settings and parameters that exist, with values that they take', async () => {
    const modules = await Promise.all(BUILT_IN_PLUGINS.map((read) => read()));
    const plugins = modules.flatMap(
      (one) => (one as { readonly default: PluginDefinition | PluginDefinition[] }).default,
    );
    for (const { name, plugins: owners, original } of DIFFERENCES) {
      const declarations = owners?.map((id) => plugins.find((one) => one.id === id)?.parameters[name]) ?? [
        isConfigKey(name) ? declarationOf(name) : undefined,
      ];
      for (const declaration of declarations) {
        if (declaration === undefined) throw new Error(`${name} is declared nowhere`);
        const { values, faults } = checkParameters({ [name]: declaration }, { [name]: original });
        expect([faults, values[name]]).toEqual([[], original]);
      }
    }
    expect(compatibleParameters('noisy_ideal_predictor', { compatibility: 'off' })).toEqual({});
  });
});
