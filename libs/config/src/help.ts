import { allowed, type ParameterDeclaration } from '#libs/kernel';
import { COMMANDS, type CommandInfo } from './commands.js';
import { wrap } from './wrap.js';
import { declarationOf, isConfigKey, SETTING_GROUPS } from './settings.js';

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
      'Flags are --name value or --name=value; a switch needs no value. Other names are plugin parameters. Every setting is also a key of the config file (--load_config) and an environment variable: --port is PREDICTION_PROVIDER_PORT.',
      width,
    ),
    '',
    '  --help, -h     Show this text.',
    '  --version, -V  Show the version.',
    ...SETTING_GROUPS.flatMap(({ title, settings }) => [
      '',
      `${title}:`,
      ...Object.keys(settings).flatMap((key) => settingLines(key, width)),
    ]),
    '',
  ].join('\n');
}

function commandLines(command: CommandInfo, width: number): string[] {
  const flags = Object.entries(command.flags ?? {});
  return [...summaryLines(command, width), ...flags.flatMap(([flag, one]) => flagLines(flag, one, width, 4))];
}

function summaryLines({ words, positionals, summary }: CommandInfo, width: number): string[] {
  const name = `  ${[...words, ...positionals].join(' ')}`;
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
