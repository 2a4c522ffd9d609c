import type { DatabaseTarget } from './database-url.js';
import type { Settings } from './settings.js';

/** What a rule may look at: the values, and the database when its URL could be read. */
export interface RuleInput {
  readonly values: Settings;
  readonly database: DatabaseTarget | undefined;
  /** The process will answer requests, so it needs a key to sign with. */
  readonly serving: boolean;
}

/** The fault of a rule that is broken, as a list. */
export const when = (broken: boolean, fault: string): readonly string[] => (broken ? [fault] : []);
