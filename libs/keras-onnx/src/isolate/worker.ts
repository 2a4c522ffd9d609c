import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { compileFile } from './compile-file.js';
import { replaceRecipes } from '../layers/recipe-book.js';
import { proven } from './prove.js';
import { encodeError, encodeModel, withLength, type CompileRequest } from './protocol.js';

/**
 * The isolated process: for each line of its standard input, a request, it compiles a file, opens the graphs once – so that a
 * graph that crashes ONNX Runtime crashes it here – and answers on file descriptor 3.
 */
const ANSWER = 3;

async function compile(line: string): Promise<Buffer> {
  try {
    const { path, limits, recipes } = JSON.parse(line) as CompileRequest;
    replaceRecipes(recipes);
    return encodeModel(await proven(await compileFile(path, limits)));
  } catch (error) {
    return encodeError(error);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = withLength(await compile(line));
  for (let sent = 0; sent < answer.length;) sent += writeSync(ANSWER, answer, sent);
}
// ONNX Runtime's and h5wasm's own threads must not keep the process.
process.exit(0);
