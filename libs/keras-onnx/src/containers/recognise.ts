import { extname } from 'node:path';
import { corrupt, unsupported } from '../errors.js';
import { readForeign } from '../foreign/model.js';

/** `json` is an architecture without weights, or a TensorFlow.js model; the text itself says which. */
export type FileKind = 'zip' | 'h5' | 'json' | 'onnx';

const HDF5 = '\u0089HDF\r\n\u001a\n';
/** HDF5 files may begin with a block of their user's, of 512 bytes or a power of two more. */
const USER_BLOCKS = [0, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

/** How a SavedModel becomes a file that loads. */
const SAVED_MODEL =
  "load it in Python with tf.keras.models.load_model(folder) and model.save('model.keras'), or run python -m tf2onnx.convert --saved-model folder --output model.onnx";

/** What else people take for a model file, with the way out. A test is a pattern of the first bytes as Latin-1, or what they may begin with. */
const OTHERS: readonly (readonly [test: RegExp | readonly string[], what: string, need: string])[] = [
  [
    ['\u0080\u0002', '\u0080\u0003', '\u0080\u0004', '\u0080\u0005'],
    'a Python pickle',
    'it runs code; export the model to ONNX (skl2onnx, torch.onnx) and load the .onnx file',
  ],
  [
    ['x\u0001', 'x^', 'x\u009c', 'x\u00da'],
    'a compressed joblib file',
    'it runs code; export the model to ONNX with skl2onnx and load the .onnx file',
  ],
  [['\u001f\u008b'], 'a gzip file', 'unpack it and load the model file inside'],
  [/^BZh[1-9]/, 'a bzip2 file', 'unpack it and load the model file inside'],
  [/^\xfd7zXZ/, 'an xz file', 'unpack it and load the model file inside'],
  [/^Rar!|^7z\xbc\xaf/, 'an archive of another kind', 'unpack it and load the model file inside'],
  [/^[^]{4}TFL3/, 'a TensorFlow Lite file', 'save the Keras model it was made from'],
  [/^\x93NUMPY/, 'a NumPy array', 'save the whole model'],
  [/^PAR1/, 'a Parquet table', 'give the model file'],
  [/^GGUF/, 'a GGUF file', 'export the model to ONNX'],
  [/^[^]{8}\{"/, 'a safetensors file', 'it holds weights alone; export the whole model to ONNX'],
  [/^tree\r?\nversion=/, 'a LightGBM text file', 'export the model to ONNX with onnxmltools'],
  [/^binf/, 'an XGBoost file', 'export the model to ONNX with onnxmltools'],
  [['\u0008\u0001\u0012'], 'a SavedModel file (saved_model.pb)', SAVED_MODEL],
];

/** The refusal of a SavedModel folder. */
export const savedModel = (): Error => unsupported('a SavedModel folder', SAVED_MODEL);

const FOREIGN: Readonly<Record<string, string>> = {
  '.pt': 'a PyTorch file',
  '.pth': 'a PyTorch file',
  '.pkl': 'a Python pickle',
  '.pickle': 'a Python pickle',
  '.joblib': 'a scikit-learn file',
};

/**
 * Tells the kind of a file by its content; the name only decides where the content says nothing.
 * @throws ModelError `model_unsupported` for other kinds that are known, `model_corrupt` for bytes that are nothing known
 */
export function recognise(bytes: Uint8Array, path: string): FileKind {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  if (head.startsWith('PK\u0003\u0004')) return 'zip';
  if (USER_BLOCKS.some((at) => Buffer.from(bytes.subarray(at, at + 8)).toString('latin1') === HDF5))
    return 'h5';
  if (/^\s*(?:\u00ef\u00bb\u00bf)?\s*\{/.test(head)) return 'json';
  const extension = extname(path).toLowerCase();
  const other = OTHERS.find(([test]) =>
    test instanceof RegExp ? test.test(head) : test.some((start) => head.startsWith(start)),
  );
  if (other !== undefined) throw unsupported(other[1], other[2]);
  if (extension === '.onnx' || isOnnx(bytes)) return 'onnx';
  const foreign = FOREIGN[extension];
  if (foreign !== undefined) throw unsupported(foreign, 'export the model to ONNX and load the .onnx file');
  if (bytes.length === 0) throw corrupt('the file is empty');
  if (isText(head)) throw corrupt(`the file is a text file and no model: neither ${KNOWN}`);
  throw corrupt(`the file is no model: neither ${KNOWN}`);
}

const KNOWN = '.keras, .h5, TensorFlow.js nor .onnx';

function isOnnx(bytes: Uint8Array): boolean {
  try {
    return readForeign(bytes).opset > 0;
  } catch {
    return false;
  }
}

const isText = (head: string): boolean => head !== '' && !/[^\t\r\n\x20-\x7e\u00a0-\u00ff]/.test(head);

/** Names of a zip archive that show what it is, when it is no Keras model. */
export function refuseOtherArchive(names: readonly string[]): void {
  const has = (test: RegExp): boolean => names.some((name) => test.test(name));
  if (has(/(^|\/)data\.pkl$/))
    throw unsupported('a PyTorch file', 'export the model to ONNX with torch.onnx.export(model.eval(), …)');
  if (has(/\.npy$/)) throw unsupported('a NumPy archive (.npz)', 'save the whole model');
  if (has(/(^|\/)saved_model\.pb$/)) throw savedModel();
  const inside = names.find((name) => /\.(keras|h5|hdf5|onnx)$/.test(name));
  if (inside !== undefined)
    throw unsupported('a zip archive around a model file', 'unpack it and load the file inside');
}
