const OPENING = 'Accepted for compatibility; no effect because ';

/** Help of a setting that old configurations carry and that has nothing to act on here; says the reason. */
export const noEffect = (reason: string): string => `${OPENING}${reason}.`;

/** Whether a setting's help declares it without effect. */
export const hasNoEffect = (help: string): boolean => help.startsWith(OPENING);
