import { VERSION } from './version.js';

/** A bar chart that goes on as a forecast, in two colours that stand out on light and dark tabs. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#12343b"/>
<path d="M5 22l5-6 4 3 5-8" fill="none" stroke="#f4f1e8" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>
<path d="M19 11l8-6v15z" fill="#3ec6a8"/></svg>`;

const STYLE = `:root{color-scheme:light dark;--ink:#17252a;--soft:#4c5f66;--paper:#fbfaf7;--card:#fff;--line:#dcdfdc;--accent:#0b6b57}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecea;--soft:#a3b3b3;--paper:#10191c;--card:#17252a;--line:#2c3d42;--accent:#4fd1b3}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:54rem;margin:0 auto;padding:3rem 1.25rem}header{display:flex;gap:1rem;align-items:center}
header img{width:56px;height:56px;flex:none}h1{font-size:1.7rem;line-height:1.2;margin:0}h2{font-size:1.05rem;margin:0 0 .3rem}
p{margin:.3rem 0;color:var(--soft)}.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:1rem;margin:2rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.2rem;text-decoration:none;color:inherit}
a.card:hover,a.card:focus-visible{border-color:var(--accent);outline:none}.card h2{color:var(--accent)}
pre{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;overflow-x:auto;font-size:.85rem}
a{color:var(--accent)}footer{margin-top:2rem;font-size:.9rem;color:var(--soft)}`;

const card = (path: string, title: string, text: string): string =>
  `<a class="card" href="${path}"><h2>${title}</h2><p>${text}</p></a>`;

/**
 * What a browser gets at `/`: what runs here and where to go on. It loads nothing but its icon.
 * @param hasExplorer whether `/docs` and `/openapi.json` are served
 */
export function landingPage(hasExplorer: boolean): string {
  const cards = [
    ...(hasExplorer
      ? [
          card(
            '/docs',
            'Try the API',
            'Every route with an example that works. Asking for a forecast needs no key.',
          ),
          card('/openapi.json', 'API description', 'OpenAPI 3.1, for generators of clients.'),
        ]
      : []),
    card('/api/v1/plugins/status', 'Plugins', 'What can answer here, and how it does.'),
    card('/health/ready', 'Readiness', 'Whether the service takes requests now.'),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Prediction Provider</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/favicon.ico">
<style>${STYLE}</style></head><body><main>
<header><img src="/favicon.ico" alt=""><div><h1>Prediction Provider</h1>
<p>Forecasts of financial time series with their uncertainty. Version ${VERSION}</p></div></header>
<nav class="cards" aria-label="Where to go on">${cards.join('')}</nav>
<h2>Ask for a forecast</h2>
<pre>curl -s -X POST -H 'content-type: application/json' -H 'Prefer: wait=10' \\
  -d '{"symbol":"SP500","predictor_plugin":"random_walk_predictor","horizons":[1,5,20]}' \\
  <span>https://this-host</span>/api/v1/predictions</pre>
<p>Programs that do not ask for HTML get name and version as JSON here.</p>
<footer>MIT License</footer>
</main></body></html>`;
}
