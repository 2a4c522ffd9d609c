import { allowed, type ParameterDeclaration, type ParameterDeclarations } from '#libs/kernel';
import { COMMANDS, type CommandInfo, usageOf } from './commands.js';
import { variablesOf } from './environment.js';
import { RUNTIME_KEYS } from './runtime-settings.js';
import {
  declarationOf,
  isConfigKey,
  KEYS_WITHOUT_EFFECT,
  SETTING_GROUPS,
  type ConfigKey,
} from './settings.js';

const NARROWEST = 50;
const WIDEST = 100;
const COMMAND_COLUMN = 30;
const LEAST_SUMMARY = 30;
const HELP_INDENT = ' '.repeat(6);

/**
 * The text of `--help`, at most `columns` wide (50 to 100): commands, forms of flags, and every setting with its
 * default and range, from the same declarations as the documentation.
 */
export function helpText(columns = 80): string {
  const width = Math.min(WIDEST, Math.max(NARROWEST, columns));
  return [
    'Usage: prediction-provider [command] [flags]',
    '',
    'Commands:',
    ...COMMANDS.flatMap((command) => commandLines(command, width)),
    '',
    ...wrap(
      'Write flags as --name value or --name=value; a switch needs no value. Names that are not settings are plugin parameters. Every setting is also a key of the config file (--load_config) and an environment variable, for example PREDICTION_PROVIDER_PORT for --port.',
      width,
    ),
    '',
    '  --help, -h     Show this help.',
    '  --version, -V  Show the version.',
    ...SETTING_GROUPS.flatMap(({ title, settings }) => [
      '',
      `${title}:`,
      ...Object.keys(settings).flatMap((key) => settingLines(key, width)),
    ]),
    '',
  ].join('\n');
}

/**
 * The help of one command, or of all that begin with the same word; without either that of {@link helpText}.
 * @param words what stands before `--help`
 */
export function commandHelp(words: readonly string[], columns = 80): string {
  const width = Math.min(WIDEST, Math.max(NARROWEST, columns));
  const isMeant = ({ name }: CommandInfo) => name.split(' ').every((word, at) => words[at] === word);
  const one = COMMANDS.find(isMeant);
  if (one === undefined) {
    const family = COMMANDS.filter(({ name }) => name.split(' ', 1)[0] === words[0]);
    if (family.length === 0) return helpText(columns);
    return [
      `Usage: prediction-provider ${words[0] ?? ''} COMMAND`,
      '',
      ...family.flatMap((command) => summaryLines(command, width)),
      '',
    ].join('\n');
  }
  const own = Object.entries(one.flags ?? {});
  const settings = one.settings ?? [];
  return [
    `Usage: prediction-provider ${usageOf(one)}${one.flags !== undefined && own.length === 0 ? '' : ' [flags]'}`,
    '',
    ...wrap(one.summary, width),
    ...(own.length + settings.length > 0 ? ['', 'Flags:'] : []),
    ...own.flatMap(([flag, declaration]) => flagLines(flag, declaration, width, 2)),
    ...settings.flatMap((key) => settingLines(key, width)),
    ...(one.flags === undefined || one.readsSettings === true
      ? [
          '',
          ...wrap(
            'Every setting is a flag, such as --load_config and --database_url: prediction-provider help',
            width,
          ),
        ]
      : []),
    '',
  ].join('\n');
}

function commandLines(command: CommandInfo, width: number): string[] {
  const flags = Object.entries(command.flags ?? {});
  return [...summaryLines(command, width), ...flags.flatMap(([flag, one]) => flagLines(flag, one, width, 4))];
}

function summaryLines(command: CommandInfo, width: number): string[] {
  const { summary } = command;
  const name = `  ${usageOf(command)}`;
  const left = width - COMMAND_COLUMN;
  if (name.length >= COMMAND_COLUMN || left < LEAST_SUMMARY) {
    return [name, ...wrap(summary, width, HELP_INDENT)];
  }
  const [first = '', ...more] = wrap(summary, left);
  return [name.padEnd(COMMAND_COLUMN) + first, ...more.map((line) => ' '.repeat(COMMAND_COLUMN) + line)];
}

const settingLines = (key: string, width: number): string[] =>
  isConfigKey(key) ? flagLines(key, declarationOf(key), width, 2) : [];

