import { nearest, type ParameterDeclarations } from '#libs/kernel';
import { BACKTEST_FLAGS } from './backtest-flags.js';
import {
  MODEL_CONVERT_FLAGS,
  MODEL_INSPECT_FLAGS,
  MODEL_RUN_FLAGS,
  DATA_INSPECT_FLAGS,
  DATA_VALIDATE_FLAGS,
  PLUGINS_NEW_FLAGS,
  PLUGINS_TEST_FLAGS,
  AUDIT_VERIFY_ARCHIVE_FLAGS,
  RECEIPTS_VERIFY_FLAGS,
  DEMO_FLAGS,
} from './command-flags.js';

/** A sub-command: its one or two words, what may follow them, and one line of help. */
export interface CommandInfo {
  readonly name: string;
  /** For example `FILE`; without one nothing follows the name. */
  readonly argument?: string;
  readonly summary: string;
  /** Settings that are meant for this command above all. */
  readonly settings?: readonly string[];
  /** A command with flags of its own reads no settings and opens no database. */
  readonly flags?: ParameterDeclarations;
  /** It reads settings all the same; its own flags are told apart by `splitArguments`. */
  readonly readsSettings?: true;
}

/** How a command is written: `users create NAME`. */
export const usageOf = ({ name, argument }: CommandInfo): string =>
  argument === undefined ? name : `${name} ${argument}`;

/** Every sub-command; the first one runs when none is given. */
export const COMMANDS: readonly CommandInfo[] = [
  { name: 'serve', summary: 'Run the service (the default command).' },
  {
    name: 'worker',
    summary:
      'Run jobs only, alongside serving processes (PostgreSQL only): --concurrency N at a time, of these --kinds.',
  },
  {
    name: 'evaluate',
    summary: 'Claim and compute marketplace orders of the service at --url, using --api_key.',
  },
  {
    name: 'demo',
    summary: 'Start a service of its own with sample data, ask it for a forecast, and stay up to be tried.',
    flags: DEMO_FLAGS,
  },
  { name: 'migrate', summary: 'Apply the pending database migrations.' },
  {
    name: 'import',
    argument: 'ORIGINAL',
    summary:
      'Bring the content of a database of the Python service to --database_url; --dry_run only shows it.',
  },
  {
    name: 'users create',
    argument: 'NAME',
    summary: 'Create an account; with --demo those that the API is tried with.',
    settings: ['email', 'role', 'password', 'demo'],
  },
  { name: 'users list', summary: 'List the accounts; with --role those of one role.', settings: ['role'] },
  { name: 'users show', argument: 'NAME', summary: 'Show an account and the state of its API key.' },
  { name: 'users activate', argument: 'NAME', summary: 'Activate an account.' },
  {
    name: 'users deactivate',
    argument: 'NAME',
    summary: 'Deactivate an account; its tokens and key are refused.',
  },
  {
    name: 'users set-role',
    argument: 'NAME',
    summary: 'Give an account the role --role; its tokens are revoked.',
    settings: ['role'],
  },
  {
    name: 'users new-key',
    argument: 'NAME',
    summary: 'Replace the API key of an account and print the new one.',
  },
  {
    name: 'users reset-password',
    argument: 'NAME',
    summary: 'Set a new password for an account.',
    settings: ['new_password', 'old_password'],
  },
  {
    name: 'config check',
    summary: 'Check all settings, and that the configured plugins start, as a start would.',
  },
  {
    name: 'config show',
    summary: 'Show every setting with its value and where it comes from, without secrets.',
  },
  {
    name: 'completion',
    argument: 'SHELL',
    summary: 'Print the completion for bash or zsh: source <(prediction-provider completion bash)',
    flags: {},
  },
  {
    name: 'backtest compare',
    argument: 'A B',
    summary: 'Compare two files of --forecasts on the targets that both have, by Diebold and Mariano.',
    flags: {},
  },
  {
    name: 'backtest',
    summary:
      'Forecast a history bar by bar (--model_path, --data_file_path) and score it beside a random walk, without a service or a database.',
    settings: ['model_path', 'data_file_path', 'predictor_plugin'],
    flags: BACKTEST_FLAGS,
    readsSettings: true,
  },
  { name: 'plugins list', summary: 'List the plugins and their parameters.' },
  {
    name: 'plugins new',
    argument: 'NAME',
    summary: 'Make a folder with a plugin, its test and how to use it.',
    flags: PLUGINS_NEW_FLAGS,
  },
  {
    name: 'plugins test',
    argument: 'FILE',
    summary: 'Run the checks of the plugin contract on the plugins of a module.',
    flags: PLUGINS_TEST_FLAGS,
  },
  {
    name: 'data inspect',
    argument: 'FILE',
    summary: 'Show how a data file is read: format, columns, first and last bar, gaps, notes.',
    flags: DATA_INSPECT_FLAGS,
  },
  {
    name: 'data validate',
    argument: 'FILE',
    summary: 'Check the columns, values, times and range of a data file, and compare it with another one.',
    flags: DATA_VALIDATE_FLAGS,
  },
  {
    name: 'models inspect',
    argument: 'FILE',
    summary:
      'Show what a model file takes, answers and is made of, what is odd about it, and whether the service would serve it.',
    flags: MODEL_INSPECT_FLAGS,
  },
  {
    name: 'models convert',
    argument: 'FILE OUT',
    summary: 'Write the graph of a model file as an ONNX file, for use elsewhere.',
    flags: MODEL_CONVERT_FLAGS,
  },
  {
    name: 'models run',
    argument: 'FILE',
    summary: 'Run a model file on the inputs in a JSON file; print the outputs as JSON.',
    flags: MODEL_RUN_FLAGS,
  },
  {
    name: 'audit anchor',
    summary:
      'Print how far the chains of audit log and ledger have come; with --audit_anchor also add it to that file.',
  },
  { name: 'audit verify', summary: 'Verify the hash chain of the audit log.' },
  {
    name: 'audit export',
    summary:
      'Move rows of the audit log that are older than --audit_history_days into files in the folder --archive_folder.',
  },
  {
    name: 'audit verify-archive',
    argument: 'FILE',
    summary: 'Verify the hash chain of a file that audit export wrote, without a database.',
    flags: AUDIT_VERIFY_ARCHIVE_FLAGS,
  },
  { name: 'billing verify', summary: 'Verify that the money in the ledger adds up.' },
  {
    name: 'orders list',
    summary: 'List the newest orders of the marketplace; with --username those of one client.',
    settings: ['username'],
  },
  { name: 'orders show', argument: 'ID', summary: 'Show the terms, the money and the claims of an order.' },
  {
    name: 'receipts verify',
    argument: 'PATH',
    summary: 'Verify a receipt, or every one in a folder and their chain, without a service or a database.',
    flags: RECEIPTS_VERIFY_FLAGS,
  },
  {
    name: 'receipts replay',
    argument: 'ID',
    summary:
      'Make the forecast of a prediction or an order again, and compare it bit for bit with its receipt.',
  },
  {
    name: 'receipts export',
    argument: 'FOLDER',
    summary: 'Write every signed receipt, and the public keys, into a new folder.',
  },
  { name: 'receipts rotate', summary: 'Make a new key for receipts; the public keys before it stay valid.' },
  { name: 'predictions tail', summary: 'Print a line for each prediction that ends, until it is stopped.' },
  {
    name: 'webhooks send-test',
    argument: 'URL',
    summary: 'Send a receiver a test message, signed with the secret of the account --username.',
    settings: ['username'],
  },
  {
    name: 'secrets rotate',
    summary: 'Encrypt anew under SECRET_KEY what is stored under PREVIOUS_SECRET_KEYS.',
  },
  {
    name: 'secrets forget',
    summary: 'Let the service start although a secret key is lost; what it encrypted stays unreadable.',
  },
  {
    name: 'backup',
    argument: 'FOLDER',
    summary: 'Copy the database, which may be in use, and the secret beside it into a new folder.',
  },
  {
    name: 'restore',
    argument: 'FOLDER',
    summary: 'Bring a backup into a database that is not there yet, or is empty.',
  },
];

