import { loadConfig, type AppConfig } from '#libs/config';

/** The given settings and plugin parameters, everything else at its default. No file and no environment is read. */
export const configOf = (flags: Readonly<Record<string, unknown>> = {}): AppConfig =>
  loadConfig({ argv: [], env: {}, flags, cwd: '/nonexistent' });

/** Stands in for a port of which the code under test uses these members only. */
export const partial = <T extends object>(part: Partial<T>): T => part as T;
