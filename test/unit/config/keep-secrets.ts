/** Run as a process of its own: makes or reads the keys beside many databases, and prints them in order. */
import { secretBeside } from '../../../libs/config/src/secret-key.js';

for (const path of process.argv.slice(2)) process.stdout.write(`${secretBeside(path)}\n`);