/** Whether a command begins with this word. */
export const isCommandWord = (word: string): boolean =>
  COMMANDS.some(({ name }) => name.split(' ', 1)[0] === word);

export type CommandMatch =
  | { readonly command: readonly string[]; readonly positionals: readonly string[] }
  | { readonly fault: string };

/** Finds the command that the arguments without flags begin with; the rest are its positionals. */
export function matchCommand(words: readonly string[]): CommandMatch {
  const [first, second] = words;
  if (first === undefined) return { command: ['serve'], positionals: [] };
  const info = COMMANDS.find(({ name }) => name.split(' ').every((word, at) => words[at] === word));
  if (!info) return { fault: unknownCommand(first, second) };
  const command = info.name.split(' ');
  const positionals = words.slice(command.length);
  const surplus = positionals[info.argument?.split(' ').length ?? 0];
  return surplus === undefined
    ? { command, positionals }
    : { fault: `"${surplus}" is not expected after "${words.slice(0, -1).join(' ')}"` };
}

function unknownCommand(first: string, second: string | undefined): string {
  const names = COMMANDS.map(({ name }) => name);
  const family = names.map((name) => name.split(' ')).filter(([word]) => word === first);
  if (family.length > 0) {
    const given = second === undefined ? 'nothing' : `"${second}"`;
    return `"${first}" must be followed by ${family.map(([, word]) => word).join(', ')}, not by ${given}`;
  }
  const [close] = nearest(first, names);
  return close === undefined
    ? `"${first}" is not a command; commands are ${names.join(', ')}`
    : `"${first}" is not a command; did you mean ${close}?`;
}
