// The npm packages of these tests are kept outside the repository; see tests/peers/install.mjs.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed } from '../peers/install.mjs';

const folder = installed(fileURLToPath(new URL('.', import.meta.url)));

export const required = createRequire(join(folder, 'package.json'));
