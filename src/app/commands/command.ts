import type { CommandLine, AppConfig } from '#libs/config';

/** Exit codes, as other tools of the field use them; `refused` is for a model file that is not run. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** A command: does its work and resolves with the exit code. */
export type Command = (config: AppConfig, line: CommandLine) => Promise<number>;

/** A command that reads no settings: its arguments say everything. */
export type PlainCommand = (line: CommandLine) => Promise<number>;
