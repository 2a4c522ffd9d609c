import type { LoggerService } from '@nestjs/common';
import { lineOf } from './line.js';
import type { Logger } from './logger.js';

/** Nest's start-up chatter; of interest only to who debugs the wiring. */
const FRAMEWORK = new Set([
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestFactory',
  'NestApplication',
]);

/**
 * Nest's logger on the process's log. The context (`new Logger('prediction_provider.audit')`) becomes the line's
 * `name`; objects are merged into the line, texts are joined.
 */
export class NestLogger implements LoggerService {
  readonly #byName = new Map<string, Logger>();

  constructor(private readonly logger: Logger) {}

  log(...given: unknown[]): void {
    this.#write(FRAMEWORK.has(contextOf(given) ?? '') ? 'debug' : 'info', given);
  }

  error(...given: unknown[]): void {
    this.#write('error', given);
  }

  warn(...given: unknown[]): void {
    this.#write('warn', given);
  }

  debug(...given: unknown[]): void {
    this.#write('debug', given);
  }

  verbose(...given: unknown[]): void {
    this.#write('trace', given);
  }

  fatal(...given: unknown[]): void {
    this.#write('fatal', given);
  }

  #write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal', given: readonly unknown[]): void {
    const context = contextOf(given);
    const { fields, text } = lineOf(context === undefined ? given : given.slice(0, -1), true);
    this.#named(context)[level](fields, text);
  }

  #named(name = 'prediction_provider'): Logger {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const made = this.logger.child({ name });
    this.#byName.set(name, made);
    return made;
  }
}

/** Nest passes the context as the last argument; a text with blanks is none, but part of what is said. */
const contextOf = (given: readonly unknown[]): string | undefined => {
  const last = given.length > 1 ? given.at(-1) : undefined;
  return typeof last === 'string' && /^[\w.:$-]{1,100}$/.test(last) ? last : undefined;
};
