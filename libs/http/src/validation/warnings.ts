import { currentContext, nearest, type Violation } from '#libs/kernel';
import { declaredFields, type DtoClass } from '../fields/field-type.js';
import { CLOSED, OPEN } from '../fields/rule.js';
import { redactText } from '../redaction/redact-text.js';
import { requestContext, type RequestContext, type Warning } from '../request-context.js';
import { isJsonObject } from './coercion.js';
import type { Source } from './compile.js';

/** The schema of {@link Warning} in the API description. */
export const WARNING_SCHEMA = {
  type: 'object',
  required: ['code', 'field', 'message'],
  properties: {
    code: {
      type: 'string',
      description:
        '`ignored_field`, or `ignored_parameter` for one of the query; `interval_aggregated` and `horizons_cut` when a forecast is made otherwise than asked; `search_ended` when only the newest rows were searched, `archived` when older ones are elsewhere; `calibration_unavailable` when a forecast could not be calibrated.',
      example: 'ignored_field',
    },
    field: { type: 'string', description: 'Its place in the request.', example: 'intervall' },
    message: {
      type: 'string',
      example: '"intervall" is not known here and was ignored; did you mean interval?',
    },
  },
} as const;

/** The header with the warnings of an answer that is no JSON object: the same list as JSON in ASCII. */
export const WARNINGS_HEADER = 'X-Warnings';

/** More warnings than this are counted, not listed. */
const MOST_WARNINGS = 20;
const LONGEST_NAME = 64;

type Fields = ReadonlyMap<string, DtoClass | null>;

const known = new WeakMap<DtoClass, Fields>();

/** Every field of a DTO by its name in JSON; null unless it is an object, or a list of objects, of declared fields. */
function fieldsOf(dto: DtoClass): Fields {
  const made = known.get(dto);
  if (made !== undefined) return made;
  const fields = new Map<string, DtoClass | null>();
  for (const { property, shape } of declaredFields(dto)) {
    const member = shape?.member === undefined ? undefined : declaredFields(shape.member)[0]?.shape;
    const inner = shape?.dto ?? (shape?.kind === 'list' ? member?.dto : undefined);
    fields.set(shape?.wire ?? property, inner === undefined ? null : inner());
  }
  known.set(dto, fields);
  return fields;
}

/** A field that its object does not have. */
interface Ignored {
  /** Of the object; empty, or with a dot at its end. */
  readonly place: string;
  readonly key: string;
  /** What the object has. */
  readonly fields: Fields;
}

/** Warns of what a valid value has beside the declared fields, at any depth; open objects may have anything. */
export function warnOfIgnored(dto: DtoClass, value: unknown, source: Source): void {
  const ignored = ignoredIn(dto, value);
  if (ignored.length === 0) return;
  const code = source === 'query' ? 'ignored_parameter' : 'ignored_field';
  warnOfEach(
    code,
    ignored.map(({ place, key, fields }) => ({ place, key, hint: hintOf(key, fields) })),
  );
}

/** Warns of all parameters of a query that its route does not read. @param query with its `?` */
export function warnOfParameters(query: string): void {
  const hint = 'no parameter is known';
  warnOfEach(
    'ignored_parameter',
    [...new Set(new URLSearchParams(query).keys())].map((key) => ({ place: '', key, hint })),
  );
}

/** A name that is not known, and what helps. */
interface Unheard {
  readonly place: string;
  readonly key: string;
  readonly hint: string;
}

function warnOfEach(code: string, ignored: readonly Unheard[]): void {
  const warnings: Warning[] = ignored.slice(0, MOST_WARNINGS).map(({ place, key, hint }) => {
    const name = shownName(key);
    return { code, field: place + name, message: ignoredText(name, hint) };
  });
  const rest = ignored[MOST_WARNINGS];
  if (rest !== undefined) {
    const message = `${ignored.length - MOST_WARNINGS} more were ignored, this one first`;
    warnings.push({ code, field: rest.place + shownName(rest.key), message });
  }
  warn(...warnings);
}

