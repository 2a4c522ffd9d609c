import {
  checkParameter,
  type ParameterDeclarations,
  type ParametersOf,
  type ParameterValue,
} from '#libs/kernel';
import type { CommandLine } from './command-line.js';
import { COMMANDS } from './commands.js';
import { ConfigError } from './config-error.js';

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
  const wanted = COMMANDS.find(({ words }) => words.join(' ') === name)?.positionals ?? [];
  for (const missing of wanted.slice(line.positionals.length)) faults.push(`${name}: ${missing} is missing`);
  for (const flag of Object.keys(given).filter((one) => !Object.hasOwn(declarations, one))) {
    faults.push(`--${flag} is not a flag of "${name}"; ${listed(Object.keys(declarations))}`);
  }
  const values = Object.entries(declarations).map(([flag, declaration]): [string, ParameterValue] => {
    const checked = checkParameter(declaration, given[flag]);
    if ('value' in checked) return [flag, checked.value];
    faults.push(`--${flag} ${checked.fault}`);
    return [flag, null];
  });
  if (faults.length > 0) throw new ConfigError(faults, 'The command line');
  // Each value passed the check of its own declaration, from which the type is derived.
  return { positionals: line.positionals, flags: Object.fromEntries(values) as ParametersOf<D> };
}

const listed = (flags: readonly string[]): string =>
  flags.length === 0 ? 'it takes none' : `it takes ${flags.map((flag) => `--${flag}`).join(', ')}`;
