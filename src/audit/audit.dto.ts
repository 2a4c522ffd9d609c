import {
  AnyField,
  datesInOrder,
  DateTimeField,
  IntegerField,
  LimitField,
  ListField,
  NestedField,
  MAX_INTEGER,
  NumberField,
  OffsetField,
  Rule,
  StringField,
  UNMEASURED,
  IsExactField,
} from '#libs/http';

/** Filters of the request log. */
export class ListLogs {
  @StringField({
    optional: true,
    maxLength: 50,
    description: 'Return only requests of the user with this name.',
    example: 'admin',
  })
  user?: string;

  @StringField({
    optional: true,
    maxLength: 1024,
    description: 'Return only requests with this exact path, as it was sent or as the route that it matched.',
    example: '/api/v1/predict',
  })
  endpoint?: string;

  @IntegerField({
    default: 24,
    min: 1,
    max: 8760,
    description: 'Return only requests of this many past hours.',
  })
  hours!: number;

  @LimitField({ default: 1000, max: 1000 }) limit!: number;
  @OffsetField offset!: number;
}

const ROUTE = {
  nullable: true,
  description: 'Template of the matched route; null if none matched.',
  example: '/api/v1/predict',
} as const;

/** One request as the log shows it. */
export class LogEntry {
  @IntegerField({ example: 17 }) id!: number;

  @StringField({ description: 'Unique id of the request.', example: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' })
  requestId!: string;

  @StringField({
    description: '`X-Request-Id` of the response; a client may choose it.',
    example: 'backtest-7',
  })
  correlationId!: string;

  @IntegerField({ nullable: true, example: 3 }) userId!: number | null;
  @StringField({ example: '192.0.2.10' }) ipAddress!: string;
  @StringField({ nullable: true, example: 'python-requests/2.32' }) userAgent!: string | null;
  @StringField({ description: 'Path as it was sent.', example: '/api/v1/predict' }) endpoint!: string;
  @StringField(ROUTE) route!: string | null;
  @StringField({ example: 'POST' }) method!: string;

  @StringField({ nullable: true, description: 'Query of the URL, without secrets.', example: null })
  queryString!: string | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) requestTimestamp!: Date;

  @IntegerField({
    description: 'HTTP status; 499 means that the client disconnected before the response.',
    example: 201,
  })
  responseStatusCode!: number;

  @NumberField({ example: 4.2 }) responseTimeMs!: number;

  @IntegerField({
    nullable: true,
    description: 'Size of the response in bytes; null for a stream.',
    example: 512,
  })
  responseSizeBytes!: number | null;

  @AnyField({
    nullable: true,
    description: 'Body without secrets, truncated if long.',
    example: { ticker: 'AAPL' },
  })
  requestPayload!: unknown;
}

export class LogList {
  @ListField(NestedField(LogEntry), { description: 'Requests, newest first.' }) logs!: readonly LogEntry[];
  @IntegerField({ description: 'Number of matching requests on all pages.', example: 1 }) total!: number;
  @IsExactField isExact!: boolean;
}

/** A comma-separated list of HTTP statuses. */
const STATUS_LIST = /^\s*[1-5]\d\d\s*(?:,\s*[1-5]\d\d\s*)*$/;

/** Filters of the audit log; all of them are applied by the database. */
@Rule<ListAudit>(datesInOrder)
export class ListAudit {
  @IntegerField({
    optional: true,
    min: 1,
    max: MAX_INTEGER,
    description: 'Return only requests of this user.',
  })
  userId?: number;

  @StringField({
    wire: 'action',
    optional: true,
    maxLength: 1024,
    description:
      'Return only requests with exactly this action: the path as it was sent, or the route that it matched.',
  })
  endpoint?: string;

  @DateTimeField({
    wire: 'start_date',
    optional: true,
    description: 'Return only requests at or after this time; UTC if it has no offset.',
  })
  from?: Date;

  @DateTimeField({
    wire: 'end_date',
    optional: true,
    description: 'Return only requests at or before this time.',
  })
  to?: Date;

  @StringField({
    wire: 'endpoint',
    optional: true,
    maxLength: 1024,
    description:
      'Return only requests whose path or matched route contains this text, among the newest 20,000 that the other filters match; a warning says how far back that was.',
  })
  endpointPart?: string;

  @StringField({
    optional: true,
    maxLength: 32,
    read: (method: string) => method.toUpperCase(),
    description: 'Return only requests with this HTTP method.',
    example: 'POST',
  })
  method?: string;

  @StringField({
    wire: 'status_code',
    optional: true,
    read: (list: string) => list.split(',').map(Number),
    maxLength: 400,
    pattern: STATUS_LIST,
    description: 'Return only requests with these HTTP statuses, separated by commas.',
    example: '401,403',
  })
  statusCodes?: readonly number[];

  @NumberField({
    optional: true,
    min: 0,
    max: 1,
    description: 'Return only requests with at least this risk. Risk is not measured yet, so none matches.',
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
    description: 'Action, which is the path.',
    example: '/api/v1/predict',
  })
  action?: string;

  @StringField({ description: 'Path as it was sent.', example: '/api/v1/predict' }) endpoint!: string;
  @StringField(ROUTE) route!: string | null;
  @StringField({ example: 'POST' }) method!: string;
  @IntegerField({ wire: 'status_code', example: 201 }) responseStatusCode!: number;

  @NumberField({ wire: 'processing_time', description: 'Response time in milliseconds.', example: 4.2 })
  responseTimeMs!: number;

  @StringField({ example: '192.0.2.10' }) ipAddress!: string;
  @StringField({ nullable: true, example: 'python-requests/2.32' }) userAgent!: string | null;
  @NumberField(UNMEASURED) riskScore?: null;
  @DateTimeField({ wire: 'timestamp', example: '2026-01-31T12:00:00.000Z' }) requestTimestamp!: Date;
}

export class AuditLogList {
  @ListField(NestedField(AuditLogEntry), { description: 'Requests, newest first.' })
  auditLogs!: readonly AuditLogEntry[];
  @IntegerField({ description: 'Number of matching requests on all pages.', example: 1 }) totalCount!: number;
  @IsExactField isExact!: boolean;
  @IntegerField(UNMEASURED) highRiskEvents?: null;

  @IntegerField({
    description: 'Number of responses with status 400 or above in the last 24 hours, from a full hour on.',
    example: 0,
  })
  failedRequests!: number;
}
