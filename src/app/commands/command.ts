import cluster from 'node:cluster';
import { type AppConfig, type CommandLine, describeDatabase } from '#libs/config';

/** Exit codes, as other tools of the field use them; `refused` is for a model file that is not run. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/**
 * With what a process of the supervisor ends when it could not start: whether another start may go better. The numbers
 * are those of sysexits.h (`EX_TEMPFAIL`, `EX_CONFIG`), which Node never uses itself.
 */
export const STARTING_EXIT = { mayPass: 75, lasts: 78 } as const;

/** A command: does its work and resolves with the exit code. */
export type Command = (config: AppConfig, line: CommandLine) => Promise<number>;

/** A command that reads no settings: its arguments say everything. */
export type PlainCommand = (line: CommandLine) => Promise<number>;

/** Writes a result for whoever ran the command; returns exit code 0. */
export function print(text: string): 0 {
  process.stdout.write(`${text}\n`);
  return 0;
}

/** Writes what went wrong, or a remark, beside the results. */
export function printError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says, beside the results, on which database a command works: a wrong folder means another one. */
export const nameDatabase = ({ database }: AppConfig): void =>
  printError(`database: ${describeDatabase(database)}`);

/** Resolves with the name of the first SIGINT or SIGTERM. A second one ends the process at once, for the impatient. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}

/**
 * Lets the process end after its last work, although a plugin left a timer or a socket behind that would keep it, and
 * although its supervisor listens to it.
 */
export function endDespiteLeftovers(): void {
  cluster.worker?.disconnect();
  setTimeout(() => process.exit(), 1_000).unref();
}
