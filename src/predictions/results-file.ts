import { appendFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#libs/config';

/** `results_file`: every finished prediction as one JSON object a line, in the order in which they finished. */
@Injectable()
export class ResultsFile {
  readonly #logger = new Logger(ResultsFile.name);
  readonly #path: string | null;
  #last: Promise<void> = Promise.resolve();

  constructor(config: AppConfig) {
    this.#path = config.results_file === null ? null : resolve(config.results_file);
  }

  /** The database is the record; a file that can't be written is reported and costs nobody their prediction. */
  append(prediction: object): void {
    const path = this.#path;
    if (path === null) return;
    this.#last = this.#last
      .then(() => appendFile(path, `${JSON.stringify(prediction)}\n`))
      .catch((error: unknown) => this.#logger.error(`results_file could not be written: ${String(error)}`));
  }

  /** Resolves when everything appended so far is written. */
  flushed(): Promise<void> {
    return this.#last;
  }
}
