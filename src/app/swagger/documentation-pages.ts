import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ICON } from '../landing-page.js';
import { TAGS } from './tags.js';

/** A file of a page as it is made: its bytes and what they are. */
export interface PageSource {
  readonly contentType: string;
  readonly body: string | Buffer;
}

/** A file ready to be sent: made and compressed once. */
export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
  /** Absent where compression gains nothing. */
  readonly gzipped: Buffer | null;
  /** Strong validator of the uncompressed bytes, without quotes. */
  readonly digest: string;
}

/** Compressed beside the event loop: 1.6 MB of script take 60 ms. */
export async function assetOf({ contentType, body }: PageSource): Promise<Asset> {
  const bytes = Buffer.from(body);
  const isText = !contentType.startsWith('image/');
  return {
    contentType,
    body: bytes,
    gzipped: isText ? await promisify(gzip)(bytes) : null,
    digest: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
  };
}

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Prediction Provider API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
<script src="/docs/theme.js"></script>
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>`;

/** Follows the system's choice of light or dark, before anything is drawn and when it changes. */
const THEME = `const dark = window.matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();`;

/**
 * All parts are closed but the first of the story, unless the address names another; what is deprecated comes last in its part.
 *
 * The plugin does two things in a simpler way than Swagger UI, which reads any description from anywhere: ours is JSON, not
 * YAML, and all its references lead into it. Swagger UI makes a tree of objects of the whole description before it
 * shows anything, and again when operations are opened: 2.8 of 5.7 s to the first operation (CPU profile, two slow cores).
 */
const START = `const resolved = (spec, value, open = []) => {
  if (Array.isArray(value)) return value.map((one) => resolved(spec, one, open));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref: reference, ...own } = value;
  const copy = (of) => Object.fromEntries(Object.entries(of).map(([key, one]) => [key, resolved(spec, one, open)]));
  if (typeof reference !== 'string') return copy(value);
  if (open.includes(reference)) return value;
  const steps = reference.slice(2).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { ...resolved(spec, at(spec, steps), [...open, reference]), ...copy(own), $$ref: location.origin + '/openapi.json' + reference };
};
const at = (spec, steps) => steps.reduce((one, step) => one?.[step], spec);
const ours = () => ({
  fn: { resolveSubtree: async (spec, steps) => ({ spec: resolved(spec, at(spec, steps)), errors: [] }) },
  statePlugins: {
    spec: { wrapActions: { parseToJson: (_, { specActions }) => (text) => specActions.updateJsonSpec(JSON.parse(text)) } },
  },
});
const isDeprecated = (operation) => Number(operation.getIn(['operation', 'deprecated'], false));
const ui = window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  plugins: [ours],
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  operationsSorter: (one, other) => isDeprecated(one) - isDeprecated(other),
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  onComplete: () => location.hash === '' && ui.layoutActions.show(['operations-tag', '${TAGS[0]?.name ?? ''}'], true),
});`;

const PAGE_STYLE = `body{margin:0}html.dark-mode,html.dark-mode body{background:#1c2022}
html.dark-mode .swagger-ui table.headers td{color:#b5bac9}`;

const fromPackage = (name: string, contentType: string) => async (): Promise<PageSource> => ({
  contentType,
  body: await readFile(join(folder, name)),
});

const fixed = (contentType: string, body: string) => (): Promise<PageSource> =>
  Promise.resolve({ contentType, body });

/**
 * The API explorer (Swagger UI): every file that it consists of, by path. Served from here and not by
 * @nestjs/swagger, whose own way needs a static-file plugin and ends the process where that can't be loaded.
 */
export const EXPLORER: Readonly<Record<string, () => Promise<PageSource>>> = {
  '/docs': fixed(HTML, PAGE),
  '/docs/theme.js': fixed(SCRIPT, THEME),
  '/docs/start.js': fixed(SCRIPT, START),
  '/docs/page.css': fixed(CSS, PAGE_STYLE),
  '/docs/swagger-ui-bundle.js': fromPackage('swagger-ui-bundle.js', SCRIPT),
  '/docs/swagger-ui.css': fromPackage('swagger-ui.css', CSS),
};

/** The icon of all pages. The renderer is a native module, loaded when somebody looks. */
export async function favicon(): Promise<PageSource> {
  const { Resvg } = await import('@resvg/resvg-js');
  const body = new Resvg(ICON, { fitTo: { mode: 'width', value: 64 } }).render().asPng();
  return { contentType: 'image/png', body };
}
