import { WARNINGS_HEADER } from '#libs/http';
import type { Media, DescribedOperation, Response, Schemas } from './document-parts.js';
import { sampleOf } from './sample.js';

const WARNINGS = {
  warnings: {
    type: 'array',
    items: { $ref: '#/components/schemas/Warning' },
    description: 'What of the request was ignored; absent when nothing was.',
  },
};

const HEADER = {
  description: 'JSON list of what of the request was ignored; absent when nothing was.',
  schema: { type: 'string' },
};

const PROBLEMS = ['ProblemDetails', 'ValidationProblem'];

/** Errors may name what was ignored, too: what is missing was often mistyped. */
export function declareWarningsOfProblems(schemas: Schemas): void {
  for (const name of PROBLEMS) {
    const schema = schemas[name];
    if (schema === undefined) continue;
    const declared = { ...schema, properties: { ...schema.properties, ...WARNINGS } };
    schemas[name] = { ...declared, example: sampleOf(schema, schemas) };
  }
}

/**
 * Answers may begin with warnings, also of routes that take nothing: a parameter that they do not have is ignored. Those
 * that are no object have a header.
 */
export function declareWarnings(operation: DescribedOperation, schemas: Schemas): void {
  for (const [status, response] of Object.entries(operation.responses as Record<string, Response>)) {
    if (!status.startsWith('2')) continue;
    for (const [type, media] of Object.entries(response.content ?? {})) {
      if (type.endsWith('json') && addWarnings(media, schemas)) continue;
      response.headers = { ...response.headers, [WARNINGS_HEADER]: HEADER };
    }
  }
}

/** @returns false when the answer may be something else than an object */
function addWarnings(media: Media, schemas: Schemas): boolean {
  const { $ref, oneOf } = media.schema;
  if (oneOf !== undefined) {
    const choices = oneOf.map((schema) => ({ schema }));
    const all = choices.map((choice) => addWarnings(choice, schemas)).every(Boolean);
    media.schema = { ...media.schema, oneOf: choices.map(({ schema }) => schema) };
    return all;
  }
  const name = $ref?.split('/').at(-1);
  const schema = name === undefined ? media.schema : schemas[name];
  if (schema?.type !== 'object') return false;
  if (schema.properties?.['warnings'] !== undefined) return true;
  const properties = { ...WARNINGS, ...schema.properties };
  // Explorers make an example of all properties: this one is absent from most answers.
  const declared = { ...schema, properties, example: sampleOf(schema, schemas) };
  if (name === undefined) media.schema = declared;
  else schemas[name] = declared;
  return true;
}
