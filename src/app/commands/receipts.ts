import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type AppConfig,
  commandArguments,
  ConfigError,
  RECEIPTS_VERIFY_FLAGS,
  withSecrets,
} from '#libs/config';
import { type Database, TransactionRunner } from '#libs/database';
import { AppError, messageOf, systemClock } from '#libs/kernel';
import {
  type CheckedReceipt,
  readKeys,
  type ReceiptKeySet,
  verifyChain,
  verifyReceipt,
} from '#libs/receipt-verifier';
import { OutcomesRepository } from '../../outcomes/outcomes.repository.js';
import { LinkReceipts } from '../../outcomes/receipts/link-receipts.service.js';
import { ReadReceipts } from '../../outcomes/receipts/read-receipts.service.js';
import { ReceiptKeys } from '../../outcomes/receipts/receipt-keys.service.js';
import { ReceiptRepository } from '../../outcomes/receipts/receipt.repository.js';
import { readAnchors } from '../anchors.js';
import { openDatabase } from '../schema.js';
import { type Command, EXIT, nameDatabase, type PlainCommand, print, printError } from './command.js';

const KEYS_FILE = 'jwks.json';
/** Faults that are told; of a folder of another kind every file has one. */
const MOST_FAULTS = 20;

/** `receipts verify PATH`: needs no service and no database; exit code 1 when a byte of a receipt is not what was signed. */
export const verifyReceipts: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, RECEIPTS_VERIFY_FLAGS);
  const path = resolve(positionals[0] ?? '');
  const files = await receiptFiles(path);
  const keys = await keysIn(flags.keys ?? join(dirname(files[0] ?? path), KEYS_FILE));
  const anchors = (await readAnchors(flags)).filter(({ chain }) => chain === 'receipts');
  const receipts: CheckedReceipt[] = [];
  const faults: string[] = [];
  for (const file of files) {
    const verdict = verifyReceipt(await readFile(file), keys);
    if (typeof verdict === 'string') faults.push(`${basename(file)}: ${verdict}`);
    else receipts.push(verdict);
  }
  const chain = verifyChain(receipts, anchors);
  faults.push(...chain.faults);
  for (const fault of faults.slice(0, MOST_FAULTS)) printError(fault);
  if (faults.length > 0) {
    printError(
      `${faults.length} faults in ${files.length} files; ${receipts.length} receipts are what was signed.`,
    );
    return EXIT.failed;
  }
  const last = receipts.toSorted((a, b) => b.number - a.number)[0];
  const chained = `${chain.links} of them stand right behind the one they name, ${chain.gaps} gaps between the others`;
  return print(
    `${receipts.length} receipts are what was signed; ${chained}; last: ${last?.number}, ${last?.hash}, key ${last?.kid}.`,
  );
};

/** The file, or those of the folder. */
async function receiptFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ConfigError([`${path} cannot be read: ${messageOf(error)}`], 'The command line');
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith('.json') && name !== KEYS_FILE);
  if (names.length === 0)
    throw new ConfigError([`${path} has no receipts: their names end with .json`], 'The command line');
  return names.toSorted().map((name) => join(path, name));
}

async function keysIn(path: string): Promise<ReceiptKeySet> {
  try {
    return readKeys(await readFile(path, 'utf8'));
  } catch (error) {
    const how = 'give --keys FILE with what the service has at /.well-known/jwks.json';
    throw new ConfigError(
      [`the public keys in ${path} cannot be read: ${messageOf(error)}; ${how}`],
      'The command line',
    );
  }
}

/** `receipts rotate`: a running service signs with the new key from its next receipt on. */
export const rotateReceiptKey: Command = (config) =>
  withReceipts(config, async ({ keys }) =>
    print(`Receipts are signed with the key ${await keys.rotate()} from now on; older keys stay published.`),
  );

/** `receipts export FOLDER`: all of them, for whoever audits the whole chain. */
export const exportReceipts: Command = (config, { positionals }) =>
  withReceipts(config, async ({ keys, linking, reading }) => {
    const [folder = ''] = positionals;
    if (folder === '') throw new ConfigError(['receipts export: FOLDER is missing'], 'The command line');
    await mkdir(folder).catch((error: unknown) => {
      throw new AppError('conflict', `${folder} must be a new folder: ${messageOf(error)}`);
    });
    await linking.link();
    let count = 0;
    for await (const { number, text } of reading.all()) {
      await writeFile(join(folder, `receipt-${String(number).padStart(9, '0')}.json`), text);
      count += 1;
    }
    await writeFile(join(folder, KEYS_FILE), JSON.stringify(await keys.published(), null, 2));
    return print(
      `${count} receipts and ${KEYS_FILE} are in ${folder}; check them: prediction-provider receipts verify ${folder}`,
    );
  });

interface Receipts {
  readonly keys: ReceiptKeys;
  readonly linking: LinkReceipts;
  readonly reading: ReadReceipts;
}

async function withReceipts(
  given: AppConfig,
  work: (receipts: Receipts) => Promise<number>,
): Promise<number> {
  const config = withSecrets(given);
  const database: Database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    const repository = new ReceiptRepository(database);
    const transactions = new TransactionRunner(database);
    const keys = new ReceiptKeys(repository, transactions, systemClock, config);
    const linking = new LinkReceipts(repository, keys, transactions, config, systemClock);
    const reading = new ReadReceipts(repository, new OutcomesRepository(database), linking);
    return await work({ keys, linking, reading });
  } finally {
    await database.close();
  }
}
