import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';

/** An answer with headers that depend on it, for example `Location`. */
export class WithHeaders<T> {
  constructor(
    readonly answer: T,
    readonly headers: Readonly<Record<string, string>>,
  ) {}
}

@Injectable()
export class HeadersInterceptor implements NestInterceptor {
  constructor(private readonly adapters: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const response = context.switchToHttp().getResponse<object>();
    return next.handle().pipe(
      map((answer: unknown) => {
        if (!(answer instanceof WithHeaders)) return answer;
        for (const [name, value] of Object.entries(answer.headers))
          this.adapters.httpAdapter.setHeader(response, name, value);
        return answer.answer as unknown;
      }),
    );
  }
}

/** Marks a route that answers {@link WithHeaders}. */
export const AnswersWithHeaders = (): MethodDecorator => applyDecorators(UseInterceptors(HeadersInterceptor));
