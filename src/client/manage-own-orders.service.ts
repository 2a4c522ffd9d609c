import { Injectable } from '@nestjs/common';
import { WithHeaders } from '#libs/http';
import { microsOf, type Actor } from '#libs/kernel';
import { ClientOrders, NewOrders } from '../marketplace/client-orders.port.js';
import type { OrderTerms } from '../marketplace/marketplace.port.js';
import { Webhooks } from '../webhooks/webhooks.port.js';
import {
  OrderListPage,
  pathOf,
  presentAccepted,
  presentCancelled,
  presentOrder,
  presentQuote,
} from './client.view.js';
import type { QuoteOut } from './quote.dto.js';
import type { ClientRequest, RequestChange } from './request.dto.js';
import type { RequestsQuery } from './request-list.dto.js';
import type { RequestAccepted, RequestCancelled, RequestOut } from './request-out.dto.js';

/** The marketplace's orders in the words of its clients. Errors are those of {@link ClientOrders}. */
@Injectable()
export class ManageOwnOrders {
  constructor(
    private readonly entry: NewOrders,
    private readonly orders: ClientOrders,
    private readonly webhooks: Webhooks,
  ) {}

  async quote(body: ClientRequest): Promise<QuoteOut> {
    return presentQuote(await this.entry.quote(this.#checked(body)));
  }

  /** The answer says where the order is. */
  async submit(caller: Actor, body: ClientRequest): Promise<WithHeaders<RequestAccepted>> {
    const submitted = await this.entry.submit(caller, this.#checked(body));
    return new WithHeaders(presentAccepted(submitted), { Location: pathOf(submitted.order.id) });
  }

  async one(caller: Actor, id: string): Promise<RequestOut> {
    return presentOrder(await this.orders.find(caller, id));
  }

  async list(caller: Actor, query: RequestsQuery): Promise<OrderListPage> {
    const { status, symbol, prediction_type, start_date, end_date, sort, order, limit, offset } = query;
    const filter = {
      ...(status !== undefined && { status }),
      ...(symbol !== undefined && { symbol }),
      ...(prediction_type !== undefined && { predictionType: prediction_type }),
      ...(start_date !== undefined && { startDate: start_date }),
      ...(end_date !== undefined && { endDate: end_date }),
    };
    const found = await this.orders.list(caller, filter, { sort, order, limit, offset });
    return new OrderListPage(found, { limit, offset });
  }

  async update(caller: Actor, id: string, body: RequestChange): Promise<RequestOut> {
    const { priority, max_cost, notification_webhook } = body;
    if (typeof notification_webhook === 'string') this.webhooks.checkTarget(notification_webhook);
    const change = {
      ...(priority !== undefined && { priority }),
      ...(max_cost !== undefined && { maxCost: max_cost === null ? null : microsOf(max_cost) }),
      ...(notification_webhook !== undefined && { notificationWebhook: notification_webhook }),
    };
    return presentOrder(await this.orders.update(caller, id, change));
  }

  async cancel(caller: Actor, id: string): Promise<RequestCancelled> {
    const { refund } = await this.orders.cancel(caller, id);
    return presentCancelled(refund);
  }

  /** What a form can't check is checked by the port. @throws AppError `invalid` for the receiver's address */
  #checked(body: ClientRequest): OrderTerms {
    if (body.notification_webhook !== null) this.webhooks.checkTarget(body.notification_webhook);
    return {
      symbol: body.symbol,
      predictionType: body.prediction_type,
      datetimeRequested: body.datetime_requested,
      lookbackTicks: body.lookback_ticks,
      predictorPlugin: body.predictor_plugin,
      feederPlugin: body.feeder_plugin,
      pipelinePlugin: body.pipeline_plugin,
      interval: body.interval,
      predictionHorizon: body.prediction_horizon,
      priority: body.priority,
      maxCost: body.max_cost === null ? null : microsOf(body.max_cost),
      notificationWebhook: body.notification_webhook,
      customParameters: body.custom_parameters,
    };
  }
}
