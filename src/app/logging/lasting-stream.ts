import { closeSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '#libs/kernel';
import { pino, type DestinationStream } from 'pino';

/** Bytes of lines that wait for a disk that takes none at the moment; what comes then is lost. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** How often it is looked whether the file is still the one that was opened. */
const LOOK_EVERY_MS = 200;
/** What goes wrong again within so long is not said again. */
const SAY_EVERY_MS = 60_000;

/**
 * The console or a file of log lines that outlasts what the disk does: a full or broken one, a removed folder, a file
 * that was moved away (as log rotation does), a reader of the console that ended. Lines wait up to a limit and are
 * written when that is possible again; nobody else notices.
 */
export class LastingStream implements DestinationStream {
  readonly #destination: ReturnType<typeof pino.destination>;
  #lost = 0;
  #saidMs = -Infinity;
  #lookedMs = 0;

  /** @param target the number of a stream, or the path of a file, which is made with its folders */
  constructor(
    private readonly name: string,
    private readonly target: number | string,
  ) {
    this.#destination = pino.destination({
      dest: target,
      sync: true,
      mkdir: true,
      maxLength: MAX_KEPT_BYTES,
    });
    this.#destination.on('error', (error) => this.#failed(error));
    this.#destination.on('drop', () => (this.#lost += 1));
  }

  /** Lines that were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    if (typeof this.target === 'string') this.#look(this.target);
    this.#destination.write(line);
  }

  /** Writes what waits, if that is possible now. */
  close(): void {
    try {
      this.#destination.flushSync();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** What is written into a file that was removed or moved away would be read by nobody. */
  #look(path: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = nowMs;
    try {
      const { fd } = this.#destination as unknown as { fd: number };
      const [opened, there] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })];
      if (there?.ino === opened.ino && there.dev === opened.dev) return;
      mkdirSync(dirname(path), { recursive: true });
      closeSync(openSync(path, 'a')); // the stream itself would give up the old file before it knows
      this.#destination.reopen();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - this.#saidMs < SAY_EVERY_MS) return;
    this.#saidMs = nowMs;
    process.stderr.write(
      `note: ${this.name} cannot be written (${messageOf(error)}); log lines wait, and are lost when there are too many\n`,
    );
  }
}
