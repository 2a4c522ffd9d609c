import { ChildScript } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { countUp, SCRATCH, words } from './scratch.js';
import { TestDatabase } from '../../harness/databases.js';

const SCRIPT = 'test/integration/database/other-process.ts';
const EMPTY = { entities: [], migrations: [] };

describe('several processes on one database', () => {
  it('lose no write on SQLite, although each reads before it writes', async () => {
    const test = await TestDatabase.open('sqlite', SCRATCH);
    const child = new ChildScript(SCRIPT, JSON.stringify(test.location), '150');
    await child.until('migrated');
    for (let count = 0; count < 150; count += 1) {
      await test.run(countUp);
      if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await child.exited).toBe(0);
    const expected = Array.from({ length: 300 }, (_, index) => String(index + 1).padStart(6, '0'));
    expect(await words(test.database.read)).toEqual(expected);
    await test.close();
  });

  for (const kind of ['sqlite', 'postgres'] as const) {
    it(`that start at once migrate it once [${kind}]`, async () => {
      const test = await TestDatabase.open(kind, EMPTY);
      await test.database.close();
      if (test.location.kind === 'sqlite') rmSync(test.location.path); // not even the file is there yet
      const children = Array.from(
        { length: 3 },
        () => new ChildScript(SCRIPT, JSON.stringify(test.location)),
      );
      const codes = await Promise.all(children.map(({ exited }) => exited));
      expect(codes).toEqual([0, 0, 0]);
      const told = children.flatMap(({ lines }) => lines).map((line) => line.trim());
      expect(told.sort()).toEqual(['migrated', 'migrated', 'migrated Words1795392090001']);
      await test.close();
    });
  }
});
