const PAIR = /^([A-Z]{3})[_/]?([A-Z]{3})$/;
const currencies = new Set(Intl.supportedValuesOf('currency'));

/** The service's name of a symbol: pairs of currencies (`EURUSD`, `EUR_USD`, `EUR/USD`) are `EURUSD=X` there. */
export function marketSymbol(symbol: string, map: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(map, symbol)) return map[symbol] ?? symbol;
  const [, base = '', quote = ''] = PAIR.exec(symbol) ?? [];
  return currencies.has(base) && currencies.has(quote) ? `${base}${quote}=X` : symbol;
}
