import {
  AnyField,
  DateTimeField,
  IntegerField,
  LimitField,
  ListField,
  NestedField,
  MAX_INTEGER,
  NumberField,
  OffsetField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';

/** Filters of the request log. */
export class ListLogs {
  @StringField({
    optional: true,
    maxLength: 50,
    description: 'Only requests of this user (by name).',
    example: 'admin',
  })
  user?: string;

  @StringField({
    optional: true,
    maxLength: 1024,
    description: 'Only this path, exactly.',
    example: '/api/v1/predict',
  })
  endpoint?: string;

  @IntegerField({ default: 24, min: 1, max: 8760, description: 'Only requests of the last so many hours.' })
  hours!: number;

  @LimitField({ default: 1000, max: 1000 }) limit!: number;
  @OffsetField offset!: number;
}

/** One request as the log shows it. */
export class LogEntry {
  @IntegerField({ example: 17 }) id!: number;

  @StringField({ description: 'Unique id of the request.', example: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' })
  requestId!: string;

  @StringField({
    description: '`X-Request-Id` of the answer, which a client may choose.',
    example: 'backtest-7',
  })
  correlationId!: string;

  @IntegerField({ nullable: true, example: 3 }) userId!: number | null;
  @StringField({ example: '192.0.2.10' }) ipAddress!: string;
  @StringField({ nullable: true, example: 'python-requests/2.32' }) userAgent!: string | null;
  @StringField({ example: '/api/v1/predict' }) endpoint!: string;
  @StringField({ example: 'POST' }) method!: string;

  @StringField({ nullable: true, description: 'Query of the URL, secrets taken out.', example: null })
  queryString!: string | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) requestTimestamp!: Date;

  @IntegerField({ description: '499: the client went away before it was answered.', example: 201 })
  responseStatusCode!: number;

  @NumberField({ example: 4.2 }) responseTimeMs!: number;

  @IntegerField({ nullable: true, description: 'Null for a stream.', example: 512 })
  responseSizeBytes!: number | null;

  @AnyField({
    nullable: true,
    description: 'The body, secrets taken out, cut when long.',
    example: { ticker: 'AAPL' },
  })
  requestPayload!: unknown;
}

export class LogList {
  @ListField(NestedField(LogEntry), { description: 'Newest first.' }) logs!: readonly LogEntry[];
  @IntegerField({ description: 'Rows that match, on all pages.', example: 1 }) total!: number;
}

const unmeasured = {
  nullable: true,
  always: null,
  description: 'Not measured yet: null.',
  example: null,
} as const;

/** A comma-separated list of HTTP statuses. */
const STATUS_LIST = /^\s*[1-5]\d\d\s*(?:,\s*[1-5]\d\d\s*)*$/;

/** Filters of the audit log; all of them are applied by the database. */
@Rule<ListAudit>(({ from, to }) =>
  from !== undefined && to !== undefined && to < from
    ? ruleViolation('end_date must not be before start_date', 'end_date')
    : undefined,
)
export class ListAudit {
  @IntegerField({ optional: true, min: 1, max: MAX_INTEGER, description: 'Only requests of this user.' })
  userId?: number;

  @StringField({
    wire: 'action',
    optional: true,
    maxLength: 1024,
    description: 'Only this action, exactly (an action is its path).',
  })
  endpoint?: string;

  @DateTimeField({
    wire: 'start_date',
    optional: true,
    description: 'Not before this moment (UTC without an offset).',
  })
  from?: Date;

  @DateTimeField({ wire: 'end_date', optional: true, description: 'Not after this moment.' }) to?: Date;

  @StringField({
    wire: 'endpoint',
    optional: true,
    maxLength: 1024,
    description: 'Only paths that contain this text.',
  })
  endpointPart?: string;

  @StringField({
    optional: true,
    maxLength: 32,
    read: (method: string) => method.toUpperCase(),
    description: 'Only this HTTP method.',
    example: 'POST',
  })
  method?: string;

  @StringField({
    wire: 'status_code',
    optional: true,
    read: (list: string) => list.split(',').map(Number),
    maxLength: 400,
    pattern: STATUS_LIST,
    description: 'Only these statuses, separated by commas.',
    example: '401,403',
  })
  statusCodes?: readonly number[];

  @NumberField({
    optional: true,
    min: 0,
    max: 1,
    description: 'Only rows with at least this risk. Risk is not measured yet, so no row has any.',
  })
  riskScoreMin?: number;

  @LimitField({ default: 100, max: 1000 }) limit!: number;
  @OffsetField offset!: number;
}

/** One request as an auditor sees it. */
export class AuditLogEntry {
  @IntegerField({ example: 17 }) id!: number;
  @IntegerField({ nullable: true, example: 3 }) userId!: number | null;
  @StringField({ nullable: true, example: 'client_user' }) username!: string | null;

  @StringField({
    from: ({ endpoint }: AuditLogEntry) => endpoint,
    description: 'What was done: the path.',
    example: '/api/v1/predict',
  })
  action?: string;

  @StringField({ example: '/api/v1/predict' }) endpoint!: string;
  @StringField({ example: 'POST' }) method!: string;
  @IntegerField({ wire: 'status_code', example: 201 }) responseStatusCode!: number;

  @NumberField({ wire: 'processing_time', description: 'Milliseconds.', example: 4.2 })
  responseTimeMs!: number;

  @StringField({ example: '192.0.2.10' }) ipAddress!: string;
  @StringField({ nullable: true, example: 'python-requests/2.32' }) userAgent!: string | null;
  @NumberField(unmeasured) riskScore?: null;
  @DateTimeField({ wire: 'timestamp', example: '2026-01-31T12:00:00.000Z' }) requestTimestamp!: Date;
}

export class AuditLogList {
  @ListField(NestedField(AuditLogEntry), { description: 'Newest first.' })
  auditLogs!: readonly AuditLogEntry[];
  @IntegerField({ description: 'Rows that match, on all pages.', example: 1 }) totalCount!: number;
  @IntegerField(unmeasured) highRiskEvents?: null;

  @IntegerField({ description: 'Answers with a status of 400 or above in the last 24 hours.', example: 0 })
  failedRequests!: number;
}
