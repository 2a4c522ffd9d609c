import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiHeader } from '@nestjs/swagger';
import { map, type Observable } from 'rxjs';
import { AppConfig } from '#libs/config';
import { AfterCommit, type PreparedInterceptor } from '#libs/http';
import { AwaitPrediction, isFinal } from './await-prediction.service.js';
import type { PredictionEntity } from './prediction.entity.js';
import { warnOfCalibration } from './read-predictions.service.js';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const WAIT = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i;

/** Seconds that a `Prefer` header (RFC 7240) asks to wait; 0 when it asks for nothing. */
export function preferredWait(header: string | string[] | undefined): number {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return Number(WAIT.exec(text)?.[1] ?? 0);
}

/**
 * `Prefer: wait=10` on a submit: the answer is held until the prediction has ended or the time is over. The submit is
 * committed before the wait begins, so a client that hangs up loses nothing.
 */
@Injectable()
export class PreferWaitInterceptor
  implements NestInterceptor<PredictionEntity, unknown>, PreparedInterceptor
{
  constructor(
    private readonly waiting: AwaitPrediction,
    private readonly host: HttpAdapterHost,
    private readonly config: AppConfig,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler<PredictionEntity>): Observable<unknown> {
    return next.handle().pipe(map(this.prepare(context)));
  }

  prepare(context: ExecutionContext): (answer: unknown) => unknown {
    const http = context.switchToHttp();
    const { headers } = http.getRequest<{ headers: Headers }>();
    const seconds = Math.min(preferredWait(headers['prefer']), this.config.max_wait_seconds);
    if (seconds === 0) return (answer) => answer;
    this.host.httpAdapter.setHeader(http.getResponse(), 'Preference-Applied', `wait=${seconds}`);
    return (answer) => {
      const submitted = answer as PredictionEntity;
      if (isFinal(submitted)) return told(submitted);
      return new AfterCommit(submitted, async () =>
        told((await this.waiting.until(submitted.id, seconds * 1000)) ?? submitted),
      );
    };
  }
}

function told(ended: PredictionEntity): PredictionEntity {
  warnOfCalibration(ended);
  return ended;
}

/** Whether the caller asks to wait for the end: then nothing must be stored before it. */
export const Waits = createParamDecorator((_: unknown, context: ExecutionContext): boolean => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Headers }>();
  return preferredWait(headers['prefer']) > 0;
});

/** The route takes `Prefer: wait=SECONDS`. */
export const MayWait = (): MethodDecorator =>
  applyDecorators(
    UseInterceptors(PreferWaitInterceptor),
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        '`wait=10` holds the answer until the prediction has ended, for up to that many seconds (`max_wait_seconds` at most).',
      schema: { type: 'string' },
    }),
  );
