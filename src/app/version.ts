import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** package.json lies above this file at different depths in the sources and in `dist`. */
function packageOfService(): { readonly folder: string; readonly version: string } {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'prediction-provider') return { folder, version };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (folder === dirname(folder)) throw new Error('package.json of the service was not found');
  }
}

const { folder: ownFolder, version: ownVersion } = packageOfService();

/** The service's version, as in package.json. */
export const VERSION = ownVersion;

/** The folder of the installed package, with `examples` and `docs`. */
export const packageFolder = ownFolder;
