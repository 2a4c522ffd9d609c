export { NumpyGenerator } from './numpy-generator.js';
export { keyedNormal, keyedUniform, keyWords, type KeyPart } from './keyed-noise.js';
