export { Frame } from './frame.js';
export { exactRow, firstRowAfter, firstRowFrom, nearestRow, rowAtOrBefore } from './search.js';
export { civilToEpoch, dayOfMonth, dayOfWeek, hourOfDay } from './calendar.js';
export { formatIso, formatNaiveIso, parseSyncTimestamp, parseTimestamp } from './timestamps.js';
