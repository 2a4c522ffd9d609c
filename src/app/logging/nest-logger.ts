import type { LoggerService } from '@nestjs/common';
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
 * `name`; an object message is merged into the line, its `message` being the text.
 */
export class NestLogger implements LoggerService {
  readonly #byName = new Map<string, Logger>();

  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    this.#write(FRAMEWORK.has(context ?? '') ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  #write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const logger = this.#named(contextOf(rest));
    if (message instanceof Error) logger[level]({ err: message }, message.message);
    else if (typeof message === 'object' && message !== null) logger[level](...fieldsOf(message));
    else logger[level](stackOf(rest), String(message));
  }

  #named(name = 'prediction_provider'): Logger {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const made = this.logger.child({ name });
    this.#byName.set(name, made);
    return made;
  }
}

/** Nest passes the context as the last argument. */
const contextOf = (rest: readonly unknown[]): string | undefined => {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : undefined;
};

/** `error(message, stack, context)`: the stack comes before the context. */
const stackOf = (rest: readonly unknown[]): object =>
  rest.length > 1 && typeof rest[0] === 'string' ? { stack: rest[0] } : {};

function fieldsOf(message: object): [object, string | undefined] {
  const { message: text, ...fields } = message as { message?: unknown; err?: unknown };
  const error = fields.err instanceof Error ? fields.err.message : undefined;
  return [fields, typeof text === 'string' ? text : error];
}
