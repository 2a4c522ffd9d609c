import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { PageWindow } from '#libs/http';
import { AppError, Clock, invalid, MINUTE_MS } from '#libs/kernel';
import { TradingParties } from '../accounts/accounts.port.js';
import {
  HOME_CURRENCY,
  type Offer,
  PLATFORM_ID,
  type Prices,
  type PriceTerms,
  type Quote,
} from './billing.port.js';
import { PriceRepository } from './price.repository.js';
import { basePrice, multiplied, multipliersOf, sharesOf, type ShareRates } from './pricing.js';
import type { ProviderPriceEntity } from './provider-price.entity.js';
import { QuoteRepository } from './quote.repository.js';

/** How long a quote may wait to be held. */
const QUOTE_VALID_MS = 5 * MINUTE_MS;

/** Ids that accounts answer for in one call. */
const IDS_A_CALL = 1_000;

type PlainPrice = Pick<
  Quote,
  'modelName' | 'providerId' | 'priceId' | 'unitPrice' | 'scoreShare' | 'currency'
>;

/** Makes binding prices. */
@Injectable()
export class QuotePrices implements Prices {
  readonly #rates: ShareRates;

  constructor(
    private readonly prices: PriceRepository,
    private readonly quotes: QuoteRepository,
    private readonly parties: TradingParties,
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    this.#rates = { evaluator: config.evaluator_share, platform: config.platform_fee };
  }

  /**
   * The cheapest active price in the home currency; one in another currency only where there is none, since amounts of
   * two currencies can't be compared. Without any the base table, with the platform as provider.
   * @throws AppError `invalid` for a named provider that is unknown or has no price for the model
   */
  async quote(terms: PriceTerms): Promise<Quote> {
    const { modelName, predictionType, provider } = terms;
    const offers = await this.#offers(terms);
    const offer = bestOf(offers);
    if (offer === undefined && provider !== undefined) throw noPrice(modelName, provider);
    const plain: PlainPrice = offer === undefined ? platformPrice(modelName, predictionType) : priceOf(offer);
    return this.#priced(plain, terms);
  }

  /** @throws AppError `not_found` without a hold */
  async requote(orderId: string, terms: PriceTerms): Promise<Quote> {
    const hold = await this.quotes.holdOf(orderId);
    if (hold === null) throw notHeld();
    return this.#priced(hold.quote, terms);
  }

  /** As a quote would find it: by an active price of an active provider. */
  async isPriced(modelName: string): Promise<boolean> {
    return (await this.#offers({ modelName })).length > 0;
  }

  async offers(models: readonly string[]): Promise<ReadonlyMap<string, Offer>> {
    const all = await this.#active(await this.prices.activeFor(...models));
    return new Map(
      models.flatMap((model) => {
        const best = bestOf(all.filter(({ modelName }) => modelName === model));
        return best === undefined ? [] : [[model, priceOf(best)] as const];
      }),
    );
  }

  pricedModels(except: readonly string[], window: PageWindow): Promise<readonly string[]> {
    return this.prices.models(except, window);
  }

  #priced(plain: PlainPrice, terms: PriceTerms): Quote {
    const { modelName, providerId, priceId, unitPrice, scoreShare, currency } = plain;
    const multipliers = multipliersOf(terms);
    const total = multiplied(unitPrice, multipliers);
    const shares = sharesOf(total, this.#rates);
    const expiresAt = this.clock.now() + QUOTE_VALID_MS;
    const price = { modelName, providerId, priceId, unitPrice, scoreShare, currency };
    return { ...price, multipliers, total, shares, expiresAt };
  }

  /** Active prices of providers in good standing, the cheapest of each currency first. */
  async #offers({
    modelName,
    provider,
  }: Pick<PriceTerms, 'modelName' | 'provider'>): Promise<ProviderPriceEntity[]> {
    const providerId = typeof provider === 'string' ? await this.parties.idOf(provider) : provider;
    const all = await this.prices.activeFor(modelName);
    return this.#active(
      providerId === undefined ? all : all.filter((price) => price.providerId === providerId),
    );
  }

  async #active(prices: readonly ProviderPriceEntity[]): Promise<ProviderPriceEntity[]> {
    if (prices.length === 0) return [];
    const providers = [...new Set(prices.map((price) => price.providerId))];
    const active = new Set<number>();
    for (let first = 0; first < providers.length; first += IDS_A_CALL)
      for (const id of await this.parties.activeAmong(providers.slice(first, first + IDS_A_CALL)))
        active.add(id);
    return prices.filter((price) => active.has(price.providerId));
  }
}

/** Of prices that rise: the cheapest in the home currency, else the cheapest. */
const bestOf = (prices: readonly ProviderPriceEntity[]): ProviderPriceEntity | undefined =>
  prices.find(({ currency }) => currency === HOME_CURRENCY) ?? prices[0];

const priceOf = (price: ProviderPriceEntity): PlainPrice => ({
  modelName: price.modelName,
  providerId: price.providerId,
  priceId: price.id,
  unitPrice: price.priceMicros,
  scoreShare: price.scoreShare,
  currency: price.currency,
});

const platformPrice = (modelName: string, predictionType: string): PlainPrice => ({
  modelName,
  providerId: PLATFORM_ID,
  priceId: null,
  unitPrice: basePrice(predictionType),
  scoreShare: null,
  currency: HOME_CURRENCY,
});

const noPrice = (modelName: string, provider: number | string): AppError =>
  invalid({
    type: 'value_error',
    loc: ['body', 'custom_parameters', 'provider'],
    msg: `Value error, provider '${provider}' has no active price for '${modelName}'`,
    input: provider,
    ctx: { error: {} },
  });

/** The answer about an order whose money never was held. */
export const notHeld = (): AppError =>
  new AppError('not_found', 'No money is held for this order', { code: 'not_held' });
