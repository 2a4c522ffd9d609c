import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { compileFile } from './compile-file.js';
import { proven } from './prove.js';
import { encodeError, encodeModel, type CompileRequest } from './protocol.js';

/**
 * The isolated process: reads a request from its standard input, compiles, opens the graphs once – so that a graph that
 * crashes ONNX Runtime crashes it here – and answers on file descriptor 3.
 */
const ANSWER = 3;

async function compile(): Promise<Buffer> {
  try {
    const { path, limits } = JSON.parse(await text(process.stdin)) as CompileRequest;
    return encodeModel(await proven(await compileFile(path, limits)));
  } catch (error) {
    return encodeError(error);
  }
}

const answer = await compile();
for (let sent = 0; sent < answer.length;) sent += writeSync(ANSWER, answer, sent);
// ONNX Runtime's and h5wasm's own threads must not keep the process.
process.exit(0);
