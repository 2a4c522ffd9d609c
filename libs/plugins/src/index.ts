export { BUILT_IN_PLUGINS } from './manifest.js';
export { fileFormatOf, fileFormatParameters, type FileFormatSettings } from './file-format.js';
export { checkServing, type ServingCheck } from './predictors/model/serving-check.js';
