import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Node's flags for a TypeScript file of the tests that uses the built product; its path and arguments follow. */
export const CHILD_FLAGS = ['--no-warnings', 'scripts/join-script.mjs'] as const;

/** Another process that runs a TypeScript file of the tests, with the built product, and talks in lines. */
export class ChildScript {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #errors = '';

  /** @param script path from the project's root, which is the working directory of all specs */
  constructor(script: string, ...args: readonly string[]) {
    const child = spawn(process.execPath, [...CHILD_FLAGS, script, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#tell();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.exited = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#tell();
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until `count` lines begin with `prefix`. @throws Error with its error output when it ends before that */
  async until(prefix: string, count = 1): Promise<string[]> {
    for (;;) {
      const found = this.lines.filter((line) => line.startsWith(prefix));
      if (found.length >= count) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the child ended before "${prefix}" came ${count} times:\n${this.#errors}`);
      }
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }

  /** Sends one line to its standard input. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ends it at once, without a chance to tidy up, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
