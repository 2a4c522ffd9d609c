import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { FileCursor, type FilePosition } from '#libs/database';
import { toWire } from '#libs/http';
import { Clock, messageOf, OutageError, Repeater, SECOND_MS } from '#libs/kernel';
import { PredictionOut } from './prediction.dto.js';
import { PredictionRepository } from './prediction.repository.js';

/** Predictions that are written together, with one wait for the disk. */
const BATCH = 200;

/**
 * `results_file`: every finished prediction as one JSON object a line, in the order of the event log. The log is the
 * source: what was finished while nobody could write, or in another process, follows later. Of several processes with the
 * same file one writes it.
 */
@Injectable()
export class ResultsFile implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger(ResultsFile.name);
  readonly #path: string | null;
  readonly #repeater: Repeater;
  #cursor: FileCursor | null = null;
  #position: FilePosition | null = null;
  /** Lines beyond the kept position: those of a process that died before it kept another one. */
  #beyond: ReadonlySet<number> = new Set();
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #isFailing = false;

  constructor(
    config: AppConfig,
    private readonly predictions: PredictionRepository,
    clock: Clock,
  ) {
    this.#path = config.results_file === null ? null : resolve(config.results_file);
    this.#repeater = new Repeater({
      clock,
      everyMs: SECOND_MS, // what other processes finished, and what could not be written
      work: () => this.flushed(),
      onError: (error) => this.#logger.error(error),
    });
  }

  async onModuleInit(): Promise<void> {
    if (this.#path === null) return;
    await this.flushed();
    this.#repeater.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#repeater.stop();
    await this.flushed();
    this.#cursor?.close();
    this.#cursor = null;
  }

  /** A prediction has finished in this process. */
  wake(): void {
    if (this.#path !== null) void this.flushed();
  }

  /** Resolves when everything that can be written is; never rejects: a file costs nobody their prediction. */
  flushed(): Promise<void> {
    const path = this.#path;
    if (path === null) return Promise.resolve();
    // who asks while one waits for its turn waits for the same
    this.#next ??= this.#last.then(async () => {
      this.#next = null;
      try {
        await this.#follow(path);
        this.#isFailing = false;
      } catch (error) {
        this.#position = null; // what was written of a batch is looked at before the next one
        if (!this.#isFailing && !(error instanceof OutageError)) {
          this.#logger.error(
            `results_file cannot be written and will be completed later: ${messageOf(error)}`,
          );
          this.#isFailing = true;
        }
      }
    });
    this.#last = this.#next;
    return this.#next;
  }

  async #follow(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    this.#cursor ??= FileCursor.take(path);
    if (this.#cursor === null) return;
    this.#position ??= await this.#begin(path, this.#cursor.read());
    for (;;) {
      const finished = await this.predictions.finishedAfter(this.#position.event, BATCH);
      const last = finished.at(-1);
      if (last === undefined) return;
      const lines = await this.#linesOf(finished.map(({ predictionId }) => predictionId));
      const written = await withFile(path, (file) => append(file, lines));
      this.#position = { ...written, event: last.id };
      this.#cursor.keep(this.#position);
      this.#beyond = new Set();
    }
  }

  /** Looks at what the file has beyond the kept position, and cuts off a line that was not written to its end. */
  async #begin(path: string, kept: FilePosition | null): Promise<FilePosition> {
    const event = kept?.event ?? (await this.predictions.lastEventId());
    return withFile(path, async (file) => {
      const { bytes, file: identity } = await lookAt(file);
      const start = kept?.file === identity ? Math.min(kept.bytes, bytes) : kept === null ? bytes : 0;
      const tail = Buffer.alloc(bytes - start);
      await file.read(tail, 0, tail.length, start);
      const whole = tail.subarray(0, tail.lastIndexOf('\n') + 1);
      if (whole.length < tail.length) await file.truncate(start + whole.length);
      this.#beyond = new Set(idsOf(whole.toString('utf8')));
      const position = { event, bytes: start + whole.length, file: identity };
      if (kept === null) this.#cursor?.keep(position);
      return position;
    });
  }

  async #linesOf(ids: readonly number[]): Promise<string> {
    const lines: string[] = [];
    for (const id of ids) {
      const prediction = this.#beyond.has(id) ? null : await this.predictions.findById(id);
      // one that was deleted meanwhile has nothing to show
      if (prediction !== null) lines.push(`${JSON.stringify(toWire(PredictionOut, prediction))}\n`);
    }
    return lines.join('');
  }
}

/** The file by its path each time: it may be moved away while the service runs. */
async function withFile<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'a+');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

async function append(file: FileHandle, lines: string): Promise<Omit<FilePosition, 'event'>> {
  if (lines !== '') {
    await file.appendFile(lines);
    await file.datasync(); // before the position says that they are there
  }
  return lookAt(file);
}

async function lookAt(file: FileHandle): Promise<Omit<FilePosition, 'event'>> {
  const { size, dev, ino } = await file.stat();
  return { bytes: size, file: `${dev}:${ino}` };
}

/** Ids of the predictions in some lines; others may have written lines of their own. */
function idsOf(lines: string): number[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('{"id":'))
    .map((line) => Number.parseInt(line.slice('{"id":'.length), 10));
}