const ignoredText = (name: string, hint: string): string =>
  `${JSON.stringify(name)} is not known here and was ignored; ${hint}`;

/**
 * What the rows of a batch have beside their declared fields: one warning a name, with the row that had it first and how
 * many had it. Rows are flat objects.
 */
export class IgnoredInRows {
  readonly #fields: Fields;
  /** By name: index of its first row, and how many rows had it. */
  readonly #found = new Map<string, { readonly first: number; rows: number }>();

  constructor(dto: DtoClass) {
    this.#fields = fieldsOf(dto);
  }

  /** Looks at the next row; costs one look-up a member. */
  look(row: unknown, index: number): void {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return;
    for (const key in row) if (!this.#fields.has(key)) this.#add(key, index);
  }

  /** Warns the current request, when all rows were looked at. */
  warn(): void {
    warnOfEach(
      'ignored_field',
      [...this.#found].map(([key, { first, rows }]) => ({
        place: `${first}.`,
        key,
        hint: `${hintOf(key, this.#fields)}${rows === 1 ? '' : ` (${rows} rows have it, this one first)`}`,
      })),
    );
  }

  #add(key: string, index: number): void {
    const seen = this.#found.get(key);
    if (seen !== undefined) seen.rows += 1;
    else if (this.#found.size <= MOST_NAMES) this.#found.set(key, { first: index, rows: 1 });
  }
}

/** Names that are remembered of a batch; a batch with more of them is none of this form. */
const MOST_NAMES = 100;

/** Says something beside the answer to the current request; outside of one (the schedule's questions) nobody listens. */
export function warn(...warnings: readonly Warning[]): void {
  const context = currentContext() as RequestContext | undefined;
  if (context?.form === undefined || warnings.length === 0) return;
  context.warnings = [...(context.warnings ?? []), ...warnings];
}

/** What a closed object has beside its declared fields, each a fault with the name that was probably meant. */
export function refusedNames(dto: DtoClass, value: unknown, source: Source): readonly Violation[] {
  if (Reflect.getMetadata(CLOSED, dto) !== true) return [];
  return ignoredIn(dto, value)
    .slice(0, MOST_WARNINGS)
    .map(({ key, fields }) => ({
      type: 'extra_forbidden',
      loc: [source, shownName(key)],
      msg: `Extra inputs are not permitted; ${hintOf(key, fields)}`,
    }));
}

/** Whether {@link warnOfIgnored} would have anything to say of a body. */
export const asksInVain = (dto: DtoClass, body: unknown): boolean => ignoredIn(dto, body).length > 0;

const shownName = (key: string): string => redactText(key.slice(0, LONGEST_NAME));

function ignoredIn(dto: DtoClass, value: unknown, place = '', found: Ignored[] = []): readonly Ignored[] {
  if (!isJsonObject(value) || Reflect.getMetadata(OPEN, dto) === true) return found;
  const fields = fieldsOf(dto);
  for (const key of Object.keys(value)) {
    const inner = fields.get(key);
    if (inner === null) continue;
    if (inner === undefined) {
      found.push({ place, key, fields });
      continue;
    }
    const own = value[key];
    if (!Array.isArray(own)) ignoredIn(inner, own, `${place}${key}.`, found);
    else for (const [index, one] of own.entries()) ignoredIn(inner, one, `${place}${key}.${index}.`, found);
  }
  return found;
}

function hintOf(name: string, fields: Fields): string {
  const names = [...fields.keys()];
  const close = nearest(name, names);
  return close.length > 0 ? `did you mean ${close.join(' or ')}?` : `what is known: ${names.join(', ')}`;
}

/** Warnings as a header's value: a JSON list in ASCII. */
export function headerOf(warnings: readonly Warning[]): string {
  return JSON.stringify(warnings).replaceAll(
    /[^\x20-\x7e]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A JSON object as text, with the warnings of the current request at its top, where they belong into the body. */
export function textWithWarnings(text: string): string {
  const { form, warnings } = requestContext();
  return warnings === undefined || form.warnings === 'header'
    ? text
    : `{"warnings":${JSON.stringify(warnings)},${text.slice(1)}`;
}
