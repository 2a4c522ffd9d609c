import { corrupt, unsupported } from '../errors.js';
import { readForeign } from '../foreign/model.js';

/** `json` is an architecture without weights, or a TensorFlow.js model; the text itself says which. */
export type FileKind = 'zip' | 'h5' | 'json' | 'onnx';

const HDF5 = '\u0089HDF\r\n\u001a\n';
/** Where an HDF5 file may begin: behind a block of its user's, of 512 bytes or a power of two more. */
export function userBlocks(length: number): number[] {
  const places = [0];
  for (let at = 512; at < length; at *= 2) places.push(at);
  return places;
}

/** Whether an HDF5 file begins here. */
export const isHdf5 = (bytes: Uint8Array, at: number): boolean =>
  Buffer.from(bytes.subarray(at, at + 8)).toString('latin1') === HDF5;

/** How a SavedModel becomes a file that loads. */
const SAVED_MODEL =
  "load it in Python with tf.keras.models.load_model(folder) and model.save('model.keras'), or run python -m tf2onnx.convert --saved-model folder --output model.onnx";

/** How the numbers of a checkpoint become a file that loads. */
const CHECKPOINT = "build the model in Python, model.load_weights(checkpoint), and model.save('model.keras')";

/** What else people take for a model file, with the way out. A test is a pattern of the first bytes as Latin-1, or what they may begin with. */
const OTHERS: readonly (readonly [test: RegExp | readonly string[], what: string, need: string])[] = [
  [
    // The first pickle of the old format holds this number; its later ones hold the rest.
    ['\u0080\u0002\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019'],
    'a PyTorch file',
    'export the model to ONNX with torch.onnx.export(model.eval(), …)',
  ],
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
  [/^CBM1/, 'a CatBoost file', "save it as model.save_model('model.onnx', format='onnx')"],
  [
    /^version https:\/\/git-lfs/,
    'a pointer of Git LFS',
    'it only names the model file; run git lfs pull, or download the file itself',
  ],
  [
    /^\s*<(?:!doctype\s+html|html|head|body)/i,
    'a web page',
    'the download answered a page instead of the file; download the file itself (on GitHub: Raw)',
  ],
  [/^\s*<(?:\?xml|net |PMML)/, 'an XML file', 'export the model to ONNX'],
  [/^model_checkpoint_path:/, 'the index of TensorFlow checkpoints', CHECKPOINT],
  [
    /^(?:#!|"""|(?:import|from|def|class|#) )/,
    'source code',
    "run it, and save its model by model.save('model.keras')",
  ],
  [/^MATLAB 5\.0/, 'a MATLAB file', 'export the model to ONNX with exportONNXNetwork'],
  [/^SQLite format 3/, 'a database', 'give the model file'],
  [/^%PDF|^\x89PNG|^\xff\xd8\xff|^GIF8/, 'a document or a picture', 'give the model file'],
  [
    /^\xff\xfe(?:[\t\r\n\x20-\x7e]\0){2}|^\xfe\xff(?:\0[\t\r\n\x20-\x7e]){2}/,
    'a text in UTF-16',
    "write it anew in UTF-8 (Python: open(name, 'w', encoding='utf-8'))",
  ],
  [['\u0008\u0001\u0012'], 'a SavedModel file (saved_model.pb)', SAVED_MODEL],
];

/** The refusal of a SavedModel folder. */
export const savedModel = (): Error => unsupported('a SavedModel folder', SAVED_MODEL);

/** Formats without a beginning of their own, told by the name. */
const NAMED: readonly (readonly [name: RegExp, what: string, need: string])[] = [
  [/\.pth?$|\.ckpt$/, 'a PyTorch file', 'export the model to ONNX and load the .onnx file'],
  [/\.(?:pkl|pickle)$/, 'a Python pickle', 'export the model to ONNX and load the .onnx file'],
  [/\.joblib$/, 'a scikit-learn file', 'export the model to ONNX and load the .onnx file'],
  [/\.(?:index|data-\d+-of-\d+)$/, 'a part of a TensorFlow checkpoint', CHECKPOINT],
  [/\.mlmodel$/, 'a Core ML file', 'export the model it was made from to ONNX'],
];

/** JSON files that are no architecture, by a member of theirs. */
const JSON_KINDS: readonly (readonly [members: readonly string[], what: string, need: string])[] = [
  [['learner'], 'an XGBoost JSON file', 'export the model to ONNX with onnxmltools'],
  [['tree_info'], 'a LightGBM JSON file', 'export the model to ONNX with onnxmltools'],
  [['oblivious_trees'], 'a CatBoost JSON file', "save it as model.save_model('model.onnx', format='onnx')"],
  [['cells', 'nbformat'], 'a notebook', "run it, and save its model by model.save('model.keras')"],
  [
    ['architectures', 'model_type'],
    'a configuration of Transformers',
    'export the model to ONNX with optimum-cli',
  ],
  [['window_size', 'feature_columns'], 'the metadata of a model', 'name the model file beside it'],
];

/** @throws ModelError `model_unsupported` for a JSON file of another kind that is known */
export function refuseOtherJson(file: unknown): void {
  if (typeof file !== 'object' || file === null) return;
  const found = JSON_KINDS.find(([members]) => members.some((name) => name in file));
  if (found !== undefined) throw unsupported(found[1], found[2]);
  const values: unknown[] = Object.values(file);
  if ('loss' in file && values.every(Array.isArray))
    throw unsupported('the history of a training', "save the model itself by model.save('model.keras')");
}

/**
 * Tells the kind of a file by its content; the name only decides where the content says nothing.
 * @throws ModelError `model_unsupported` for other kinds that are known, `model_corrupt` for bytes that are nothing known
 */
export function recognise(bytes: Uint8Array, path: string): FileKind {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  if (head.startsWith('PK\u0003\u0004')) return 'zip';
  if (userBlocks(bytes.length).some((at) => isHdf5(bytes, at))) return 'h5';
  if (/^\s*(?:\u00ef\u00bb\u00bf)?\s*(?:\{|"\s*\{)/.test(head)) return 'json';
  const other = OTHERS.find(([test]) =>
    test instanceof RegExp ? test.test(head) : test.some((start) => head.startsWith(start)),
  );
  if (other !== undefined) throw unsupported(other[1], other[2]);
  if (bytes.length === 0)
    throw corrupt('the file is empty', undefined, undefined, 'copy or download it again');
  if (isOnnx(bytes)) return 'onnx';
  const named = NAMED.find(([name]) => name.test(path.toLowerCase()));
  if (named !== undefined) throw unsupported(named[1], named[2]);
  if (isText(head))
    throw unsupported('a text file, which is no model,', `give the model file itself, ${KNOWN}`);
  if (/\.onnx$/i.test(path)) return 'onnx';
  throw corrupt('the file is no model', undefined, undefined, `give one of ${KNOWN}`);
}

const KNOWN = '.keras, .h5, .onnx, TensorFlow.js or an architecture (.json) with its weights';

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
  if (has(/^\[Content_Types\]\.xml$/)) throw unsupported('an Office document', 'give the model file');
  if (has(/(^|\/)policy\.pth$/))
    throw unsupported('a model of Stable-Baselines3', 'export its policy to ONNX with torch.onnx.export');
  if (has(/(^|\/)schema\.json$/)) throw unsupported('a skops file', 'export the model to ONNX with skl2onnx');
  if (has(/(^|\/)(MLmodel|MANIFEST\.MF)$/))
    throw unsupported('an archive of another kind', 'give the model file inside');
  if (has(/\.npy$/)) throw unsupported('a NumPy archive (.npz)', 'save the whole model');
  if (has(/(^|\/)saved_model\.pb$/)) throw savedModel();
  const inside = names.find((name) => /\.(keras|h5|hdf5|onnx)$/.test(name));
  if (inside !== undefined)
    throw unsupported('a zip archive around a model file', 'unpack it and load the file inside');
}
