import {
  Catch,
  HttpException,
  Injectable,
  Logger,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AppError, currentContext, newUuid } from '#libs/kernel';
import type { AnswerForm, RequestContext } from '../request-context.js';
import { headerOf, WARNINGS_HEADER } from '../validation/warnings.js';
import { problem, problemOf, problemReply, titleOf, type Occurrence, type Problem } from './problem.js';

/** A route as the API description names it: `/api/v1/predictions/{prediction_id}`. */
export interface Route {
  readonly method: string;
  readonly template: string;
}

/**
 * The methods of each path. Filled once, when all controllers are known. Used only after routing has failed, to tell an
 * unknown path from a method that the path does not have.
 */
export class RouteTable {
  readonly #routes: { readonly method: string; readonly segments: readonly string[] }[] = [];

  add({ method, template }: Route): void {
    this.#routes.push({ method, segments: segmentsOf(template) });
  }

  /** The methods of a path (without its query), sorted; empty for an unknown path. GET includes HEAD. */
  methodsOf(path: string): readonly string[] {
    const asked = segmentsOf(path);
    const methods = new Set<string>();
    for (const { method, segments } of this.#routes) {
      if (!areFit(segments, asked)) continue;
      methods.add(method);
      if (method === 'GET') methods.add('HEAD');
    }
    return [...methods].sort();
  }
}

const fits = (declared: string, asked: string | undefined): boolean =>
  declared === asked || (declared.startsWith('{') && asked !== '');

const areFit = (declared: readonly string[], asked: readonly string[]): boolean =>
  declared.length === asked.length && declared.every((one, at) => fits(one, asked[at]));

/** Whether a path, as it was routed, is one of a route's. */
export const fitsTemplate = (template: string, path: string): boolean =>
  areFit(segmentsOf(template), segmentsOf(path));

/** A path has the same segments with and without a slash at its end. */
const segmentsOf = (path: string): readonly string[] => path.replace(/^\//, '').replace(/\/$/, '').split('/');

/** What a request asked for; the path as it was routed. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers every error, in the form that the request's context says. An unexpected one gets a 500 without details, and is logged. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('prediction_provider.errors');

  constructor(
    private readonly adapters: HttpAdapterHost,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<object>();
    const { httpAdapter } = this.adapters;
    const context = currentContext() as RequestContext | undefined;
    const occurrence = { instance: context?.path ?? '/', requestId: context?.requestId ?? newUuid() };
    const asked = { method: context?.method ?? 'GET', path: context?.routedPath ?? '/' };
    const form = context?.form.errors ?? 'problem';
    const answer = this.#answer(error, occurrence, { ...asked, body: context?.payload }, form);
    const { inBody, inHeader } = warningsBeside(context);
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    const reply = problemReply({ ...answer.problem, ...inBody }, form);
    const headers = { ...challengeOf(answer.problem), ...answer.headers, ...inHeader, ...reply.headers };
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, reply.body, answer.problem.status);
  }

  #answer(error: unknown, occurrence: Occurrence, asked: Asked, form: AnswerForm['errors']): Answer {
    if (error instanceof AppError && error.kind !== 'internal') {
      if (error.kind === 'unavailable') this.#logger.warn({ requestId: occurrence.requestId, err: error });
      return { problem: problemOf(error, occurrence, form, asked.body), headers: error.headers };
    }
    if (error instanceof NotFoundException) return this.#unrouted(occurrence, asked);
    if (error instanceof HttpException && error.getStatus() !== 500) return fromFramework(error, occurrence);
    this.#logger.error({ requestId: occurrence.requestId, err: error });
    return { problem: problem(500, 'internal', titleOf(500), occurrence), headers: {} };
  }

  #unrouted(occurrence: Occurrence, { method, path }: Asked): Answer {
    const methods = this.routes.methodsOf(path);
    if (methods.length === 0 || methods.includes(method)) {
      return { problem: problem(404, 'not_found', titleOf(404), occurrence), headers: {} };
    }
    return {
      problem: problem(405, 'method_not_allowed', titleOf(405), occurrence),
      headers: { Allow: methods.join(', ') },
    };
  }
}

/** What was ignored of the request, where its answers say so; the original's errors have no room for it. */
function warningsBeside(context: RequestContext | undefined): {
  readonly inBody: Pick<Problem, 'warnings'>;
  readonly inHeader: Readonly<Record<string, string>>;
} {
  const warnings = context?.warnings;
  if (warnings === undefined) return { inBody: {}, inHeader: {} };
  const { errors, warnings: place } = context?.form ?? {};
  return errors === 'problem' && place === 'body'
    ? { inBody: { warnings }, inHeader: {} }
    : { inBody: {}, inHeader: { [WARNINGS_HEADER]: headerOf(warnings) } };
}

/** How to authenticate, which every 401 must say (RFC 9110, 6750). API keys have no scheme that a challenge could name. */
function challengeOf({ status, type }: Problem): Readonly<Record<string, string>> {
  if (status !== 401) return {};
  const isToken = type.endsWith(':invalid-token');
  return {
    'WWW-Authenticate': `Bearer realm="prediction-provider"${isToken ? ', error="invalid_token"' : ''}`,
  };
}

const CODES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  413: 'too_large',
  429: 'too_many',
};

/** A refusal by the HTTP framework itself (malformed URL, limits): its status, with our text. */
function fromFramework(error: HttpException, occurrence: Occurrence): Answer {
  const status = error.getStatus();
  return {
    problem: problem(status, CODES[status] ?? 'bad_request', titleOf(status), occurrence),
    headers: {},
  };
}
