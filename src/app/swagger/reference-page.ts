import type { OpenAPIObject } from '@nestjs/swagger';

interface Content {
  readonly schema?: unknown;
  readonly example?: unknown;
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, Content>> };
  readonly responses?: Readonly<
    Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: unknown): string =>
  String(text ?? '').replaceAll(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
const json = (value: unknown): string => `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
summary{cursor:pointer;font-family:ui-monospace,monospace}details{border-bottom:1px solid #d8dee4;padding:.4rem 0}
pre{background:#f6f8fa;padding:.6rem;overflow:auto;font-size:13px}td{padding:.1rem .8rem .1rem 0;vertical-align:top}
b.m{display:inline-block;width:5.5rem}`;

/** The API description as one plain page, made here: it loads nothing from anywhere and needs no script. */
export function referencePage(document: OpenAPIObject): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags ?? ['other']))];
  const sections = tags.map((tag) => {
    const members = operations.filter(({ operation }) => (operation.tags ?? ['other']).includes(tag));
    return `<h2>${escape(tag)}</h2>${members.map(operationSection).join('')}`;
  });
  const { title, version, description } = document.info;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="/docs/favicon-32x32.png">
<title>${escape(title)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escape(title)} ${escape(version)}</h1><p>${escape(description)}</p>
<p><a href="/docs">Try it</a> · <a href="/openapi.json">openapi.json</a></p>
${sections.join('\n')}<h2>Schemas</h2>${schemaSections(document)}</body></html>`;
}

interface Entry {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

function operationSection({ path, method, operation }: Entry): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  return `<details><summary><b class="m">${escape(method.toUpperCase())}</b> ${escape(path)}</summary>
<p>${escape(summary ?? description)}</p>${parameterTable(parameters ?? [])}
${contents('Body', requestBody?.content)}
${Object.entries(responses ?? {})
  .map(
    ([status, answer]) =>
      `<h4>${escape(status)} ${escape(answer.description)}</h4>${contents('', answer.content)}`,
  )
  .join('')}</details>`;
}

function parameterTable(parameters: NonNullable<Operation['parameters']>): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${escape(one.name)}</code>${one.required === true ? ' *' : ''}</td><td>${escape(one.in)}</td>` +
      `<td>${escape(one.description)}</td><td><code>${escape(JSON.stringify(one.schema ?? {}))}</code></td></tr>`,
  );
  return `<table>${rows.join('')}</table>`;
}

function contents(title: string, content: Readonly<Record<string, Content>> | undefined): string {
  const parts = Object.entries(content ?? {}).map(
    ([type, { schema, example }]) => `<p><code>${escape(type)}</code></p>${json(example ?? schema ?? {})}`,
  );
  return parts.length === 0 ? '' : `${title === '' ? '' : `<h4>${escape(title)}</h4>`}${parts.join('')}`;
}

function schemaSections(document: OpenAPIObject): string {
  return Object.entries(document.components?.schemas ?? {})
    .map(([name, schema]) => `<details><summary>${escape(name)}</summary>${json(schema)}</details>`)
    .join('');
}
