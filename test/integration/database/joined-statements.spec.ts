import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { lockName, readSql, runSql, type Transaction, valueOf, writeSql } from '#libs/database';
import { describeOnDatabases } from '../../harness/databases.js';

const ADD = 'INSERT INTO animals (name) VALUES (?) RETURNING id';
const CALL = 'INSERT INTO sounds (animal_id, sound) VALUES (?, ?)';
const ALL = `SELECT a.name, s.sound FROM animals a LEFT JOIN sounds s ON s.animal_id = a.id ORDER BY a.id, s.sound`;

describeOnDatabases('statements that travel together', (test, kind) => {
  beforeEach(async () => {
    const id = kind === 'sqlite' ? 'INTEGER PRIMARY KEY' : 'SERIAL PRIMARY KEY';
    await test().run(async (tx) => {
      await runSql(tx, `CREATE TABLE animals (id ${id}, name varchar(16) NOT NULL UNIQUE)`);
      await runSql(
        tx,
        'CREATE TABLE sounds (animal_id integer NOT NULL REFERENCES animals (id), sound varchar(16))',
      );
    });
  });
  afterEach(() =>
    test().run(async (tx) => {
      await runSql(tx, 'DROP TABLE sounds');
      await runSql(tx, 'DROP TABLE animals');
    }),
  );

  const stored = () => test().query<{ name: string; sound: string | null }>(ALL);
  const add = (tx: Transaction, name: string) => writeSql(tx, ADD, [name]).column('id');

  it('may refer to what an earlier one returns, and to one of an earlier statement', async () => {
    await test().run(async (tx) => {
      const dog = add(tx, 'dog');
      writeSql(tx, CALL, [dog, 'bark']);
      const cat = add(tx, 'cat'); // a table again: behind the dog
      writeSql(tx, CALL, [cat, 'purr']);
      expect(await valueOf(tx, dog)).toBeLessThan(await valueOf(tx, cat));
      writeSql(tx, CALL, [dog, 'growl']);
    });
    expect(await stored()).toEqual([
      { name: 'dog', sound: 'bark' },
      { name: 'dog', sound: 'growl' },
      { name: 'cat', sound: 'purr' },
    ]);
  });

  it('change a row one after another', async () => {
    await test().run(async (tx) => void add(tx, 'dog'));
    await test().run(async (tx) => {
      for (const name of ['wolf', 'fox', 'bear']) writeSql(tx, 'UPDATE animals SET name = ?', [name]);
      add(tx, 'cat');
      writeSql(tx, 'DELETE FROM animals WHERE name = ?', ['cat']);
    });
    expect(await stored()).toEqual([{ name: 'bear', sound: null }]);
  });

  it('are seen by whatever follows them', async () => {
    const seen = await test().run(async (tx) => {
      add(tx, 'dog');
      const [first] = await readSql<{ name: string }>(tx, 'SELECT name FROM animals');
      writeSql(tx, 'UPDATE animals SET name = ?', ['wolf']);
      const [second] = await runSql<{ name: string }>(tx, 'SELECT name FROM animals');
      writeSql(tx, 'UPDATE animals SET name = ?', ['fox']);
      const third = (await tx.manager.query('SELECT name FROM animals')) as { name: string }[];
      return [first, second, ...third].map((row) => row?.name);
    });
    expect(seen).toEqual(['dog', 'wolf', 'fox']);
  });

  it('answer each question that was asked in one turn, an empty one too', async () => {
    const answers = await test().run(async (tx) => {
      for (const name of ['ape', 'bee', 'cow']) add(tx, name);
      const from = (name: string) =>
        readSql<{ name: string }>(tx, 'SELECT name FROM animals WHERE name > ? ORDER BY name DESC LIMIT ?', [
          name,
          2,
        ]);
      const [lock, all, some, none] = await Promise.all([
        lockName(tx, 'a', 'b'),
        from('a'),
        from('b'),
        from('x'),
      ]);
      return { lock, all, some, none };
    });
    expect(answers).toEqual({
      all: [{ name: 'cow' }, { name: 'bee' }],
      some: [{ name: 'cow' }, { name: 'bee' }],
      none: [],
    });
  });

  it.each([
    ['one that finds no row', 'UPDATE animals SET name = ? WHERE id = 0 RETURNING id', /nobody/],
    ['one that the database refuses', 'INSERT INTO animals (name) VALUES (?) RETURNING id', /unique/i],
  ])('are all taken back by %s', async (_, sql, reason) => {
    await test().run(async (tx) => void add(tx, 'wolf'));
    const work = test().run(async (tx) => {
      const dog = add(tx, 'dog');
      writeSql(tx, CALL, [dog, 'bark']);
      writeSql(tx, sql, ['wolf'], () => new Error('nobody is there'));
    });
    await expect(work).rejects.toThrow(reason);
    expect(await stored()).toEqual([{ name: 'wolf', sound: null }]);
  });

  it('do not wait beyond the end of their transaction', async () => {
    let left: Transaction | null = null;
    await test().run(async (tx) => void (left = tx));
    const late = async () => {
      writeSql(left as unknown as Transaction, ADD, ['ghost']);
    };
    await expect(late()).rejects.toThrow(/over|released/);
    expect(await stored()).toEqual([]);
  });

  it('are prepared anew when a migration changed what they return', async () => {
    const names = () => test().run((tx) => readSql<{ id: unknown }>(tx, 'SELECT id, name FROM animals'));
    await test().run(async (tx) => void add(tx, 'dog'));
    await names();
    if (kind === 'postgres')
      await test().run((tx) => runSql(tx, 'ALTER TABLE animals ALTER COLUMN id TYPE bigint'));
    expect((await names()).map(({ id }) => Number(id))).toEqual([1]);
  });
});
