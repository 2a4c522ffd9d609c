import { commandArguments, COMMANDS, CONFIG_KEYS, ConfigError } from '#libs/config';
import { type PlainCommand, print } from './command.js';

const SHELLS = ['bash', 'zsh'];

/** `completion SHELL`: a script that completes commands, flags and, behind them, names of files. */
export const printCompletion: PlainCommand = async (line) => {
  const [shell = ''] = commandArguments(line, {}).positionals;
  if (!SHELLS.includes(shell))
    throw new ConfigError([`completion: "${shell}" is not allowed; bash or zsh`], 'The command line');
  const families = new Map<string, string[]>();
  for (const { name } of COMMANDS) {
    const [first = '', second] = name.split(' ');
    families.set(first, [...(families.get(first) ?? []), ...(second === undefined ? [] : [second])]);
  }
  const own = COMMANDS.flatMap(({ flags = {} }) => Object.keys(flags));
  const flags = [...new Set(['help', 'version', ...own, ...CONFIG_KEYS])].map((name) => `--${name}`);
  const cases = [...families]
    .filter(([, words]) => words.length > 0)
    .map(([first, words]) => `    ${first}) words="${words.join(' ')}" ;;`);
  return print(
    [
      ...(shell === 'zsh' ? ['autoload -U +X bashcompinit && bashcompinit'] : []),
      '_prediction_provider() {',
      '  local word="${COMP_WORDS[COMP_CWORD]}" words=""',
      `  if [[ "$word" == --* ]]; then words="${flags.join(' ')}"`,
      `  elif [[ $COMP_CWORD == 1 ]]; then words="${[...families.keys()].join(' ')} help version"`,
      '  elif [[ $COMP_CWORD == 2 ]]; then case "${COMP_WORDS[1]}" in',
      ...cases,
      '  esac; fi',
      '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
      '}',
      'complete -o default -F _prediction_provider prediction-provider',
    ].join('\n'),
  );
};
