import {
  allowed,
  checkParameter,
  type ParameterDeclaration,
  type ParameterDeclarations,
  type ParametersOf,
  type ParameterValue,
} from '#libs/kernel';
import { COMMANDS, isCommandWord, matchCommand } from './commands.js';
import { ConfigError } from './config-error.js';
import { isParameterName, parameterFromText } from './plugin-parameter-text.js';
import { CONFIG_KEYS, declarationOf, isConfigKey, type ConfigKey } from './settings.js';

/**
 * What the arguments say, before any value is checked. Faults of form are collected, not thrown, so that they can be
 * reported together with those of the other sources; look at `help` and `version` first.
 */
export interface CommandLine {
  /** The words of the sub-command, for example `['users', 'create']`; `['serve']` when none is given. */
  readonly command: readonly string[];
  /** Every argument that is no flag, as it was written. */
  readonly words: readonly string[];
  /** Arguments after the sub-command that are no flags. */
  readonly positionals: readonly string[];
  /** Settings by name, as text; a switch without a value is `true`. */
  readonly flags: Readonly<Partial<Record<ConfigKey, string | true>>>;
  /** Flags that name no setting: plugin parameters, already typed. */
  readonly extras: Readonly<Record<string, ParameterValue>>;
  readonly help: boolean;
  readonly version: boolean;
  readonly faults: readonly string[];
}

/** Short for settings, behind the command `worker`. */
const WORKER_FLAGS: Readonly<Record<string, ConfigKey>> = {
  concurrency: 'job_concurrency',
  kinds: 'job_kinds',
};
const NUMBER = /^-(\d|\.\d)/;
const SWITCH_VALUE = /^(true|false|1|0|yes|no|on|off)$/i;
const MOST_NAMED = 3;

/** Whether a token can be the value of the flag before it: anything but a flag; `-5` is a number, `-` is text. */
const isValue = (token: string | undefined): token is string =>
  token !== undefined && (!token.startsWith('-') || token === '-' || NUMBER.test(token));

/**
 * Reads arguments such as `['worker', '--port', '9000', '--reload', '--csv_file=bars.csv']`.
 * Flags are `--name value` or `--name=value` with the setting's full name; switches take an optional true or false, lists
 * any number of words up to the next flag or the command; `--no-name` turns a switch off;
 * a flag given twice is a fault, because which one counts would be a guess. `--` ends the flags.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const scan = new Scan(argv);
  scan.run();
  scan.takeQuestions();
  const match = matchCommand(scan.words);
  const found = 'fault' in match ? { command: [], positionals: [] } : match;
  if ('fault' in match) scan.faults.push(match.fault);
  return Object.freeze({
    command: scan.words.length === 0 ? commandOfFlags(scan.flags) : found.command,
    words: scan.words,
    positionals: found.positionals,
    flags: scan.flags,
    extras: scan.extras,
    help: scan.help,
    version: scan.version,
    faults: scan.faults,
  });
}

/** The user-management flags stand for the `users` commands when no command is given. */
function commandOfFlags(flags: CommandLine['flags']): readonly string[] {
  if (flags.create_user !== undefined) return ['users', 'create'];
  if (flags.activate_user !== undefined) return ['users', 'activate'];
  const change = flags.change_password;
  if (change === true || (change !== undefined && /^(true|1|yes|on)$/i.test(change))) {
    return ['users', 'reset-password'];
  }
  return ['serve'];
}

/** One pass over the tokens from left to right. */
class Scan {
  readonly words: string[] = [];
  readonly flags: Partial<Record<ConfigKey, string | true>> = {};
  readonly extras: Record<string, ParameterValue> = {};
  readonly faults: string[] = [];
  help = false;
  version = false;
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  run(): void {
    while (this.at < this.tokens.length) {
      const token = this.tokens[this.at] ?? '';
      this.at += 1;
      if (token === '--') {
        this.words.push(...this.tokens.slice(this.at));
        return;
      }
      if (token === '--help' || token === '-h') this.help = true;
      else if (token === '--version' || token === '-V') this.version = true;
      else if (token.startsWith('--')) this.flag(token.slice(2));
      else if (token.startsWith('-') && token !== '-') this.faults.push(strayDash(token));
      else this.words.push(token);
    }
  }

  /** `help users create` and `version` ask what flags ask elsewhere. */
  takeQuestions(): void {
    const [first] = this.words;
    if (first !== 'help' && first !== 'version') return;
    this.words.shift();
    if (first === 'help') this.help = true;
    else this.version = true;
  }

  private flag(text: string): void {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const inline = equals < 0 ? undefined : text.slice(equals + 1);
    const short = this.words[0] === 'worker' ? WORKER_FLAGS[name] : undefined;
    const switched = name.startsWith('no-') ? name.slice('no-'.length) : '';
    if (short !== undefined) this.setting(short, inline);
    else if (isConfigKey(name)) this.setting(name, inline);
    else if (inline === undefined && isConfigKey(switched) && declarationOf(switched).type === 'boolean') {
      this.setting(switched, 'false');
    } else this.parameter(name, inline);
  }

  private setting(name: ConfigKey, inline: string | undefined): void {
    const declaration = declarationOf(name);
    const value = inline ?? this.value(declaration);
    if (value === undefined) this.faults.push(`--${name} needs a value: ${allowed(declaration)}`);
    else if (Object.hasOwn(this.flags, name)) this.faults.push(`--${name} is given more than once`);
    else this.flags[name] = value;
  }

