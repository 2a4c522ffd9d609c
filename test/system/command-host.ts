import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { runCommand } from '../../src/app/commands/run-command.js';

/** Runs one command for each line of arguments; a zero byte ends its output, on both streams. */
for await (const line of createInterface({ input: process.stdin })) {
  const status = await runCommand(JSON.parse(line) as string[]);
  process.stderr.write('\0');
  process.stdout.write(`${status}\0`);
}
