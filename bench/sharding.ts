/**
 * `npm run bench -- --sharding`: a simulation of how the marketplace's work spreads over several databases. The same seeded
 * orders, whose parties and symbols are as unequal as in a market (Zipf), are placed by one key after the other.
 */
import { createHash } from 'node:crypto';
import { NumpyGenerator } from '#libs/numpy-random';

const SEED = 20261130;
const ORDERS = 500_000;
const SHARDS = [2, 8, 32] as const;
/** How many there are, and the exponent of their shares: the n-th largest has 1/n^s of the first. */
const CROWDS = {
  client: { count: 20_000, exponent: 0.9 },
  evaluator: { count: 300, exponent: 0.8 },
  provider: { count: 300, exponent: 1 },
  symbol: { count: 2_000, exponent: 1.1 },
} as const;
type Who = keyof typeof CROWDS;
const WHO = Object.keys(CROWDS) as Who[];
/** Symbols that one evaluator answers for. */
const SYMBOLS_OF_EVALUATOR = 20;

type Order = Readonly<Record<Who, number>>;

interface Spread {
  readonly key: string;
  readonly shards: number;
  /** Work of the fullest shard, as a multiple of the mean. */
  readonly fullest: number;
  /** Databases that the money of one settlement lies on: those of client, evaluator and provider. */
  readonly settledOn: number;
  /** Databases that an evaluator asks for what it may answer. */
  readonly asked: number;
}

/** @returns for each key and number of databases how the same orders spread */
export function simulateSharding(orders = ORDERS): Spread[] {
  const drawn = draw(orders);
  const keys: Readonly<Record<string, (order: Order) => string>> = {
    client: ({ client }) => `client ${client}`,
    symbol: ({ symbol }) => `symbol ${symbol}`,
    'client and symbol': ({ client, symbol }) => `client ${client} symbol ${symbol}`,
  };
  return SHARDS.flatMap((shards) =>
    Object.entries(keys).map(([key, keyOf]) => spreadOf(drawn, shards, key, keyOf)),
  );
}

export function printSharding(): void {
  console.table(
    simulateSharding().map(({ fullest, settledOn, asked, ...rest }) => ({
      ...rest,
      fullest: Number(fullest.toFixed(2)),
      settledOn: Number(settledOn.toFixed(2)),
      asked: Number(asked.toFixed(1)),
    })),
  );
}

function spreadOf(
  orders: readonly Order[],
  shards: number,
  key: string,
  keyOf: (order: Order) => string,
): Spread {
  const load = Array.from({ length: shards }, () => 0);
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text) ?? shardOf(text, shards);
    places.set(text, known);
    return known;
  };
  const bySymbol = new Map<number, Set<number>>();
  let settledOn = 0;
  for (const order of orders) {
    const place = placeOf(keyOf(order));
    load[place] = (load[place] ?? 0) + 1;
    const money = (['client', 'evaluator', 'provider'] as const).map((who) =>
      placeOf(`${who} ${order[who]}`),
    );
    settledOn += new Set(money).size;
    bySymbol.set(order.symbol, (bySymbol.get(order.symbol) ?? new Set()).add(place));
  }
  const mean = orders.length / shards;
  return {
    key,
    shards,
    fullest: Math.max(...load) / mean,
    settledOn: settledOn / orders.length,
    asked: askedBy(bySymbol),
  };
}

/** An evaluator's symbols are the next twenty in order of their size, from every place. */
function askedBy(bySymbol: ReadonlyMap<number, ReadonlySet<number>>): number {
  const { count } = CROWDS.symbol;
  let asked = 0;
  for (let first = 0; first < count; first += SYMBOLS_OF_EVALUATOR) {
    const places = new Set<number>();
    for (let nth = first; nth < first + SYMBOLS_OF_EVALUATOR; nth += 1)
      for (const place of bySymbol.get(nth) ?? []) places.add(place);
    asked += places.size;
  }
  return asked / (count / SYMBOLS_OF_EVALUATOR);
}

function draw(orders: number): Order[] {
  const generator = NumpyGenerator.fromSeed(SEED);
  const shares = Object.fromEntries(WHO.map((who) => [who, cumulative(CROWDS[who])])) as Record<
    Who,
    Float64Array
  >;
  return Array.from(
    { length: orders },
    () => Object.fromEntries(WHO.map((who) => [who, at(shares[who], generator.random())])) as Order,
  );
}

function cumulative({
  count,
  exponent,
}: {
  readonly count: number;
  readonly exponent: number;
}): Float64Array {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let nth = 0; nth < count; nth += 1) sums[nth] = sum += (nth + 1) ** -exponent;
  return sums.map((one) => one / sum);
}

/** The first whose cumulative share is above `u`. */
function at(shares: Float64Array, u: number): number {
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 1) > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

const shardOf = (text: string, shards: number): number =>
  createHash('sha256').update(text).digest().readUInt32BE(0) % shards;
