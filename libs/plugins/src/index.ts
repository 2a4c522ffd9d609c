export { BUILT_IN_PLUGINS } from './manifest.js';
export { fileFormatOf, fileFormatParameters, type FileFormatSettings } from './file-format.js';
