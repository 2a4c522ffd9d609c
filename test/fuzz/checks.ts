import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Document, Operation, Response } from './description.js';
import type { FuzzRequest } from './requests.js';
import type { Outcome } from './send.js';

type Answer = Exclude<Outcome, { readonly failure: string }>;

/** What a path or a method that is no route's may be answered with, and what the server says before routing. */
const UNROUTED = ['400', '404', '405', '414', '431'];

/** Faults of answers against the description, and against what no answer may do. */
export class AnswerChecks {
  readonly #ajv = new Ajv2020({ strict: false, validateFormats: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #secrets: readonly RegExp[];

  /** @param options `mayBeAway`: processes and the database break meanwhile, and what needs them may say so */
  constructor(
    private readonly document: Document,
    private readonly options: { readonly mayBeAway: boolean },
  ) {
    // CommonJS in its own words, a function in its types.
    (formats as unknown as { default: (ajv: Ajv2020) => void }).default(this.#ajv);
    for (const name of ['password', 'binary']) this.#ajv.addFormat(name, true);
    this.#ajv.addSchema(closed(document, document) as object, 'api');
    const folders = [process.cwd(), resolve('dist'), tmpdir(), 'node_modules'];
    this.#secrets = [
      /\bat (?:\S+ \()?(?:file|node|\/)[^\s)]*:\d+:\d+/,
      /\b(?:SELECT\b.+\bFROM|INSERT INTO|UPDATE\b.+\bSET|DELETE FROM)\b/,
      /SQLITE_|QueryFailedError|syntax error at or near|relation ".+" does not exist|invalid byte sequence/,
      ...folders.map((folder) => new RegExp(folder.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))),
    ];
  }

  /** What is wrong, in words without anything that chance decides: equal faults have equal words. */
  faultsOf(request: FuzzRequest, outcome: Outcome): string[] {
    if ('failure' in outcome) return [outcome.failure];
    return [
      ...serverFault(request, outcome, this.options.mayBeAway),
      ...this.#contractFaults(request, outcome),
      ...headerFaults(outcome),
      ...this.#leaks(outcome),
    ];
  }

  #contractFaults(request: FuzzRequest, { status, headers, body }: Answer): string[] {
    const { template } = request.route;
    const methods = this.document.paths[template] ?? {};
    const name = methodNameOf(request, methods);
    const operation = name === null ? undefined : methods[name];
    const given = operation?.responses[String(status)];
    const shared = given?.$ref?.split('/').at(-1);
    const response = shared === undefined ? given : this.document.components.responses[shared];
    const isExact = operation !== undefined && isOnRoute(request);
    if (response === undefined) {
      const isAway = status === 503 && this.options.mayBeAway;
      const isPossible =
        !isExact && (isAway || UNROUTED.includes(String(status)) || isOptions(request, status));
      if (!isPossible) return [`undeclared ${status}`];
    }
    if (request.method === 'HEAD' || body.length === 0) return emptyFaults(request, response, status);
    const type = essenceOf(headers['content-type']);
    if (!isExact) return status < 400 ? [] : this.#elsewhere(status, type, body);
    if (response?.content?.[type] === undefined) return [`${status} has the undeclared content type ${type}`];
    const at = given?.$ref?.slice(1) ?? pointer(['paths', template, name ?? '', 'responses', String(status)]);
    return this.#schemaFaults(`${at}${pointer(['content', type, 'schema'])}`, status, type, body);
  }

  /** Errors of no route, or of one that the path may not have meant. */
  #elsewhere(status: number, type: string, body: Buffer): string[] {
    if (type !== 'application/problem+json') return [`an error has the content type ${type}`];
    const schema = status === 422 ? 'ValidationProblem' : 'ProblemDetails';
    return this.#schemaFaults(pointer(['components', 'schemas', schema]), status, type, body);
  }

  #schemaFaults(at: string, status: number, type: string, body: Buffer): string[] {
    const texts = documentsIn(type, body.toString());
    const validate = this.#validatorOf(at);
    for (const text of texts) {
      const parsed = parse(text);
      if (parsed === undefined) return [`${status} is no JSON`];
      if (validate(parsed)) continue;
      const [{ instancePath = '', message = '', params = {} } = {}] = validate.errors ?? [];
      const detail = Object.values(params as Record<string, unknown>).filter(
        (one) => typeof one === 'string',
      );
      return [
        `${status} is not as declared: ${instancePath.replaceAll(/\d+/g, '*')} ${message} ${detail.join(' ')}`.trim(),
      ];
    }
    return [];
  }

  #validatorOf(at: string): ValidateFunction {
    const known = this.#validators.get(at);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({ $ref: `api#${at}` });
    this.#validators.set(at, made);
    return made;
  }

  #leaks({ headers, body }: Answer): string[] {
    if (!/json|text/.test(headers['content-type'] ?? '')) return [];
    const text = body.toString();
    return this.#secrets.flatMap((secret) =>
      secret.test(text) ? [`an answer gives away ${secret.source}`] : [],
    );
  }
}

