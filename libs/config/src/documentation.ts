import { allowed, type ParameterDeclaration, type ParameterDeclarations } from '#libs/kernel';
import { COMMANDS } from './commands.js';
import { variablesOf } from './environment.js';
import { RUNTIME_KEYS } from './runtime-settings.js';
import {
  declarationOf,
  isConfigKey,
  KEYS_WITHOUT_EFFECT,
  SETTING_GROUPS,
  type ConfigKey,
} from './settings.js';
import { wrap } from './wrap.js';

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
const listOf = (keys: readonly string[]): string => keys.map(code).join(', ');

const presetOf = ({ default: preset }: ParameterDeclaration): string =>
  typeof preset === 'string' ? preset : JSON.stringify(preset);

const INTRODUCTION = `# Configuration

Every setting has one name. It is a flag (\`--port 9000\` or \`--port=9000\`), a key of the config file
(\`{"port": 9000}\`), and an environment variable (\`PREDICTION_PROVIDER_PORT=9000\`); some have a short variable too.
This page, \`.env.example\` and \`--help\` are written from the declarations in \`libs/config\` by \`npm run docs\`.

## Which value counts

From the lowest to the highest: a plugin's own default, the built-in default, the remote document
(\`remote_load_config\`), the config file (\`load_config\`), the file \`.env\` in the working directory, the environment,
the flags.

- **Plugins keep their own defaults.** Where a plugin declares a parameter with the name of a setting (\`window_size\`,
  \`prediction_horizon\`, \`mc_samples\`, ...) the built-in default below does not reach it; a value that you give does.
- **Names that are no setting are plugin parameters**: in the config file, as flags (\`--noise_std 0.3\`), or together in
  \`plugin_parameters\`. Text is read as an integer, a float, \`true\` or \`false\`, \`null\`, a JSON list or object, else as
  text; text that opens like JSON and is none is refused.
- A switch may stand alone (\`--reload\`) or with \`true\` or \`false\`. A negative number is a value (\`--offset -5\`).
  A flag given twice is refused, and so is a shortened name. The sub-command comes first; \`--\` ends the flags.
- An empty environment variable counts as not set. Where the default is \`null\`, the word \`null\` means not set.
- In the config file, names that begin with \`_\` or \`$\` are remarks.
- All faults are reported together, and the command ends with exit code 2. Values of secrets are never shown.
`;

/** The page `docs/configuration.md`: rules, commands and one table a group. */
export function configurationPage(): string {
  return [
    INTRODUCTION,
    '## Commands\n',
    '| Command | What it does |\n| --- | --- |',
    ...COMMANDS.map(
      ({ words, positionals, summary }) =>
        `| ${code([...words, ...positionals].join(' '))} | ${cell(summary)} |`,
    ),
    ...COMMANDS.flatMap(({ words, flags = {} }) => ownFlags(words.join(' '), flags)),
    ...SETTING_GROUPS.flatMap(({ title, settings }) => [
      `\n## ${title}\n`,
      '| Setting | Flag | Environment variable | Default | Allowed | What it does |',
      '| --- | --- | --- | --- | --- | --- |',
      ...Object.keys(settings).filter(isConfigKey).map(row),
    ]),
    '\n## Changed while the service runs\n',
    `An administrator can change these with \`POST /api/v1/admin/config\`: ${listOf(RUNTIME_KEYS)}.`,
    '\n## Without effect\n',
    `Accepted so that older configurations keep working: ${listOf(KEYS_WITHOUT_EFFECT)}. Each says why above.`,
    '',
  ].join('\n');
}

/** A command with flags of its own reads no settings. */
function ownFlags(command: string, flags: ParameterDeclarations): string[] {
  const rows = Object.entries(flags).map(
    ([name, one]) =>
      `| ${[code(`--${name}`), code(presetOf(one)), cell(allowed(one)), cell(one.help)].join(' | ')} |`,
  );
  if (rows.length === 0) return [];
  const head = `| Flag of ${code(command)} | Default | Allowed | What it does |\n| --- | --- | --- | --- |`;
  return [`\n${head}`, ...rows];
}

function row(key: ConfigKey): string {
  const declaration = declarationOf(key);
  const secret = declaration.secret ? ' Secret: never shown.' : '';
  const cells = [
    code(key),
    code(`--${key}`),
    variablesOf(key).map(code).join(', '),
    code(presetOf(declaration)),
    cell(allowed(declaration)),
    cell(declaration.help + secret),
  ];
  return `| ${cells.join(' | ')} |`;
}

const COMMENT_WIDTH = 100;

/** The file `.env.example`: every setting as a variable with its default, all commented out. */
export function environmentExample(): string {
  const head = wrap(
    'Copy to .env and take the # off what you want to set. The environment and flags win over this file. Written by npm run docs.',
    COMMENT_WIDTH,
    '# ',
  );
  const groups = SETTING_GROUPS.flatMap(({ title, settings }) => [
    '',
    `# ---- ${title} ----`,
    ...Object.keys(settings).filter(isConfigKey).flatMap(exampleLines),
  ]);
  return [...head, ...groups, ''].join('\n');
}

function exampleLines(key: ConfigKey): string[] {
  const declaration = declarationOf(key);
  const [variable = ''] = variablesOf(key);
  const preset = declaration.default === null ? '' : presetOf(declaration);
  const hint = `${declaration.help.replaceAll('`', '')} [${allowed(declaration)}]`;
  return ['', ...wrap(hint, COMMENT_WIDTH, '# '), `# ${variable}=${preset}`];
}
