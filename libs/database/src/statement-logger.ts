import type { Logger } from 'typeorm';

/**
 * Writes statements to the standard output when asked to. Their values stay out: among them are password hashes and
 * keys. Errors are not written here: whoever ran the statement gets them.
 */
export class StatementLogger implements Logger {
  constructor(private readonly echo: boolean) {}

  logQuery(query: string, parameters: unknown[] = []): void {
    if (!this.echo) return;
    const values = parameters.length === 0 ? '' : ` -- ${parameters.length} values`;
    process.stdout.write(`sql: ${query.replace(/\s+/g, ' ')}${values}\n`);
  }

  logQueryError(): void {}

  logQuerySlow(): void {}

  logSchemaBuild(): void {}

  logMigration(): void {}

  log(): void {}
}