/** Where outages are no part of a run, nothing may be unavailable. */
function serverFault({ route }: FuzzRequest, { status, headers }: Answer, mayBeAway: boolean): string[] {
  if (status === 503 && mayBeAway)
    return headers['retry-after'] === undefined && route.template !== '/health/ready'
      ? ['503 without Retry-After']
      : [];
  const isAllowed = status < 500 || status === 501 || (status === 503 && route.template === '/health/ready');
  return isAllowed ? [] : [`answers ${status}`];
}

function headerFaults({ status, headers }: Answer): string[] {
  return [
    ...(status === 401 && headers['www-authenticate'] === undefined ? ['401 without WWW-Authenticate'] : []),
    ...(status === 405 && headers.allow === undefined ? ['405 without Allow'] : []),
    ...(headers['x-request-id'] === undefined && headers.connection !== 'close' ? ['no X-Request-Id'] : []),
  ];
}

/**
 * Whether the path is the route's. With an empty or dotted parameter it is another one; an escaped letter of a fixed part
 * Fastify takes for the letter, and Express does not.
 */
const isOnRoute = ({ style, path }: FuzzRequest): boolean =>
  (style === 'plain' || style === 'slash') &&
  Object.values(path).every((one) => !('text' in one) || !['', '.', '..'].includes(one.text));

/** The operation that a method means; HEAD is a GET without a body. */
function methodNameOf({ method }: FuzzRequest, methods: Readonly<Record<string, Operation>>): string | null {
  const name = method.toLowerCase();
  if (methods[name] !== undefined) return name;
  return name === 'head' && methods['get'] !== undefined ? 'get' : null;
}

const isOptions = ({ method }: FuzzRequest, status: number): boolean =>
  method === 'OPTIONS' && (status === 204 || status === 200);

const emptyFaults = ({ method }: FuzzRequest, response: Response | undefined, status: number) =>
  method !== 'HEAD' &&
  method !== 'OPTIONS' &&
  status !== 204 &&
  (response?.content === undefined ? status >= 400 : !allowsNothing(response))
    ? [`${status} without a body`]
    : [];

/** Streams and files may be empty. */
const allowsNothing = ({ content = {} }: Response): boolean =>
  Object.keys(content).some((type) => !/^application\/(?:problem\+)?json$/.test(type));

const essenceOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]?.trim() ?? '';

/** The JSON texts in a body: one, one a line, or one an event; none in what is no JSON. */
function documentsIn(type: string, text: string): readonly string[] {
  if (type === 'application/x-ndjson') return text.split('\n').filter((line) => line !== '');
  if (type === 'text/event-stream') return [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) => data);
  return type.endsWith('json') ? [text] : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const pointer = (parts: readonly string[]): string =>
  `/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** The description with every object that lists its members closed, unless it says that others may come. */
function closed(value: unknown, document: Document): unknown {
  if (Array.isArray(value)) return value.map((one) => closed(one, document));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value as Readonly<Record<string, unknown>>;
  if (typeof $ref === 'string' && rest['additionalProperties'] === true) {
    return { ...document.components.schemas[$ref.split('/').at(-1) ?? ''], additionalProperties: true };
  }
  const members = Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, closed(one, document)]),
  );
  const isObject = typeof members['properties'] === 'object' && members['type'] === 'object';
  return isObject ? { additionalProperties: false, ...members } : members;
}
