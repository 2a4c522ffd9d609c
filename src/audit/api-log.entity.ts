import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';

/** Of each request that one filter finds the others look at these: an index that has them spares the row. */
const LOOKED_AT = ['id', 'method', 'responseStatusCode', 'userId'] as const;

/** One request. Rows are only ever added: the database itself refuses to change or delete them. */
@Entity('api_logs')
@Index('uq_api_logs_request', ['requestId'], { unique: true })
@Index('ix_api_logs_template', ['route', 'requestTimestamp', ...LOOKED_AT], {
  where: '"route" <> "endpoint"',
})
@Index('ix_api_logs_path', ['endpoint', 'requestTimestamp', ...LOOKED_AT])
@Index('ix_api_logs_caller', ['userId', 'requestTimestamp', 'id', 'method', 'responseStatusCode'])
@Index('ix_api_logs_failed', ['responseStatusCode', 'requestTimestamp', 'id', 'method', 'userId'], {
  where: `"response_status_code" >= 400`,
})
@Index('ix_api_logs_failures', ['requestTimestamp', ...LOOKED_AT], { where: `"response_status_code" >= 400` })
@Index('ix_api_logs_method', ['method', 'requestTimestamp', 'id', 'responseStatusCode', 'userId'], {
  where: `"method" NOT IN ('GET', 'POST')`,
})
@Index('ix_api_logs_timestamp', ['requestTimestamp', ...LOOKED_AT])
export class ApiLogEntity {
  @PrimaryColumn(serialColumn()) id!: number;

  /** UUID given by the server. */
  @Column({ type: 'varchar', length: 36 }) requestId!: string;

  /** `X-Request-Id` of the answer; differs from {@link requestId} when the client chose one. */
  @Column({ type: 'varchar', length: 128 }) correlationId!: string;
  @Column({ type: 'integer', nullable: true }) userId!: number | null;
  @Column({ type: 'varchar', length: 64 }) ipAddress!: string;
  @Column({ type: 'varchar', length: 512, nullable: true }) userAgent!: string | null;

  /** Path as it was sent, without the query. */
  @Column({ type: 'varchar', length: 1024 }) endpoint!: string;
  @Column({ type: 'varchar', length: 32 }) method!: string;

  /** Secrets taken out; null when there was none. */
  @Column({ type: 'varchar', length: 2048, nullable: true }) queryString!: string | null;

  /** The body, any JSON, secrets taken out and cut at the configured length. */
  @Column(jsonColumn({ nullable: true })) requestPayload!: unknown;
  @Column(utcColumn()) requestTimestamp!: Date;
  @Column({ type: 'integer' }) responseStatusCode!: number;
  @Column({ type: 'double precision' }) responseTimeMs!: number;

  /** Null for a stream. */
  @Column(integerColumn({ nullable: true })) responseSizeBytes!: number | null;

  /** Template of the matched route, `/api/v1/predictions/{prediction_id}`; null when none matched, and in older rows. */
  @Column({ type: 'varchar', length: 255, nullable: true }) route!: string | null;
}
