// `npm run build:client`: types from openapi.json, then JavaScript and declarations into `dist`.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const here = dirname(fileURLToPath(import.meta.url));
const { paths: _, ...description } = JSON.parse(readFileSync(join(here, '..', '..', 'openapi.json'), 'utf8'));
// Paths would be nine tenths of the declarations; the methods of the client name the schemas that they send and get.
const types = astToString(await openapiTS({ ...description, paths: {} }));
writeFileSync(join(here, 'src', 'schema.ts'), `// Made from openapi.json by build.mjs.\n${types}`);
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [compiler, '-p', here], { stdio: 'inherit' });
