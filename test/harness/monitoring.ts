import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A query of a dashboard or an alert rule. */
export interface MonitoringQuery {
  /** File and name, for messages. */
  readonly from: string;
  readonly query: string;
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

/** Every query below `ops/`. */
export function monitoringQueries(): MonitoringQuery[] {
  const dashboards = readdirSync('ops/grafana').flatMap((file) => {
    const { panels } = JSON.parse(readFileSync(`ops/grafana/${file}`, 'utf8')) as Dashboard;
    return panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ from: `${file}: ${title}`, query: expr })),
    );
  });
  const { groups } = parse(readFileSync('ops/prometheus/alerts.yml', 'utf8')) as AlertRules;
  const alerts = groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({ from: alert, query: expr })),
  );
  return [...dashboards, ...alerts];
}

/** What PromQL has for itself. */
const WORDS = new Set(
  'abs by count histogram_quantile increase max min rate sum time topk and or unless on without le up'.split(
    ' ',
  ),
);

/** Series that a query names, each with the labels that are asked of it; labels of `by (…)` are those of every one. */
export function seriesOf(query: string): { readonly name: string; readonly labels: readonly string[] }[] {
  const plain = query.replaceAll(/\[[^\]]*\]/g, '');
  const grouped = [...plain.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/));
  const bare = plain.replaceAll(/\bby \([^)]*\)/g, '');
  return [...bare.matchAll(/([a-z_][a-z_0-9]+)(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => !WORDS.has(name))
    .filter(({ index }) => (bare.slice(0, index).split('"').length - 1) % 2 === 0)
    .filter(
      ({ index }) =>
        bare.lastIndexOf('{', index) <= bare.lastIndexOf('}', index) || bare.lastIndexOf('{', index) < 0,
    )
    .map(([, name = '', selector = '']) => ({
      name,
      labels: [...[...selector.matchAll(/(\w+)\s*=?[=~!]/g)].map(([, label = '']) => label), ...grouped],
    }));
}
