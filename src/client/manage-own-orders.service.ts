import { Injectable } from '@nestjs/common';
import { Page, WithHeaders } from '#libs/http';
import type { Actor } from '#libs/kernel';
import type { Money } from '../billing/billing.port.js';
import { ClientOrders, NewOrders, type OrderSummary } from '../marketplace/client-orders.port.js';
import type { Order } from '../marketplace/marketplace.port.js';
import { ScoreStandings } from '../outcomes/standings.port.js';
import { Webhooks } from '../webhooks/webhooks.port.js';
import { type JudgedQuote, ListModels } from './list-models.service.js';
import type { ClientRequest, RequestChange, RequestsQuery } from './order.dto.js';
import {
  pathOf,
  type ReadOrder,
  type RequestAccepted,
  type RequestListOut,
  type RequestOut,
} from './order-out.dto.js';

/** A page that is answered in an envelope of its own. */
export class OrderListPage extends Page<OrderSummary> {
  constructor(
    orders: readonly OrderSummary[],
    override readonly query: Pick<RequestsQuery, 'limit' | 'offset'>,
    override readonly total: number,
    isExact: boolean,
  ) {
    const { offset, limit } = query;
    super(orders, query, isExact ? offset + limit < total : orders.length === limit, total, isExact);
  }

  override get answer(): RequestListOut {
    const { items: orders, query, more: hasNext, total, isExact } = this;
    return {
      orders,
      total,
      isExact,
      page: Math.floor(query.offset / query.limit) + 1,
      pages: Math.ceil(total / query.limit),
      hasNext,
      hasPrev: query.offset > 0,
    };
  }
}

/** The marketplace's orders for its clients over HTTP. Errors are those of {@link ClientOrders}. */
@Injectable()
export class ManageOwnOrders {
  constructor(
    private readonly entry: NewOrders,
    private readonly orders: ClientOrders,
    private readonly webhooks: Webhooks,
    private readonly standings: ScoreStandings,
    private readonly models: ListModels,
  ) {}

  async quote(body: ClientRequest): Promise<JudgedQuote> {
    this.#checkTarget(body);
    return this.models.judged(await this.entry.quote(body));
  }

  /** The answer says where the order is. */
  async submit(caller: Actor, body: ClientRequest): Promise<WithHeaders<RequestAccepted>> {
    this.#checkTarget(body);
    const { order, ...place } = await this.entry.submit(caller, body);
    return new WithHeaders({ ...order, ...place }, { Location: pathOf(order.id) });
  }

  async one(caller: Actor, id: string): Promise<RequestOut> {
    return this.#read(await this.orders.find(caller, id));
  }

  async list(caller: Actor, query: RequestsQuery): Promise<OrderListPage> {
    const { orders, total, isExact } = await this.orders.list(caller, query, query);
    return new OrderListPage(orders, query, total, isExact);
  }

  async update(caller: Actor, id: string, body: RequestChange): Promise<RequestOut> {
    this.#checkTarget(body);
    return this.#read(await this.orders.update(caller, id, body));
  }

  async cancel(caller: Actor, id: string): Promise<Money> {
    return (await this.orders.cancel(caller, id)).refund;
  }

  async #read(order: Order): Promise<ReadOrder> {
    const { evaluatorId } = order;
    if (evaluatorId === null) return { ...order, reputation: null };
    const standings = await this.standings.of('evaluator', [evaluatorId]);
    return { ...order, reputation: standings.get(evaluatorId)?.reputation ?? null };
  }

  /** What a form can't check is checked by the port. @throws AppError `invalid` for the receiver's address */
  #checkTarget({ notificationWebhook: address }: RequestChange): void {
    if (typeof address === 'string') this.webhooks.checkTarget(address);
  }
}
