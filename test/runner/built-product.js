import { register } from 'node:module';

/** `node --import ./test/runner/built-product.js file.ts`: a process of a spec, which uses the product's last build. */
register('./typescript-hooks.js', import.meta.url, { data: { isBuilt: true } });
