export { BUILT_IN_PLUGINS } from './manifest.js';
