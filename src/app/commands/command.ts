import type { CommandLine, LoadedConfig } from '#libs/config';

/** Exit codes, as other tools of the field use them. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** A command: does its work and resolves with the exit code. */
export type Command = (config: LoadedConfig, line: CommandLine) => Promise<number>;
