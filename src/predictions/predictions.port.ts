import { RowFigures } from '#libs/database';

/**
 * What may be predicted, as data sources name it, 1 to 32 characters. Yahoo's `EURUSD=X`, `^GSPC` and `BRK.B` are legal;
 * paths and markup are not.
 */
export const SYMBOL_RULE = {
  pattern: /^(?!.*\.\.)[A-Za-z0-9^][A-Za-z0-9._\-=^/]{0,31}$/,
  minLength: 1,
  maxLength: 32,
} as const;

/** Figures about core predictions, for administrators. */
export abstract class PredictionFigures extends RowFigures {}
