import { allowed, type ParameterDeclaration } from '#libs/kernel';
import { PLUGIN_KINDS, type PluginDefinition } from '#libs/plugin-sdk';

const INTRODUCTION = `# Plugins and their parameters

Written from the declarations by \`npm run docs:plugins\`. A parameter is a flag (\`--csv_file bars.csv\`), a key of the
config file, or a member of \`plugin_parameters\`; one that is not given has the default below, even when a
[setting](configuration.md) of the same name has another one. [Plugins](plugins.md) explains how to write one.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');
const presetOf = ({ default: preset }: ParameterDeclaration): string =>
  typeof preset === 'string' ? preset : JSON.stringify(preset);

/** The page `docs/plugin-parameters.md`: every built-in plugin with its parameters, by kind. */
export function parameterPage(definitions: readonly PluginDefinition[]): string {
  const parts = PLUGIN_KINDS.flatMap((kind) => [
    `## ${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    ...definitions.filter((definition) => definition.kind === kind).map(sectionOf),
  ]);
  return `${[INTRODUCTION.trimEnd(), ...parts].join('\n\n')}\n`;
}

function sectionOf(definition: PluginDefinition): string {
  const rows = Object.entries(definition.parameters).map(
    ([name, declaration]) =>
      `| \`${name}\` | \`${cell(presetOf(declaration))}\` | ${cell(allowed(declaration))} | ${cell(declaration.help)} |`,
  );
  const table = [
    '| Parameter | Default | Allowed | What it does |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  return [
    `### ${definition.id} ${definition.version}`,
    `${definition.description}${abilitiesOf(definition)}`,
    rows.length === 0 ? 'No parameters.' : table,
  ].join('\n\n');
}

function abilitiesOf(definition: PluginDefinition): string {
  if (definition.kind !== 'predictor') return '';
  const ahead = definition.looksAhead
    ? ' It looks ahead, or can be configured to (`looks_ahead` in the model info says whether it does); use it for tests only.'
    : '';
  return ` Offers ${definition.capabilities.join(', ')}.${ahead}`;
}
