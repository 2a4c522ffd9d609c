import type { Schema, Schemas } from './document-parts.js';

/** Levels of objects within objects; deeper ones are left empty. */
const MOST_LEVELS = 8;

/**
 * A value of a schema, as explorers make one: its example, or one put together from those of its properties, the first
 * of several choices, the shortest of what is left open.
 */
export function sampleOf(schema: Schema, schemas: Schemas, levels = MOST_LEVELS): unknown {
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  const { $ref } = schema;
  const inner = $ref === undefined ? choiceOf(schema) : schemas[$ref.split('/').at(-1) ?? ''];
  if (inner !== undefined) return sampleOf(inner, schemas, levels);
  if (schema.enum !== undefined) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'array') return schema.items === undefined ? [] : [sampleOf(schema.items, schemas, levels)];
  if (type === 'object') return levels === 0 ? {} : membersOf(schema, schemas, levels - 1);
  return FORMATS[schema.format ?? ''] ?? PLAIN[type ?? ''] ?? null;
}

const choiceOf = ({ allOf, oneOf, anyOf }: Schema): Schema | undefined => (allOf ?? oneOf ?? anyOf)?.[0];

const membersOf = ({ properties = {} }: Schema, schemas: Schemas, levels: number): object =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => name !== 'warnings')
      .map(([name, property]) => [name, sampleOf(property, schemas, levels)]),
  );

/** Texts that must have a form. */
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00.000Z',
  date: '2026-01-31',
  uuid: '01890a5d-ac96-774b-bcce-b302099a8057',
  email: 'ann@example.com',
  uri: 'https://example.com',
};

const PLAIN: Readonly<Record<string, unknown>> = { string: 'string', number: 0, integer: 0, boolean: true };
