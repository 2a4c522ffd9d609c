import {
  AnyField,
  DateTimeField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';

/** Ids are 32-bit columns; a larger one can't exist and must not reach the database. */
const MAX_ID = 2_147_483_647;

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

  @IntegerField({ default: 1000, min: 1, max: 1000, description: 'Most rows of the answer.' })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_ID, description: 'Rows to skip.' })
  offset!: number;
}

/** One request as the log shows it. */
export class LogEntry {
  @IntegerField({ example: 17 })
  id!: number;

  @StringField({ description: 'Unique id of the request.', example: '0b6f7c0e-7d2a-4f61-9a57-2f6f0b1c3d4e' })
  request_id!: string;

  @StringField({
    description: '`X-Request-Id` of the answer, which a client may choose.',
    example: 'backtest-7',
  })
  correlation_id!: string;

  @IntegerField({ nullable: true, example: 3 })
  user_id!: number | null;

  @StringField({ example: '192.0.2.10' })
  ip_address!: string;

  @StringField({ nullable: true, example: 'python-requests/2.32' })
  user_agent!: string | null;

  @StringField({ example: '/api/v1/predict' })
  endpoint!: string;

  @StringField({ example: 'POST' })
  method!: string;

  @StringField({ nullable: true, description: 'Query of the URL, secrets taken out.', example: null })
  query_string!: string | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  request_timestamp!: Date;

  @IntegerField({ description: '499: the client went away before it was answered.', example: 201 })
  response_status_code!: number;

  @NumberField({ example: 4.2 })
  response_time_ms!: number;

  @IntegerField({ nullable: true, description: 'Null for a stream.', example: 512 })
  response_size_bytes!: number | null;

  @AnyField({
    nullable: true,
    description: 'The body, secrets taken out, cut when long.',
    example: { ticker: 'AAPL' },
  })
  request_payload!: unknown;
}

export class LogList {
  @ListField(NestedField(LogEntry), { description: 'Newest first.' })
  logs!: LogEntry[];

  @IntegerField({ description: 'Rows that match, on all pages.', example: 1 })
  total!: number;
}

/** A comma-separated list of HTTP statuses. */
const STATUS_LIST = /^\s*[1-5]\d\d\s*(?:,\s*[1-5]\d\d\s*)*$/;

/** Filters of the audit log; all of them are applied by the database. */
@Rule<ListAudit>(({ start_date: start, end_date: end }) =>
  start !== undefined && end !== undefined && end < start
    ? ruleViolation('end_date must not be before start_date', 'end_date')
    : undefined,
)
export class ListAudit {
  @IntegerField({ optional: true, min: 1, max: MAX_ID, description: 'Only requests of this user.' })
  user_id?: number;

  @StringField({
    optional: true,
    maxLength: 1024,
    description: 'Only this action, exactly (an action is its path).',
  })
  action?: string;

  @DateTimeField({ optional: true, description: 'Not before this moment (UTC without an offset).' })
  start_date?: Date;

  @DateTimeField({ optional: true, description: 'Not after this moment.' })
  end_date?: Date;

  @StringField({ optional: true, maxLength: 1024, description: 'Only paths that contain this text.' })
  endpoint?: string;

  @StringField({ optional: true, maxLength: 32, description: 'Only this HTTP method.', example: 'POST' })
  method?: string;

  @StringField({
    optional: true,
    maxLength: 400,
    pattern: STATUS_LIST,
    description: 'Only these statuses, separated by commas.',
    example: '401,403',
  })
  status_code?: string;

  @NumberField({
    optional: true,
    min: 0,
    max: 1,
    description: 'Only rows with at least this risk. Risk is not measured yet, so no row has any.',
  })
  risk_score_min?: number;

  @IntegerField({ default: 100, min: 1, max: 1000, description: 'Most rows of the answer.' })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_ID, description: 'Rows to skip.' })
  offset!: number;
}

/** One request as an auditor sees it. */
export class AuditLogEntry {
  @IntegerField({ example: 17 })
  id!: number;

  @IntegerField({ nullable: true, example: 3 })
  user_id!: number | null;

  @StringField({ nullable: true, example: 'client_user' })
  username!: string | null;

  @StringField({ description: 'What was done: the path.', example: '/api/v1/predict' })
  action!: string;

  @StringField({ example: '/api/v1/predict' })
  endpoint!: string;

  @StringField({ example: 'POST' })
  method!: string;

  @IntegerField({ example: 201 })
  status_code!: number;

  @NumberField({ description: 'Milliseconds.', example: 4.2 })
  processing_time!: number;

  @StringField({ example: '192.0.2.10' })
  ip_address!: string;

  @StringField({ nullable: true, example: 'python-requests/2.32' })
  user_agent!: string | null;

  @NumberField({ nullable: true, description: 'Not measured yet: null.', example: null })
  risk_score!: number | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  timestamp!: Date;
}

export class AuditLogList {
  @ListField(NestedField(AuditLogEntry), { description: 'Newest first.' })
  audit_logs!: AuditLogEntry[];

  @IntegerField({ description: 'Rows that match, on all pages.', example: 1 })
  total_count!: number;

  @IntegerField({ nullable: true, description: 'Not measured yet: null.', example: null })
  high_risk_events!: number | null;

  @IntegerField({ description: 'Answers with a status of 400 or above in the last 24 hours.', example: 0 })
  failed_requests!: number;
}
