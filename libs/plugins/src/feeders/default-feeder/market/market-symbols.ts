/** A symbol at the service. */
export interface MarketSymbol {
  readonly symbol: string;
  /** What was made of the name that was asked for; null where it is that name or one that `symbol_map` gives. */
  readonly note: string | null;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));
const PAIR = /^([A-Z]{3})[-_/]?([A-Z]{3})$/;
/** A class of shares. The service's one-letter exchanges (`VOD.L`, `X.F`, `ABC.V`, `7203.T`) are other letters. */
const SHARE_CLASS = /^([A-Z]{1,5})[./]([A-D])$/;

/** Coins under whose plain name the service has prices in money; a dollar token counts as a dollar. */
const COINS =
  'BTC XBT ETH XRP LTC BCH BNB SOL ADA DOGE DOT AVAX LINK TRX XLM ETC XMR ATOM SHIB FIL EOS NEO DASH ZEC ALGO XTZ AAVE';
const COIN_PAIR = new RegExp(
  `^(${COINS.replaceAll(' ', '|')})[-_/]?(USDT|USDC|BUSD|USD|EUR|GBP|JPY|AUD|CAD|CHF|INR|KRW|BRL)$`,
);
const DOLLAR_TOKENS: ReadonlySet<string> = new Set(['USDT', 'USDC', 'BUSD']);

/** Names that brokers and charting programs use, by the service's. Only such as are no shares there (`DAX` and `WTI` are). */
const KNOWN: Readonly<Record<string, string>> = {
  '^GSPC': 'SPX SPX500 SPX500USD SP500 US500 US500USD GSPC',
  '^DJI': 'DJI DJIA US30 US30USD WS30 DJ30',
  '^NDX': 'NDX NAS100 NAS100USD US100 USTEC NDX100',
  '^IXIC': 'IXIC',
  '^RUT': 'RUT US2000 US2000USD',
  '^VIX': 'VIX',
  '^TNX': 'TNX US10Y',
  '^GDAXI': 'GER40 GER30 DE40 DE30 DE30EUR GDAXI DAX40 DAX30',
  '^FTSE': 'FTSE FTSE100 UK100 UK100GBP',
  '^FCHI': 'CAC40 FRA40 FR40 FCHI',
  '^STOXX50E': 'EU50 STOXX50 EUSTX50 STOXX50E',
  '^N225': 'N225 NI225 JP225 JPN225 NIKKEI225',
  '^HSI': 'HK50 HSI50',
  '^AXJO': 'AUS200 ASX200',
  'DX-Y.NYB': 'DXY USDX',
  'GC=F': 'XAUUSD XAU',
  'SI=F': 'XAGUSD XAG',
  'PL=F': 'XPTUSD',
  'PA=F': 'XPDUSD',
  'CL=F': 'USOIL XTIUSD WTIUSD WTICOUSD',
  'BZ=F': 'UKOIL XBRUSD BRENT BCOUSD',
  'NG=F': 'NATGAS XNGUSD NATGASUSD',
  'HG=F': 'XCUUSD COPPER',
};
const BY_NAME: ReadonlyMap<string, string> = new Map(
  Object.entries(KNOWN).flatMap(([symbol, names]) => names.split(' ').map((name) => [name, symbol] as const)),
);

/**
 * The service's name of a symbol. `map` wins; then pairs of currencies (`EURUSD`, `EUR_USD`, `EUR/USD`) are `EURUSD=X`
 * there, and spellings that mean one thing only are translated. Other names stay, in upper case.
 */
export function marketSymbol(asked: string, map: Readonly<Record<string, string>>): MarketSymbol {
  const upper = asked.toUpperCase();
  for (const name of [asked, upper]) {
    if (Object.hasOwn(map, name)) return { symbol: map[name] ?? name, note: null };
  }
  const found = translated(upper);
  // A pair of currencies is spelled in no other way by anyone, so there is nothing to say of it.
  const isPlain =
    found.symbol === asked || (found.symbol === `${asked.replace(/[-_/]/, '')}=X` && upper === asked);
  return {
    symbol: found.symbol,
    note: isPlain
      ? null
      : `symbol: ${asked} was read as ${found.symbol}, ${found.why}; symbol_map gives it another meaning`,
  };
}

function translated(name: string): { readonly symbol: string; readonly why: string } {
  const known = BY_NAME.get(name) ?? BY_NAME.get(name.replace(/[-_/]/, ''));
  if (known !== undefined) {
    return {
      symbol: known,
      why: known.endsWith('=F')
        ? 'the next future at Yahoo Finance (it has no spot price)'
        : 'its name at Yahoo Finance',
    };
  }
  const [, coin, money = ''] = COIN_PAIR.exec(name) ?? [];
  if (coin !== undefined) {
    const isToken = DOLLAR_TOKENS.has(money);
    return {
      symbol: `${coin === 'XBT' ? 'BTC' : coin}-${isToken ? 'USD' : money}`,
      why: isToken ? `its price in dollars, not in ${money}` : 'its name at Yahoo Finance',
    };
  }
  const [, share, letter] = SHARE_CLASS.exec(name) ?? [];
  const [, base = '', quote = ''] = PAIR.exec(name) ?? [];
  const isPair = currencies.has(base) && currencies.has(quote);
  const symbol = share !== undefined ? `${share}-${letter}` : isPair ? `${base}${quote}=X` : name;
  return { symbol, why: 'its name at Yahoo Finance' };
}
