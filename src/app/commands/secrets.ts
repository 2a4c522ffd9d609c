import { type AppConfig, secretKeysOf, withSecrets } from '#libs/config';
import {
  chooseSecretKey,
  type Database,
  forgetLostKeys,
  retireFormerKeys,
  TransactionRunner,
} from '#libs/database';
import type { SecretKeys } from '#libs/kernel';
import { openDatabase } from '../schema.js';
import { columnName, renewUntilClean } from '../secret-keys.js';
import { type Command, EXIT, nameDatabase, print, printError } from './command.js';

type Work = (database: Database, transactions: TransactionRunner, keys: SecretKeys) => Promise<number>;

async function onDatabase(config: AppConfig, work: Work): Promise<number> {
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    return await work(database, new TransactionRunner(database), secretKeysOf(withSecrets(config)));
  } finally {
    await database.close();
  }
}

/** `secrets rotate`: encrypts anew under `secret_key` what is under `previous_secret_keys`; exit code 1 when something is unreadable. */
export const rotateSecrets: Command = (config) =>
  onDatabase(config, async (database, transactions, keys) => {
    await chooseSecretKey(transactions, keys, new Date());
    const { columns, isClean } = await renewUntilClean(database, transactions, keys);
    for (const one of columns)
      print(`${columnName(one)}: ${one.renewed} encrypted anew, ${one.unreadable} unreadable`);
    if (!isClean) {
      printError('Another process goes on writing under a key of before; exchange it and run this again.');
      return EXIT.failed;
    }
    await retireFormerKeys(transactions, keys, new Date());
    print(
      'Nothing is encrypted under the previous keys any more; tokens that they signed end by themselves.',
    );
    return columns.some(({ unreadable }) => unreadable > 0) ? EXIT.failed : EXIT.done;
  });

/** `secrets forget`: lets the service start although keys are lost. Deletes nothing. */
export const forgetSecrets: Command = (config) =>
  onDatabase(config, async (_database, transactions, keys) => {
    const lost = await forgetLostKeys(transactions, keys, new Date());
    const names = lost.length === 0 ? 'no key by name' : `the keys named ${lost.join(', ')}`;
    return print(
      `Given up: ${names}. What only they could read stays unreadable: users make new webhook secrets, and everyone logs in again.`,
    );
  });
