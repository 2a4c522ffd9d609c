import { readFileSync, writeFileSync } from 'node:fs';
import { parameterPage } from '#libs/plugin-host';
import type { PluginDefinition } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';

/** Writes the page of the built-in plugins below the working directory; with `--check` it only reports a difference. */
const PAGE = 'docs/plugin-parameters.md';

const definitions: PluginDefinition[] = [];
for (const load of BUILT_IN_PLUGINS) {
  const { default: own } = (await load()) as { readonly default: PluginDefinition | PluginDefinition[] };
  definitions.push(...[own].flat());
}
const page = parameterPage(definitions);
if (!process.argv.includes('--check')) {
  writeFileSync(PAGE, page);
  process.stdout.write(`wrote ${PAGE}\n`);
} else if (readFileSync(PAGE, 'utf8') !== page) {
  process.stderr.write(`${PAGE} is out of date; run: npm run docs:plugins\n`);
  process.exitCode = 1;
}
