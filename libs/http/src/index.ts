export * from './access.js';
export * from './fields/scalar-fields.js';
export {
  AnyField,
  ListField,
  MapField,
  NestedField,
  ObjectField,
  type ListFieldOptions,
} from './fields/compound-fields.js';
export { type DtoClass, type FieldDecorator, type FieldOptions } from './fields/field-type.js';
export { asciiBytes, JsonBytes } from './fields/json-bytes.js';
export {
  longJson,
  toWire,
  wireBytesOf,
  type WireBytes,
  type WireObject,
  wireTextOf,
} from './fields/to-wire.js';
export { Closed, datesInOrder, FreeForm, Open, Rule, ruleViolation, type RuleCheck } from './fields/rule.js';
export { compileValidator, type Source, type Validated, type Validator } from './validation/compile.js';
export { MAX_INTEGER, RawText } from './validation/coercion.js';
export { Fault } from './validation/fault.js';
export { ContractValidationPipe, FreeFormBody } from './validation/validation.pipe.js';
export {
  asksInVain,
  headerOf,
  IgnoredInRows,
  textWithWarnings,
  warn,
  warnOfParameters,
  WARNING_SCHEMA,
  WARNINGS_HEADER,
} from './validation/warnings.js';
export { redactPath, redactQuery, REDACTED, redactText } from './redaction/redact-text.js';
export { RedactedCopy, redactSecrets, TRUNCATED } from './redaction/redacted-copy.js';
export {
  CallerNetwork,
  requestContext,
  type AnswerForm,
  type RequestContext,
  type Warning,
} from './request-context.js';
export {
  problem,
  problemOf,
  PROBLEM_TYPE_HEADER,
  problemReply,
  httpStatusOf,
  titleOf,
  type Occurrence,
  type Problem,
} from './problems/problem.js';
export { fitsTemplate, ProblemFilter, RouteTable, type Route } from './problems/problem.filter.js';
export { ProblemDetails, ValidationProblem } from './problems/problem.dto.js';
export {
  Accepts,
  Answers,
  objectSchema,
  Problems,
  RoleProblems,
  type AcceptOptions,
  type AnswerOptions,
  type ProblemName,
} from './replies/documentation.js';
export { answerWithin, Prepared, PREPARED, type PreparedInterceptor } from './replies/prepared.js';
export {
  BatchBody,
  BINARY_BODY,
  BinaryBody,
  BODY_LIMIT,
  IgnoreBody,
  RawBytes,
  type BodyLimitName,
} from './replies/body-limit.js';
export {
  LimitField,
  MAX_PAGE,
  IsExactField,
  OffsetField,
  Page,
  PageQuery,
  type PageWindow,
} from './replies/page.js';
export { Idempotent, IdempotencyInterceptor } from './idempotency/idempotency.interceptor.js';
export {
  IdempotencyPort,
  type IdempotentRequest,
  type Reserved,
  type StoredReply,
} from './idempotency/idempotency.port.js';
export { MessageOut, SuccessField, SuccessOut, UNMEASURED } from './replies/outcome.dto.js';
export { AfterCommit, WithHeaders } from './replies/presenter.js';