function flagLines(key: string, declaration: ParameterDeclaration, width: number, indent: number): string[] {
  const preset = declaration.default === null ? 'not set' : JSON.stringify(declaration.default);
  const help = `${declaration.help.replaceAll('`', '')} [${allowed(declaration)}; default ${preset}]`;
  return [`${' '.repeat(indent)}--${key}`, ...wrap(help, width, ' '.repeat(indent + 4))];
}

/** Breaks a text at spaces into lines of at most `width` characters, indent included; a longer word stands alone. */
function wrap(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const isFirst = line.length === indent.length;
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
const listOf = (keys: readonly string[]): string => keys.map(code).join(', ');

const presetOf = ({ default: preset }: ParameterDeclaration): string =>
  typeof preset === 'string' ? preset : JSON.stringify(preset);

const INTRODUCTION = `# Configuration

Every setting has one name. You can set it with a flag (\`--port 9000\` or \`--port=9000\`), a key in the config file
(\`{"port": 9000}\`) or an environment variable (\`PREDICTION_PROVIDER_PORT=9000\`); some settings also have a short
variable. This page, \`.env.example\` and \`--help\` are generated from the declarations in \`libs/config\` by
\`npm run docs\`.

## Precedence

From lowest to highest: a plugin's own default, the built-in default, the remote document (\`remote_load_config\`), the
config file (\`load_config\`), the file \`.env\` in the working directory, the environment, flags.

- **Plugins keep their own defaults.** If a plugin declares a parameter with the name of a setting (\`window_size\`,
  \`prediction_horizon\`, \`mc_samples\`, ...), the built-in default below does not apply to it; a value that you set does.
- **Names that are not settings are plugin parameters.** Set them in the config file, as flags (\`--noise_std 0.3\`) or
  together in \`plugin_parameters\`. The text of a flag is read as an integer, a float, \`true\` or \`false\`, \`null\`, or a
  JSON list or object; any other text stays text. Text that starts like JSON but is not valid JSON is refused.
- **\`compatibility=original\`** replaces defaults, of settings and of plugins' parameters, by those of the Python service
  ([the table](moving.md#what-differs-and-why)); what you set yourself wins.
- A switch can stand alone (\`--reload\`) or take \`true\` or \`false\`. A negative number is a value (\`--offset -5\`).
  A setting that is a list takes one word with commas, or several (\`--correlated_instruments ^GSPC ^VIX\`).
  Repeated flags and shortened names are refused. The sub-command comes first; \`--\` ends the flags.
- An empty environment variable counts as not set. Where the default is \`null\`, the word \`null\` means not set.
- In the config file, names that begin with \`_\` or \`$\` are comments. A dump of the Python service's
  settings is a config file, with \`"load_config": null\` in it, too.
- All errors are reported together, and the command exits with code 2. Values of secrets are never shown.
`;

/** The page `docs/configuration.md`: rules, commands and one table a group. */
export function configurationPage(): string {
  return [
    INTRODUCTION,
    '## Commands\n',
    '| Command | What it does |\n| --- | --- |',
    ...COMMANDS.map((command) => `| ${code(usageOf(command))} | ${cell(command.summary)} |`),
    ...COMMANDS.flatMap(({ name, flags = {} }) => ownFlags(name, flags)),
    ...SETTING_GROUPS.flatMap(({ title, settings }) => [
      `\n## ${title}\n`,
      '| Setting | Flag | Environment variable | Default | Allowed | What it does |',
      '| --- | --- | --- | --- | --- | --- |',
      ...Object.keys(settings).filter(isConfigKey).map(row),
    ]),
    '\n## Changed while the service runs\n',
    `An administrator can change these settings with \`POST /api/v1/admin/config\`, without a restart: ${listOf(RUNTIME_KEYS)}.`,
    '\n## Without effect\n',
    `Accepted so that older configurations keep working: ${listOf(KEYS_WITHOUT_EFFECT)}. The tables above give the reasons.`,
    '',
  ].join('\n');
}

/** The flags that a command has of its own. */
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
    'Copy this file to .env and uncomment the settings that you want to change. The environment and flags take precedence over this file. Generated by npm run docs.',
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
