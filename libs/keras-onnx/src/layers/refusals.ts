/** Classes of Keras that are known and not run, with the reason and the way out. */
export interface RefusedClasses {
  readonly classes: readonly string[];
  /** Out of scope is what no saved forecaster can hold, or what belongs to training. */
  readonly state: 'refused' | 'out of scope';
  readonly reason: string;
  readonly need: string;
}

const EXPORT = 'rebuild it from built-in layers or keras.ops, or export the model to ONNX';

const LAYERS: readonly RefusedClasses[] = [
  { classes: ['Lambda'], state: 'refused', reason: 'Python code', need: EXPORT },
  {
    classes: ['JaxLayer', 'FlaxLayer', 'TorchModuleWrapper', 'TFSMLayer'],
    state: 'refused',
    reason: 'code of another library',
    need: EXPORT,
  },
  {
    classes: ['StringLookup', 'TextVectorization'],
    state: 'refused',
    reason: 'it reads or answers texts',
    need: 'turn them into numbers before the model, with IntegerLookup or CategoryEncoding inside it',
  },
  {
    classes: [
      'AutoContrast',
      'CenterCrop',
      'ContrastLimitedAdaptiveHistogramEqualization',
      'Equalization',
      'RandomCrop',
      'Resizing',
      'Solarization',
    ],
    state: 'refused',
    reason: 'it changes pictures',
    need: 'prepare the inputs before the model',
  },
  {
    classes: ['MelSpectrogram', 'STFTSpectrogram'],
    state: 'refused',
    reason: 'a spectrogram',
    need: 'use keras.ops.stft or keras.ops.rfft',
  },
  {
    classes: ['Pipeline'],
    state: 'refused',
    reason: 'it calls its layers as in training',
    need: 'put its layers into the model one by one',
  },
  {
    classes: ['StackedRNNCells'],
    state: 'refused',
    reason: 'cells without a layer around them',
    need: 'put them into RNN(…), which is served',
  },
  {
    classes: ['InputSpec', 'Layer', 'Wrapper'],
    state: 'out of scope',
    reason: 'a base class',
    need: 'use one of the layers made from it',
  },
  {
    classes: ['MaxNumBoundingBoxes'],
    state: 'out of scope',
    reason: 'it prepares the labels of pictures',
    need: 'leave it out',
  },
];

const OPERATIONS: readonly RefusedClasses[] = [
  {
    classes: [
      'AssociativeScan',
      'Cond',
      'ForiLoop',
      'Function',
      'JVP',
      'Map',
      'Scan',
      'Switch',
      'VectorizedMap',
      'WhileLoop',
    ],
    state: 'refused',
    reason: 'it calls Python functions',
    need: EXPORT,
  },
  {
    classes: [
      'AffineTransform',
      'CropImages',
      'ElasticTransform',
      'ExtractPatches',
      'Fold',
      'GaussianBlur',
      'HSVToRGB',
      'MapCoordinates',
      'PadImages',
      'PerspectiveTransform',
      'RGBToGrayscale',
      'RGBToHSV',
      'Resize',
      'SSIM',
      'ScaleAndTranslate',
      'SobelEdges',
      'Unfold',
    ],
    state: 'refused',
    reason: 'it works on pictures',
    need: 'prepare the inputs before the model, or export the model to ONNX',
  },
  {
    classes: [
      'Cholesky',
      'CholeskyInverse',
      'Eig',
      'Eigh',
      'Inv',
      'Lstsq',
      'LuFactor',
      'MatrixRank',
      'Pinv',
      'Qr',
      'SVD',
      'Solve',
      'SolveTriangular',
    ],
    state: 'refused',
    reason: 'ONNX has no operator that decomposes matrices',
    need: 'compute it before the model',
  },
  {
    classes: ['ViewAsComplex', 'ViewAsReal', 'Polar', 'View'],
    state: 'refused',
    reason: 'complex numbers, or bits of another type',
    need: 'keep real and imaginary parts as two tensors',
  },
  {
    classes: ['Argpartition', 'Bincount', 'Histogram', 'Nonzero', 'Unique'],
    state: 'refused',
    reason: 'the size or order of its answer depends on the numbers',
    need: 'use sort, argsort, top_k or one_hot',
  },
  {
    classes: [
      'AllClose',
      'Corrcoef',
      'SegmentMax',
      'SegmentMin',
      'SegmentProd',
      'SegmentReduction',
      'SegmentSum',
    ],
    state: 'refused',
    reason: 'it mixes the rows of a run',
    need: 'reduce over other axes than the first',
  },
  {
    classes: ['ConvTranspose', 'SeparableConv'],
    state: 'refused',
    reason: 'a convolution by operands',
    need: 'use the layer of that name',
  },
  {
    classes: [
      'CDist',
      'Correlate',
      'FFT2',
      'Gcd',
      'I0',
      'IFFT2',
      'ISTFT',
      'Lcm',
      'Nancumprod',
      'Nanmedian',
      'Nanpercentile',
      'Nanquantile',
      'Nextafter',
    ],
    state: 'refused',
    reason: 'it is not written out in ONNX operators here',
    need: 'express it with operations that are served, or export the model to ONNX',
  },
  {
    classes: ['Arange', 'EmptyLike', 'Ndim', 'Size'],
    state: 'refused',
    reason: 'it answers no numbers of its input',
    need: 'write the numbers into the model',
  },
  {
    classes: [
      'BinaryCrossentropy',
      'CTCDecode',
      'CTCLoss',
      'CategoricalCrossentropy',
      'PSNR',
      'SparseCategoricalCrossentropy',
    ],
    state: 'out of scope',
    reason: 'a loss or a measure, which belongs to training',
    need: 'save the model without it',
  },
];

/** Of layers and of `keras.ops` nodes. */
export const REFUSALS = { layers: LAYERS, operations: OPERATIONS } as const;

const byClass = (list: readonly RefusedClasses[]): ReadonlyMap<string, RefusedClasses> =>
  new Map(list.flatMap((one) => one.classes.map((className) => [className, one] as const)));
const [ofLayers, ofOperations] = [byClass(LAYERS), byClass(OPERATIONS)];

/** What is wrong with a class that is not run, for a message. */
export function refusedClass(kind: 'layer' | 'operation', className: string): { what: string; need: string } {
  const known = (kind === 'layer' ? ofLayers : ofOperations).get(className);
  const named = kind === 'layer' ? `the layer class '${className}'` : `the operation '${className}'`;
  if (known !== undefined)
    return {
      what: kind === 'layer' ? `a ${className} layer (${known.reason})` : `${named} (${known.reason})`,
      need: known.need,
    };
  return {
    what: named,
    need:
      kind === 'layer'
        ? 'replace it by supported layers, or export the model to ONNX'
        : 'express it with supported operations, or export the model to ONNX',
  };
}
