import { describe, expect, it } from '@jest/globals';
import { marketSymbol } from '../../../libs/plugins/src/feeders/default-feeder/market/market-symbols.js';

describe('a symbol at Yahoo Finance', () => {
  it.each([
    ['BRK.B', 'BRK-B'],
    ['BRK/B', 'BRK-B'],
    ['bf.b', 'BF-B'],
    ['BTCUSD', 'BTC-USD'],
    ['btc/usd', 'BTC-USD'],
    ['XBTEUR', 'BTC-EUR'],
    ['ETH_USDT', 'ETH-USD'],
    ['SPX', '^GSPC'],
    ['US30', '^DJI'],
    ['GER40', '^GDAXI'],
    ['XAUUSD', 'GC=F'],
    ['XAU/USD', 'GC=F'],
    ['xagusd', 'SI=F'],
    ['USOIL', 'CL=F'],
    ['msft', 'MSFT'],
    ['eurusd', 'EURUSD=X'],
    ['eurusd=x', 'EURUSD=X'],
    ['vod.l', 'VOD.L'],
    ['^gspc', '^GSPC'],
  ])('%s is %s, and a note says so', (asked, symbol) => {
    const read = marketSymbol(asked, {});
    expect(read.symbol).toBe(symbol);
    expect(read.note).toContain(`symbol: ${asked} was read as ${symbol}, `);
    expect(marketSymbol(symbol, {})).toEqual({ symbol, note: null });
  });

  it.each(['EURUSD', 'EUR_USD', 'EUR/USD'])('%s needs no note', (asked) => {
    expect(marketSymbol(asked, {})).toEqual({ symbol: 'EURUSD=X', note: null });
  });

  it.each(['MSFT', 'VOD.L', '7203.T', 'DAX', 'ABCDEF', 'DX-Y.NYB', 'BTC', '^GSPC', 'ES=F', 'SHEL.AS'])(
    '%s stays as it is',
    (asked) => {
      expect(marketSymbol(asked, {})).toEqual({ symbol: asked, note: null });
    },
  );

  it('says what gold and dollar tokens are there', () => {
    expect(marketSymbol('XAUUSD', {}).note).toContain(
      'the next future at Yahoo Finance (it has no spot price)',
    );
    expect(marketSymbol('BTCUSDT', {}).note).toContain('its price in dollars, not in USDT');
  });

  it('is what symbol_map says, in any case', () => {
    const map = { SPX: '^SPX', msft: 'MSF.DE' };
    expect(marketSymbol('spx', map)).toEqual({ symbol: '^SPX', note: null });
    expect(marketSymbol('msft', map)).toEqual({ symbol: 'MSF.DE', note: null });
  });
});
