// The site is made from the documents as they lie in the repository; nothing is written for it alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/*.md',
  'docs/decisions/*.md',
  'clients/*/README.md',
  'libs/*/README.md',
  'ops/**/README.md',
];
const isPage = (path) => PAGES.some((pattern) => new RegExp(`^${expression(pattern)}$`).test(path));
const expression = (pattern) =>
  pattern.replaceAll('.', '\\.').replaceAll('**/', '(?:.+/)?').replaceAll('*', '[^/]*');

const packaged = (name) => fileURLToPath(import.meta.resolve(name));

/** The first heading of a page. */
const titleOf = (path) => /^# (.+)$/m.exec(readFileSync(resolve(root, path), 'utf8'))?.[1] ?? path;
const item = (path, text = titleOf(path)) => ({ text, link: `/${path.replace(/\.md$/, '')}` });
const decisions = readdirSync(resolve(root, 'docs/decisions'))
  .filter((name) => /^\d{4}/.test(name))
  .toSorted()
  .map((name) => item(`docs/decisions/${name}`));
const docs = (...names) => names.map((name) => item(`docs/${name}.md`));

/**
 * A link to a file that is no page (an example, a dashboard) becomes its text; one to a file that does not exist ends the build,
 * as VitePress itself ends it for a page that does not exist.
 */
function linksToFiles(markdown) {
  markdown.core.ruler.push('links-to-files', ({ tokens, env }) => {
    for (const { children } of tokens)
      for (const [index, token] of (children ?? []).entries()) {
        const href = token.type === 'link_open' ? token.attrGet('href') : null;
        if (href === null || /^(?:[a-z]+:|#|\/)/.test(href)) continue;
        const [file] = href.split('#');
        const path = relative(root, resolve(dirname(env.realPath ?? env.path), decodeURIComponent(file)));
        if (!existsSync(resolve(root, path))) throw new Error(`${env.relativePath}: nothing is at ${href}`);
        if (isPage(path)) continue;
        token.tag = 'span';
        token.attrs = [];
        const close = children.findIndex(({ type }, at) => at > index && type === 'link_close');
        children[close].tag = 'span';
        token.type = 'text_open';
        children[close].type = 'text_close';
      }
  });
}

/** The documents hold no HTML: what looks like it is text (`<symbol>`), but for comments. */
function noHtml(markdown) {
  const plain = (tokens, index) =>
    tokens[index].content.startsWith('<!--') ? '' : markdown.utils.escapeHtml(tokens[index].content);
  Object.assign(markdown.renderer.rules, { html_inline: plain, html_block: plain });
}

export default {
  title: 'Prediction Provider',
  description: 'Forecasts of financial time series with their uncertainty',
  srcDir: root,
  srcExclude: ['**/node_modules/**', 'build/**', 'docs/site/**', 'dist/**', 'examples/**'],
  outDir: resolve(root, 'build/docs-site'),
  cacheDir: resolve(root, 'build/docs-cache'),
  rewrites: { 'README.md': 'index.md', ':path(.*)/README.md': ':path/index.md' },
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    config: (markdown) => {
      linksToFiles(markdown);
      noHtml(markdown);
    },
  },
  // The pages lie above the folder with the packages.
  vite: {
    resolve: {
      alias: [
        { find: /^vue$/, replacement: packaged('vue/dist/vue.runtime.esm-bundler.js') },
        { find: /^vue\/server-renderer$/, replacement: packaged('vue/server-renderer') },
      ],
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/' },
      { text: 'API', link: '/docs/api' },
      { text: 'Changes', link: '/CHANGELOG' },
    ],
    sidebar: [
      { text: 'Use', items: docs('api', 'marketplace', 'backtesting', 'webhooks', 'moving') },
      { text: 'Data and models', items: docs('data', 'features', 'plugins', 'plugin-parameters') },
      {
        text: 'Run',
        items: docs(
          'operations',
          'runbook',
          'configuration',
          'security',
          'metrics',
          'performance',
          'reliability',
        ),
      },
      {
        text: 'Clients',
        items: [item('clients/python/README.md'), item('clients/typescript/README.md')].map((one) => ({
          ...one,
          link: one.link.replace(/README$/, ''),
        })),
      },
      {
        text: 'Build',
        items: [
          ...docs('architecture'),
          item('CONTRIBUTING.md'),
          item('SECURITY.md'),
          item('CHANGELOG.md'),
          { text: 'Decisions', collapsed: true, link: '/docs/decisions/', items: decisions },
        ],
      },
    ],
  },
};
