import type { ParameterDeclarations } from '#libs/kernel';
import { nearest } from './nearest.js';

/** A sub-command: its words, the arguments that may follow them, and one line of help. */
export interface CommandInfo {
  readonly words: readonly string[];
  readonly positionals: readonly string[];
  readonly summary: string;
  /** A command with flags of its own reads no settings and opens no database. */
  readonly flags?: ParameterDeclarations;
}

/** Flags of `models run`. */
export const MODEL_RUN_FLAGS = {
  input: {
    type: 'string',
    default: null,
    minLength: 1,
    help: 'Path of a JSON file of the form `{"inputs": [{"name", "shape", "data"}]}`; `-` reads standard input.',
  },
  mc_samples: {
    type: 'integer',
    default: null,
    min: 0,
    max: 100_000,
    help: 'Number of passes with dropout active; the output then includes their mean and standard deviation.',
  },
  mc_seed: {
    type: 'integer',
    default: null,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    help: 'Seed of the `mc_samples` passes, 0 if not set; the same seed gives exactly the same output.',
  },
} as const satisfies ParameterDeclarations;

/** Every sub-command; the first one runs when none is given. */
export const COMMANDS: readonly CommandInfo[] = [
  { words: ['serve'], positionals: [], summary: 'Run the service (the default command).' },
  {
    words: ['worker'],
    positionals: [],
    summary: 'Run jobs only, alongside serving processes (PostgreSQL only).',
  },
  {
    words: ['evaluate'],
    positionals: [],
    summary: 'Claim and compute marketplace orders of the service at --url, using --api_key.',
  },
  { words: ['migrate'], positionals: [], summary: 'Apply the pending database migrations.' },
  { words: ['users', 'create'], positionals: ['NAME'], summary: 'Create an account.' },
  { words: ['users', 'activate'], positionals: ['NAME'], summary: 'Activate an account.' },
  {
    words: ['users', 'reset-password'],
    positionals: ['NAME'],
    summary: 'Set a new password for an account.',
  },
  { words: ['plugins', 'list'], positionals: [], summary: 'List the plugins and their parameters.' },
  {
    words: ['models', 'inspect'],
    positionals: ['FILE'],
    summary: 'Show the inputs, outputs and parameters of a model file as JSON.',
    flags: {},
  },
  {
    words: ['models', 'run'],
    positionals: ['FILE'],
    summary: 'Run a model file on the inputs in a JSON file; print the outputs as JSON.',
    flags: MODEL_RUN_FLAGS,
  },
  { words: ['audit', 'verify'], positionals: [], summary: 'Verify the hash chain of the audit log.' },
  { words: ['billing', 'verify'], positionals: [], summary: 'Verify that the money in the ledger adds up.' },
];

const DEFAULT_COMMAND = ['serve'];

export type CommandMatch =
  | { readonly command: readonly string[]; readonly positionals: readonly string[] }
  | { readonly fault: string };

/** Finds the command that the arguments without flags begin with; the rest are its positionals. */
export function matchCommand(words: readonly string[]): CommandMatch {
  const [first] = words;
  if (first === undefined) return { command: DEFAULT_COMMAND, positionals: [] };
  const info = COMMANDS.find((one) => one.words.every((word, index) => words[index] === word));
  if (!info) return { fault: unknownCommand(first, words[1]) };
  const positionals = words.slice(info.words.length);
  const surplus = positionals[info.positionals.length];
  if (surplus !== undefined) {
    return { fault: `"${surplus}" is not expected after "${words.slice(0, -1).join(' ')}"` };
  }
  return { command: info.words, positionals };
}

function unknownCommand(first: string, second: string | undefined): string {
  const family = COMMANDS.filter((one) => one.words[0] === first).map((one) => one.words[1] ?? '');
  if (family.length > 0) {
    const given = second === undefined ? 'nothing' : `"${second}"`;
    return `"${first}" must be followed by ${family.join(', ')}, not by ${given}`;
  }
  const names = COMMANDS.map((one) => one.words.join(' '));
  const [close] = nearest(first, names);
  return close === undefined
    ? `"${first}" is not a command; commands are ${names.join(', ')}`
    : `"${first}" is not a command; did you mean ${close}?`;
}
