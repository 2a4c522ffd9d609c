import { createParamDecorator } from '@nestjs/common';
import { assertPresent, currentContext, type OperationContext } from '#libs/kernel';

/** What a request asked for and did not get, or not as a whole, although it was accepted. */
export interface Warning {
  /** `ignored_field` of a body, `ignored_parameter` of a query; what else a route has to say. */
  readonly code: string;
  /** Its place in the request: `intervall`, `legs.0.sise`. */
  readonly field: string;
  readonly message: string;
}

/** What answers say beside their content; the settings `error_bodies` and `answer_warnings`. */
export interface AnswerForm {
  readonly errors: 'problem' | 'original';
  readonly warnings: 'body' | 'header';
}

/** The operation context of an HTTP request: what its answer, its log line and its audit row share. */
export interface RequestContext extends OperationContext {
  /** Address of the caller; behind a trusted proxy, the address of the client that the proxy names. */
  readonly clientAddress: string;
  /** Whom limits count as one caller: the address, or the /64 of an IPv6 address. */
  readonly callerNetwork: string;
  readonly userAgent: string | null;
  readonly method: string;
  /** The path as it was sent, without the query: for people, logs and the audit. */
  readonly path: string;
  /** The path as it was routed, with `%61` as `a`: for comparing. */
  readonly routedPath: string;
  /** The matched route's template, `/api/v1/predictions/{prediction_id}`; null while, or because, none matched. */
  readonly route: string | null;
  /** The query with its `?`, or an empty string. */
  readonly query: string;
  readonly form: AnswerForm;
  /** The parsed body, for the audit row; undefined if there is none. */
  payload: unknown;
  /** Absent when there is nothing to say. */
  warnings?: readonly Warning[];
  /** On the short way of a prepared route: see `answerWithin`. */
  answerWithin?: ((result: unknown) => unknown) | undefined;
}

/** The context of the current request. @throws Error outside of a request */
export const requestContext = (): RequestContext =>
  assertPresent(currentContext() as RequestContext | undefined, 'an HTTP request has a context');

/** The caller as limits of anonymous callers count it, as a parameter of a handler. */
export const CallerNetwork = createParamDecorator((): string => requestContext().callerNetwork);
