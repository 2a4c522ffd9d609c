import { open, type FileHandle } from 'node:fs/promises';
import { ConfigError } from '#libs/config';
import type { InputTensor } from '#libs/keras-onnx';

/** More text than this is no case any more but a data set. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads `{"inputs": [{"name"?, "shape", "data"}]}` from a file, or from standard input for `-`; other keys are left alone.
 * @throws ConfigError that names what is wrong and what is expected
 */
export async function readModelCase(path: string): Promise<InputTensor[]> {
  const text = await (path === '-' ? readStandardInput() : readCaseFile(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(path, `is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const inputs = isRecord(value) ? value['inputs'] : undefined;
  if (!Array.isArray(inputs) || inputs.length === 0) {
    throw fault(path, 'must be an object whose "inputs" is a list of {"name", "shape", "data"}');
  }
  return inputs.map((input: unknown, i) => checkInput(path, `inputs[${i}]`, input));
}

function checkInput(path: string, place: string, input: unknown): InputTensor {
  if (!isRecord(input)) throw fault(path, `${place} must be an object with "shape" and "data"`);
  const { name, shape, data } = input;
  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw fault(path, `${place}.name must be text`);
  }
  if (!isNumbers(shape) || !shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
    throw fault(
      path,
      `${place}.shape must be a list of positive integers that starts with the number of rows`,
    );
  }
  if (!isNumbers(data)) throw fault(path, `${place}.data must be a flat list of numbers in row order`);
  return { name: name ?? undefined, shape, data };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > MOST_BYTES) throw tooLarge('-');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readCaseFile(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const stats = await file.stat();
    if (!stats.isFile()) throw fault(path, 'is not a regular file');
    if (stats.size > MOST_BYTES) throw tooLarge(path);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw fault(path, code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`);
  } finally {
    await file?.close();
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');
const fault = (path: string, text: string): ConfigError =>
  new ConfigError([`--input ${path} ${text}`], 'The command line');
const tooLarge = (path: string): ConfigError => fault(path, `is larger than ${MOST_BYTES / 1024 / 1024} MiB`);