  private value({ type }: ParameterDeclaration): string | true | undefined {
    if (type === 'boolean') return this.next((token) => SWITCH_VALUE.test(token)) ?? true;
    const first = this.next(isValue);
    return type === 'list' && first !== undefined ? this.list(first) : first;
  }

  /** The original's form of a list: words, here joined as in its other form. A command that is still to come ends it. */
  private list(first: string): string {
    const words = [first];
    const isMember = (token: string) => isValue(token) && (this.words.length > 0 || !isCommandWord(token));
    for (let word = this.next(isMember); word !== undefined; word = this.next(isMember)) words.push(word);
    return words.join(',');
  }

  private parameter(name: string, inline: string | undefined): void {
    const text = inline ?? this.next(isValue);
    const refused = refusedName(name);
    if (refused !== undefined) {
      this.faults.push(refused);
      return;
    }
    const read = text === undefined ? { value: true } : parameterFromText(text);
    if ('fault' in read) this.faults.push(`--${name}: the value ${read.fault}`);
    else if (Object.hasOwn(this.extras, name)) this.faults.push(`--${name} is given more than once`);
    else this.extras[name] = read.value;
  }

  private next(isWanted: (token: string) => boolean): string | undefined {
    const token = this.tokens[this.at];
    if (token === undefined || !isWanted(token)) return undefined;
    this.at += 1;
    return token;
  }
}

/** Why a flag that names no setting cannot be a plugin parameter either. */
function refusedName(name: string): string | undefined {
  const respelled = name.toLowerCase().replaceAll('-', '_');
  if (respelled !== name && isConfigKey(respelled)) return `--${name} must be written --${respelled}`;
  if (!isParameterName(name)) {
    return `--${name} is not a valid name; use up to 64 letters, digits and _, starting with a letter`;
  }
  const longer = CONFIG_KEYS.filter((key) => key.startsWith(name)).slice(0, MOST_NAMED);
  if (longer.length === 0) return undefined;
  return `--${name} is an abbreviation; write the flag in full: ${longer.map((key) => `--${key}`).join(', ')}`;
}

const strayDash = (token: string): string =>
  NUMBER.test(token)
    ? `"${token}" is not expected here; put a number right after its flag`
    : `"${token}" is not a flag; flags start with two dashes, as in --port 8000`;

/**
 * Takes the flags that a command has beside the settings out of its arguments.
 * @throws ConfigError with every value that is out of range
 */
export function splitArguments<D extends ParameterDeclarations>(
  line: CommandLine,
  declarations: D,
): { readonly line: CommandLine; readonly flags: ParametersOf<D> } {
  const isOwn = ([name]: [string, ParameterValue]): boolean => Object.hasOwn(declarations, name);
  const given = Object.entries(line.extras);
  const own = Object.fromEntries(given.filter(isOwn));
  const extras = Object.fromEntries(given.filter((one) => !isOwn(one)));
  const faults: string[] = [];
  const flags = checkedFlags(own, declarations, faults);
  if (faults.length > 0) throw new ConfigError([...line.faults, ...faults], 'The command line');
  return { line: { ...line, extras }, flags };
}

function checkedFlags<D extends ParameterDeclarations>(
  given: Readonly<Record<string, ParameterValue>>,
  declarations: D,
  faults: string[],
): ParametersOf<D> {
  const values = Object.entries(declarations).map(([flag, declaration]): [string, ParameterValue] => {
    const value = given[flag] ?? declaration.default;
    // `--horizons 6` was read as a number: nobody knew yet that it is a list
    const list = declaration.type === 'list' && typeof value === 'number' ? [value] : value;
    const checked = checkParameter(declaration, list);
    if ('value' in checked) return [flag, checked.value];
    faults.push(`--${flag} ${checked.fault}`);
    return [flag, null];
  });
  // Each value passed the check of its own declaration, from which the type is derived.
  return Object.fromEntries(values) as ParametersOf<D>;
}

/**
 * The arguments of a command that has flags of its own: its positionals in order and its flags by name.
 * @throws ConfigError with every fault: unknown flags, values out of range, missing positionals
 */
export function commandArguments<D extends ParameterDeclarations>(
  line: CommandLine,
  declarations: D,
): { readonly positionals: readonly string[]; readonly flags: ParametersOf<D> } {
  const given: Readonly<Record<string, ParameterValue>> = { ...line.flags, ...line.extras };
  const name = line.command.join(' ');
  const faults = [...line.faults];
  const wanted = COMMANDS.find((command) => command.name === name)?.argument;
  const [missing] = wanted?.split(' ').slice(line.positionals.length) ?? [];
  if (missing !== undefined) faults.push(`${name}: ${missing} is missing`);
  for (const flag of Object.keys(given).filter((one) => !Object.hasOwn(declarations, one))) {
    faults.push(`--${flag} is not a flag of "${name}"; ${listed(Object.keys(declarations))}`);
  }
  const flags = checkedFlags(given, declarations, faults);
  if (faults.length > 0) throw new ConfigError(faults, 'The command line');
  return { positionals: line.positionals, flags };
}

const listed = (flags: readonly string[]): string =>
  flags.length === 0 ? 'it takes no flags' : `it takes ${flags.map((flag) => `--${flag}`).join(', ')}`;
