import { Injectable } from '@nestjs/common';
import { Page, type PageWindow } from '#libs/http';
import { PluginRegistry } from '#libs/plugin-host';
import { type Offer, Prices, type Quote } from '../billing/billing.port.js';
import { type ScoreStanding, ScoreStandings, UNRATED } from '../outcomes/standings.port.js';

/** A model with its price and its standing. */
export interface OfferedModel extends ScoreStanding {
  readonly model: string;
  /** This service computes it itself. */
  readonly served: boolean;
  /** Null where the base price applies. */
  readonly offer: (Offer & { readonly provider: ScoreStanding }) | null;
}

export interface JudgedQuote extends Quote {
  readonly modelStanding: ScoreStanding & { readonly model: string };
  readonly providerStanding: ScoreStanding;
}

/** What can be bought, with what it is worth. */
@Injectable()
export class ListModels {
  constructor(
    private readonly prices: Prices,
    private readonly standings: ScoreStandings,
    private readonly plugins: PluginRegistry,
  ) {}

  /** Those that this service serves first, then those that others sell. */
  async page({ limit, offset }: PageWindow): Promise<Page<OfferedModel>> {
    const served = [...new Set([...this.plugins.forecasters, ...this.plugins.modelNames])].sort();
    const own = served.slice(offset, offset + limit + 1);
    const rest = { limit: limit + 1 - own.length, offset: Math.max(0, offset - served.length) };
    const sold = rest.limit === 0 ? [] : await this.prices.pricedModels(served, rest);
    const { items, query, more } = Page.of([...own, ...sold], { limit, offset });
    const offers = await this.prices.offers(items);
    const models = await this.standings.of('model', items);
    const providers = await this.standings.of(
      'provider',
      [...offers.values()].map(({ providerId }) => providerId),
    );
    const isServed = new Set(served);
    const all = items.map((model): OfferedModel => {
      const offer = offers.get(model);
      const provider = providers.get(offer?.providerId ?? NaN) ?? UNRATED;
      const standing = models.get(model) ?? UNRATED;
      return {
        ...standing,
        model,
        served: isServed.has(model),
        offer: offer ? { ...offer, provider } : null,
      };
    });
    // what only suspended providers sell cannot be bought
    return new Page(
      all.filter(({ offer, served: here }) => here || offer !== null),
      query,
      more,
    );
  }

  async judged(quote: Quote): Promise<JudgedQuote> {
    const { modelName, providerId } = quote;
    const [models, providers] = await Promise.all([
      this.standings.of('model', [modelName]),
      this.standings.of('provider', [providerId]),
    ]);
    return {
      ...quote,
      modelStanding: { ...(models.get(modelName) ?? UNRATED), model: modelName },
      providerStanding: providers.get(providerId) ?? UNRATED,
    };
  }
}
