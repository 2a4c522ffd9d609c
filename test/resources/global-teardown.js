import { rmSync } from 'node:fs';

/** Ends what the setup of this run started; waits until the database server is gone. */
export default async function globalTeardown() {
  const { folder, broker, keeper } = globalThis.testResources;
  broker.close();
  const running = keeper();
  if (running !== null) {
    running.child.ref();
    running.child.stdin.end();
    await running.ended;
  }
  rmSync(folder, { recursive: true, force: true });
}
