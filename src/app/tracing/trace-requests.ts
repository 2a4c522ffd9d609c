import { redactPath } from '#libs/http';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';

/** Ends the span of each request, in the words of OpenTelemetry's conventions for HTTP. */
export class TraceRequests implements RequestObserver {
  finished(exchange: Exchange, status: number): void {
    const { span, method, route } = exchange;
    span?.end({
      name: route === null ? method : `${method} ${route}`,
      attributes: {
        'http.request.method': method,
        'http.route': route ?? undefined,
        'http.response.status_code': status,
        'http.response.body.size': exchange.answerBytes ?? undefined,
        'url.path': redactPath(exchange.path),
        'client.address': exchange.clientAddress,
        'enduser.id': exchange.actor?.username,
        'prediction_provider.request_id': exchange.requestId,
      },
      error: status >= 500 ? `answered ${status}` : undefined,
    });
  }
}
