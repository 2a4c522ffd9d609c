import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const ENTRY = resolve('dist/src/main.js');

/** The built command `evaluate` in a process of its own. */
export class AgentProcess {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  #errors = '';

  constructor(folder: string, ...flags: readonly string[]) {
    this.#child = spawn(process.execPath, [ENTRY, 'evaluate', ...flags], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.stdout === null) throw new Error('a piped output has a stream');
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(line));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.exited = new Promise((done) => this.#child.once('close', done));
  }

  /** What it wrote to its error output. */
  get errors(): string {
    return this.#errors;
  }

  get completed(): number {
    return this.lines.filter((line) => line.startsWith('completed ')).length;
  }

  /** Ends it at once, without a chance to tidy up. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Asks it to stop; its exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }
}
