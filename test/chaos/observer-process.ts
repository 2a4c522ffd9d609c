import { closeSync, fsyncSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Caller, Desk } from './caller.js';
import { type Figures, type LoadOrder, randomSource } from './journal.js';

/**
 * The observer: a process of its own that asks like many clients do and writes each answer into its journal before it goes
 * on. It shares nothing with the service but the socket, and survives whatever is done to it.
 *
 * Each line on stdin is an order, `{"load": …}`, `{"targets": […]}`, `{"figures": true}` or `{"stop": true}`; each has one
 * line as its answer.
 */
const path = process.argv[2];
if (path === undefined) throw new Error('the observer needs the path of its journal');
const journal = openSync(path, 'a');

let desk: Desk | null = null;
let callers: Promise<unknown> = Promise.resolve();

const figures = (): Figures => {
  const { sent = 0, acknowledged = 0, answered = 0, works = 0 } = desk ?? {};
  return { sent, acknowledged, answered, works };
};

interface Order {
  readonly load?: LoadOrder;
  readonly targets?: readonly string[];
  readonly stop?: true;
}

async function carryOut({ load, targets, stop }: Order): Promise<void> {
  if (load !== undefined) {
    const known = desk?.predictions ?? [];
    desk = new Desk(journal, load, randomSource(load.seed), load.targets);
    desk.predictions.push(...known);
    const started = desk;
    callers = Promise.all(load.callers.map((work) => new Caller(started, work).run()));
  }
  if (targets !== undefined) desk?.aim(targets);
  if (stop === true && desk !== null) {
    desk.isOver = true;
    await callers;
    await Promise.all(desk.open);
    desk.agent.destroy();
    fsyncSync(journal);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  await carryOut(JSON.parse(line) as Order);
  process.stdout.write(`done ${JSON.stringify(figures())}\n`);
}
closeSync(journal);
