/** The name that JSON, queries and columns have for what code calls `leaseEpoch`: `lease_epoch`. */
export const snakeCased = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
