/** What a column of bars is to everyone who computes with bars. */
export type BarRole = 'OPEN' | 'HIGH' | 'LOW' | 'CLOSE' | 'VOLUME';

/** A name without case, brackets, accents, signs and a leading number. */
export const bare = (name: string): string =>
  name
    .normalize('NFD')
    .replaceAll('ß', 'ss')
    .replaceAll('ł', 'l')
    .replaceAll('ø', 'o')
    .replaceAll('ı', 'i')
    .replace(/^\s*\d+[a-z]?\.\s+/, '')
    .replace(/(?<=.)\((?:usd|eur|gbp|\$|€|btc|usdt)\)\s*$/i, '')
    .replaceAll(/[^\p{L}\d]/gu, '')
    .toLowerCase();

const words = (text: string): readonly string[] => text.trim().split(/\s+/).map(bare);

/**
 * Names under which programs and exchanges of the world write the columns of bars, the likelier first. Names are compared
 * without case, brackets, accents and signs; `1. open` (Alpha Vantage) and `Open (USD)` are `open`.
 */
export const ROLE_NAMES: Readonly<Record<BarRole, readonly string[]>> = {
  OPEN: words(`
    open o openprice priceopen openbid bidopen eroffnung erster eroffnungskurs otwarcie apertura
    abertura ouverture ouv acilis otkrytie abrir aper 开盘 开盘价 開盤 始値 시가 откр открытие ouvert bido mido
    bidopenprice openingprice oppningskurs apningskurs abningskurs openingskoers avaus
  `),
  HIGH: words(`
    high h highprice pricehigh max highbid bidhigh hoch tageshoch hochstkurs najwyzszy maximo maxima
    alto plushaut haut massimo yuksek 最高 最高价 高値 고가 макс максимум maxi 高 bidh midh
    hogst hogstkurs hoog hoogste hoy hoj ylin
  `),
  LOW: words(`
    low l lowprice pricelow min lowbid bidlow tief tagestief tiefstkurs najnizszy minimo minima
    baixo plusbas bas minimum dusuk 最低 最低价 安値 저가 мин минимум mini 低 bidl midl
    lagst lagstkurs laag laagste lav alin
  `),
  CLOSE: words(`
    close c closeprice priceclose closelast last latest lastprice price closebid bidclose settle settlement
    schluss schlusskurs schlusskurse zuletzt zamkniecie ultimo cierre chiusura fechamento cloture
    dernier kapanis simdi adjclose adjustedclose 收盘 收盘价 收盤 終値 종가 цена закр закрытие clot
    adjustedclosingprice settlementprice midc bidc
    closingprice stangningskurs slutkurs sluttkurs slot slotkoers lukke lukkekurs paatos kurs zaver
    zaviraci zaro zaroar
  `),
  VOLUME: words(`
    volume v vol tickvol tickvolume ticks realvolume totalvolume volumen stucke stuecke wolumen
    obrot volumebtc volumefrom hacim volumi 成交量 交易量 出来高 거래량 объем volumeusdt tottrdqty umsatz hac
    volym
  `),
};

/** Names of columns with times, the likelier first; the last is none at all. */
export const TIME_NAMES: readonly string[] = [
  ...words(`
    opentime timeopen datetime timestamp date time gmttime localtime utctime unix unixtime epoch
    unixtimestamp dtyyyymmdd tradedate tradingdate datum data fecha tarih snappedat eventtime begin
    start starttime candlebegintime ts bartime 日期 时间 交易日期 日付 日付け 날짜 일자 дата timeutc dateutc
    datetimeutc timestamputc windowstart startat index
  `),
  '',
];

/** Names of columns with times of day. */
export const CLOCK_NAMES: readonly string[] = words(`
    time timestamp zeit uhrzeit hora heure ora czas godzina tid tijd klockslag cas saat hhmm hhmmss
    hour hourending hourbeginning he 时刻 时间 時刻 시간 время
  `);

/** Whether a name is one of those. */
export const isKnownName = (name: string): boolean =>
  [...Object.values(ROLE_NAMES), TIME_NAMES, CLOCK_NAMES].some((names) => names.includes(bare(name) || '?'));
