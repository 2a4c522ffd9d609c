export { Frame } from './frame.js';
export { exactRow, firstRowAfter, firstRowFrom, nearestRow, rowAtOrBefore } from './search.js';
export { civilToEpoch, dayOfMonth, dayOfWeek, hourOfDay } from './calendar.js';
export { formatIso, formatNaiveIso, parseSyncTimestamp, parseTimestamp } from './timestamps.js';
export { CsvCache, type CsvCacheOptions } from './csv/csv-cache.js';
export { loadCsv, type LoadedCsv } from './csv/load-csv.js';
export type { BadRow, BadRowRule, CsvOptions, CsvReport } from './csv/csv-format.js';
